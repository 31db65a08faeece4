// SPDX-License-Identifier: GPL-2.0-only
//! fanotify.

use crate::prelude::*;

/// Marks on the mount and on the file system report everything in it once, except copy-ups.
pub fn fanotify_everything(b: &mut Builder) -> Steps {
    b.file("lower/f", "some text");
    b.file("prog", elf::exits_with(42)).mode(0o755);
    b.upper().file("upper/f", "some text");
    steps(|r| {
        let all = libc::FAN_ACCESS
            | libc::FAN_MODIFY
            | libc::FAN_OPEN
            | libc::FAN_OPEN_EXEC
            | libc::FAN_CLOSE;
        for kind in [libc::FAN_MARK_MOUNT, libc::FAN_MARK_FILESYSTEM] {
            let fan = r.fan(libc::FAN_CLASS_NOTIF);
            r.fan_mark(fan, libc::FAN_MARK_ADD | kind, all, ".");
            for name in ["lower/f", "upper/f"] {
                r.cat(name);
                r.fan_events(fan);
                r.chmod(name, 0o600);
                r.fan_events(fan);
                let fd = r.open(name, O_RDWR);
                r.write(fd, "T");
                r.close(fd);
                r.fan_events(fan);
                r.truncate(name, 5);
                r.fan_events(fan);
            }
            let fd = r.open("lower/f", O_RDWR);
            let map = r.map(fd, 5, PROT_RW, MAP_SHARED);
            r.store(map, 0, "map");
            r.fan_events(fan);
            r.exec("./prog", &[]);
            r.fan_events(fan);
            r.put("lower/new", O_WRONLY | O_CREAT, "new");
            r.fan_events(fan);
            r.unlink("lower/new");
            r.fan_mark(fan, libc::FAN_MARK_FLUSH | kind, 0, ".");
            r.cat("upper/f");
            r.fan_events(fan);
        }
    })
    .absent("prog")
}

/// fanotify with handles accepts marks on objects; marks on a mount or file system only where handles can be opened.
pub fn fanotify_handles_refused(b: &mut Builder) -> Steps {
    b.file("lower/f", "some text");
    steps(|r| {
        let fan = r.fan(libc::FAN_CLASS_NOTIF | libc::FAN_REPORT_FID);
        r.fan_mark(fan, libc::FAN_MARK_ADD, libc::FAN_MODIFY, "lower/f");
        let whole = libc::FAN_MARK_ADD | libc::FAN_MARK_FILESYSTEM;
        let own = r.fan(libc::FAN_CLASS_NOTIF | libc::FAN_REPORT_DIR_FID);
        for kind in [libc::FAN_MARK_FILESYSTEM, libc::FAN_MARK_MOUNT] {
            let result =
                sys::fanotify_mark(own.raw(), libc::FAN_MARK_ADD | kind, libc::FAN_MODIFY, ".");
            r.done("a mark on the whole", result);
        }
        r.fan_mark(fan, whole, 1 << 40, "lower/f");
        r.put("lower/f", O_WRONLY, "T");
        let handles = r.fan_events(fan).len();
        r.note(format_args!("{handles} handles"));
    })
    .allow(
        "a mark on the whole",
        "there are no file handles that could be opened",
    )
}

/// fanotify with names and handles reports those of the union's objects, whose handles stay through copy-up.
pub fn fanotify_names(b: &mut Builder) -> Steps {
    b.file("lower/f", "some text");
    b.lower(0).file("merged/f", "some text");
    b.lower(1).file("merged/g", "some text");
    b.upper().file("upper/f", "some text");
    steps(|r| {
        let all = libc::FAN_CREATE
            | libc::FAN_DELETE
            | libc::FAN_MOVE
            | libc::FAN_RENAME
            | libc::FAN_ATTRIB
            | libc::FAN_MODIFY
            | libc::FAN_DELETE_SELF
            | libc::FAN_MOVE_SELF
            | libc::FAN_EVENT_ON_CHILD
            | libc::FAN_ONDIR;
        for dir in ["lower", "merged", "upper"] {
            let at = |name: &str| format!("{dir}/{name}");
            let fan =
                r.fan(libc::FAN_CLASS_NOTIF | libc::FAN_REPORT_DFID_NAME | libc::FAN_REPORT_FID);
            r.fan_mark(fan, libc::FAN_MARK_ADD, all, dir);
            r.chmod(&at("f"), 0o600);
            let first = r.fan_events(fan);
            r.put(&at("f"), O_WRONLY, "T");
            let second = r.fan_events(fan);
            r.expect("the same handles", first == second && first.len() == 2);
            r.put(&at("new"), O_WRONLY | O_CREAT, "new");
            r.mkdir(&at("dir"));
            r.fan_events(fan);
            r.rename(&at("f"), &at("g"));
            r.fan_events(fan);
            r.rename(&at("new"), "elsewhere");
            r.rename("elsewhere", &at("f"));
            r.fan_events(fan);
            r.rename2(&at("f"), &at("g"), RENAME_EXCHANGE);
            r.fan_events(fan);
            r.unlink(&at("g"));
            r.rmdir(&at("dir"));
            r.fan_events(fan);
            r.unlink(&at("f"));
            r.chmod(dir, 0o700);
            r.fan_events(fan);
        }
    })
}

