// SPDX-License-Identifier: GPL-2.0-only
//! statfs(2).

use crate::prelude::*;

/// statfs works everywhere.
pub fn statfs(b: &mut Builder) -> Steps {
    b.file("d/f", "text");
    steps(|r| {
        r.statfs(".");
        r.statfs("d");
        r.statfs("d/f");
        r.statfs("none");
        r.put("d/f", O_WRONLY, "T");
        r.statfs("d/f");
    })
}

/// statfs of every object and descriptor returns the numbers of the upper layer's file system.
pub fn statfs_every_object(b: &mut Builder) -> Steps {
    every_kind(b, "low");
    b.upper();
    every_kind(b, "upper");
    steps(|r| {
        let root = sys::statfs(".").expect("statfs");
        // The disk may be full or empty: only constant numbers are recorded.
        r.note(format_args!(
            "block {} {}, blocks {}, names {}",
            root.f_bsize, root.f_frsize, root.f_blocks, root.f_namelen
        ));
        r.expect(
            "the free ones are not more than all",
            root.f_bavail <= root.f_bfree
                && root.f_bfree <= root.f_blocks
                && root.f_ffree <= root.f_files,
        );
        let mut check = |what: String, stat: sys::Result<libc::statfs>| {
            let same = stat.map(|stat| {
                stat.f_type == root.f_type
                    && stat.f_bsize == root.f_bsize
                    && stat.f_blocks == root.f_blocks
                    && stat.f_namelen == root.f_namelen
            });
            r.call(what, same);
        };
        for path in KINDS
            .iter()
            .flat_map(|k| [format!("low/{k}"), format!("upper/{k}")])
        {
            check(format!("statfs of {path}"), sys::statfs(&path));
            let fd = sys::open(&path, O_PATH | O_NOFOLLOW, 0).expect("open");
            check(format!("fstatfs of {path}"), sys::fstatfs(fd));
            sys::close(fd).expect("close");
        }
    })
    .absent("low")
}

/// Written and copied-up data take free blocks, and deleted data give them back.
pub fn statfs_filling(b: &mut Builder) -> Steps {
    b.file("low", vec![b'x'; 3 << 20]);
    b.upper().file("upper", "text");
    steps(|r| {
        let free = |r: &mut Run| {
            let fd = r.open(".", O_RDONLY);
            r.syncfs(fd);
            r.close(fd);
            sys::statfs(".").map_or(0, |stat| stat.f_bfree as i64 * stat.f_bsize)
        };
        let before = free(r);
        r.put("upper", O_WRONLY | O_TRUNC, vec![b'y'; 4 << 20]);
        let written = free(r);
        r.expect(
            "4 MiB are taken",
            before - written >= 4 << 20 && before - written < 6 << 20,
        );
        r.put("low", O_WRONLY | O_APPEND, vec![b'z'; 1 << 20]);
        let copied = free(r);
        r.expect(
            "1 MiB more at least",
            written - copied >= 1 << 20 && written - copied < 6 << 20,
        );
        r.truncate("upper", 0);
        r.unlink("low");
        let deleted = free(r);
        r.expect("they are free again", deleted - copied >= 4 << 20);
    })
    .whiteout("low")
    .not_on(
        shape::ROTATE,
        "what is deleted of a lower layer stays there",
    )
}

/// statfs returns the flags of the mount through which it is called.
pub fn statfs_flags(b: &mut Builder) -> Steps {
    b.file("low", "text");
    b.upper().file("upper", "text");
    steps(|r| {
        for (word, flags) in [
            ("ro", libc::MS_RDONLY),
            ("nosuid", libc::MS_NOSUID),
            ("nodev", libc::MS_NODEV),
            ("noexec", libc::MS_NOEXEC),
            ("noatime", libc::MS_NOATIME),
            ("nodiratime", libc::MS_NODIRATIME | libc::MS_RELATIME),
            (
                "several",
                libc::MS_RDONLY | libc::MS_NOSUID | libc::MS_NOATIME,
            ),
        ] {
            r.in_child(|r| {
                r.done(word, sys::bind_here(flags));
                for name in [".", "low", "upper"] {
                    let told = sys::mount_flags(name).map(|flags| format!("{flags:#x}"));
                    r.call(format_args!("flags of {name}"), told);
                }
                r.put("low", O_WRONLY, "T");
                r.chmod("upper", 0o600);
            });
        }
        r.cat("low");
    })
}

/// statfs of objects that are deleted, closed, a loop of links, or whose path is too long.
pub fn statfs_odd_paths(b: &mut Builder) -> Steps {
    b.file("low", "text");
    b.dir("closed").mode(0o700);
    b.file("closed/f", "text");
    b.dir("empty");
    b.symlink("loop", "loop");
    b.symlink("link", "closed/f");
    b.upper().file("upper", "text");
    steps(|r| {
        let held = ["low", "upper", "empty"].map(|name| r.open(name, O_RDONLY));
        r.unlink("low");
        r.unlink("upper");
        r.rmdir("empty");
        for fd in held {
            let names = sys::fstatfs(fd.raw()).map(|stat| stat.f_namelen);
            r.call(format_args!("fstatfs({fd})"), names);
        }
        r.as_user(1000, 1000, |r| {
            for path in ["closed", "closed/f", "link", "."] {
                r.statfs(path);
            }
        });
        let long = "n".repeat(256);
        let deep = "d/".repeat(2050);
        for path in ["low", "loop", "link", "closed/f/x", "", &long, &deep] {
            let names = sys::statfs(path).map(|stat| stat.f_namelen);
            r.call(format_args!("statfs of {} bytes", path.len()), names);
        }
        r.call(
            "fstatfs of nothing",
            sys::fstatfs(-1).map(|stat| stat.f_namelen),
        );
        // A name of the reported maximum length is valid.
        let longest = "n".repeat(sys::statfs(".").map_or(0, |stat| stat.f_namelen as usize));
        r.put(&longest, O_WRONLY | O_CREAT, "x");
        r.put(&format!("{longest}n"), O_WRONLY | O_CREAT, "x");
        r.unlink(&longest);
    })
}
