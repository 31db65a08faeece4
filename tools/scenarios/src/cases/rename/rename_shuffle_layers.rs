// SPDX-License-Identifier: GPL-2.0-only
use crate::prelude::*;

pub const SCENARIO: Scenario = Scenario {
    about: "files of all layers are shuffled by chance through lower, merged and opaque \
        directories, with deleted names among them",
    setup: |b| {
        b.upper().opaque("opaque");
        b.lower(0).opaque("merged/sub");
        for (index, dir) in ["", "low/", "merged/", "opaque/", "merged/sub/"]
            .iter()
            .enumerate()
        {
            for (place, name) in ["f", "g", "h", "i", "j"].iter().enumerate() {
                let path = format!("{dir}{name}");
                b.lower((index + place) % 3).file(&path, &path);
                match (index + place) % 4 {
                    0 => b.upper().whiteout(&path),
                    1 => drop(b.upper().file(&path, format!("top {path}"))),
                    _ => {}
                }
            }
        }
    },
    steps: |r| {
        const DIRS: [&str; 5] = [".", "low", "merged", "opaque", "merged/sub"];
        const NAMES: [&str; 5] = ["f", "g", "h", "i", "j"];
        let mut state: u32 = 2010;
        let mut roll = |limit: usize| {
            state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            (state >> 16) as usize % limit
        };
        for _ in 0..300 {
            let mut path = || format!("{}/{}", DIRS[roll(DIRS.len())], NAMES[roll(NAMES.len())]);
            let (one, two) = (path(), path());
            match roll(12) {
                0 => drop(r.put(&one, O_WRONLY | O_CREAT | O_EXCL, &two)),
                1 => drop(r.put(&one, O_WRONLY | O_TRUNC, &two)),
                2 => drop(r.unlink(&one)),
                3 => drop(r.link(&one, &two)),
                4 => drop(r.chmod(&one, 0o600 + roll(0o100) as u32)),
                5 => drop(r.rename2(&one, &two, RENAME_NOREPLACE)),
                6..=8 => drop(r.rename2(&one, &two, RENAME_EXCHANGE)),
                _ => drop(r.rename(&one, &two)),
            }
        }
        for dir in DIRS {
            r.ls(dir);
        }
    },
    layers: Some(|l| l.opaque("opaque")),
    ..Scenario::DEFAULT
};
