// SPDX-License-Identifier: GPL-2.0-only
use crate::prelude::*;

pub const SCENARIO: Scenario = Scenario {
    about: "a file with a hundred attributes is copied up with all of them",
    setup: |b| {
        let file = b.file("f", "text");
        for number in 0..100 {
            let name = format!("user.{number:03}");
            file.xattr(&name, format!("value {}", number * 7).as_bytes());
        }
        let dir = b.dir("d");
        for number in 0..40 {
            dir.xattr(&format!("trusted.{number:03}"), b"x");
        }
    },
    steps: |r| {
        r.listxattr("f");
        r.removexattr("f", "user.050");
        r.setxattr("f", "user.051", "");
        r.setxattr("f", "user.new", "x");
        r.listxattr("f");
        for number in [0, 49, 51, 99] {
            r.getxattr("f", &format!("user.{number:03}"));
        }
        r.chmod("d", 0o700);
        r.listxattr("d");
        for number in 0..40 {
            if number != 17 {
                r.removexattr("d", &format!("trusted.{number:03}"));
            }
        }
        r.listxattr("d");
    },
    layers: Some(|l| {
        let names = sys::listxattr(l.upper.join("f")).map_err(|error| error.to_string())?;
        let kept = names
            .iter()
            .filter(|name| name.starts_with("user."))
            .count();
        if kept == 100 {
            Ok(())
        } else {
            Err(format!(
                "100 attributes must be in the copy, there are {kept}"
            ))
        }
    }),
    ..Scenario::DEFAULT
};
