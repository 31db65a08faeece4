// SPDX-License-Identifier: GPL-2.0-only
//! Blocks that files share: FICLONE, FICLONERANGE, FIDEDUPERANGE.

use crate::prelude::*;

/// FICLONE answers as the upper layer's file system would.
pub fn clone_file(b: &mut Builder) -> Steps {
    b.file("from", "0123456789");
    steps(|r| {
        let from = r.open("from", O_RDONLY);
        let new = r.open("new", O_RDWR | O_CREAT);
        r.ficlone(new, from);
        let upper = r.open("upper", O_RDWR | O_CREAT);
        r.write(upper, "text");
        r.ficlone(new, upper);
        r.ficlone(from, upper);
        r.cat("new");
    })
    .allow(
        "FICLONE",
        "between two file systems the error is EXDEV where one alone would answer EOPNOTSUPP",
    )
    .not_on(shape::APART, shape::SHARES_NO_BLOCKS)
}

/// FICLONE of and into files that are deleted and still open.
pub fn data_clone_deleted(b: &mut Builder) -> Steps {
    b.file("a", vec![b'a'; 8192]);
    b.file("b", vec![b'b'; 8192]);
    steps(|r| {
        let a = r.open("a", O_RDWR);
        let b = r.open("b", O_RDWR);
        let old = r.open("b", O_RDONLY);
        r.unlink("a");
        r.clone_range(a, 0, 4096, b, 4096);
        r.all_see(&[b, old]);
        r.unlink("b");
        r.clone_range(a, 0, 4096, b, 0);
        r.clone_range(b, 0, 0, a, 0);
        r.all_see(&[a, b, old]);
    })
    .upper_is(&["a", "b"])
    .not_on(shape::APART, shape::SHARES_NO_BLOCKS)
}

/// FICLONERANGE clones whole blocks, and refuses the rest, as the upper layer's file system does.
pub fn data_clone_range(b: &mut Builder) -> Steps {
    let data: Vec<u8> = (0..20_000).map(|n| b'a' + (n / 4096) as u8).collect();
    b.file("from", &data);
    b.upper().file("upper", &data);
    b.upper().file("to", vec![b'.'; 16_384]);
    b.upper().dir("d");
    steps(|r| {
        let to = r.open("to", O_RDWR);
        let upper = r.open("upper", O_RDONLY);
        if !r.clone_range(upper, 0, 4096, to, 0) {
            // Where nothing can be cloned, any of the possible errors may come first.
            return;
        }
        for path in ["upper", "from"] {
            let from = r.open(path, O_RDONLY);
            for (at, length, to_at) in [
                (4096, 4096, 8192),
                (0, 100, 0),
                (100, 4096, 0),
                (0, 4096, 100),
                (16_384, 0, 20_480),
                (16_384, 8192, 0),
                (65_536, 4096, 0),
                (0, 4096, i64::MAX as u64),
            ] {
                r.clone_range(from, at, length, to, to_at);
                r.all_see(&[to]);
            }
            r.close(from);
        }
        // Within one file.
        r.clone_range(to, 0, 4096, to, 8192);
        r.clone_range(to, 0, 8192, to, 4096);
        for (path, flags) in [
            ("upper", O_RDONLY),
            ("upper", O_WRONLY | O_APPEND),
            ("upper", O_PATH),
            ("d", O_RDONLY),
        ] {
            let other = r.open(path, flags);
            r.clone_range(to, 0, 4096, other, 0);
            r.close(other);
        }
        r.all_see(&[to]);
    })
    .absent("from")
    .not_on(shape::APART, shape::SHARES_NO_BLOCKS)
}

