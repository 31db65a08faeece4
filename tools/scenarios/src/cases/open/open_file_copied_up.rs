// SPDX-License-Identifier: GPL-2.0-only
use crate::prelude::*;

pub const SCENARIO: Scenario = Scenario {
    about: "every set of open flags on a file that has been copied up, with an older descriptor open",
    setup: |b| {
        for n in 0..open_flags().len() {
            b.file(&format!("f{n}"), "text");
        }
    },
    steps: |r| {
        for (n, flags) in open_flags().into_iter().enumerate() {
            let path = format!("f{n}");
            let old = sys::open(&path, O_RDONLY, 0).expect("a lower file");
            r.chmod(&path, 0o640);
            r.opens(&path, flags);
            // The old descriptor shows what the open has done to the file.
            let seen = sys::read(old, 10, None).map(|data| data.len());
            r.call(format_args!("length of {path} by the old descriptor"), seen);
            sys::close(old).expect("close");
        }
    },
    ..Scenario::DEFAULT
};
