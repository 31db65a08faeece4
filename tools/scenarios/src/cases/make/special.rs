// SPDX-License-Identifier: GPL-2.0-only
//! FIFOs, sockets and devices.

use crate::prelude::*;

/// Devices on a lower layer work and are not copied up.
pub fn device_lower(b: &mut Builder) -> Steps {
    b.char_device("null", 1, 3).mode(0o666);
    b.char_device("zero", 1, 5).mode(0o666);
    b.char_device("nonesuch", 240, 77);
    steps(|r| {
        r.put("null", O_WRONLY, "into the void");
        let zero = r.open("zero", O_RDWR);
        r.read(zero, 5);
        r.write(zero, "x");
        r.open("nonesuch", O_RDONLY);
        r.stat("null");
    })
    .upper_is(&[])
}

/// A FIFO still works after its mode changes.
pub fn fifo_changed(b: &mut Builder) -> Steps {
    b.fifo("p");
    steps(|r| {
        let both = r.open("p", O_RDWR | libc::O_NONBLOCK);
        r.write(both, "before");
        r.chmod("p", 0o600);
        r.read(both, 100);
        r.stat("p");
        let again = r.open("p", O_RDWR | libc::O_NONBLOCK);
        r.write(again, "after");
        r.read(again, 100);
    })
    .in_upper("p")
    .allow(
        "walk p",
        "data that pass through a FIFO of a lower layer do not change its time",
    )
    .allow(
        "stat(\"p\")",
        "data that pass through a FIFO of a lower layer do not change its time",
    )
}

/// A lower FIFO connects processes and is not copied up.
pub fn fifo_lower(b: &mut Builder) -> Steps {
    b.fifo("p");
    steps(|r| {
        let both = r.open("p", O_RDWR | libc::O_NONBLOCK);
        r.write(both, "through the pipe");
        r.in_child(|r| {
            let reader = r.open("p", O_RDONLY | libc::O_NONBLOCK);
            r.read(reader, 100);
            r.read(reader, 100);
        });
        r.in_child(|r| {
            let writer = r.open("p", O_WRONLY | libc::O_NONBLOCK);
            r.write(writer, "back");
        });
        r.read(both, 100);
        r.close(both);
        r.open("p", O_WRONLY | libc::O_NONBLOCK);
    })
    .upper_is(&[])
    .allow(
        "walk p",
        "data that pass through a FIFO of a lower layer do not change its time",
    )
    .allow(
        "stat(\"p\")",
        "data that pass through a FIFO of a lower layer do not change its time",
    )
}

/// Special files are made as on a plain file system.
pub fn mknod(b: &mut Builder) -> Steps {
    b.dir("d");
    steps(|r| {
        r.mknod("d/null", libc::S_IFCHR, 0o666, 1, 3);
        r.mknod("d/disk", libc::S_IFBLK, 0o660, 259, 7);
        r.mknod("d/file", libc::S_IFREG, 0o600, 0, 0);
        r.mkfifo("d/fifo", 0o640);
        r.mknod("d/sock", libc::S_IFSOCK, 0o640, 0, 0);
        r.mknod("d/null", libc::S_IFCHR, 0o666, 1, 3);
        r.put("d/null", O_WRONLY, "gone");
        r.ls("d");
        r.lstat("d/disk");
        r.as_user(1000, 1000, |r| {
            r.mknod("d/mine", libc::S_IFCHR, 0o666, 1, 3);
        });
    })
}

/// A device 0:0 cannot be made through a union.
pub fn mknod_whiteout(b: &mut Builder) -> Steps {
    b.dir("d");
    steps(|r| {
        r.mknod("d/zero", libc::S_IFCHR, 0o600, 0, 0);
        r.put("d/after", O_WRONLY | O_CREAT, "x");
        r.unlink("d/zero");
    })
    .allow("d/zero", "a character device 0:0 is a whiteout")
}

/// Sockets of lower and upper layers.
pub fn socket_lower(b: &mut Builder) -> Steps {
    b.socket("dead");
    b.dir("d");
    steps(|r| {
        r.connect("dead");
        r.bind("dead");
        let server = r.bind("d/live");
        r.connect("d/live");
        r.lstat("d/live");
        r.bind("d/live");
        r.chmod("dead", 0o700);
        r.connect("dead");
        r.close(server);
        r.unlink("dead");
        r.bind("dead");
        r.connect("dead");
        r.ls(".");
    })
}
