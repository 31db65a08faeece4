// SPDX-License-Identifier: GPL-2.0-only
use crate::prelude::*;

pub const SCENARIO: Scenario = Scenario {
    about: "a lower file is linked on and its last name unlinked or renamed fifty times, over \
        deleted names too",
    setup: |b| {
        b.file("d/0", "text").mode(0o600);
        for number in [7, 8, 20, 41] {
            b.file(&format!("d/{number}"), "old");
        }
    },
    steps: |r| {
        for number in [7, 8, 20, 41] {
            r.unlink(&format!("d/{number}"));
        }
        let fd = r.open("d/0", O_RDONLY);
        for number in 0..50 {
            let (one, two) = (format!("d/{number}"), format!("d/{}", number + 1));
            if number % 3 == 2 {
                r.rename(&one, &two);
            } else {
                r.link(&one, &two);
                r.lstat(&two);
                r.unlink(&one);
            }
        }
        r.put("d/50", O_WRONLY | O_APPEND, "!");
        r.pread(fd, 10, 0);
        r.fstat(fd);
        r.see("d/50");
        r.ls("d");
        r.unlink("d/50");
        r.fstat(fd);
    },
    layers: Some(|l| {
        for number in [0, 7, 8, 20, 41] {
            l.whiteout(&format!("d/{number}"))?;
        }
        l.upper_is(&["d", "d/0", "d/7", "d/8", "d/20", "d/41"])
    }),
    ..Scenario::DEFAULT
};
