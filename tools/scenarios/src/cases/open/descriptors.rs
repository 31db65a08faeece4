// SPDX-License-Identifier: GPL-2.0-only
//! The object of a descriptor, and opening it again.

use crate::prelude::*;

/// Attributes of a lower directory change through its descriptor.
pub fn directory_fd_changes(b: &mut Builder) -> Steps {
    b.dir("d");
    b.file("d/f", "text");
    steps(|r| {
        let fd = r.open("d", O_RDONLY | O_DIRECTORY);
        r.fchmod(fd, 0o700);
        r.fchown(fd, 10, 11);
        r.fsetxattr(fd, "user.k", "v");
        r.futimens(fd, (1_111_111_111, 222_222_222));
        r.fstat(fd);
        r.fsync(fd);
        r.close(fd);
        r.stat("d");
    })
    .upper_is(&["d"])
}

/// A program on a lower layer runs, and runs again after copy-up.
pub fn exec_lower(b: &mut Builder) -> Steps {
    b.file("prog", elf::exits_with(42)).mode(0o755);
    b.file("plain", elf::exits_with(42)).mode(0o644);
    b.file("script", "#!./prog\n").mode(0o755);
    steps(|r| {
        r.exec("./prog", &[]);
        r.exec("./plain", &[]);
        r.exec("./script", &[]);
        r.chmod("plain", 0o755);
        r.exec("./plain", &[]);
        r.chmod("prog", 0o700);
        r.exec("./prog", &[]);
        r.as_user(1000, 1000, |r| r.exec("./prog", &[]));
    })
    .in_upper("plain")
}

/// Many descriptors of one file, before and after copy-up.
pub fn many_opens(b: &mut Builder) -> Steps {
    b.file("f", "0123456789");
    steps(|r| {
        let readers: Vec<Fd> = (0..20).map(|_| r.open("f", O_RDONLY)).collect();
        let writers: Vec<Fd> = (0..20).map(|_| r.open("f", O_RDWR)).collect();
        for (number, fd) in writers.iter().enumerate() {
            r.pwrite(*fd, "x", number as i64);
            r.pread(readers[number], 30, 0);
        }
        for fd in readers.into_iter().chain(writers) {
            r.fstat(fd);
            r.close(fd);
        }
    })
}

/// A descriptor opened before copy-up sees what is written later.
pub fn old_fd_sees_write(b: &mut Builder) -> Steps {
    b.file("f", "old text");
    steps(|r| {
        let old = r.open("f", O_RDONLY);
        r.read(old, 3);
        let writer = r.open("f", O_RDWR);
        r.pwrite(writer, "NEW", 4);
        r.read(old, 20);
        r.pread(old, 20, 0);
        r.ftruncate(writer, 2);
        r.pread(old, 20, 0);
        r.fstat(old);
        r.lseek(old, 0, SEEK_END);
        r.close(writer);
        r.close(old);
    })
}

/// A lower program is executed through its descriptor, also after it was deleted.
pub fn open_exec_descriptor(b: &mut Builder) -> Steps {
    b.file("prog", elf::exits_with(42)).mode(0o755);
    b.file("other", elf::exits_with(43)).mode(0o755);
    b.file("plain", elf::exits_with(44));
    steps(|r| {
        let prog = r.open("prog", O_PATH);
        let other = r.open("other", O_RDONLY);
        let plain = r.open("plain", O_RDONLY);
        for fd in [prog, other, plain] {
            r.exec(&fd.proc_path(), &[]);
        }
        r.unlink("prog");
        r.rename("other", "moved");
        r.fchmod(plain, 0o755);
        for fd in [prog, other, plain] {
            r.exec(&fd.proc_path(), &[]);
        }
        // An open for writing prevents execution.
        let writer = r.open("moved", O_RDWR);
        r.exec(&other.proc_path(), &[]);
        r.close(writer);
        r.exec(&other.proc_path(), &[]);
    })
    .whiteout("prog")
}

/// O_CREAT of an existing file needs no right to the directory; of a new one it does, also over a whiteout.
pub fn open_in_closed_directory(b: &mut Builder) -> Steps {
    b.dir("d");
    b.file("d/old", "text").owner(1000, 1000);
    b.file("d/deleted", "text").owner(1000, 1000);
    b.lower(1).file("d/hidden", "text").owner(1000, 1000);
    b.lower(0).whiteout("d/hidden");
    steps(|r| {
        r.unlink("d/deleted");
        r.as_user(1000, 1000, |r| {
            r.put("d/old", O_WRONLY | O_CREAT, "T");
            for name in ["d/new", "d/deleted", "d/hidden"] {
                r.opens(name, O_WRONLY | O_CREAT);
                r.opens(name, O_RDONLY | O_CREAT | O_EXCL);
                r.opens(name, O_RDONLY);
            }
            r.opens("d/old", O_RDONLY | O_CREAT | O_EXCL);
            r.opens("d", O_RDWR | O_TMPFILE);
        });
    })
    .in_upper("d/old")
    .absent("d/hidden")
    .whiteout("d/deleted")
}

