// SPDX-License-Identifier: GPL-2.0-only
//! fcntl(2).

use crate::prelude::*;

/// O_DIRECT, set and cleared on an open file, holds for the lower file and for the copy.
pub fn fcntl_direct(b: &mut Builder) -> Steps {
    const BLOCK: usize = 4096;
    b.file("lower", vec![b'.'; 16384]);
    b.upper().file("upper", vec![b'.'; 16384]);
    steps(|r| {
        let direct = |r: &mut Run, fd: Fd, on: bool| {
            let flags = if on { O_DIRECT } else { 0 };
            r.done(
                format_args!("O_DIRECT {on}"),
                sys::set_status_flags(fd.raw(), flags, O_DIRECT),
            );
        };
        for name in ["lower", "upper"] {
            let reader = r.open(name, O_RDONLY);
            let fd = r.open(name, O_RDWR);
            for fd in [reader, fd] {
                direct(r, fd, true);
                r.read_aligned(fd, BLOCK, 4096);
                r.read_aligned(fd, BLOCK, 16384);
            }
            r.write_aligned(fd, &[b'd'; BLOCK], 4096);
            r.read_aligned(reader, BLOCK, 4096);
            direct(r, fd, false);
            r.pwrite(fd, "odd", 4095);
            r.read_aligned(reader, BLOCK, 4096);
            direct(r, reader, false);
            r.pread(reader, 10, 4090);
            direct(r, fd, true);
            r.write_aligned(fd, &[b'e'; BLOCK], 16384);
            r.fstat(reader);
        }
    })
}

/// Duplicates of a descriptor share position and flags through copy-up, and nothing else does.
pub fn fcntl_duplicates(b: &mut Builder) -> Steps {
    b.file("lower", "0123456789");
    b.upper().file("upper", "0123456789");
    steps(|r| {
        for name in ["lower", "upper"] {
            let one = r.open(name, O_RDWR);
            let other = r.open(name, O_RDWR);
            let copy = sys::fcntl(one.raw(), libc::F_DUPFD, 100).unwrap_or(-1);
            r.expect("the lowest from 100 on", copy == 100);
            let flag = |r: &mut Run, fd: i32| {
                r.call("F_GETFD", sys::fcntl(fd, libc::F_GETFD, 0));
            };
            flag(r, one.raw());
            flag(r, copy);
            let read = |r: &mut Run, fd: i32| {
                let text = sys::read(fd, 2, None).map(|text| text.escape_ascii().to_string());
                r.call("read", text);
            };
            read(r, one.raw());
            read(r, copy);
            r.call("write", sys::write(copy, b"AB", None));
            read(r, one.raw());
            read(r, other.raw());
            r.done(
                "O_APPEND on",
                sys::set_status_flags(copy, O_APPEND, O_APPEND),
            );
            r.write(one, "end");
            r.write(other, "CD");
            r.in_child(|r| {
                r.lseek(one, 1, SEEK_SET);
            });
            read(r, copy);
            r.close(one);
            r.call("write", sys::write(copy, b"last", None));
            r.done("close", sys::close(copy));
            r.cat(name);
        }
    })
}

/// F_GETFL reports how a file was opened, before and after the copy-up by its first write.
pub fn fcntl_flags_shown(b: &mut Builder) -> Steps {
    b.file("lower", "text");
    b.dir("dir");
    b.fifo("fifo");
    b.char_device("null", 1, 3).mode(0o666);
    b.upper().file("upper", "text");
    steps(|r| {
        let shown = |r: &mut Run, fd: Fd| {
            let flags = sys::fcntl(fd.raw(), libc::F_GETFL, 0);
            r.call(
                format_args!("F_GETFL({fd})"),
                flags.map(|flags| format!("{flags:#o}")),
            );
        };
        for name in ["lower", "upper", "null", "fifo", "dir"] {
            for access in [O_RDONLY, O_WRONLY, O_RDWR, O_PATH] {
                for flags in [
                    0,
                    O_APPEND | libc::O_NONBLOCK,
                    O_CREAT | O_TRUNC,
                    libc::O_SYNC | libc::O_NOATIME,
                    libc::O_DSYNC | O_NOFOLLOW,
                    O_DIRECT,
                    O_DIRECTORY,
                    libc::O_NOCTTY | libc::O_ASYNC,
                ] {
                    if name == "fifo" && (access != O_RDWR || flags & O_DIRECT != 0) {
                        continue;
                    }
                    let fd = r.open(name, access | flags);
                    shown(r, fd);
                    if name == "lower" && access == O_RDWR && flags & O_DIRECT == 0 {
                        r.write(fd, "T");
                        shown(r, fd);
                    }
                    r.close(fd);
                }
            }
        }
    })
}

