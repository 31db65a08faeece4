// SPDX-License-Identifier: GPL-2.0-only
use crate::prelude::*;

/// A target of `length` bytes that leads to the file.
fn target(length: usize) -> String {
    format!(".{}f", "/".repeat(length - 2))
}

pub const SCENARIO: Scenario = Scenario {
    about: "targets of links may be as long as the upper layer allows, and are copied up whole",
    setup: |b| {
        b.file("f", "text");
        for length in [60, 255, 1000, 1023] {
            b.symlink(&format!("below{length}"), &target(length));
        }
        b.symlink("dangling", &"x".repeat(700));
    },
    steps: |r| {
        for length in [60, 255, 1000, 1023] {
            let name = format!("below{length}");
            r.readlink(&name);
            r.cat(&name);
            r.chown(&name, 7, 8);
            r.readlink(&name);
            r.rename(&name, &format!("moved{length}"));
            r.cat(&format!("moved{length}"));
        }
        for length in [59, 60, 1023, 1024, 4094, 4095, 4096] {
            let name = format!("new{length}");
            r.done(
                format_args!("symlink of {length}"),
                sys::symlink(target(length), &name),
            );
            r.readlink(&name);
            r.cat(&name);
        }
        r.symlink("", "empty");
        r.chmod("dangling", 0o600);
    },
    layers: Some(|l| l.in_upper("moved1023")),
    ..Scenario::DEFAULT
};
