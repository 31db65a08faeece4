// SPDX-License-Identifier: GPL-2.0-only
use crate::prelude::*;

pub const SCENARIO: Scenario = Scenario {
    about: "the watcher of a directory hears of every name made and removed in it, by whatever call",
    setup: |b| {
        b.file("lower/old", "old");
        b.lower(0).file("merged/a", "a");
        b.lower(1).file("merged/old", "old");
        b.upper().whiteout("merged/a");
        b.lower(1).file("opaque/hidden", "hidden");
        b.lower(0).opaque("opaque");
        b.file("opaque/old", "old");
        b.upper().file("upper/old", "old");
    },
    steps: |r| {
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
            // Nothing happens, nothing is told.
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
    },
    layers: Some(|l| l.absent("upper")),
    ..Scenario::DEFAULT
};