/// O_PATH descriptors name an object and do not read it.
pub fn open_path(b: &mut Builder) -> Steps {
    b.file("f", "text");
    b.symlink("l", "f");
    steps(|r| {
        let fd = r.open("f", O_PATH);
        r.fstat(fd);
        r.read(fd, 1);
        r.fchmod(fd, 0o600);
        let link = r.open("l", O_PATH | O_NOFOLLOW);
        r.fstat(link);
        r.chmod("f", 0o600);
        r.fstat(fd);
        r.cat(&format!("/proc/self/fd/{}", fd.raw()));
    })
}

/// A removed directory that is open still accepts a new mode, owner, time and attribute, also a lower one.
pub fn open_removed_changes(b: &mut Builder) -> Steps {
    b.dir("lower");
    b.dir("copied");
    b.upper().dir("upper");
    steps(|r| {
        r.chmod("copied", 0o711);
        for name in ["upper", "copied", "lower"] {
            let dir = r.open(name, O_RDONLY | O_DIRECTORY);
            r.rmdir(name);
            r.fchmod(dir, 0o700);
            r.fchown(dir, 7, 8);
            r.futimens(dir, (1_111_111_111, 2));
            r.fsetxattr(dir, "user.a", "1");
            r.fstat(dir);
        }
    })
    .whiteout("lower")
    .absent("upper")
}

/// A directory is opened again through its descriptor, before and after it was moved or removed.
pub fn open_reopen_directory(b: &mut Builder) -> Steps {
    b.file("lower/f", "text");
    b.upper().file("upper/f", "text");
    steps(|r| {
        let lower = r.open("lower", O_PATH);
        let upper = r.open("upper", O_PATH);
        r.rename("upper", "moved");
        for fd in [lower, upper] {
            let again = r.reopen(fd, O_RDONLY | O_DIRECTORY);
            r.stat_at(again, "f");
            r.reopen(fd, O_RDWR);
            r.reopen(fd, O_RDONLY | O_NOFOLLOW);
            r.stat(&format!("{}/f", fd.proc_path()));
            r.put(&format!("{}/new", fd.proc_path()), O_WRONLY | O_CREAT, "x");
            r.reopen(fd, O_RDWR | O_TMPFILE);
            r.unlink(&format!("{}/new", fd.proc_path()));
            r.unlink(&format!("{}/f", fd.proc_path()));
        }
        r.rmdir("lower");
        r.rmdir("moved");
        for fd in [lower, upper] {
            let again = r.reopen(fd, O_RDONLY | O_DIRECTORY);
            r.fstat(again);
            r.reopen(fd, O_RDWR | O_TMPFILE);
            r.put(&format!("{}/new", fd.proc_path()), O_WRONLY | O_CREAT, "x");
        }
    })
    .whiteout("lower")
    .absent("moved")
    .not_on(&["chroot"], shape::NO_PROC)
}

/// Every set of open flags on the name in /proc of a lower file's descriptor.
pub fn open_reopen_lower(b: &mut Builder) -> Steps {
    for n in 0..flag_sets().len() {
        b.file(&format!("f{n}"), "text");
    }
    steps(|r| {
        for (n, flags) in flag_sets().into_iter().enumerate() {
            let path = format!("f{n}");
            let fd = sys::open(&path, [O_RDONLY, O_PATH][n % 2], 0).expect("a lower file");
            let name = format!("/proc/self/fd/{fd}");
            r.note(format_args!("of {path}"));
            r.opens(&name, flags);
            sys::close(fd).expect("close");
        }
    })
    .layers(|l| {
        for (n, flags) in flag_sets().into_iter().enumerate() {
            let path = format!("f{n}");
            match truncates(flags) && flags & O_NOFOLLOW == 0 {
                true => l.in_upper(&path)?,
                false if l.is_union() => l.absent(&path)?,
                false => {}
            }
        }
        Ok(())
    })
    .not_on(&["chroot"], shape::NO_PROC)
}

