// SPDX-License-Identifier: GPL-2.0-only
use crate::prelude::*;

pub const SCENARIO: Scenario = Scenario {
    about: "a link to a symbolic link, or with AT_SYMLINK_FOLLOW to what it leads to, over the \
        layers",
    setup: |b| {
        b.lower(0).file("d/f", "text");
        b.symlink("to-file", "d/f");
        b.symlink("to-dir", "d");
        b.symlink("dangling", "d/none");
        b.symlink("loop", "loop");
        b.upper().symlink("top", "to-file");
        b.symlink("d/up", "../dangling");
    },
    steps: |r| {
        for name in ["to-file", "to-dir", "dangling", "loop", "top", "d/up"] {
            let to = name.replace('/', "-");
            r.link_flags(name, &format!("{to}.itself"), 0);
            r.lstat(&format!("{to}.itself"));
            r.link_flags(name, &format!("{to}.followed"), AT_SYMLINK_FOLLOW);
            r.lstat(&format!("{to}.followed"));
        }
        r.link_flags("to-dir/f", "through", 0);
        r.link_flags("to-file/", "x", 0);
        r.link_flags("to-file", "to-dir/inside", AT_SYMLINK_FOLLOW);
        r.link_flags("d/f", "dangling", AT_SYMLINK_FOLLOW);
        r.link_flags("d/f", "to-dir/", 0);
        r.link_flags("d/f", "x", 0x8000);
        r.put("top.followed", O_WRONLY, "T");
        r.see("d/f");
        r.ls("d");
    },
    layers: Some(|l| {
        l.in_upper("to-file")?;
        l.in_upper("d/f")?;
        l.absent("d/none")
    }),
    ..Scenario::DEFAULT
};
