// SPDX-License-Identifier: GPL-2.0-only
use crate::prelude::*;

pub const SCENARIO: Scenario = Scenario {
    about: "an append-only file only grows, an append-only directory only gains names",
    setup: |b| {
        b.upper();
        b.file("top", "text");
        b.file("dir/f", "text");
        b.dir("dir/sub");
    },
    steps: |r| {
        const APPEND: u32 = 0x20;
        let file = r.open("top", O_RDONLY);
        let dir = r.open("dir", O_RDONLY | O_DIRECTORY);
        r.set_flags(file, APPEND, APPEND);
        r.set_flags(dir, APPEND, APPEND);
        r.put("top", O_WRONLY, "T");
        r.open("top", O_WRONLY | O_APPEND | O_TRUNC);
        r.put("top", O_WRONLY | O_APPEND, "ed");
        let fd = r.open("top", O_RDWR | O_APPEND);
        r.pwrite(fd, "!", 0);
        r.done(
            "taking O_APPEND away",
            sys::set_status_flags(fd.raw(), 0, O_APPEND),
        );
        r.ftruncate(fd, 1);
        r.fallocate(fd, 0, 0, 100);
        r.fallocate(fd, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, 0, 2);
        r.mmap(fd, 4, PROT_READ | PROT_WRITE, MAP_SHARED);
        r.chmod("top", 0o600);
        r.utimens("top", (5, 5));
        r.utimensat("top", (NOW, NOW), 0);
        r.setxattr("top", "user.a", "1");
        r.rename("top", "moved");
        r.unlink("top");
        r.link("top", "second");
        r.put("dir/new", O_WRONLY | O_CREAT, "x");
        r.mkdir("dir/made");
        r.unlink("dir/f");
        r.rmdir("dir/sub");
        r.rename("dir/f", "dir/g");
        r.rename("dir/f", "out");
        r.rename("dir/new", "dir/f");
        r.link("dir/f", "dir/h");
        r.chmod("dir", 0o700);
        r.put("dir/f", O_WRONLY, "T");
        r.set_flags(file, 0, APPEND);
        r.set_flags(dir, 0, APPEND);
        r.cat("top");
        r.ls("dir");
        r.rename("dir/f", "dir/g");
    },
    ..Scenario::DEFAULT
};
