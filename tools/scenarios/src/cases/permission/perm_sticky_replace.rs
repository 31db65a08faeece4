// SPDX-License-Identifier: GPL-2.0-only
use crate::prelude::*;

pub const SCENARIO: Scenario = Scenario {
    about: "in sticky directories one's own replaces and exchanges nothing of others, directories included",
    setup,
    steps: |r| {
        r.as_who(OTHER, |r| {
            for place in PLACES {
                let path = |name: &str| format!("{place}/{name}");
                for (old, new) in [
                    ("a/file", "b/file"),
                    ("a/dir", "b/dir"),
                    ("a/mine", "b/file"),
                    ("a/my_dir", "b/dir"),
                    ("b/dir", "a/my_dir"),
                ] {
                    for flags in [0, RENAME_NOREPLACE, RENAME_EXCHANGE] {
                        r.rename2(&path(old), &path(new), flags);
                    }
                }
                // The link is his, what it links to is not.
                r.link(&path("b/writable"), &path("a/link"));
                r.unlink(&path("a/link"));
            }
        });
    },
    layers: Some(|l| {
        l.absent("lower/a/file")?;
        l.absent("lower/b/file")?;
        l.absent("lower/a/mine")
    }),
    ..Scenario::DEFAULT
};

fn setup(b: &mut Builder) {
    in_places(b, |b, place| {
        for dir in ["a", "b"] {
            b.dir(&format!("{place}/{dir}")).mode(0o1777);
            b.file(&format!("{place}/{dir}/file"), "text")
                .owner(1000, 500);
            b.dir(&format!("{place}/{dir}/dir"))
                .mode(0o777)
                .owner(1000, 500);
        }
        b.file(&format!("{place}/b/writable"), "text")
            .mode(0o666)
            .owner(1000, 500);
        b.file(&format!("{place}/a/mine"), "text").owner(1002, 1002);
        b.dir(&format!("{place}/a/my_dir")).owner(1002, 1002);
    });
}
