// SPDX-License-Identifier: GPL-2.0-only
use crate::prelude::*;

pub const SCENARIO: Scenario = Scenario {
    about: "RENAME_WHITEOUT leaves a name of any layer free; so does RENAME_WHITEOUT with \
        NOREPLACE",
    setup: |b| {
        for dir in ["a", "b"] {
            for name in ["lower", "copied", "target", "gone"] {
                b.file(&format!("{dir}/{name}"), name);
            }
        }
    },
    steps: |r| {
        for (dir, more) in [("a", 0), ("b", RENAME_NOREPLACE)] {
            let at = |name: &str| format!("{dir}/{name}");
            r.chmod(&at("copied"), 0o600);
            r.put(&at("new"), O_WRONLY | O_CREAT, "new");
            r.mkdir(&at("dir"));
            r.unlink(&at("gone"));
            for (name, to) in [
                ("lower", "x"),
                ("copied", "gone"),
                ("new", "y"),
                ("dir", "z"),
                ("x", "target"),
                ("none", "w"),
            ] {
                r.rename2(&at(name), &at(to), RENAME_WHITEOUT | more);
                r.see(&at(to));
                // A plain file system shows the whiteout, which can be unlinked; a union does not.
                let _ = sys::unlink(at(name));
                r.lstat(&at(name));
            }
            r.put(&at("lower"), O_WRONLY | O_CREAT | O_EXCL, "again");
            r.mkdir(&at("new"));
            r.ls(dir);
        }
    },
    layers: Some(|l| {
        l.in_upper("a/lower")?;
        l.absent("a/dir")?;
        l.not_opaque("a/new")?;
        l.in_upper("a/target")
    }),
    not_on: shape::MAKES_LOWER,
    ..Scenario::DEFAULT
};
