// SPDX-License-Identifier: GPL-2.0-only
use crate::prelude::*;

pub const SCENARIO: Scenario = Scenario {
    about: "a process that has a directory of the tree as its root works there by absolute paths, and does not get out",
    setup: |b| {
        b.file("outside", "no");
        b.lower(1).file("jail/etc/motd", "1");
        b.symlink("jail/link", "/etc/motd");
        b.lower(0).file("jail/etc/hosts", "0");
        b.symlink("jail/etc/up", "../../outside");
        b.upper().file("jail/tmp/f", "upper");
    },
    steps: |r| {
        r.hold();
        r.in_child(|r| {
            r.chroot("jail");
            r.chdir("/");
            r.cat("/link");
            r.cat("/etc/up");
            r.cat("/../../etc/hosts");
            r.put("/etc/motd", O_WRONLY, "one");
            r.put("/etc/new", O_WRONLY | O_CREAT, "new");
            r.rename("/etc/hosts", "/tmp/hosts");
            r.unlink("/tmp/f");
            r.symlink("/etc/new", "/tmp/abs");
            r.cat("/tmp/abs");
            r.chdir("/tmp");
            let here = sys::getcwd().map(|path| path.escape_ascii().to_string());
            r.call("getcwd", here);
            r.rmdir("/");
            r.rename("/etc", "/");
            r.stat("/proc/self");
            r.ls("/");
        });
        r.ls("jail/tmp");
    },
    layers: Some(|l| {
        l.whiteout("jail/etc/hosts")?;
        l.absent("outside")
    }),
    ..Scenario::DEFAULT
};
