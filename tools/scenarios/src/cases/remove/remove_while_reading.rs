// SPDX-License-Identifier: GPL-2.0-only
use crate::prelude::*;

pub const SCENARIO: Scenario = Scenario {
    about: "a directory is emptied while it is read in small pieces: every name comes once, and it \
        can be removed",
    setup: |b| {
        for number in 0..60 {
            b.anywhere().file(&format!("d/lower-{number}"), "x");
            b.upper().file(&format!("d/top-{number}"), "x");
        }
    },
    steps: |r| {
        let fd = r.open("d", O_RDONLY | O_DIRECTORY);
        let mut seen = Vec::new();
        loop {
            let some = sys::getdents(fd.raw(), 200).expect("a piece of the listing");
            if some.is_empty() {
                break;
            }
            for entry in some
                .into_iter()
                .filter(|entry| !entry.name.starts_with(b"."))
            {
                let name = String::from_utf8_lossy(&entry.name).into_owned();
                sys::unlink(format!("d/{name}")).expect("a name that is there");
                seen.push(name);
            }
        }
        seen.sort();
        seen.dedup();
        r.expect("every name was there", seen.len() == 120);
        r.ls("d");
        r.rmdir("d");
        r.rest(fd);
        r.lstat("d");
    },
    layers: Some(|l| l.upper_is(&["d"])),
    ..Scenario::DEFAULT
};
