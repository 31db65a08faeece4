// SPDX-License-Identifier: GPL-2.0-only
use crate::prelude::*;

pub const SCENARIO: Scenario = Scenario {
    about: "d_type and d_ino agree with stat",
    setup: |b| {
        b.dir("d/dir");
        b.file("d/file", "x");
        b.symlink("d/link", "x");
        b.fifo("d/fifo");
        b.char_device("d/char", 1, 3);
        b.block_device("d/block", 7, 9);
        b.upper().file("d/top", "x");
    },
    steps: |r| {
        r.chmod("d/file", 0o600);
        r.put("d/new", O_WRONLY | O_CREAT, "x");
        r.ls("d");
        let fd = r.open("d", O_RDONLY | O_DIRECTORY);
        let mut entries = sys::getdents(fd.raw(), 32768).unwrap_or_default();
        entries.sort_by(|one, two| one.name.cmp(&two.name));
        for entry in entries {
            let name = String::from_utf8_lossy(&entry.name).into_owned();
            if name != ".." {
                let (_, ino) = r.identity(&format!("d/{name}"));
                r.expect(format!("d_ino of {name} is st_ino"), ino == entry.ino);
            }
        }
    },
    ..Scenario::DEFAULT
};
