// SPDX-License-Identifier: GPL-2.0-only
//! O_TMPFILE.

use crate::prelude::*;

/// O_TMPFILE files stay nameless until they are linked.
pub fn tmpfile(b: &mut Builder) -> Steps {
    b.dir("d").mode(0o1777);
    b.file("gone", "old");
    steps(|r| {
        let fd = r.open_mode("d", O_RDWR | O_TMPFILE, 0o640);
        r.write(fd, "text");
        r.fstat(fd);
        r.ls("d");
        r.link_fd(fd, "d/named");
        r.cat("d/named");
        r.stat("d/named");
        r.link_fd(fd, "d/named");
        r.write(fd, " more");
        r.cat("d/named");
        let fd = r.open_mode(".", O_WRONLY | O_TMPFILE | O_EXCL, 0o600);
        r.link_fd(fd, "x");
        r.unlink("gone");
        let fd = r.open_mode(".", O_RDWR | O_TMPFILE, 0o600);
        r.write(fd, "over a whiteout");
        r.link_fd(fd, "gone");
        r.cat("gone");
        r.open_mode(".", O_RDONLY | O_TMPFILE, 0o600);
        r.ls(".");
    })
    .in_upper("d/named")
    .not_on(&["chroot"], shape::NO_PROC)
}

/// An O_TMPFILE file that is not linked leaves nothing.
pub fn tmpfile_dropped(b: &mut Builder) -> Steps {
    b.dir("d");
    steps(|r| {
        let fd = r.open_mode("d", O_RDWR | O_TMPFILE, 0o600);
        r.write(fd, vec![b'x'; 10_000]);
        r.fchmod(fd, 0o644);
        r.fchown(fd, 1, 2);
        r.ftruncate(fd, 5);
        r.pread(fd, 10, 0);
        r.fstat(fd);
        r.close(fd);
        r.ls("d");
    })
}

/// O_TMPFILE needs the right to write to the directory.
pub fn tmpfile_permission(b: &mut Builder) -> Steps {
    b.dir("closed");
    b.dir("open").mode(0o777);
    steps(|r| {
        r.as_user(1000, 1000, |r| {
            r.open_mode("closed", O_RDWR | O_TMPFILE, 0o600);
            let fd = r.open_mode("open", O_RDWR | O_TMPFILE, 0o600);
            r.write(fd, "mine");
            r.link_fd(fd, "open/named");
            r.link_fd(fd, "closed/named");
            r.cat("open/named");
        });
        r.stat("open/named");
    })
    .absent("closed")
}
