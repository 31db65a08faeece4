// SPDX-License-Identifier: GPL-2.0-only
use crate::prelude::*;

pub const SCENARIO: Scenario = Scenario {
    about: "maps, locks and descriptor information name a file by the numbers that stat tells",
    setup: |b| {
        b.file("low", "text");
        b.upper().file("top", "text");
    },
    steps: |r| {
        for name in ["low", "top"] {
            for round in ["before", "after"] {
                let stat = sys::stat(name, 0).expect("it is there");
                let fd = r.open(name, O_RDWR);
                let map = r.mmap(fd, 4, PROT_READ, MAP_SHARED);
                let maps = std::fs::read_to_string("/proc/self/maps").expect("/proc is mounted");
                let number = stat.st_ino.to_string();
                let (major, minor) = (libc::major(stat.st_dev), libc::minor(stat.st_dev));
                let device = format!("{major:02x}:{minor:02x}");
                let line = maps
                    .lines()
                    .find(|line| line.ends_with(&format!("/{name}")));
                let fields: Vec<_> = line.unwrap_or_default().split_whitespace().collect();
                r.expect(
                    format_args!("the mapping of {name}, {round}"),
                    fields.len() > 5 && fields[3] == device && fields[4] == number,
                );
                r.mapped("it", &map);
                let info = std::fs::read_to_string(format!("/proc/self/fdinfo/{}", fd.raw()));
                r.expect(
                    format_args!("the descriptor of {name}, {round}"),
                    info.expect("/proc is mounted")
                        .lines()
                        .any(|line| line == format!("ino:\t{number}")),
                );
                r.done("flock", sys::flock(fd.raw(), LOCK_EX));
                let locks = std::fs::read_to_string("/proc/locks").expect("/proc is mounted");
                let file = format!("{device}:{number}");
                r.expect(
                    format_args!("the lock of {name}, {round}"),
                    locks
                        .lines()
                        .any(|line| line.split_whitespace().any(|word| word == file)),
                );
                drop(map);
                r.close(fd);
                r.chmod(name, 0o600);
            }
        }
    },
    not_on: &[
        ("chroot", shape::NO_PROC),
        (
            "top:btrfs",
            "btrfs itself shows another device number there",
        ),
    ],
    ..Scenario::DEFAULT
};
