// SPDX-License-Identifier: GPL-2.0-only
use crate::prelude::*;

pub const SCENARIO: Scenario = Scenario {
    about: "statfs of what is gone, closed, looped or too long",
    setup: |b| {
        b.file("low", "text");
        b.dir("closed").mode(0o700);
        b.file("closed/f", "text");
        b.dir("empty");
        b.symlink("loop", "loop");
        b.symlink("link", "closed/f");
        b.upper().file("top", "text");
    },
    steps: |r| {
        let held = ["low", "top", "empty"].map(|name| r.open(name, O_RDONLY));
        r.unlink("low");
        r.unlink("top");
        r.rmdir("empty");
        for fd in held {
            let names = sys::fstatfs(fd.raw()).map(|stat| stat.f_namelen);
            r.call(format_args!("fstatfs({fd})"), names);
        }
        r.as_user(1000, 1000, |r| {
            for path in ["closed", "closed/f", "link", "."] {
                r.statfs(path);
            }
        });
        let long = "n".repeat(256);
        let deep = "d/".repeat(2050);
        for path in ["low", "loop", "link", "closed/f/x", "", &long, &deep] {
            let names = sys::statfs(path).map(|stat| stat.f_namelen);
            r.call(format_args!("statfs of {} bytes", path.len()), names);
        }
        r.call(
            "fstatfs of nothing",
            sys::fstatfs(-1).map(|stat| stat.f_namelen),
        );
        // A name of the greatest length told is one that can be.
        let longest = "n".repeat(sys::statfs(".").map_or(0, |stat| stat.f_namelen as usize));
        r.put(&longest, O_WRONLY | O_CREAT, "x");
        r.put(&format!("{longest}n"), O_WRONLY | O_CREAT, "x");
        r.unlink(&longest);
    },
    ..Scenario::DEFAULT
};
