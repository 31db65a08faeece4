// SPDX-License-Identifier: GPL-2.0-only
use crate::prelude::*;

pub const SCENARIO: Scenario = Scenario {
    about: "a big directory is listed completely in many calls",
    setup: |b| {
        for n in 0..400 {
            b.file(&format!("d/file-with-a-long-name-{n:04}"), "");
        }
    },
    steps: |r| {
        for n in (0..400).step_by(7) {
            sys::unlink(format!("d/file-with-a-long-name-{n:04}")).expect("unlink");
        }
        let fd = r.open("d", O_RDONLY | O_DIRECTORY);
        let mut names = Vec::new();
        let mut calls = 0;
        while let Ok(more) = sys::getdents(fd.raw(), 1024) {
            if more.is_empty() {
                break;
            }
            calls += 1;
            names.extend(more.into_iter().map(|entry| entry.name));
        }
        r.expect("it took many calls", calls > 10);
        let count = names.len();
        names.sort();
        names.dedup();
        r.note(format_args!("{count} entries, {} names", names.len()));
        r.ls("d");
    },
    ..Scenario::DEFAULT
};