/// Files of a disk have no seals, and neither have those of the union.
pub fn fcntl_seals(b: &mut Builder) -> Steps {
    b.file("lower", "text");
    b.upper().file("upper", "text");
    steps(|r| {
        for name in ["lower", "upper"] {
            let fd = r.open(name, O_RDWR);
            for (what, command) in [
                ("F_GET_SEALS", libc::F_GET_SEALS),
                ("F_ADD_SEALS", libc::F_ADD_SEALS),
                ("F_SETPIPE_SZ", libc::F_SETPIPE_SZ),
                ("F_GETPIPE_SZ", libc::F_GETPIPE_SZ),
                ("nonsense", 4711),
            ] {
                r.call(what, sys::fcntl(fd.raw(), command, libc::F_SEAL_WRITE));
            }
        }
    })
    .upper_is(&["upper"])
    .not_on(&["tmpfs", "tmpfs-3"], "files of a tmpfs have seals")
}

/// A file without a name keeps attributes, locks, mappings and watches when it gets its first name.
pub fn fcntl_tmpfile(b: &mut Builder) -> Steps {
    b.dir("lower");
    b.lower(1).file("opaque/hidden", "hidden");
    b.lower(0).opaque("opaque");
    b.upper().dir("upper");
    steps(|r| {
        for dir in ["lower", "opaque", "upper"] {
            let fd = r.open_mode(dir, O_RDWR | O_TMPFILE, 0o604);
            r.write(fd, "written");
            r.ftruncate(fd, PAGE as i64);
            r.fsetxattr(fd, "user.a", "1");
            r.fchown(fd, 3, 4);
            r.flock(fd, LOCK_EX | LOCK_NB);
            r.ofd_lock(fd, F_WRLCK, 0, 10);
            let map = r.map(fd, PAGE, PROT_RW, MAP_SHARED);
            r.store(map, 0, "stored");
            r.futimens(fd, OLD);
            r.fstat(fd);
            let name = format!("{dir}/hidden");
            r.link_fd(fd, &name);
            r.stat(&name);
            r.getxattr(&name, "user.a");
            let other = r.open(&name, O_RDWR);
            r.flock(other, LOCK_SH | LOCK_NB);
            r.ofd_lock(other, F_RDLCK, 5, 1);
            r.store(map, 10, "by the old mapping");
            r.pread(other, 28, 0);
            r.rename(&name, "named");
            r.link_fd(fd, &name);
            let same = r.identity("named") == r.identity(&name);
            r.expect("one file", same);
            r.unlink("named");
            let fd = r.open_mode(dir, O_RDWR | O_TMPFILE | O_EXCL, 0o600);
            r.fsetxattr(fd, "user.a", "1");
            r.link_fd(fd, "named");
            r.utimens(&name, OLD);
        }
    })
}

/// Hints on the lifetime of data are kept with the file, for every descriptor and through copy-up.
pub fn fcntl_write_hints(b: &mut Builder) -> Steps {
    b.file("lower", "text");
    b.upper().file("upper", "text");
    steps(|r| {
        let hint = |r: &mut Run, fd: Fd, what: &str, command: i32, value: u64| {
            let result = sys::fcntl_u64(fd.raw(), command, value);
            r.call(format_args!("{what}({fd}, {value})"), result);
        };
        for name in ["lower", "upper"] {
            let one = r.open(name, O_RDWR);
            let reader = r.open(name, O_RDONLY);
            hint(r, reader, "F_GET_RW_HINT", sys::F_GET_RW_HINT, 99);
            hint(r, one, "F_SET_RW_HINT", sys::F_SET_RW_HINT, 77);
            hint(r, one, "F_SET_RW_HINT", sys::F_SET_RW_HINT, 3);
            hint(r, reader, "F_GET_RW_HINT", sys::F_GET_RW_HINT, 99);
            r.write(one, "T");
            let late = r.open(name, O_RDONLY);
            hint(r, late, "F_GET_RW_HINT", sys::F_GET_RW_HINT, 99);
        }
    })
}
