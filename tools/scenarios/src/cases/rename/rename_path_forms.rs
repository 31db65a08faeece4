// SPDX-License-Identifier: GPL-2.0-only
use crate::prelude::*;

pub const SCENARIO: Scenario = Scenario {
    about: "slashes at the end, dots and links in the paths of a rename",
    setup: |b| {
        b.file("f", "text");
        b.file("d/f", "text");
        b.symlink("to-dir", "d");
        b.symlink("to-file", "f");
        b.symlink("dangling", "none");
        b.symlink("loop", "loop");
        b.dir("gone");
    },
    steps: |r| {
        r.rmdir("gone");
        r.mkdir("new");
        for (old, new) in [
            ("f/", "g"),
            ("f", "g/"),
            ("f", "gone/"),
            ("to-file/", "g"),
            ("dangling/", "g"),
            ("to-dir/", "g"),
            ("f", "to-dir/"),
            (".", "g"),
            ("..", "g"),
            ("new/.", "g"),
            ("new/..", "g"),
            ("f", "."),
            ("new", ".."),
            ("new", "d/."),
            ("", "g"),
            ("f", ""),
            ("loop/x", "g"),
            ("f", "loop/x"),
            ("f/x", "g"),
            ("none/x", "g"),
        ] {
            r.rename(old, new);
            r.rename2(old, new, RENAME_NOREPLACE);
            r.rename2(old, new, RENAME_EXCHANGE);
        }
        // With a slash, a directory may take a name, also a deleted one; the links themselves are renamed.
        r.rename("new/", "gone/");
        r.rename("to-dir/../f", "to-dir/g");
        r.rename("to-file", "dangling");
        r.readlink("dangling");
        r.rename("loop", "to-dir/loop");
        r.rename("to-dir", "gone/to-dir");
        r.ls("d");
        r.ls(".");
    },
    layers: Some(|l| {
        l.in_upper("gone")?;
        l.whiteout("to-file")
    }),
    ..Scenario::DEFAULT
};
