// SPDX-License-Identifier: GPL-2.0-only
use crate::prelude::*;

pub const SCENARIO: Scenario = Scenario {
    about: "new directories, files and links are shuffled over each other, over deleted \
        directories and back, by chance",
    setup: |b| {
        for place in ["a", "b", "c", "d/a", "d/b"] {
            b.file(&format!("{place}/f"), "old");
            b.file(&format!("{place}/a/g"), "old");
        }
        b.file("f", "text");
        b.file("d/g", "text");
    },
    steps: |r| {
        for place in ["a", "b", "c", "d/a"] {
            r.remove_tree(place, Vec::pop);
        }
        r.remove_tree("d/b", Vec::pop);
        const DIRS: [&str; 6] = [".", "a", "b", "c", "a/b", "d"];
        const NAMES: [&str; 5] = ["a", "b", "c", "f", "g"];
        let mut state: u32 = 7;
        let mut roll = |limit: usize| {
            state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            (state >> 16) as usize % limit
        };
        for _ in 0..300 {
            let mut path = || format!("{}/{}", DIRS[roll(DIRS.len())], NAMES[roll(NAMES.len())]);
            let (one, two) = (path(), path());
            match roll(10) {
                0 => drop(r.mkdir(&one)),
                1 => drop(r.put(&one, O_WRONLY | O_CREAT, &two)),
                2 => drop(r.rmdir(&one)),
                3 => drop(r.unlink(&one)),
                4 => drop(r.link(&one, &two)),
                5 => drop(r.rename2(&one, &two, RENAME_NOREPLACE)),
                6 | 7 => drop(r.rename2(&one, &two, RENAME_EXCHANGE)),
                _ => drop(r.rename(&one, &two)),
            }
        }
        for dir in DIRS {
            r.ls(dir);
        }
    },
    layers: Some(|l| l.in_upper("d")),
    ..Scenario::DEFAULT
};
