// SPDX-License-Identifier: GPL-2.0-only
use crate::prelude::*;

pub const SCENARIO: Scenario = Scenario {
    about: "the file mode creation mask and the mode asked for give the same over whiteouts as at \
        free names",
    setup: |b| {
        for mask in [0, 0o022, 0o077, 0o777] {
            for name in ["file", "dir", "fifo", "null", "exists"] {
                b.file(&format!("d/{name}{mask:o}"), "old").mode(0o604);
            }
        }
    },
    steps: |r| {
        for mask in [0, 0o022, 0o077, 0o777] {
            for name in ["file", "dir", "fifo", "null"] {
                r.unlink(&format!("d/{name}{mask:o}"));
            }
            r.with_umask(mask, |r| {
                for place in ["d/", "d/free-"] {
                    r.open_mode(&format!("{place}file{mask:o}"), O_RDWR | O_CREAT, 0o6777);
                    r.mkdir_mode(&format!("{place}dir{mask:o}"), 0o7777);
                    r.mkfifo(&format!("{place}fifo{mask:o}"), 0o4666);
                    r.mknod(&format!("{place}null{mask:o}"), libc::S_IFCHR, 0o1666, 1, 3);
                    r.symlink("x", &format!("{place}link{mask:o}"));
                    r.mknod(
                        &format!("{place}plain{mask:o}"),
                        libc::S_IFREG,
                        0o2777,
                        0,
                        0,
                    );
                }
                r.put(&format!("d/exists{mask:o}"), O_WRONLY | O_CREAT, "new");
            });
            for name in r.names("d") {
                r.lstat(&format!("d/{name}"));
            }
        }
    },
    layers: Some(|l| l.opaque("d/dir0")),
    ..Scenario::DEFAULT
};
