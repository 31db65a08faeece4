// SPDX-License-Identifier: GPL-2.0-only
use crate::prelude::*;

pub const SCENARIO: Scenario = Scenario {
    about: "statfs tells the flags of the mount it is asked through",
    setup: |b| {
        b.file("low", "text");
        b.upper().file("top", "text");
    },
    steps: |r| {
        for (word, flags) in [
            ("ro", libc::MS_RDONLY),
            ("nosuid", libc::MS_NOSUID),
            ("nodev", libc::MS_NODEV),
            ("noexec", libc::MS_NOEXEC),
            ("noatime", libc::MS_NOATIME),
            ("nodiratime", libc::MS_NODIRATIME | libc::MS_RELATIME),
            (
                "several",
                libc::MS_RDONLY | libc::MS_NOSUID | libc::MS_NOATIME,
            ),
        ] {
            r.in_child(|r| {
                r.done(word, sys::bind_here(flags));
                for name in [".", "low", "top"] {
                    let told = sys::mount_flags(name).map(|flags| format!("{flags:#x}"));
                    r.call(format_args!("flags of {name}"), told);
                }
                r.put("low", O_WRONLY, "T");
                r.chmod("top", 0o600);
            });
        }
        r.cat("low");
    },
    ..Scenario::DEFAULT
};
