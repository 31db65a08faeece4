// SPDX-License-Identifier: GPL-2.0-only
//! Programs of the tree.

use crate::prelude::*;

/// A running program cannot be written, not after copy-up by other calls nor under another name.
pub fn exec_busy(b: &mut Builder) -> Steps {
    b.file("d/lower", elf::waits()).mode(0o755);
    b.file("d/copied", elf::waits()).mode(0o755);
    b.upper().file("d/upper", elf::waits()).mode(0o755);
    b.anywhere()
        .file("written", elf::exits_with(42))
        .mode(0o755);
    steps(|r| {
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
        // The other way round, also for files that are still unchanged.
        for flags in [O_WRONLY, O_RDWR] {
            let fd = r.open("written", flags);
            r.exec("./written", &[]);
            r.close(fd);
            r.exec("./written", &[]);
        }
    })
    .absent("written")
    .in_upper("d/lower")
}

/// Starts a program of [`elf::waits`]: its process.
pub(crate) fn start(r: &mut Run, path: &str) -> i32 {
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

/// Makes the calls that a running program refuses.
pub(crate) fn try_to_write(r: &mut Run, path: &str) {
    r.open(path, O_WRONLY);
    r.open(path, O_RDWR | O_APPEND);
    r.open(path, O_RDONLY | O_TRUNC);
    r.truncate(path, 0);
    r.put(path, O_WRONLY | O_CREAT, "x");
}

/// The program executed next is the one that was written, renamed or linked into place last.
pub fn exec_changed(b: &mut Builder) -> Steps {
    b.file("prog", elf::exits_with(1)).mode(0o755);
    b.file("next", elf::exits_with(2)).mode(0o755);
    b.file("cut", elf::exits_with(1)).mode(0o755);
    b.file("big", [elf::exits_with(7), vec![0; 1 << 20]].concat())
        .mode(0o755);
    steps(|r| {
        r.exec("./prog", &[]);
        r.put("prog", O_WRONLY, elf::exits_with(3));
        r.exec("./prog", &[]);
        r.rename("next", "prog");
        r.exec("./prog", &[]);
        let fd = r.open_mode(".", O_RDWR | O_TMPFILE, 0o755);
        r.write(fd, elf::exits_with(4));
        r.link_fd(fd, "linked");
        r.exec("./linked", &[]);
        r.close(fd);
        r.exec("./linked", &[]);
        r.unlink("prog");
        r.symlink("linked", "prog");
        r.exec("./prog", &[]);
        r.truncate("cut", 100);
        r.exec("./cut", &[]);
        let fd = r.open("big", O_RDWR);
        let map = r.map(fd, PAGE, PROT_RW, MAP_SHARED);
        let (old, new) = (elf::exits_with(7), elf::exits_with(8));
        for at in 0..old.len() {
            if old[at] != new[at] {
                map.store(at, &new[at..=at]);
            }
        }
        r.done("munmap", map.unmap());
        r.close(fd);
        r.exec("./big", &[]);
    })
}

/// execveat runs the file of a descriptor; a script only if its interpreter can open it.
pub fn exec_descriptor(b: &mut Builder) -> Steps {
    b.file("d/prog", elf::exits_with(42)).mode(0o755);
    b.file("script", "#!d/prog\n").mode(0o755);
    b.file("plain", elf::exits_with(42));
    b.symlink("link", "d/prog");
    b.upper().file("upper", elf::exits_with(43)).mode(0o755);
    steps(|r| {
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
        // This only asks, for interpreters: the status is that of the child that asked.
        const AT_EXECVE_CHECK: i32 = 0x10000;
        let prog = r.open("d/prog", O_RDONLY);
        exec_at(r, prog, "", empty | AT_EXECVE_CHECK);
        let plain = r.open("plain", O_RDONLY);
        exec_at(r, plain, "", empty | AT_EXECVE_CHECK);
    })
    .upper_is(&["upper"])
}

fn exec_at(r: &mut Run, fd: Fd, path: &str, flags: i32) {
    let end = process::child(|| {
        let error = sys::exec_at(fd.raw(), path, flags);
        std::process::exit(200 + error.0.min(50));
    });
    r.note(format_args!(
        "execveat({fd}, {path:?}, {flags:#x}) = {end:?}"
    ));
}

/// The program that runs is the one the union shows, and running it copies nothing.
pub fn exec_places(b: &mut Builder) -> Steps {
    let program = |b: &mut Builder, path: &str, status: u8| {
        b.file(path, elf::exits_with(status)).mode(0o755);
    };
    b.lower(1);
    for name in [
        "below",
        "hidden",
        "white",
        "opaque/one",
        "merged/one",
        "merged/two",
    ] {
        program(b, name, 1);
    }
    b.lower(0);
    for name in ["hidden", "merged/one", "merged/three"] {
        program(b, name, 2);
    }
    b.opaque("opaque");
    program(b, "opaque/two", 2);
    b.upper();
    program(b, "merged/three", 3);
    program(b, "upper", 3);
    b.whiteout("white");
    steps(|r| {
        for name in [
            "below",
            "hidden",
            "white",
            "opaque/one",
            "opaque/two",
            "merged/one",
            "merged/two",
            "merged/three",
            "upper",
        ] {
            r.exec(&format!("./{name}"), &[]);
        }
    })
    .upper_is(&["merged", "merged/three", "upper", "white"])
}

/// Scripts run by the interpreter that they name, each found in any layer.
pub fn exec_scripts(b: &mut Builder) -> Steps {
    b.file("d/prog", elf::exits_with(42)).mode(0o755);
    b.file("lower", "#!d/prog\n").mode(0o755);
    b.file("arguments", "#! d/prog -x y \nrest").mode(0o755);
    b.file("no end of line", "#!d/prog").mode(0o755);
    b.file("plain", "#!d/prog\n");
    b.file("missing", "#!d/none\n").mode(0o755);
    b.file("to plain", "#!plain\n").mode(0o755);
    b.file("to dir", "#!d\n").mode(0o755);
    b.file("to script", "#!lower\n").mode(0o755);
    b.file("to itself", "#!to itself\n").mode(0o755);
    b.file("itself", "#!itself\n").mode(0o755);
    b.file("empty", "").mode(0o755);
    b.file("text", "exit 3\n").mode(0o755);
    b.file("nothing", "#!\n").mode(0o755);
    b.upper().file("upper", "#!d/prog\n").mode(0o755);
    b.anywhere();
    steps(|r| {
        for name in [
            "lower",
            "arguments",
            "no end of line",
            "plain",
            "missing",
            "to plain",
            "to dir",
            "to script",
            "to itself",
            "itself",
            "empty",
            "text",
            "nothing",
            "upper",
            "d",
        ] {
            r.exec(&format!("./{name}"), &["argument"]);
        }
        // The interpreter has been replaced, the script has not.
        r.put("new", O_WRONLY | O_CREAT, elf::exits_with(43));
        r.chmod("new", 0o755);
        r.rename("new", "d/prog");
        r.exec("./lower", &[]);
        r.put("lower", O_WRONLY | O_TRUNC, "#!upper\n");
        r.exec("./lower", &[]);
        r.unlink("d/prog");
        r.exec("./lower", &[]);
    })
    .whiteout("d/prog")
    .upper_is(&["upper", "d", "d/prog", "lower"])
}

/// /proc/PID/exe is the union's file, however it was copied up, renamed, replaced and removed since.
pub fn exec_shown_in_proc(b: &mut Builder) -> Steps {
    b.file("d/lower", elf::waits()).mode(0o755);
    b.file("d/other", "other");
    b.upper().file("d/upper", elf::waits()).mode(0o755);
    steps(|r| {
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
    })
}

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
