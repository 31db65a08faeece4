// SPDX-License-Identifier: GPL-2.0-only
use crate::prelude::*;

fn shown(r: &mut Run, pid: i32, when: &str, path: &str) {
    let exe = format!("/proc/{pid}/exe");
    let root = std::env::current_dir().unwrap_or_default();
    let link = std::fs::read_link(&exe).unwrap_or_default();
    let link = link.strip_prefix(&root).unwrap_or(&link).to_owned();
    r.note(format_args!("{when}: {}", link.display()));
    if !path.is_empty() {
        let same = sys::stat(&exe, 0).map(|stat| (stat.st_dev, stat.st_ino));
        let same = same == Ok(r.identity(path));
        r.expect("the same device and inode", same);
    }
    let data = std::fs::read(&exe).unwrap_or_default();
    r.expect("the same program", data == elf::waits());
}

pub const SCENARIO: Scenario = Scenario {
    about: "/proc/PID/exe is the union's file, however it was copied up, renamed, replaced and removed since",
    setup: |b| {
        b.file("d/lower", elf::waits()).mode(0o755);
        b.file("d/other", "other");
        b.upper().file("d/upper", elf::waits()).mode(0o755);
    },
    steps: |r| {
        for name in ["d/lower", "d/upper"] {
            let pid = process::background(|| {
                let _ = process::exec(name, &["prog"]);
            })
            .expect("fork");
            let exe = format!("/proc/{pid}/exe");
            r.await_until("it runs", || {
                std::fs::read_link(&exe).is_ok_and(|link| link.ends_with(name))
            });
            shown(r, pid, "running", name);
            r.chmod(name, 0o700);
            shown(r, pid, "copied up", name);
            r.rename(name, "d/renamed");
            shown(r, pid, "renamed", "d/renamed");
            r.rename("d/other", "d/renamed");
            shown(r, pid, "replaced", "");
            process::kill(pid);
            r.note(format_args!("{:?}", process::wait(pid)));
            r.rename("d/renamed", "d/other");
        }
    },
    ..Scenario::DEFAULT
};