/// fanotify marks on files and directories of every layer report events, and open the object.
pub fn fanotify_objects(b: &mut Builder) -> Steps {
    b.file("lower/f", "some text");
    b.lower(0).file("merged/f", "some text");
    b.lower(1).file("merged/g", "some text");
    b.upper().file("upper/f", "some text");
    steps(|r| {
        let all = libc::FAN_ACCESS
            | libc::FAN_MODIFY
            | libc::FAN_OPEN
            | libc::FAN_OPEN_EXEC
            | libc::FAN_CLOSE;
        for dir in ["lower", "merged", "upper"] {
            let path = format!("{dir}/f");
            let fan = r.fan(libc::FAN_CLASS_NOTIF);
            r.fan_mark(fan, libc::FAN_MARK_ADD, all, &path);
            let below = all | libc::FAN_EVENT_ON_CHILD | libc::FAN_ONDIR;
            r.fan_mark(fan, libc::FAN_MARK_ADD, below, dir);
            r.cat(&path);
            r.fan_events(fan);
            r.ls(dir);
            r.put(&path, O_WRONLY, "T");
            r.fan_events(fan);
            // The event opens the object in the upper layer.
            r.put(&path, O_WRONLY | O_TRUNC, "new");
            let event = sys::fanotify_read(fan.raw()).pop();
            let text = event
                .ok_or(Errno(libc::ENOENT))
                .and_then(|event| sys::read(event.fd, 10, None));
            r.call(
                "read by the event",
                text.map(|text| text.escape_ascii().to_string()),
            );
            r.chmod(&path, 0o600);
            r.fan_events(fan);
            r.fan_mark(fan, libc::FAN_MARK_REMOVE, all, &path);
            r.fan_mark(fan, libc::FAN_MARK_REMOVE, all, &path);
            r.fan_mark(fan, libc::FAN_MARK_ADD | libc::FAN_MARK_ONLYDIR, all, &path);
            r.fan_mark(fan, libc::FAN_MARK_ADD, libc::FAN_CREATE, dir);
            r.fan_mark(fan, libc::FAN_MARK_ADD, all, "none");
            let ignored = libc::FAN_MARK_IGNORED_MASK | libc::FAN_MARK_IGNORED_SURV_MODIFY;
            r.fan_mark(fan, libc::FAN_MARK_ADD | ignored, libc::FAN_OPEN, &path);
            r.cat(&path);
            r.fan_events(fan);
            r.rename(&path, &format!("{dir}/h"));
            r.cat(&format!("{dir}/h"));
            r.fan_events(fan);
        }
    })
}

/// A watcher may refuse an open or a read; a refused file is not truncated and not copied up.
pub fn fanotify_permission(b: &mut Builder) -> Steps {
    b.file("lower", "some text");
    b.file("allowed", "some text");
    b.file("prog", elf::exits_with(42)).mode(0o755);
    b.upper().file("upper", "some text");
    steps(|r| {
        let names = ["lower", "allowed", "prog", "upper"];
        let fan = r.fan(libc::FAN_CLASS_CONTENT);
        for name in names {
            let mask = libc::FAN_OPEN_PERM | libc::FAN_ACCESS_PERM;
            r.fan_mark(fan, libc::FAN_MARK_ADD, mask, name);
        }
        r.with_peer(
            |r, _| {
                for name in names {
                    r.put(name, O_WRONLY | O_TRUNC, "new");
                    let fd = r.open(name, O_RDONLY);
                    r.read(fd, 3);
                    r.map(fd, 3, PROT_READ, MAP_PRIVATE);
                    r.exec(&format!("./{name}"), &[]);
                }
            },
            |_, turns, pid| {
                turns.give();
                // One file permits everything, another only reading.
                let link = |fd: i32| std::fs::read_link(format!("/proc/self/fd/{fd}"));
                while sys::stat(format!("/proc/{pid}/exe"), 0).is_ok() {
                    for event in sys::fanotify_read(fan.raw()) {
                        let path = link(event.fd).unwrap_or_default();
                        let opens = event.mask & libc::FAN_OPEN_PERM != 0;
                        let allowed =
                            path.ends_with("allowed") || (path.ends_with("upper") && opens);
                        let answer = if allowed {
                            libc::FAN_ALLOW
                        } else {
                            libc::FAN_DENY
                        };
                        sys::fanotify_answer(fan.raw(), event.fd, answer).expect("an answer");
                        let _ = sys::close(event.fd);
                    }
                    std::thread::sleep(std::time::Duration::from_millis(2));
                }
            },
        );
        r.close(fan);
        r.cat("lower");
    })
    .absent("lower")
    .absent("prog")
    .in_upper("allowed")
    .not_on(&["chroot"], shape::NO_PROC)
}
