// SPDX-License-Identifier: GPL-2.0-only
use crate::prelude::*;

pub const SCENARIO: Scenario = Scenario {
    about: "times are set by the owner, and to now by whoever may write, if only by a group or an ACL",
    setup,
    steps: |r| {
        const NOW: sys::Time = (0, libc::UTIME_NOW);
        const OMIT: sys::Time = (0, libc::UTIME_OMIT);
        for who in [OTHER, MEMBER] {
            r.as_who(who, |r| {
                for place in PLACES {
                    for name in ["file", "link", "dir", "fifo", "acl"] {
                        let path = format!("{place}/{name}");
                        r.utimens(&path, (7, 7));
                        // One of them is not "now": all or nothing.
                        let result = sys::utimens(&path, NOW, (7, 7), libc::AT_SYMLINK_NOFOLLOW);
                        r.done(format_args!("atime now of {path}"), result);
                        let result = sys::utimens(&path, OMIT, NOW, libc::AT_SYMLINK_NOFOLLOW);
                        r.done(format_args!("mtime now of {path}"), result);
                        let fd = r.open(&path, O_RDONLY | libc::O_NONBLOCK | O_NOFOLLOW);
                        r.futimens(fd, (9, 9));
                        r.done("futimens now", sys::futimens(fd.raw(), NOW, NOW));
                        r.touch(&path);
                        r.lstat(&path);
                    }
                }
            });
        }
    },
    layers: Some(|l| {
        let added = [
            "lower",
            "lower/file",
            "lower/dir",
            "lower/fifo",
            // Everybody may "write" a symbolic link.
            "lower/link",
            "merged/link",
            "lower/acl",
            "merged/file",
            "merged/fifo",
            "merged/acl",
        ];
        upper_gained(l, setup, &added)
    }),
    ..Scenario::DEFAULT
};

fn setup(b: &mut Builder) {
    in_places(b, |b, place| {
        b.file(&format!("{place}/file"), "text")
            .mode(0o664)
            .owner(1000, 500);
        b.symlink(&format!("{place}/link"), "file").owner(1000, 500);
        b.dir(&format!("{place}/dir")).mode(0o775).owner(1000, 500);
        b.fifo(&format!("{place}/fifo"))
            .mode(0o664)
            .owner(1000, 500);
        b.file(&format!("{place}/acl"), "text")
            .mode(0o664)
            .owner(1000, 1000)
            .xattr(acl::ACCESS, &acl::encode("u:6,user:1001:6,g:4,m:6,o:4"));
    });
}
