// SPDX-License-Identifier: GPL-2.0-only
use crate::prelude::*;

pub const SCENARIO: Scenario = Scenario {
    about: "who was given the descriptor of a directory he may not open or search lists all of it, \
        and is the first to do so",
    setup: |b| {
        for layer in 0..2 {
            b.lower(layer).dir("shut").mode(0o700);
            b.dir("readable").mode(0o744);
            for dir in ["shut", "readable"] {
                b.file(&format!("{dir}/of-{layer}"), "x").mode(0o600);
                b.dir(&format!("{dir}/dir{layer}")).mode(0);
                b.symlink(&format!("{dir}/link{layer}"), "nowhere");
                b.char_device(&format!("{dir}/char{layer}"), 1, 3).mode(0);
                b.file(&format!("{dir}/gone{layer}"), "x");
            }
        }
        // Only a look at them tells these from devices.
        b.lower(0).whiteout("shut/gone1");
        b.upper().dir("shut").mode(0o700);
        b.whiteout("shut/gone0");
    },
    steps: |r| {
        for dir in ["shut", "readable"] {
            let fd = r.open(dir, O_RDONLY | O_DIRECTORY);
            r.as_who(OTHER, |r| {
                r.try_open(dir, O_RDONLY | O_DIRECTORY);
                r.types(fd);
                r.lstat(&format!("{dir}/of-0"));
            });
            // In a directory with objects that were copied up, each is looked at.
            for name in ["of-1", "dir1", "link0", "char0"] {
                r.chown(&format!("{dir}/{name}"), 5, 5);
            }
            r.as_who(OTHER, |r| r.types(fd));
            let half = r.open(dir, O_RDONLY | O_DIRECTORY);
            let mut all = piece(half, 32);
            // Begun by one and ended by another.
            r.as_who(OTHER, |r| {
                all.extend(pieces(half, 32));
                r.note(format_args!("{:?}", shown(&all)));
            });
        }
    },
    layers: Some(|l| {
        l.in_upper("shut/char0")?;
        l.absent("readable/of-0")
    }),
    ..Scenario::DEFAULT
};
