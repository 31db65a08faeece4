// SPDX-License-Identifier: GPL-2.0-only
use crate::prelude::*;

pub const SCENARIO: Scenario = Scenario {
    about: "a watch is the object's: under any name, before and after copy-up, it is one; and its flags hold",
    setup: |b| {
        b.file("d/f", "text");
        b.file("d/once", "text");
        b.file("d/open", "text");
        b.symlink("link", "d/f");
    },
    steps: |r| {
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
        // What has no name any more is not told of by the directory that is to leave it out.
        let fd = r.open("d/open", O_RDWR);
        r.watch(&mut watcher, "d", libc::IN_MODIFY | libc::IN_EXCL_UNLINK);
        r.write(fd, "a");
        r.unlink("d/open");
        r.write(fd, "b");
        r.events(&mut watcher);
        r.watch(&mut watcher, "d", libc::IN_MODIFY);
        r.write(fd, "c");
        r.events(&mut watcher);
    },
    ..Scenario::DEFAULT
};
