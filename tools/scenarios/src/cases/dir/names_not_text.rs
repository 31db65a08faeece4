// SPDX-License-Identifier: GPL-2.0-only
use crate::prelude::*;
use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt;

pub const SCENARIO: Scenario = Scenario {
    about: "names are bytes, not text",
    setup: |b| {
        b.dir("d");
    },
    steps: |r| {
        let name = OsStr::from_bytes(b"d/\xff\xfe\x80");
        let made = sys::open(name, O_WRONLY | O_CREAT, 0o644).and_then(sys::close);
        r.done("creating a name that is not text", made);
        r.ls("d");
        let renamed = sys::rename(name, OsStr::from_bytes(b"d/\xc3\x28"), 0);
        r.done("renaming it", renamed);
        r.ls("d");
    },
    ..Scenario::DEFAULT
};
