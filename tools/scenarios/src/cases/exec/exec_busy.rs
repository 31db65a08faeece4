// SPDX-License-Identifier: GPL-2.0-only
use crate::prelude::*;

fn start(r: &mut Run, path: &str) -> i32 {
    let pid = process::background(|| {
        let _ = process::exec(path, &["prog"]);
    })
    .expect("fork");
    let exe = format!("/proc/{pid}/comm");
    let name = format!("{}\n", path.rsplit('/').next().unwrap_or(path));
    r.await_until("it runs", || {
        std::fs::read_to_string(&exe).is_ok_and(|it| it == name)
    });
    pid
}

fn try_to_write(r: &mut Run, path: &str) {
    r.open(path, O_WRONLY);
    r.open(path, O_RDWR | O_APPEND);
    r.open(path, O_RDONLY | O_TRUNC);
    r.truncate(path, 0);
    r.put(path, O_WRONLY | O_CREAT, "x");
}

pub const SCENARIO: Scenario = Scenario {
    about: "a program that runs cannot be written, not after copy-up by other calls nor under another name",
    setup: |b| {
        b.file("d/lower", elf::waits()).mode(0o755);
        b.file("d/copied", elf::waits()).mode(0o755);
        b.upper().file("d/upper", elf::waits()).mode(0o755);
        b.anywhere()
            .file("written", elf::exits_with(42))
            .mode(0o755);
    },
    steps: |r| {
        r.chmod("d/copied", 0o700);
        for name in ["d/lower", "d/copied", "d/upper"] {
            let pid = start(r, name);
            try_to_write(r, name);
            r.chmod(name, 0o711);
            r.setxattr(name, "user.a", "1");
            try_to_write(r, name);
            r.link(name, "d/link");
            try_to_write(r, "d/link");
            r.rename(name, "d/renamed");
            try_to_write(r, "d/renamed");
            r.unlink("d/link");
            r.unlink("d/renamed");
            r.put(name, O_WRONLY | O_CREAT, "another file");
            process::kill(pid);
            r.note(format_args!("{:?}", process::wait(pid)));
        }
        // The other way round, for files that nobody has changed so far as well.
        for flags in [O_WRONLY, O_RDWR] {
            let fd = r.open("written", flags);
            r.exec("./written", &[]);
            r.close(fd);
            r.exec("./written", &[]);
        }
    },
    layers: Some(|l| {
        l.absent("written")?;
        l.in_upper("d/lower")
    }),
    ..Scenario::DEFAULT
};
