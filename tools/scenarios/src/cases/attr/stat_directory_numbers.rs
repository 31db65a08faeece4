// SPDX-License-Identifier: GPL-2.0-only
use crate::prelude::*;

pub const SCENARIO: Scenario = Scenario {
    about: "a listing has the numbers and types that stat tells, its own and its parent's included",
    setup: |b| {
        every_kind(b, "low");
        every_kind(b, "deep/er/est");
        b.lower(1).dir("merged");
        b.file("merged/below", "x");
        b.dir("merged/both");
        b.lower(0).file("merged/above", "x");
        b.dir("merged/both");
        b.upper().file("merged/top", "x");
        b.whiteout("low/fifo");
        b.opaque("opaque");
        b.file("opaque/f", "x");
    },
    steps: |r| {
        fn check(r: &mut Run, dir: &str) {
            let fd = sys::open(dir, O_RDONLY | O_DIRECTORY, 0).expect("open");
            let mut wrong = Vec::new();
            let mut count = 0;
            while let Ok(entries) = sys::getdents(fd, 512) {
                if entries.is_empty() {
                    break;
                }
                for entry in entries {
                    let name = String::from_utf8_lossy(&entry.name).into_owned();
                    let path = format!("{dir}/{name}");
                    let stat = sys::stat(&path, libc::AT_SYMLINK_NOFOLLOW).expect("it is listed");
                    // What is above the tree is of no concern.
                    let outside = dir == "." && name == "..";
                    let same = stat.st_ino == entry.ino || outside;
                    if !same || (stat.st_mode >> 12) as u8 != entry.kind {
                        wrong.push(name);
                    }
                    count += 1;
                }
            }
            sys::close(fd).expect("close");
            r.note(format_args!("{dir}: {count} names, wrong {wrong:?}"));
        }
        let dirs = [
            ".",
            "low",
            "low/dir",
            "deep/er",
            "deep/er/est",
            "merged",
            "merged/both",
            "opaque",
        ];
        let changes: [fn(&mut Run); 4] = [
            |_| {},
            |r| {
                for path in [
                    "low/file",
                    "low/symlink",
                    "deep/er/est/fifo",
                    "merged/below",
                ] {
                    r.chown(path, 1, 1);
                }
            },
            |r| {
                r.rename("low/file", "merged/moved");
                r.rename("merged/above", "opaque/moved");
                r.link("merged/top", "deep/er/linked");
                r.mkdir("merged/both/new");
                r.unlink("low/char");
            },
            |r| {
                r.chmod("deep/er", 0o700);
                r.rmdir("low/dir");
                r.mkdir("low/dir");
                r.put("low/char", O_WRONLY | O_CREAT, "x");
            },
        ];
        for change in changes {
            change(r);
            for dir in dirs {
                check(r, dir);
            }
        }
    },
    ..Scenario::DEFAULT
};
