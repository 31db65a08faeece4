// SPDX-License-Identifier: GPL-2.0-only
use crate::prelude::*;

pub const SCENARIO: Scenario = Scenario {
    about: "entries are deleted while the directory is read",
    setup: |b| {
        for n in 0..120 {
            b.file(&format!("d/{n:03}"), "");
        }
    },
    steps: |r| {
        let fd = r.open("d", O_RDONLY | O_DIRECTORY);
        let mut deleted = 0;
        while let Ok(more) = sys::getdents(fd.raw(), 512) {
            if more.is_empty() {
                break;
            }
            for entry in more {
                let name = String::from_utf8_lossy(&entry.name).into_owned();
                if name != "." && name != ".." && sys::unlink(format!("d/{name}")).is_ok() {
                    deleted += 1;
                }
            }
        }
        r.note(format_args!("{deleted} deleted"));
        r.ls("d");
        r.rmdir("d");
    },
    layers: Some(|l| l.whiteout("d")),
    ..Scenario::DEFAULT
};
