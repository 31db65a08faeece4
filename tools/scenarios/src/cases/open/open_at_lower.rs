// SPDX-License-Identifier: GPL-2.0-only
use crate::prelude::*;

pub const SCENARIO: Scenario = Scenario {
    about: "a descriptor of a lower directory goes on serving every call after the directory is copied up",
    setup: |b| {
        b.file("d/f", "text");
        b.file("d/g", "more");
        b.file("d/sub/x", "deep");
        b.symlink("d/l", "f");
    },
    steps: |r| {
        let dir = r.open("d", O_RDONLY | O_DIRECTORY);
        let path = r.open("d/sub", O_PATH | O_DIRECTORY);
        r.chmod("d", 0o700);
        r.open_at(dir, "f", O_RDONLY);
        let fd = r.open_at(dir, "new", O_WRONLY | O_CREAT | O_EXCL);
        r.write(fd, "made");
        r.mkdir_at(dir, "made");
        r.symlink_at("new", dir, "made/link");
        r.rename_at(dir, "g", path, "moved");
        r.unlink_at(dir, "l");
        r.unlink_at(path, "x");
        r.open_at(path, "none", O_RDONLY);
        r.open_at(path, "made", O_RDWR | O_CREAT);
        r.stat_at(path, "moved");
        r.stat_at(path, "../f");
        r.unlink_at(dir, "made");
        r.rmdir_at(dir, "made");
        r.rmdir_at(dir, "sub");
        r.ls("d");
        r.ls("d/sub");
    },
    layers: Some(|l| {
        l.whiteout("d/g")?;
        l.whiteout("d/l")?;
        l.whiteout("d/sub/x")?;
        l.absent("d/f")
    }),
    ..Scenario::DEFAULT
};
