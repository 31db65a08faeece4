// SPDX-License-Identifier: GPL-2.0-only
use crate::prelude::*;

pub const SCENARIO: Scenario = Scenario {
    about: "a buffer too small for the next entry is refused and loses nothing; one of just its size \
        takes it",
    setup: |b| {
        for number in 0..6 {
            let name = format!("{}{number}", "n".repeat(254));
            b.lower(number % 2).file(&format!("lower/{name}"), "x");
            b.file(&format!("merged/{name}"), "x");
            b.upper().file(&format!("upper/{name}"), "x");
        }
        b.file("merged/top", "x");
        b.dir("empty");
    },
    steps: |r| {
        for dir in ["lower", "merged", "upper", "empty"] {
            let fd = r.open(dir, O_RDONLY | O_DIRECTORY);
            for size in [0, 1, 19, 23] {
                r.getdents(fd, size);
            }
            // 19 bytes, the name, its end, and up to a multiple of 8.
            let (mut names, mut refused) = (Vec::new(), 0);
            loop {
                match sys::getdents(fd.raw(), 24) {
                    Err(Errno(libc::EINVAL)) => {
                        refused += 1;
                        let slightly_less = sys::getdents(fd.raw(), 279);
                        r.expect("not into 279", slightly_less == Err(Errno(libc::EINVAL)));
                        let just = piece(fd, 280);
                        r.expect("one into 280", just.len() == 1);
                        names.extend(just);
                    }
                    Ok(some) if !some.is_empty() => names.extend(some),
                    end => {
                        r.note(format_args!("{end:?}, refused {refused} times"));
                        break;
                    }
                }
            }
            let names = shown(&names).join(" ").replace(&"n".repeat(254), "N");
            r.note(names);
            // At the end nothing is too large.
            r.getdents(fd, 1);
        }
    },
    ..Scenario::DEFAULT
};
