// SPDX-License-Identifier: GPL-2.0-only
use crate::prelude::*;

pub const SCENARIO: Scenario = Scenario {
    about: "several processes make and delete the same names at once",
    setup: |b| {
        b.file("d/f", "text");
        b.dir("d/sub");
    },
    steps: |r| {
        r.parallel(6, |n| {
            for round in 0..15 {
                let name = format!("d/x{}", (n + round) % 3);
                if let Ok(fd) = sys::open(&name, O_WRONLY | O_CREAT | O_EXCL, 0o600) {
                    let _ = sys::write(fd, b"x", None);
                    let _ = sys::close(fd);
                }
                let _ = sys::rename(&name, format!("d/sub/y{}", n % 2), 0);
                let _ = sys::mkdir("d/m", 0o755);
                let _ = sys::rmdir("d/m");
                let _ = sys::link("d/f", format!("d/l{n}"), 0);
                let _ = sys::unlink(format!("d/l{n}"));
                let _ = sys::unlink(name);
            }
        });
        for name in ["d/x0", "d/x1", "d/x2", "d/sub/y0", "d/sub/y1", "d/m"] {
            let _ = sys::unlink(name);
            let _ = sys::rmdir(name);
        }
        r.ls("d");
        r.ls("d/sub");
        r.cat("d/f");
    },
    ..Scenario::DEFAULT
};
