// SPDX-License-Identifier: GPL-2.0-only
use crate::prelude::*;

pub const SCENARIO: Scenario = Scenario {
    about: "nobody makes a device 0:0, with or without CAP_MKNOD, and trying copies nothing",
    setup: |b| {
        b.dir("d").mode(0o777);
    },
    steps: |r| {
        let zero = |r: &mut Run| r.mknod("d/zero", libc::S_IFCHR, 0o600, 0, 0);
        r.as_who(OTHER, |r| {
            zero(r);
            r.unlink("d/zero");
        });
        r.with_only(OTHER, &[cap::MKNOD], |r| {
            zero(r);
            r.unlink("d/zero");
        });
        // The block device of the same number is none.
        r.as_who(OTHER, |r| {
            r.mknod("d/block", libc::S_IFBLK, 0o600, 0, 0);
        });
        r.ls("d");
    },
    layers: Some(|l| l.upper_is(&[])),
    allow: &[
        Allow {
            line: "d/zero",
            why: "a character device 0:0 is what a whiteout looks like",
        },
        Allow {
            line: "walk d ",
            why: "the directory in which the device was made and removed has changed, the other has not",
        },
    ],
    ..Scenario::DEFAULT
};
