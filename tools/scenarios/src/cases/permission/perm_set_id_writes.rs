// SPDX-License-Identifier: GPL-2.0-only
use crate::prelude::*;

pub const SCENARIO: Scenario = Scenario {
    about: "a change of the data takes set-id bits away, whoever makes it, save with CAP_FSETID",
    setup: |b| {
        for by in ["other", "fsetid"] {
            for mode in MODES {
                for how in HOW {
                    b.file(&format!("{by}.{how}.{mode:04o}"), "text")
                        .mode(mode)
                        .owner(1000, 500);
                }
            }
        }
        b.file("source", "source");
    },
    steps: |r| {
        let change = |r: &mut Run, by: &str| {
            let source = r.open("source", O_RDONLY);
            for mode in MODES {
                for how in HOW {
                    let path = format!("{by}.{how}.{mode:04o}");
                    match how {
                        "truncate" => {
                            r.truncate(&path, 2);
                        }
                        "open" => {
                            r.try_open(&path, O_WRONLY | O_TRUNC);
                        }
                        _ => {
                            let fd = r.open(&path, O_RDWR);
                            match how {
                                "write" => r.write(fd, "T"),
                                "ftruncate" => drop(r.ftruncate(fd, 2)),
                                "fallocate" => drop(r.fallocate(fd, 0, 0, 8)),
                                "copy" => r.copy_file_range(source, 0, fd, 0, 4),
                                "splice" => r.splice(source, fd, 4),
                                // Nothing is changed.
                                _ => r.write(fd, ""),
                            }
                            r.close(fd);
                        }
                    }
                    r.stat(&path);
                }
            }
            r.close(source);
        };
        r.as_who(OTHER, |r| change(r, "other"));
        r.with_only(OTHER, &[cap::FSETID], |r| change(r, "fsetid"));
    },
    layers: Some(|l| {
        l.in_upper("other.write.6777")?;
        l.absent("other.nothing.6777")
    }),
    ..Scenario::DEFAULT
};

// Set-group-id without the right to execute for the group meant mandatory locks once.
const MODES: [u32; 4] = [0o6777, 0o2777, 0o2767, 0o4766];
const HOW: [&str; 8] = [
    "write",
    "truncate",
    "ftruncate",
    "open",
    "fallocate",
    "copy",
    "splice",
    "nothing",
];
