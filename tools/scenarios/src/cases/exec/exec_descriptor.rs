// SPDX-License-Identifier: GPL-2.0-only
use crate::prelude::*;

fn exec_at(r: &mut Run, fd: Fd, path: &str, flags: i32) {
    let end = process::child(|| {
        let error = sys::exec_at(fd.raw(), path, flags);
        std::process::exit(200 + error.0.min(50));
    });
    r.note(format_args!(
        "execveat({fd}, {path:?}, {flags:#x}) = {end:?}"
    ));
}

pub const SCENARIO: Scenario = Scenario {
    about: "execveat runs what a descriptor stands for; a script only if its interpreter can open it",
    setup: |b| {
        b.file("d/prog", elf::exits_with(42)).mode(0o755);
        b.file("script", "#!d/prog\n").mode(0o755);
        b.file("plain", elf::exits_with(42));
        b.symlink("link", "d/prog");
        b.upper().file("upper", elf::exits_with(43)).mode(0o755);
    },
    steps: |r| {
        let empty = libc::AT_EMPTY_PATH;
        for (name, flags) in [
            ("d/prog", O_RDONLY),
            ("d/prog", O_PATH),
            ("d", O_PATH),
            ("script", O_RDONLY),
            ("plain", O_PATH),
            ("link", O_PATH | O_NOFOLLOW),
            ("upper", O_PATH),
        ] {
            let fd = r.open(name, flags);
            exec_at(r, fd, "", empty);
            exec_at(r, fd, "", 0);
            r.close(fd);
        }
        let dir = r.open("d", O_RDONLY | O_DIRECTORY);
        exec_at(r, dir, "prog", 0);
        exec_at(r, dir, "none", 0);
        exec_at(r, dir, "../link", 0);
        exec_at(r, dir, "../link", libc::AT_SYMLINK_NOFOLLOW);
        exec_at(r, dir, "prog", 1 << 30);
        let script = r.open("script", O_RDONLY);
        sys::fcntl(script.raw(), libc::F_SETFD, 0).expect("F_SETFD");
        exec_at(r, script, "", empty);
        // A question only, for interpreters: the status is that of the child that asked.
        const AT_EXECVE_CHECK: i32 = 0x10000;
        let prog = r.open("d/prog", O_RDONLY);
        exec_at(r, prog, "", empty | AT_EXECVE_CHECK);
        let plain = r.open("plain", O_RDONLY);
        exec_at(r, plain, "", empty | AT_EXECVE_CHECK);
    },
    layers: Some(|l| l.upper_is(&["upper"])),
    ..Scenario::DEFAULT
};
