// SPDX-License-Identifier: GPL-2.0-only
use crate::prelude::*;

pub const SCENARIO: Scenario = Scenario {
    about: "F_NOTIFY sends a signal when a directory's entries change, in every layer and across copy-up",
    setup: |b| {
        b.file("lower/f", "text");
        b.lower(0).file("merged/f", "text");
        b.lower(1).file("merged/g", "text");
        b.upper().file("upper/f", "text");
    },
    steps: |r| {
        process::block_signal(libc::SIGIO);
        let came = |r: &mut Run, what: &str| {
            let came = process::await_signal(libc::SIGIO, std::time::Duration::from_millis(1));
            r.note(format_args!("signal after {what}: {came}"));
        };
        let file = r.open("lower/f", O_RDONLY);
        let result = sys::fcntl(file.raw(), libc::F_NOTIFY, sys::DN_MODIFY);
        r.call("F_NOTIFY of a file", result);
        for dir in ["lower", "merged", "upper"] {
            let fd = r.open(dir, O_RDONLY | O_DIRECTORY);
            let f = format!("{dir}/f");
            let new = format!("{dir}/new");
            let notify = |r: &mut Run, mask: i32| {
                let result = sys::fcntl(fd.raw(), libc::F_NOTIFY, mask);
                r.call("F_NOTIFY", result);
            };
            notify(r, sys::DN_ACCESS);
            r.cat(&f);
            came(r, "read");
            r.cat(&f);
            came(r, "another read");
            notify(
                r,
                sys::DN_MODIFY | sys::DN_ATTRIB | sys::DN_CREATE | sys::DN_MULTISHOT,
            );
            r.put(&f, O_WRONLY, "T");
            came(r, "write");
            r.chmod(&f, 0o600);
            came(r, "chmod");
            r.put(&new, O_WRONLY | O_CREAT, "");
            came(r, "create");
            r.unlink(&new);
            came(r, "unlink");
            notify(r, sys::DN_DELETE | sys::DN_RENAME | sys::DN_MULTISHOT);
            r.rename(&f, &new);
            came(r, "rename");
            r.unlink(&new);
            came(r, "unlink");
            notify(r, 0);
            r.put(&f, O_WRONLY | O_CREAT, "again");
            came(r, "no more");
        }
    },
    ..Scenario::DEFAULT
};
