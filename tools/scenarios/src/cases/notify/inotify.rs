// SPDX-License-Identifier: GPL-2.0-only
//! inotify and F_NOTIFY.

use crate::prelude::*;

/// F_NOTIFY sends a signal when a directory's entries change, in every layer and across copy-up.
pub fn dnotify(b: &mut Builder) -> Steps {
    b.file("lower/f", "text");
    b.lower(0).file("merged/f", "text");
    b.lower(1).file("merged/g", "text");
    b.upper().file("upper/f", "text");
    steps(|r| {
        process::block_signal(libc::SIGIO);
        let came = |r: &mut Run, what: &str| {
            let came = process::await_signal(libc::SIGIO, std::time::Duration::from_millis(1));
            r.note(format_args!("signal after {what}: {came}"));
        };
        let file = r.open("lower/f", O_RDONLY);
        let result = sys::fcntl(file.raw(), libc::F_NOTIFY, sys::DN_MODIFY);
        r.call("F_NOTIFY of a file", result);
        for dir in ["lower", "merged", "upper"] {
            let fd = r.open(dir, O_RDONLY | O_DIRECTORY);
            let f = format!("{dir}/f");
            let new = format!("{dir}/new");
            let notify = |r: &mut Run, mask: i32| {
                let result = sys::fcntl(fd.raw(), libc::F_NOTIFY, mask);
                r.call("F_NOTIFY", result);
            };
            notify(r, sys::DN_ACCESS);
            r.cat(&f);
            came(r, "read");
            r.cat(&f);
            came(r, "another read");
            notify(
                r,
                sys::DN_MODIFY | sys::DN_ATTRIB | sys::DN_CREATE | sys::DN_MULTISHOT,
            );
            r.put(&f, O_WRONLY, "T");
            came(r, "write");
            r.chmod(&f, 0o600);
            came(r, "chmod");
            r.put(&new, O_WRONLY | O_CREAT, "");
            came(r, "create");
            r.unlink(&new);
            came(r, "unlink");
            notify(r, sys::DN_DELETE | sys::DN_RENAME | sys::DN_MULTISHOT);
            r.rename(&f, &new);
            came(r, "rename");
            r.unlink(&new);
            came(r, "unlink");
            notify(r, 0);
            r.put(&f, O_WRONLY | O_CREAT, "again");
            came(r, "no more");
        }
    })
}

/// Watches set on a lower file report events after its copy-up.
pub fn inotify(b: &mut Builder) -> Steps {
    b.file("d/f", "text");
    steps(|r| {
        // A watch does not outlive the mount, nor keep it busy.
        r.hold();
        let file = sys::inotify("d/f", libc::IN_ALL_EVENTS);
        let dir = sys::inotify("d", libc::IN_ALL_EVENTS);
        r.expect("watches are set", file.is_ok() && dir.is_ok());
        let (Ok(file), Ok(dir)) = (file, dir) else {
            return;
        };
        r.put("d/f", O_WRONLY, "T");
        r.chmod("d/f", 0o600);
        r.put("d/new", O_WRONLY | O_CREAT, "x");
        r.rename("d/f", "d/g");
        r.unlink("d/g");
        for fd in [file, dir] {
            for (mask, name) in sys::inotify_events(fd) {
                r.note(format_args!("event {mask:#x} {name}"));
            }
        }
    })
}

/// A watch finds its object again when the caches were dropped, though it was copied up meanwhile.
pub fn notify_after_cache_drop(b: &mut Builder) -> Steps {
    b.file("d/lower", "text");
    b.file("d/copied", "text");
    b.file("d/before", "text");
    b.upper().file("d/upper", "text");
    steps(|r| {
        let names = ["d/lower", "d/copied", "d/before", "d/upper"];
        let drop = |r: &mut Run| {
            let result = std::fs::write("/proc/sys/vm/drop_caches", "2");
            r.expect("caches are dropped", result.is_ok());
        };
        r.chmod("d/before", 0o600);
        let mut watcher = r.watcher();
        r.watch(&mut watcher, "d", libc::IN_ATTRIB);
        for name in names {
            r.watch(&mut watcher, name, libc::IN_ATTRIB);
        }
        drop(r);
        r.chmod("d/copied", 0o600);
        r.events(&mut watcher);
        drop(r);
        for name in names {
            r.watch(&mut watcher, name, libc::IN_ATTRIB | libc::IN_OPEN);
            r.cat(name);
            r.events(&mut watcher);
            r.chmod(name, 0o640);
            r.events(&mut watcher);
            drop(r);
            r.chmod(name, 0o644);
            r.events(&mut watcher);
        }
    })
}

