// SPDX-License-Identifier: GPL-2.0-only
use crate::prelude::*;

pub const SCENARIO: Scenario = Scenario {
    about: "what changes data or owner drops file capabilities, by whomever, in whatever layer",
    setup: |b| {
        for (name, _) in WAYS {
            b.file(&format!("low-{name}"), "text")
                .mode(0o777)
                .xattr("security.capability", &CAPABILITY);
        }
        b.upper();
        for (name, _) in WAYS {
            b.file(&format!("top-{name}"), "text")
                .mode(0o777)
                .xattr("security.capability", &CAPABILITY);
        }
    },
    steps: |r| {
        for (name, change) in WAYS {
            for path in [format!("low-{name}"), format!("top-{name}")] {
                change(r, &path);
                r.getxattr(&path, "security.capability");
                r.setxattr(&path, "security.capability", CAPABILITY);
                r.as_user(1000, 1000, |r| change(r, &path));
                r.getxattr(&path, "security.capability");
            }
        }
    },
    ..Scenario::DEFAULT
};

/// cap_net_raw=ep, version 2.
const CAPABILITY: [u8; 20] = [
    1, 0, 0, 2, 0, 0x20, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0,
];

const WAYS: [(&str, fn(&mut Run, &str)); 9] = [
    ("write", |r, f| {
        r.put(f, O_WRONLY, "T");
    }),
    ("nothing", |r, f| {
        r.put(f, O_WRONLY, "");
    }),
    ("truncate", |r, f| {
        r.truncate(f, 2);
    }),
    ("open", |r, f| {
        let fd = r.open(f, O_WRONLY | O_TRUNC);
        r.close(fd);
    }),
    ("allocate", |r, f| {
        let fd = r.open(f, O_WRONLY);
        r.fallocate(fd, 0, 0, 100);
        r.close(fd);
    }),
    ("chown", |r, f| {
        r.chown(f, 1000, u32::MAX);
    }),
    ("chgrp", |r, f| {
        r.chown(f, u32::MAX, 1000);
    }),
    ("chmod", |r, f| {
        r.chmod(f, 0o755);
        r.chmod(f, 0o777);
    }),
    ("touch", |r, f| {
        r.utimensat(f, (NOW, NOW), 0);
    }),
];
