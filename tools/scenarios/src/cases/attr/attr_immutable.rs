// SPDX-License-Identifier: GPL-2.0-only
use crate::prelude::*;

pub const SCENARIO: Scenario = Scenario {
    // What a descriptor opened for writing before may do, file systems see differently.
    about: "nothing about an immutable file changes, by any call on its name, until the flag is taken away",
    setup: |b| {
        b.file("low", "text").xattr("user.a", b"1");
        b.upper().file("top", "text").xattr("user.a", b"1");
    },
    steps: |r| {
        const IMMUTABLE: u32 = 0x10;
        for name in ["low", "top"] {
            let fd = r.open(name, O_RDWR);
            r.set_flags(fd, IMMUTABLE, IMMUTABLE);
            r.get_flags(fd, IMMUTABLE);
            for _ in 0..2 {
                r.cat(name);
                r.open(name, O_WRONLY);
                r.open(name, O_RDONLY | O_TRUNC);
                r.truncate(name, 0);
                r.fallocate(fd, 0, 0, 100);
                r.chmod(name, 0o600);
                r.fchmod(fd, 0o600);
                r.chown(name, 1, 1);
                r.utimens(name, (5, 5));
                r.utimensat(name, (NOW, NOW), 0);
                r.setxattr(name, "user.b", "2");
                r.removexattr(name, "user.a");
                r.set_acl(name, "u:7,user:7:7,g:5,m:5,o:5");
                r.link(name, "second");
                r.rename(name, "moved");
                r.rename("other", name);
                r.unlink(name);
                r.access(name, W_OK);
                // Whoever looks it up anew sees the flag, too.
                let result = sys::open("/proc/sys/vm/drop_caches", O_WRONLY, 0);
                let drop = result.expect("root may write there");
                sys::write(drop, b"2", None).expect("a number it takes");
            }
            let bit = sys::statx(sys::HERE, name, 0, 0).map(|stat| stat.stx_attributes & 0x10);
            r.call("immutable for statx", bit);
            r.set_flags(fd, 0, IMMUTABLE);
            r.put(name, O_WRONLY, "free");
            r.chmod(name, 0o600);
            r.unlink(name);
        }
    },
    not_on: &[
        ("erofs", shape::NO_FLAGS[0].1),
        ("squashfs", shape::NO_FLAGS[1].1),
        ("iso9660", shape::NO_FLAGS[2].1),
        ("chroot", shape::NO_PROC),
    ],
    ..Scenario::DEFAULT
};