/// Watchers get no event when files and directories are copied up.
pub fn notify_copy_up_silent(b: &mut Builder) -> Steps {
    b.lower(0).file("a/b/c/f", "text");
    b.lower(1).file("a/b/c/g", "text");
    b.file("a/other", "text");
    b.symlink("a/b/link", "c");
    steps(|r| {
        let mut watcher = r.watcher();
        for name in [".", "a", "a/b", "a/b/c", "a/b/c/f", "a/b/c/g"] {
            r.watch(&mut watcher, name, libc::IN_ALL_EVENTS);
        }
        let events = |r: &mut Run, watcher: &mut Watcher, call: &str| {
            r.note(call);
            r.events(watcher);
        };
        r.chmod("a/b/c/f", 0o600);
        events(r, &mut watcher, "after chmod");
        r.truncate("a/b/c/g", 1);
        events(r, &mut watcher, "after truncate");
        r.chown("a/b/link", 1, 1);
        events(r, &mut watcher, "after lchown");
        let fd = r.open("a/other", O_RDWR);
        r.events(&mut watcher);
        r.map(fd, 4, PROT_RW, MAP_SHARED);
        events(r, &mut watcher, "after mmap");
    })
    .upper_is(&[
        "a", "a/b", "a/b/c", "a/b/c/f", "a/b/c/g", "a/b/link", "a/other",
    ])
}

/// Data copied between files inside the kernel are reported as read and written.
pub fn notify_data_moved(b: &mut Builder) -> Steps {
    b.file("from", vec![b'.'; 10_000]);
    for name in ["range", "send", "splice", "hole", "mapped"] {
        b.file(name, vec![b'x'; 8192]);
    }
    steps(|r| {
        let mut watcher = r.watcher();
        let fd = r.open("from", O_RDONLY);
        let mask = libc::IN_ACCESS | libc::IN_MODIFY | libc::IN_ATTRIB;
        r.watch(&mut watcher, "from", mask);
        for name in ["range", "send", "splice", "hole", "mapped"] {
            r.watch(&mut watcher, name, mask);
            let to = r.open(name, O_RDWR);
            r.lseek(fd, 0, SEEK_SET);
            match name {
                "range" => r.copy_file_range(fd, 0, to, 0, 4096),
                "send" => r.sendfile(to, fd, 4096),
                "splice" => r.splice(fd, to, 4096),
                "hole" => {
                    r.fallocate(to, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, 0, 4096);
                }
                _ => {
                    let map = r.map(to, 8192, PROT_RW, MAP_SHARED);
                    r.store(map, 0, "nobody is told");
                    r.done("msync", map.sync(MS_SYNC));
                }
            }
            r.events(&mut watcher);
        }
    })
    .absent("from")
}

/// The watcher of a directory gets an event for every name made and removed in it, by any call.
pub fn notify_directory(b: &mut Builder) -> Steps {
    b.file("lower/old", "old");
    b.lower(0).file("merged/a", "a");
    b.lower(1).file("merged/old", "old");
    b.upper().whiteout("merged/a");
    b.lower(1).file("opaque/hidden", "hidden");
    b.lower(0).opaque("opaque");
    b.file("opaque/old", "old");
    b.upper().file("upper/old", "old");
    steps(|r| {
        for dir in ["lower", "merged", "opaque", "upper"] {
            let at = |name: &str| format!("{dir}/{name}");
            let mut watcher = r.watcher();
            r.watch(&mut watcher, dir, libc::IN_ALL_EVENTS);
            r.ls(dir);
            r.events(&mut watcher);
            r.unlink(&at("old"));
            r.put(&at("old"), O_WRONLY | O_CREAT | O_EXCL, "");
            r.put(
                &at("a"),
                O_WRONLY | O_CREAT,
                "made over a whiteout in one of them",
            );
            r.events(&mut watcher);
            r.mkdir(&at("dir"));
            r.put(&at("dir/deeper"), O_WRONLY | O_CREAT, "is not heard of");
            r.events(&mut watcher);
            r.symlink("target", &at("symlink"));
            r.mkfifo(&at("fifo"), 0o600);
            r.link(&at("a"), &at("link"));
            let socket = r.bind(&at("socket"));
            r.close(socket);
            r.events(&mut watcher);
            let fd = r.open_mode(dir, O_RDWR | O_TMPFILE, 0o600);
            r.events(&mut watcher);
            r.link_fd(fd, &at("named"));
            r.close(fd);
            r.events(&mut watcher);
            r.chmod(dir, 0o711);
            r.setxattr(dir, "user.a", "1");
            r.events(&mut watcher);
            // Nothing happens, nothing is reported.
            r.mkdir(&at("dir"));
            r.rmdir(&at("dir"));
            r.unlink(&at("nothing"));
            r.events(&mut watcher);
            for name in [
                "dir/deeper",
                "symlink",
                "fifo",
                "link",
                "socket",
                "named",
                "a",
                "old",
            ] {
                r.unlink(&at(name));
            }
            r.rmdir(&at("dir"));
            r.rmdir(dir);
            r.events(&mut watcher);
        }
    })
    .absent("upper")
}

