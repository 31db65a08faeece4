// SPDX-License-Identifier: GPL-2.0-only
//! File capabilities, and flags of inodes.

use crate::prelude::*;

/// cap_net_raw=ep, version 2.
const CAPABILITY: [u8; 20] = [
    1, 0, 0, 2, 0, 0x20, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0,
];

/// File capabilities survive a change of attributes.
pub fn capability_kept(b: &mut Builder) -> Steps {
    b.file("c", "text")
        .mode(0o755)
        .xattr("security.capability", &CAPABILITY);
    steps(|r| {
        r.getxattr("c", "security.capability");
        r.chmod("c", 0o711);
        r.getxattr("c", "security.capability");
        r.utimens("c", (5, 5));
        r.listxattr("c");
        r.removexattr("c", "security.capability");
        r.getxattr("c", "security.capability");
    })
}

/// Flags of inodes are read and set.
pub fn inode_flags(b: &mut Builder) -> Steps {
    b.file("f", "text");
    b.dir("d");
    steps(|r| {
        const NODUMP: u32 = 0x40;
        const APPEND: u32 = 0x20;
        let fd = r.open("f", O_RDONLY);
        r.get_flags(fd, NODUMP | APPEND);
        r.set_flags(fd, NODUMP, NODUMP | APPEND);
        r.get_flags(fd, NODUMP | APPEND);
        r.set_flags(fd, APPEND, NODUMP | APPEND);
        r.put("f", O_WRONLY, "T");
        r.put("f", O_WRONLY | O_APPEND, "T");
        r.unlink("f");
        r.set_flags(fd, 0, NODUMP | APPEND);
        r.cat("f");
        let dir = r.open("d", O_RDONLY | O_DIRECTORY);
        r.set_flags(dir, NODUMP, NODUMP | APPEND);
        r.get_flags(dir, NODUMP | APPEND);
    })
    .not_on(shape::IMAGES, shape::NO_FLAGS)
}

/// Any change of data or owner drops file capabilities, for every caller and layer.
pub fn xattr_capability_killed(b: &mut Builder) -> Steps {
    const WAYS: [(&str, fn(&mut Run, &str)); 9] = [
        ("write", |r, f| {
            r.put(f, O_WRONLY, "T");
        }),
        ("nothing", |r, f| {
            r.put(f, O_WRONLY, "");
        }),
        ("truncate", |r, f| {
            r.truncate(f, 2);
        }),
        ("open", |r, f| {
            let fd = r.open(f, O_WRONLY | O_TRUNC);
            r.close(fd);
        }),
        ("allocate", |r, f| {
            let fd = r.open(f, O_WRONLY);
            r.fallocate(fd, 0, 0, 100);
            r.close(fd);
        }),
        ("chown", |r, f| {
            r.chown(f, 1000, u32::MAX);
        }),
        ("chgrp", |r, f| {
            r.chown(f, u32::MAX, 1000);
        }),
        ("chmod", |r, f| {
            r.chmod(f, 0o755);
            r.chmod(f, 0o777);
        }),
        ("touch", |r, f| {
            r.utimensat(f, (NOW, NOW), 0);
        }),
    ];
    for (name, _) in WAYS {
        b.file(&format!("low-{name}"), "text")
            .mode(0o777)
            .xattr("security.capability", &CAPABILITY);
    }
    b.upper();
    for (name, _) in WAYS {
        b.file(&format!("upper-{name}"), "text")
            .mode(0o777)
            .xattr("security.capability", &CAPABILITY);
    }
    steps(|r| {
        for (name, change) in WAYS {
            for path in [format!("low-{name}"), format!("upper-{name}")] {
                change(r, &path);
                r.getxattr(&path, "security.capability");
                r.setxattr(&path, "security.capability", CAPABILITY);
                r.as_user(1000, 1000, |r| change(r, &path));
                r.getxattr(&path, "security.capability");
            }
        }
    })
}

/// A file capability must be well-formed, and setting it requires the right.
pub fn xattr_capability_values(b: &mut Builder) -> Steps {
    b.file("f", "text").owner(1000, 1000);
    b.file("kept", "text").owner(1000, 1000);
    b.dir("d");
    b.symlink("l", "f");
    b.upper().file("t", "text");
    steps(|r| {
        const NAME: &str = "security.capability";
        let version = |number: u8, length: usize| {
            let mut value = vec![0u8; length];
            value[..4].copy_from_slice(&[1, 0, 0, number]);
            value
        };
        for path in ["f", "t", "d", "l"] {
            for (number, length) in [(1, 12), (2, 20), (3, 24), (2, 19), (3, 20), (2, 4), (9, 20)] {
                r.setxattr(path, NAME, version(number, length));
                r.getxattr(path, NAME);
            }
            r.setxattr(path, NAME, "");
            r.removexattr(path, NAME);
            r.removexattr(path, NAME);
            // It belongs to root of another user namespace, and is read as version 3.
            let mut other = version(3, 24);
            other[20..].copy_from_slice(&1000u32.to_le_bytes());
            r.setxattr(path, NAME, other);
            r.getxattr(path, NAME);
        }
        r.as_user(1000, 1000, |r| {
            r.setxattr("kept", NAME, version(2, 20));
            r.removexattr("kept", NAME);
            r.getxattr("f", NAME);
            r.removexattr("f", NAME);
        });
    })
    .absent("kept")
    .not_on(
        shape::ROTATE,
        "a lower file whose capability is malformed cannot be copied up",
    )
}