/// A deleted file can be opened again through its descriptor, written and read.
pub fn open_reopen_unlinked(b: &mut Builder) -> Steps {
    b.file("d/lower", "0123456789");
    b.file("d/copied", "0123456789");
    b.upper().file("d/upper", "0123456789");
    steps(|r| {
        for name in ["d/lower", "d/copied", "d/upper"] {
            if name == "d/copied" {
                r.chmod(name, 0o600);
            }
            let first = r.open(name, O_RDONLY);
            r.unlink(name);
            let reader = r.reopen(first, O_RDONLY);
            r.read(reader, 4);
            let writer = r.reopen(first, O_RDWR | O_APPEND);
            r.write(writer, "abc");
            r.read(reader, 20);
            r.pread(first, 20, 0);
            r.fstat(first);
            let cut = r.reopen(first, O_WRONLY | O_TRUNC);
            r.write(cut, "new");
            r.pread(first, 20, 0);
            r.fstat(reader);
            r.reopen(first, O_RDONLY | O_CREAT | O_EXCL);
            r.reopen(first, O_RDONLY | O_DIRECTORY);
        }
        r.ls("d");
    })
    .whiteout("d/lower")
    .whiteout("d/copied")
    .absent("d/upper")
}

/// Calls on the name in /proc of a descriptor act on the lower file behind it, not on a file of its old name.
pub fn open_through_proc(b: &mut Builder) -> Steps {
    b.file("d/f", "0123456789");
    b.file("d/named", "0123456789");
    steps(|r| {
        let named = r.open("d/named", O_PATH);
        let path = named.proc_path();
        r.truncate(&path, 4);
        r.chmod(&path, 0o600);
        r.done("chown", sys::chown_descriptor(named.raw(), 7, 8));
        r.done("setxattr", sys::setxattr_follow(&path, "user.a", b"1"));
        r.stat("d/named");
        r.getxattr("d/named", "user.a");
        let gone = r.open("d/f", O_RDONLY);
        r.unlink("d/f");
        r.put("d/f", O_WRONLY | O_CREAT, "another");
        let path = gone.proc_path();
        r.truncate(&path, 5);
        r.chmod(&path, 0o640);
        r.done("setxattr", sys::setxattr_follow(&path, "user.a", b"2"));
        r.pread(gone, 20, 0);
        r.fstat(gone);
        // A file without a name does not get its name back.
        r.link_fd(gone, "d/back");
        r.stat("d/f");
        r.cat("d/f");
    })
    .in_upper("d/named")
    .absent("d/back")
}

/// O_APPEND set on an open file has effect before and after copy-up.
pub fn status_flags(b: &mut Builder) -> Steps {
    b.file("f", "0123456789");
    b.file("g", "0123456789");
    steps(|r| {
        let fd = r.open("f", O_RDWR);
        r.done(
            "O_APPEND on",
            sys::set_status_flags(fd.raw(), O_APPEND, O_APPEND),
        );
        r.write(fd, "end");
        r.done("O_APPEND off", sys::set_status_flags(fd.raw(), 0, O_APPEND));
        r.lseek(fd, 0, SEEK_SET);
        r.write(fd, "begin");
        r.cat("f");
        let fd = r.open("g", O_RDWR);
        r.write(fd, "xy");
        r.done(
            "O_APPEND on",
            sys::set_status_flags(fd.raw(), O_APPEND, O_APPEND),
        );
        r.write(fd, "end");
        r.pread(fd, 20, 0);
        r.fstat(fd);
    })
}

/// A running program cannot be written.
pub fn text_busy(b: &mut Builder) -> Steps {
    b.file("prog", elf::waits()).mode(0o755);
    steps(|r| {
        let pid = process::background(|| {
            let _ = process::exec("./prog", &["prog"]);
        })
        .expect("fork");
        // Writing to it any earlier could keep it from being executed.
        let name = format!("/proc/{pid}/comm");
        for _ in 0..200 {
            if std::fs::read(&name).is_ok_and(|name| name == b"prog\n") {
                break;
            }
            std::thread::sleep(std::time::Duration::from_millis(10));
        }
        let answer = sys::open("prog", O_WRONLY, 0).and_then(sys::close);
        r.done("writing to a running program", answer);
        process::kill(pid);
        r.note(format_args!("{:?}", process::wait(pid)));
        r.done(
            "writing to it afterwards",
            sys::open("prog", O_WRONLY, 0).and_then(sys::close),
        );
    })
}

/// Two descriptors opened before copy-up write to one file.
pub fn two_writers(b: &mut Builder) -> Steps {
    b.file("f", "..........");
    steps(|r| {
        let one = r.open("f", O_RDWR);
        let two = r.open("f", O_RDWR);
        r.pwrite(one, "11", 0);
        r.pwrite(two, "22", 4);
        r.pread(one, 20, 0);
        r.pread(two, 20, 0);
        r.close(one);
        r.pwrite(two, "33", 8);
        r.close(two);
        r.cat("f");
    })
}
