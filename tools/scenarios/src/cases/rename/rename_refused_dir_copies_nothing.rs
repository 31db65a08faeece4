// SPDX-License-Identifier: GPL-2.0-only
use crate::prelude::*;

pub const SCENARIO: Scenario = Scenario {
    about: "a directory of lower layers whose rename is refused is not copied up",
    setup: |b| {
        b.lower(1).file("p/d/f", "x");
        b.lower(0).file("p/d/g", "x");
        b.file("q/only/f", "x");
        b.file("q/leaf", "leaf");
    },
    steps: |r| {
        for (old, new, flags) in [
            ("p/d", "p/e", 0),
            ("q/only", "p/e", 0),
            ("p/d", "q/e", RENAME_NOREPLACE),
            ("p/d", "q/leaf", RENAME_EXCHANGE),
            ("q/leaf", "q/only", RENAME_EXCHANGE),
        ] {
            // Where it can be done, it is undone, so that both trees go on alike.
            let times = [old, new].map(|path| (path, mtime(path)));
            let result = sys::rename(old, new, flags);
            if result.is_ok() {
                let _ = sys::rename(new, old, flags);
                // On some file systems another parent changes the time of a directory.
                for (path, time) in times {
                    let _ = sys::utimens(path, time, time, 0);
                }
            }
            let right = matches!(result, Ok(()) | Err(Errno(libc::EXDEV)));
            r.expect("it is done, or to be done by copying", right);
        }
        // Looking at them shows nothing new, in particular no time.
        let times = ["p", "q"].map(|dir| sys::utimens(dir, OLD, OLD, 0).is_ok());
        r.expect("the times are back", times == [true, true]);
        r.ls("p/d");
        r.cat("q/only/f");
    },
    layers: Some(|l| l.upper_is(&["p", "q"])),
    ..Scenario::DEFAULT
};

/// When it was written, or what it begins with.
fn mtime(path: &str) -> (i64, i64) {
    sys::stat(path, 0).map_or(OLD, |stat| (stat.st_mtime, stat.st_mtime_nsec))
}
