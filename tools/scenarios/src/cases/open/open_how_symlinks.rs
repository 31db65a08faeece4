// SPDX-License-Identifier: GPL-2.0-only
use crate::prelude::*;

pub const SCENARIO: Scenario = Scenario {
    about: "openat2 with RESOLVE_NO_SYMLINKS or NO_MAGICLINKS refuses links of every layer, and O_CREAT through them",
    setup: |b| {
        b.file("d/f", "text");
        b.symlink("to-dir", "d");
        b.symlink("to-file", "d/f");
        b.symlink("dangling", "d/new");
        b.upper().symlink("above", "d");
    },
    steps: |r| {
        let fd = r.open("d", O_RDONLY | O_DIRECTORY);
        let magic = format!("{}/f", fd.proc_path());
        for resolve in [0, libc::RESOLVE_NO_SYMLINKS, libc::RESOLVE_NO_MAGICLINKS] {
            for path in ["d/f", "to-file", "to-dir/f", "above/f", "dangling", &magic] {
                r.open_how(None, path, O_RDONLY, resolve);
            }
            r.open_how(None, "to-file", O_PATH | O_NOFOLLOW, resolve);
            r.open_how(None, "dangling", O_WRONLY | O_CREAT, resolve);
            r.open_how(None, "above/made", O_WRONLY | O_CREAT, resolve);
            r.unlink("d/new");
            r.unlink("d/made");
        }
    },
    layers: Some(|l| l.absent("to-dir")),
    ..Scenario::DEFAULT
};
