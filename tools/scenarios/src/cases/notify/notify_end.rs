// SPDX-License-Identifier: GPL-2.0-only
use crate::prelude::*;

pub const SCENARIO: Scenario = Scenario {
    about: "a watch ends with its object: at the last name and the last close, wherever the object was",
    setup: |b| {
        b.file("lower", "text");
        b.file("changed", "text");
        b.file("open", "text");
        b.file("replaced", "text");
        b.file("dir/x", "text");
        b.upper().file("upper", "text");
        b.link("second", "upper");
    },
    steps: |r| {
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
        // The next one of the name has nothing to do with the watch.
        r.mkdir("dir");
        r.put("dir/y", O_WRONLY | O_CREAT, "");
        r.put("lower", O_WRONLY | O_CREAT, "");
        r.events(&mut watcher);
    },
    layers: Some(|l| {
        l.whiteout("open")?;
        l.opaque("dir")
    }),
    ..Scenario::DEFAULT
};