/// FIDEDUPERANGE shares what is equal in files of the upper layer, and changes nothing.
pub fn data_dedupe(b: &mut Builder) -> Steps {
    let mut data = vec![b'x'; 16_384];
    b.upper().file("one", &data).mtime(1_000_000_001, 1);
    b.upper().file("same", &data);
    data[10_000] = b'y';
    b.anywhere().file("copied", &data);
    steps(|r| {
        let one = r.open("one", O_RDONLY);
        let same = r.open("same", O_RDWR);
        let copied = r.open("copied", O_RDWR);
        // Of a file that is in the upper layer without its data, none are compared.
        r.pwrite(copied, "x", 0);
        let new = r.open("new", O_RDWR | O_CREAT);
        if !r.clone_range(one, 0, 0, new, 0) {
            // Where no blocks can be shared, any of the possible errors may come first.
            return;
        }
        r.dedupe_range(one, 0, 16_384, same, 0);
        r.dedupe_range(one, 0, 8192, copied, 0);
        r.dedupe_range(one, 8192, 8192, copied, 8192);
        r.dedupe_range(one, 0, 4096, one, 8192);
        r.dedupe_range(one, 0, 8192, one, 4096);
        r.dedupe_range(one, 0, 100, same, 0);
        r.dedupe_range(one, 100, 4096, same, 0);
        r.dedupe_range(one, 16_384, 4096, same, 0);
        r.dedupe_range(one, 0, 4096, same, 16_384);
        let write_only = r.open("one", O_WRONLY);
        r.dedupe_range(write_only, 0, 4096, same, 0);
        r.stat("one");
        r.stat("same");
        r.all_see(&[one, same, copied]);
    })
}

/// FIDEDUPERANGE leaves set-id bits and capabilities alone, whether it shares blocks, finds a difference, or cannot
/// share any.
pub fn data_dedupe_set_id(b: &mut Builder) -> Steps {
    const SIZE: usize = 8192;
    const FILES: &[&str] = &["same", "other", "low"];
    // Version 2 of the attribute: CAP_NET_RAW, permitted.
    let capability = [
        0, 0, 0, 2, 0, 0x20, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0,
    ];
    b.upper().file("source", vec![b'x'; SIZE]);
    for (name, byte) in [("same", b'x'), ("other", b'y')] {
        b.upper()
            .file(name, vec![byte; SIZE])
            .mode(0o6777)
            .owner(1000, 1000)
            .xattr("security.capability", &capability);
    }
    b.anywhere()
        .file("low", vec![b'x'; SIZE])
        .mode(0o6777)
        .owner(1000, 1000)
        .xattr("security.capability", &capability);
    steps(|r| {
        for (uid, gid) in [(0, 0), (1001, 1001), (1000, 1000)] {
            r.as_user(uid, gid, |r| {
                let source = r.open("source", O_RDONLY);
                for name in FILES {
                    let file = r.open(name, O_RDWR);
                    r.touched(&[name], |_| {
                        // The result depends on whether there are blocks to be shared.
                        let _ = sys::dedupe_range(source.raw(), 0, SIZE as u64, file.raw(), 0);
                    });
                    r.close(file);
                }
            });
            for name in FILES {
                r.stat(name);
                r.getxattr(name, "security.capability");
            }
        }
    })
    .absent("low")
}

/// Nothing is cloned into an immutable file, or shared with it, also through an earlier descriptor.
pub fn data_shared_into_immutable(b: &mut Builder) -> Steps {
    b.upper().file("source", vec![b'x'; 8192]);
    b.upper().file("same", vec![b'x'; 8192]);
    b.anywhere().file("low", vec![b'y'; 8192]);
    steps(|r| {
        const IMMUTABLE: u32 = 0x10;
        let source = r.open("source", O_RDONLY);
        for name in ["same", "low"] {
            let fd = r.open(name, O_RDWR);
            r.set_flags(fd, IMMUTABLE, IMMUTABLE);
            // Which error it is depends on whether there are blocks to be shared.
            let cloned = sys::clone_range(source.raw(), 0, 4096, fd.raw(), 0);
            r.expect("a clone is refused", cloned.is_err());
            let shared = sys::dedupe_range(source.raw(), 0, 4096, fd.raw(), 0);
            r.expect("so is a dedupe", !matches!(shared, Ok(Ok(_))));
            r.copy_file_range(source, 0, fd, 0, 10);
            r.set_flags(fd, 0, IMMUTABLE);
            r.close(fd);
            r.cat(name);
        }
    })
    .not_on(shape::IMAGES, shape::NO_FLAGS)
}
