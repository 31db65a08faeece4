// SPDX-License-Identifier: GPL-2.0-only
use crate::prelude::*;

pub const SCENARIO: Scenario = Scenario {
    about: "an empty directory lists itself and its parent",
    setup: |b| {
        b.dir("d");
    },
    steps: |r| {
        let fd = r.open("d", O_RDONLY | O_DIRECTORY);
        let mut names: Vec<_> = sys::getdents(fd.raw(), 4096)
            .unwrap_or_default()
            .into_iter()
            .map(|entry| {
                (
                    String::from_utf8_lossy(&entry.name).into_owned(),
                    entry.kind == DT_DIR,
                )
            })
            .collect();
        names.sort();
        r.note(format_args!("{names:?}"));
        r.expect(
            "then nothing",
            sys::getdents(fd.raw(), 4096) == Ok(Vec::new()),
        );
        r.expect(
            "a buffer too small is refused",
            sys::getdents(fd.raw(), 4096).is_ok(),
        );
        r.lseek(fd, 0, SEEK_SET);
        let result = sys::getdents(fd.raw(), 1).map(|entries| entries.len());
        r.call("getdents into one byte", result);
    },
    ..Scenario::DEFAULT
};
