// SPDX-License-Identifier: GPL-2.0-only
use crate::prelude::*;

pub const SCENARIO: Scenario = Scenario {
    about: "/proc/locks names a file by device and inode as stat does, before and after copy-up",
    setup: |b| {
        b.file("lower", "text");
        b.upper().file("upper", "text");
    },
    steps: |r| {
        for name in ["lower", "upper"] {
            let fd = r.open(name, O_RDWR);
            r.posix_lock(fd, F_WRLCK, 1, 3);
            r.flock(fd, LOCK_SH);
            for when in ["locked", "changed", "copied up before it was opened"] {
                let (dev, ino) = r.identity(name);
                let (major, minor) = (libc::major(dev), libc::minor(dev));
                let file = format!("{major:02x}:{minor:02x}:{ino}");
                let text = std::fs::read_to_string("/proc/locks").unwrap_or_default();
                for kind in ["POSIX  ADVISORY  WRITE", "FLOCK  ADVISORY  READ"] {
                    let found = |line: &str| line.contains(kind) && line.contains(&file);
                    r.expect(format_args!("{kind}, {when}"), text.lines().any(found));
                }
                if when == "changed" {
                    r.close(fd);
                    let again = r.open(name, O_RDWR);
                    r.posix_lock(again, F_WRLCK, 1, 3);
                    r.flock(again, LOCK_SH);
                } else {
                    r.chmod(name, 0o600);
                }
            }
        }
    },
    not_on: &[
        (
            "btrfs-same",
            "btrfs gives files another device number than the list of locks has",
        ),
        (
            "btrfs-erofs",
            "btrfs gives files another device number than the list of locks has",
        ),
    ],
    ..Scenario::DEFAULT
};
