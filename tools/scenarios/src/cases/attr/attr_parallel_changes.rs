// SPDX-License-Identifier: GPL-2.0-only
use crate::prelude::*;

pub const SCENARIO: Scenario = Scenario {
    about: "attributes of one lower file changed by many at once are all changed",
    setup: |b| {
        for number in 0..8 {
            b.file(&format!("f{number}"), vec![b'x'; 20_000])
                .xattr("user.old", b"kept");
        }
    },
    steps: |r| {
        r.parallel(6, |process| {
            for number in 0..8 {
                let name = format!("f{number}");
                match process {
                    0 => sys::chmod(&name, 0o4711).expect("chmod"),
                    1 => sys::utimens(&name, (5, 5), (6, 7), 0).expect("utimens"),
                    2 => sys::setxattr(&name, "user.new", b"new", 0).expect("setxattr"),
                    3 => sys::setxattr(&name, "trusted.new", b"new", 0).expect("setxattr"),
                    4 => sys::link(&name, format!("{name}-2"), 0).expect("link"),
                    _ => {
                        sys::stat(&name, 0).expect("stat");
                        let old = sys::getxattr(&name, "user.old").expect("getxattr");
                        assert_eq!(old, b"kept");
                    }
                }
            }
        });
        for number in 0..8 {
            let name = format!("f{number}");
            r.stat(&name);
            r.listxattr(&name);
            let same = r.identity(&name) == r.identity(&format!("{name}-2"));
            r.expect("both names are of one file", same);
            r.cat(&name);
        }
    },
    ..Scenario::DEFAULT
};
