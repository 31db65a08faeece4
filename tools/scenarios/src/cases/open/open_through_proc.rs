// SPDX-License-Identifier: GPL-2.0-only
use crate::prelude::*;

pub const SCENARIO: Scenario = Scenario {
    about: "calls on the name in /proc of a descriptor act on the lower file behind it, not on a file of its old name",
    setup: |b| {
        b.file("d/f", "0123456789");
        b.file("d/named", "0123456789");
    },
    steps: |r| {
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
        // A file without a name gets none back.
        r.link_fd(gone, "d/back");
        r.stat("d/f");
        r.cat("d/f");
    },
    layers: Some(|l| {
        l.in_upper("d/named")?;
        l.absent("d/back")
    }),
    ..Scenario::DEFAULT
};
