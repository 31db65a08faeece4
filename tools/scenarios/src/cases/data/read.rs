// SPDX-License-Identifier: GPL-2.0-only
//! Which data a descriptor has.

use crate::prelude::*;

/// Descriptors of every kind from before a copy-up that changed no data continue on the copy.
pub fn data_after_metadata(b: &mut Builder) -> Steps {
    /// Calls that copy the file up without changing its data.
    const CHANGES: [(&str, fn(&mut Run, &str)); 6] = [
        ("chmod", |r, f| {
            r.chmod(f, 0o600);
        }),
        ("chown", |r, f| {
            r.chown(f, 7, 8);
        }),
        ("times", |r, f| {
            r.utimens(f, (1_100_000_000, 5));
        }),
        ("attribute", |r, f| {
            r.setxattr(f, "user.a", "value");
        }),
        ("link", |r, f| {
            r.link(f, &format!("{f}-link"));
        }),
        ("rename", |r, f| {
            r.rename(f, &format!("{f}-new"));
        }),
    ];
    for (name, _) in CHANGES {
        b.file(name, "0123456789");
    }
    steps(|r| {
        for (name, change) in CHANGES {
            let reader = r.open(name, O_RDONLY);
            let writer = r.open(name, O_RDWR);
            let append = r.open(name, O_RDWR | O_APPEND);
            let same = r.dup(writer);
            let path = r.open(name, O_PATH);
            r.read(reader, 2);
            r.lseek(writer, 4, SEEK_SET);
            change(r, name);
            r.read(reader, 2);
            r.write(same, "AB");
            r.write(append, "end");
            r.write(writer, "C");
            r.all_see(&[reader, writer, append, same]);
            let again = r.reopen(path, O_RDONLY);
            r.all_see(&[again]);
            r.fstat(path);
        }
    })
    .in_upper("chmod")
    .whiteout("rename")
}

/// Data come from the topmost layer that has the name, and nothing of the layers below shows.
pub fn data_layered(b: &mut Builder) -> Steps {
    b.lower(2)
        .file("d/three", "the bottom's, which is the longest of all");
    b.file("d/two", "the bottom's");
    b.file("o/opaque", "the bottom's");
    b.file("kind/f", "a file in a directory");
    b.lower(1).file("d/three", "the middle's text");
    b.file("d/one", "the middle's");
    b.opaque("o");
    b.file("o/opaque", "the middle's, behind an opaque directory");
    b.file("kind", "a file over a directory");
    b.lower(0).file("d/three", "first");
    b.whiteout("d/two");
    b.file("d/empty", "");
    b.upper().file("d/one", "upper's");
    steps(|r| {
        for path in ["d/three", "d/two", "d/one", "o/opaque", "kind", "d/empty"] {
            let old = r.open(path, O_RDONLY);
            let fd = r.open(path, O_RDWR | O_CREAT);
            r.ftruncate(fd, 20);
            r.pwrite(fd, "+", 25);
            r.fallocate(fd, 0, 0, 30);
            r.copy_file_range(fd, 0, fd, 30, 4);
            r.all_see(&[old, fd]);
        }
        r.open("kind/f", O_RDONLY);
        r.ls("d");
    })
    .in_upper("d/three")
    .in_upper("d/two")
    .in_upper("kind")
}

/// No call that only reads copies anything up.
pub fn data_reading_copies_nothing(b: &mut Builder) -> Steps {
    b.file("d/f", vec![b'x'; 20_000]).xattr("user.a", b"1");
    b.symlink("d/link", "f");
    b.upper().dir("u");
    steps(|r| {
        let fd = r.open("d/f", O_RDONLY);
        let direct = r.open("d/link", O_RDONLY | O_DIRECT);
        let (reader, writer) = r.pipe();
        let (near, _far) = r.socketpair();
        let new = r.open("u/new", O_RDWR | O_CREAT);
        r.read(fd, 10);
        r.pread(fd, 10, 10_000);
        r.preadv2(fd, &[Space::Bytes(10), Space::Bytes(10)], 0, 0);
        r.pread_aligned(direct, 4096, 0, 4096);
        r.sendfile(near, fd, 100);
        r.splice_at(fd, None, writer, None, 100);
        r.read(reader, 100);
        r.copy_file_range(fd, 0, new, 0, 100);
        r.sendfile_at(new, fd, 0, 100);
        r.clone_range(fd, 0, 4096, new, 4096);
        r.ftruncate(new, 100);
        r.dedupe_range(fd, 100, 4096, fd, 100);
        let shared = r.mmap(fd, 20_000, PROT_READ, MAP_SHARED);
        r.mapped("shared mapping", &shared);
        let map = r.mmap(fd, 20_000, PROT_READ | PROT_WRITE, MAP_PRIVATE);
        r.mapped("private mapping", &map);
        r.data_map(fd);
        let _ = sys::fiemap(fd.raw(), 0, u64::MAX, 1);
        r.fsync(fd);
        r.fadvise(fd, libc::POSIX_FADV_WILLNEED);
        r.done("readahead", sys::readahead(fd.raw(), 0, 10_000));
        r.getxattr("d/f", "user.a");
        r.access("d/f", R_OK);
        let aio = r.aio();
        let mut buffer = [0; 10];
        let request = vec![Control::read(fd.raw(), &mut buffer, 0)];
        r.submit(&aio, "read", request);
        let mut ring = r.ring();
        let request = Request::read(fd.raw(), &mut buffer, 0).in_worker();
        r.uring(&mut ring, vec![("read", request)]);
        r.bytes("read", &buffer);
        r.reopen(fd, O_RDONLY);
    })
    .allow(
        "FIDEDUPERANGE",
        "files that are not in the upper layer are not compared: EPERM",
    )
    .upper_is(&["u", "u/new"])
    .not_on(&["squashfs", "iso9660"], shape::NO_DIRECT)
    .not_on(shape::APART, shape::SHARES_NO_BLOCKS)
}

/// Duplicates and children share a position, which copy-up does not move.
pub fn data_shared_position(b: &mut Builder) -> Steps {
    b.file("f", "0123456789");
    steps(|r| {
        let fd = r.open("f", O_RDWR);
        let same = r.dup(fd);
        let other = r.open("f", O_RDONLY);
        r.read(fd, 3);
        r.lseek(same, 0, SEEK_CUR);
        r.in_child(|r| {
            r.write(same, "AB");
            r.lseek(fd, 0, SEEK_CUR);
        });
        r.lseek(fd, 0, SEEK_CUR);
        r.read(same, 2);
        r.read(other, 4);
        r.close(fd);
        r.write(same, "CD");
        r.lseek(same, 0, SEEK_CUR);
        r.read(other, 10);
    })
}