/// A watch ends with its object: at the last name and the last close, wherever the object was.
pub fn notify_end(b: &mut Builder) -> Steps {
    b.file("lower", "text");
    b.file("changed", "text");
    b.file("open", "text");
    b.file("replaced", "text");
    b.file("dir/x", "text");
    b.upper().file("upper", "text");
    b.link("second", "upper");
    steps(|r| {
        let mut watcher = r.watcher();
        for name in ["lower", "changed", "open", "replaced", "dir", "upper"] {
            r.watch(&mut watcher, name, libc::IN_ALL_EVENTS);
        }
        r.unlink("lower");
        r.events(&mut watcher);
        r.chmod("changed", 0o600);
        r.unlink("changed");
        r.events(&mut watcher);
        let fd = r.open("open", O_RDWR);
        r.unlink("open");
        r.write(fd, "still here");
        r.events(&mut watcher);
        r.close(fd);
        r.events(&mut watcher);
        r.put("new", O_WRONLY | O_CREAT, "new");
        r.rename("new", "replaced");
        r.events(&mut watcher);
        r.unlink("second");
        r.events(&mut watcher);
        r.unlink("upper");
        r.events(&mut watcher);
        r.unlink("dir/x");
        r.rmdir("dir");
        r.events(&mut watcher);
        // The next object with the name does not concern the watch.
        r.mkdir("dir");
        r.put("dir/y", O_WRONLY | O_CREAT, "");
        r.put("lower", O_WRONLY | O_CREAT, "");
        r.events(&mut watcher);
    })
    .whiteout("open")
    .opaque("dir")
}

/// Every call on a file gives the watchers of file and directory the events it gives on a plain file system.
pub fn notify_file(b: &mut Builder) -> Steps {
    b.file("lower/f", "some text");
    b.lower(0).file("merged/a", "a");
    b.lower(1).file("merged/f", "some text");
    b.upper().file("upper/f", "some text");
    b.anywhere().file("copied/f", "some text");
    steps(|r| {
        r.chmod("copied/f", 0o600);
        for dir in ["lower", "merged", "upper", "copied"] {
            let path = format!("{dir}/f");
            let mut watcher = r.watcher();
            r.watch(&mut watcher, dir, libc::IN_ALL_EVENTS);
            r.watch(&mut watcher, &path, libc::IN_ALL_EVENTS);
            r.stat(&path);
            r.cat(&path);
            r.events(&mut watcher);
            // From here on, the lower ones are in the upper layer.
            let fd = r.open(&path, O_RDWR);
            r.write(fd, "T");
            r.read(fd, 2);
            r.events(&mut watcher);
            r.fallocate(fd, 0, 0, 100);
            r.events(&mut watcher);
            r.ftruncate(fd, 50);
            r.fsync(fd);
            r.close(fd);
            r.events(&mut watcher);
            r.truncate(&path, 5);
            r.chmod(&path, 0o604);
            r.chown(&path, 1, 2);
            r.events(&mut watcher);
            r.utimens(&path, OLD);
            r.setxattr(&path, "user.a", "1");
            r.removexattr(&path, "user.a");
            r.events(&mut watcher);
            r.put(&path, O_WRONLY | O_TRUNC, "");
            r.put(&path, O_WRONLY | O_APPEND, "end");
            r.events(&mut watcher);
            r.link(&path, &format!("{dir}/second"));
            r.events(&mut watcher);
            r.rename(&path, &format!("{dir}/third"));
            r.unlink(&format!("{dir}/second"));
            r.events(&mut watcher);
            r.unlink(&format!("{dir}/third"));
            r.events(&mut watcher);
        }
    })
}

