// SPDX-License-Identifier: GPL-2.0-only
use crate::prelude::*;

pub const SCENARIO: Scenario = Scenario {
    about: "every call on a file gives the watchers of file and directory the events it gives elsewhere",
    setup: |b| {
        b.file("lower/f", "some text");
        b.lower(0).file("merged/a", "a");
        b.lower(1).file("merged/f", "some text");
        b.upper().file("upper/f", "some text");
        b.anywhere().file("copied/f", "some text");
    },
    steps: |r| {
        r.chmod("copied/f", 0o600);
        for dir in ["lower", "merged", "upper", "copied"] {
            let path = format!("{dir}/f");
            let mut watcher = r.watcher();
            r.watch(&mut watcher, dir, libc::IN_ALL_EVENTS);
            r.watch(&mut watcher, &path, libc::IN_ALL_EVENTS);
            r.stat(&path);
            r.cat(&path);
            r.events(&mut watcher);
            // From here on the lower ones are in the upper layer.
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
    },
    ..Scenario::DEFAULT
};
