// SPDX-License-Identifier: GPL-2.0-only
use crate::prelude::*;

const STABLE: usize = 40;

pub const SCENARIO: Scenario = Scenario {
    about: "four processes list a directory while two make and remove names: each listing has every \
        name that stays, once",
    setup: |b| every_dir(b, STABLE),
    steps: |r| {
        for dir in ["lower", "merged"] {
            r.parallel(6, |process| {
                if process < 4 {
                    listen(dir, process);
                } else {
                    disturb(dir, process);
                }
            });
            r.ls(dir);
        }
    },
    layers: Some(|l| l.absent("lower/00")),
    ..Scenario::DEFAULT
};

/// Lists again and again, half of the processes with one descriptor for all listings.
fn listen(dir: &str, process: usize) {
    let kept = sys::open(dir, O_RDONLY | O_DIRECTORY, 0).expect("open");
    let mut wanted: Vec<_> = (0..STABLE)
        .map(|n| format!("{n:02}").into_bytes())
        .collect();
    wanted.extend([b".".to_vec(), b"..".to_vec()]);
    for round in 0..20 {
        let fd = if process.is_multiple_of(2) {
            sys::lseek(kept, 0, SEEK_SET).expect("rewind");
            kept
        } else {
            sys::open(dir, O_RDONLY | O_DIRECTORY, 0).expect("open")
        };
        let mut names = Vec::new();
        loop {
            let some = sys::getdents(fd, 100 + 40 * process).expect("getdents");
            if some.is_empty() {
                break;
            }
            names.extend(some.into_iter().map(|entry| entry.name));
        }
        for name in &wanted {
            let count = names.iter().filter(|seen| *seen == name).count();
            let name = name.escape_ascii();
            assert_eq!(count, 1, "{name} in round {round} of {process}");
        }
        if fd != kept {
            sys::close(fd).expect("close");
        }
    }
}

/// Makes names and lets them go; in the end none is left.
fn disturb(dir: &str, process: usize) {
    for round in 0..60 {
        let name = format!("{dir}/x{process}-{}", round % 9);
        let fd = sys::open(&name, O_WRONLY | O_CREAT | O_EXCL, 0o600).expect("create");
        sys::close(fd).expect("close");
        let moved = format!("{name}-moved");
        sys::rename(&name, &moved, 0).expect("rename");
        sys::mkdir(&name, 0o755).expect("mkdir");
        sys::unlink(&moved).expect("unlink");
        sys::rmdir(&name).expect("rmdir");
    }
}
