// SPDX-License-Identifier: GPL-2.0-only
use crate::prelude::*;

pub const SCENARIO: Scenario = Scenario {
    about: "the time of birth is told where the upper layer's file system knows it, and never moves",
    setup: |b| {
        b.file("low", "text");
        b.upper().dir("d");
    },
    steps: |r| {
        fn birth(path: &str) -> Option<(i64, u32)> {
            let flags = libc::AT_SYMLINK_NOFOLLOW;
            let stat = sys::statx(sys::HERE, path, flags, libc::STATX_BTIME).ok()?;
            let known = stat.stx_mask & libc::STATX_BTIME != 0;
            known.then_some((stat.stx_btime.tv_sec, stat.stx_btime.tv_nsec))
        }
        r.put("file", O_WRONLY | O_CREAT, "x");
        r.mkdir("d/sub");
        r.symlink("x", "link");
        r.mkfifo("fifo", 0o600);
        // A copy is born when it is made.
        r.chmod("low", 0o600);
        let names = ["file", "d/sub", "link", "fifo", "low", "d"];
        let before = names.map(birth);
        for (name, birth) in names.iter().zip(before) {
            r.note(format_args!(
                "{name} has a time of birth = {}",
                birth.is_some()
            ));
            let recent = birth.is_none_or(|(seconds, _)| seconds > 1_500_000_000);
            r.expect("it is not made up", recent);
        }
        pause();
        for name in names {
            r.utimens(name, (5, 5));
            r.chown(name, 1, 1);
        }
        r.put("file", O_WRONLY, "longer");
        r.rename("file", "d/moved");
        r.rename("d/moved", "file");
        r.link("file", "d/second");
        r.expect("they are what they were", before == names.map(birth));
        r.expect("under another name, too", before[0] == birth("d/second"));
    },
    not_on: &[
        ("read-only-erofs", "erofs tells no time of birth"),
        ("rotate", "a copy is born when it is made"),
        ("rotate-ext4", "a copy is born when it is made"),
    ],
    ..Scenario::DEFAULT
};