/// Both halves of a move carry one cookie, between any two directories and in an exchange.
pub fn notify_moves(b: &mut Builder) -> Steps {
    b.file("from/one", "1");
    b.file("from/two", "2");
    b.file("from/three", "3");
    b.lower(0).file("to/a", "a");
    b.lower(1).file("to/b", "b");
    b.upper().file("to/c", "c");
    b.file("from/dir/x", "x");
    steps(|r| {
        let mut watcher = r.watcher();
        let all = libc::IN_MOVE
            | libc::IN_MOVE_SELF
            | libc::IN_CREATE
            | libc::IN_DELETE
            | libc::IN_DELETE_SELF
            | libc::IN_ATTRIB;
        for name in ["from", "to", "from/one", "to/a", "to/b", "to/c", "from/dir"] {
            r.watch(&mut watcher, name, all);
        }
        for (old, new, flags) in [
            ("from/one", "from/uno", 0),
            ("from/uno", "to/uno", 0),
            ("from/two", "to/a", 0),
            ("to/b", "from/over a whiteout", 0),
            ("to/c", "from/one", RENAME_NOREPLACE),
            ("from/three", "to/uno", RENAME_NOREPLACE),
            ("from/three", "to/uno", RENAME_EXCHANGE),
            ("from/dir", "to/dir", 0),
            ("to/dir", "from/three", RENAME_EXCHANGE),
            ("from/one", "from/one", 0),
        ] {
            r.rename2(old, new, flags);
            r.events(&mut watcher);
        }
    })
}

/// A watch belongs to the object: under any name, before and after copy-up, it is the same; and its flags apply.
pub fn notify_watch_flags(b: &mut Builder) -> Steps {
    b.file("d/f", "text");
    b.file("d/once", "text");
    b.file("d/open", "text");
    b.symlink("link", "d/f");
    steps(|r| {
        let mut watcher = r.watcher();
        r.watch(&mut watcher, "d/f", libc::IN_OPEN | libc::IN_ONLYDIR);
        r.watch(&mut watcher, "none", libc::IN_OPEN);
        r.watch(&mut watcher, "d/f", 0);
        let watch = r.watch(&mut watcher, "d/f", libc::IN_ATTRIB);
        r.watch(&mut watcher, "link", libc::IN_ATTRIB);
        r.watch(&mut watcher, "link", libc::IN_ATTRIB | libc::IN_DONT_FOLLOW);
        r.watch(&mut watcher, "d/f", libc::IN_ATTRIB | libc::IN_MASK_CREATE);
        r.chmod("d/f", 0o600);
        r.watch(&mut watcher, "d/f", libc::IN_MODIFY | libc::IN_MASK_ADD);
        r.put("d/f", O_WRONLY, "T");
        r.link("d/f", "d/g");
        r.watch(&mut watcher, "d/g", libc::IN_OPEN);
        r.events(&mut watcher);
        r.cat("d/g");
        r.chmod("d/g", 0o644);
        r.events(&mut watcher);
        r.unwatch(&watcher, watch);
        r.cat("d/f");
        r.events(&mut watcher);

        r.watch(
            &mut watcher,
            "d/once",
            libc::IN_ALL_EVENTS | libc::IN_ONESHOT,
        );
        r.put("d/once", O_WRONLY, "T");
        r.events(&mut watcher);
        // A directory watched with IN_EXCL_UNLINK does not report objects that have no name any more.
        let fd = r.open("d/open", O_RDWR);
        r.watch(&mut watcher, "d", libc::IN_MODIFY | libc::IN_EXCL_UNLINK);
        r.write(fd, "a");
        r.unlink("d/open");
        r.write(fd, "b");
        r.events(&mut watcher);
        r.watch(&mut watcher, "d", libc::IN_MODIFY);
        r.write(fd, "c");
        r.events(&mut watcher);
    })
}
