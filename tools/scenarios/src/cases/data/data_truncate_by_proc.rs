// SPDX-License-Identifier: GPL-2.0-only
use crate::prelude::*;

pub const SCENARIO: Scenario = Scenario {
    about: "truncate by way of /proc cuts the file that is open there, named or deleted",
    setup: |b| {
        b.file("lower", "0123456789");
        b.file("deleted", "0123456789");
        b.file("replaced", "0123456789");
        b.file("path only", "0123456789");
    },
    steps: |r| {
        for (path, flags) in [
            ("lower", O_RDONLY),
            ("deleted", O_RDONLY),
            ("replaced", O_RDWR),
            ("path only", O_PATH),
        ] {
            let fd = r.open(path, flags);
            let other = r.open(path, O_RDONLY);
            if path == "deleted" || path == "replaced" {
                r.unlink(path);
            }
            if path == "replaced" {
                r.put(path, O_WRONLY | O_CREAT, "another file");
            }
            for size in [4, 6] {
                let result = sys::truncate(format!("/proc/self/fd/{}", fd.raw()), size);
                r.done(format_args!("truncate of {fd} to {size}"), result);
                r.all_see(&[other]);
            }
            r.fstat(fd);
            r.stat(path);
        }
    },
    layers: Some(|l| {
        l.in_upper("lower")?;
        l.whiteout("deleted")
    }),
    not_on: &[("chroot", shape::NO_PROC)],
    ..Scenario::DEFAULT
};
