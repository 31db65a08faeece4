// SPDX-License-Identifier: GPL-2.0-only
use crate::prelude::*;

pub const SCENARIO: Scenario = Scenario {
    about: "truncating drops the set-id bits, unless root does it or nothing is done",
    setup: |b| {
        for how in WAYS {
            b.file(how, "text").mode(0o6777).owner(1000, 1000);
            b.file(&format!("roots-{how}"), "text").mode(0o6777);
        }
    },
    steps: |r| {
        let shrink = |r: &mut Run, path: &str, how: &str| match how {
            "truncate" => {
                r.truncate(path, 2);
            }
            "same-size" => {
                r.truncate(path, 4);
            }
            "longer" => {
                r.truncate(path, 4096);
            }
            "ftruncate" => {
                let fd = r.open(path, O_WRONLY);
                r.ftruncate(fd, 0);
            }
            "open" => {
                let fd = r.open(path, O_RDONLY | O_TRUNC);
                r.close(fd);
            }
            _ => {
                r.truncate(path, -1);
            }
        };
        for how in WAYS {
            r.as_user(1000, 1000, |r| shrink(r, how, how));
            r.stat(how);
            let path = format!("roots-{how}");
            shrink(r, &path, how);
            r.stat(&path);
            // Copied up already: the same once more.
            r.chmod(how, 0o6777);
            r.as_user(1001, 1001, |r| shrink(r, how, how));
            r.stat(how);
        }
    },
    ..Scenario::DEFAULT
};

const WAYS: [&str; 6] = [
    "truncate",
    "same-size",
    "longer",
    "ftruncate",
    "open",
    "refused",
];
