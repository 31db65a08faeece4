// SPDX-License-Identifier: GPL-2.0-only
use crate::prelude::*;

pub const SCENARIO: Scenario = Scenario {
    about: "renaming and linking objects of every type moves their change time alone",
    setup: |b| {
        every_kind(b, "low");
        b.upper();
        every_kind(b, "top");
        b.dir("to");
    },
    steps: |r| {
        for dir in ["low", "top"] {
            for kind in KINDS {
                if (dir, kind) == ("low", "dir") {
                    // Lower directories are not renamed by this version.
                    continue;
                }
                let (old, new) = (format!("{dir}/{kind}"), format!("to/{kind}"));
                let before = r.identity(&old);
                let fd = r.open(&old, O_PATH | O_NOFOLLOW);
                let then = sys::fstat(fd.raw()).expect("fstat");
                pause();
                r.rename(&old, &new);
                let now = sys::fstat(fd.raw()).expect("fstat");
                let time = |s: &libc::stat| (s.st_mtime, s.st_mtime_nsec);
                let ctime = |s: &libc::stat| (s.st_ctime, s.st_ctime_nsec);
                r.expect("the modification time is kept", time(&then) == time(&now));
                r.note(format_args!(
                    "the change time = {:?}",
                    ctime(&now).cmp(&ctime(&then))
                ));
                let after = r.identity(&new);
                r.expect("it is the same object", before == after);
                r.unlink(&new);
                r.rmdir(&new);
            }
        }
    },
    ..Scenario::DEFAULT
};
