// SPDX-License-Identifier: GPL-2.0-only
//! Leases.

use crate::prelude::*;

/// A process that opens or truncates a leased file waits until the holder, notified by a signal,
/// releases it.
pub fn lease_broken(b: &mut Builder) -> Steps {
    for name in ["open", "cut", "by name", "read"] {
        b.file(name, "some text");
    }
    b.upper().file("upper", "some text");
    steps(|r| {
        for (name, lease) in [
            ("open", F_RDLCK),
            ("upper", F_RDLCK),
            ("cut", F_RDLCK),
            ("by name", F_RDLCK),
            ("read", F_WRLCK),
        ] {
            let fd = r.open(name, O_RDONLY);
            r.set_lease(fd, lease);
            r.with_peer(
                |r, turns| {
                    turns.give();
                    let result = match name {
                        "cut" => sys::open(name, O_WRONLY | O_TRUNC, 0).map(drop),
                        "by name" => sys::truncate(name, 3),
                        "read" => sys::open(name, O_RDONLY, 0).map(drop),
                        _ => sys::open(name, O_WRONLY, 0).map(drop),
                    };
                    // The holder records something before it releases the lease.
                    turns.take();
                    r.done("the peer got what it wanted", result);
                },
                |r, turns, _| {
                    turns.pass();
                    let limit = std::time::Duration::from_secs(10);
                    r.expect("signal", process::await_signal(libc::SIGIO, limit));
                    r.get_lease(fd);
                    r.pread(fd, 9, 0);
                    let to = if name == "read" { F_RDLCK } else { F_UNLCK };
                    r.set_lease(fd, to);
                    r.get_lease(fd);
                    turns.pass();
                },
            );
            r.pread(fd, 9, 0);
            r.close(fd);
        }
    })
    .absent("open")
    .absent("read")
    .in_upper("cut")
}

/// A lease is about data: calls that copy a file up for other reasons do not break it, and it holds afterwards.
pub fn lease_not_broken(b: &mut Builder) -> Steps {
    b.file("f", "text");
    b.file("other", "text");
    steps(|r| {
        let fd = r.open("f", O_RDONLY);
        r.set_lease(fd, F_RDLCK);
        r.stat("f");
        r.chmod("f", 0o600);
        r.setxattr("f", "user.a", "1");
        r.utimens("f", (5, 6));
        r.link("f", "g");
        r.rename("f", "h");
        r.get_lease(fd);
        let early = process::await_signal(libc::SIGIO, std::time::Duration::ZERO);
        r.expect("no signal so far", !early);
        r.in_child(|r| {
            r.open("g", O_WRONLY | libc::O_NONBLOCK);
        });
        r.expect(
            "signal",
            process::await_signal(libc::SIGIO, std::time::Duration::from_secs(5)),
        );
        r.set_lease(fd, F_UNLCK);
        let other = r.open("other", O_RDONLY);
        r.set_lease(other, F_RDLCK);
        r.unlink("other");
        r.get_lease(other);
        r.put("other", O_WRONLY | O_CREAT, "another");
        r.get_lease(other);
    })
    .in_upper("h")
}

/// Leases require regular files without conflicting opens, and copy nothing.
pub fn lease_refused(b: &mut Builder) -> Steps {
    b.file("f", "text");
    b.dir("d");
    b.fifo("p");
    b.upper().file("upper", "text");
    steps(|r| {
        for (name, flags) in [
            ("d", O_RDONLY),
            ("p", O_RDWR | libc::O_NONBLOCK),
            ("f", O_WRONLY),
            ("f", O_RDWR),
            ("f", O_RDONLY | O_PATH),
        ] {
            let fd = r.open(name, flags);
            for kind in [F_RDLCK, F_WRLCK, F_UNLCK, 77] {
                r.set_lease(fd, kind);
            }
            r.close(fd);
        }
        for name in ["f", "upper"] {
            let reader = r.open(name, O_RDONLY);
            let second = r.open(name, O_RDONLY);
            r.set_lease(reader, F_WRLCK);
            r.set_lease(reader, F_RDLCK);
            r.set_lease(second, F_RDLCK);
            r.close(second);
            r.set_lease(reader, F_WRLCK);
            r.get_lease(reader);
            r.close(reader);
        }
    })
    .upper_is(&["upper"])
}

/// Leases are granted, refused to writers, and broken.
pub fn leases(b: &mut Builder) -> Steps {
    b.file("f", "text");
    steps(|r| {
        let fd = r.open("f", O_RDONLY);
        r.set_lease(fd, F_RDLCK);
        r.get_lease(fd);
        r.set_lease(fd, F_WRLCK);
        r.in_child(|r| {
            let flags = O_RDONLY | libc::O_NONBLOCK;
            r.open("f", flags);
        });
        r.in_child(|r| {
            let flags = O_WRONLY | libc::O_NONBLOCK;
            r.open("f", flags);
        });
        r.set_lease(fd, F_UNLCK);
        r.get_lease(fd);
        let writer = r.open("f", O_WRONLY);
        r.set_lease(fd, F_RDLCK);
        r.close(writer);
        r.set_lease(fd, F_RDLCK);
        r.close(fd);
    })
}
