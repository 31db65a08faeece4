// SPDX-License-Identifier: GPL-2.0-only
//! Sockets, FIFOs and devices between processes.

use crate::prelude::*;

/// Datagrams find a socket by its name in the union, and the answer finds the sender by its name.
pub fn ipc_datagrams(b: &mut Builder) -> Steps {
    b.file("lower/x", "x");
    b.lower(0).file("merged/a", "a");
    b.lower(1).file("merged/b", "b");
    steps(|r| {
        r.hold();
        for dir in ["lower", "merged"] {
            let (server, client) = (format!("{dir}/server"), format!("{dir}/client"));
            let receiver = sys::datagram_socket(&server);
            let sender = sys::datagram_socket(&client);
            r.expect("both are bound", receiver.is_ok() && sender.is_ok());
            let (receiver, sender) = (receiver.unwrap_or(-1), sender.unwrap_or(-1));
            let mut to = server.clone();
            for when in ["bound", "chmod", "rename"] {
                match when {
                    "chmod" => r.chmod(&server, 0o600),
                    "rename" => {
                        to = format!("{dir}/moved");
                        r.rename(&server, &to)
                    }
                    _ => true,
                };
                r.call("send", sys::send_to(sender, &to, when.as_bytes()));
                let (text, from) = sys::receive_from(receiver).unwrap_or_default();
                r.note(format_args!("received {} from {from}", text.escape_ascii()));
                r.call("answer", sys::send_to(receiver, &from, b"answer"));
                let (text, from) = sys::receive_from(sender).unwrap_or_default();
                r.note(format_args!("received {} from {from}", text.escape_ascii()));
            }
            r.call("send to the old name", sys::send_to(sender, &server, b"x"));
            r.connect(&to);
            r.unlink(&to);
            r.call("send to nobody", sys::send_to(sender, &to, b"x"));
        }
    })
}

/// Devices work under every name and in every layer, before and after copy-up.
pub fn ipc_devices(b: &mut Builder) -> Steps {
    for name in ["lower", "copied", "moved", "linked"] {
        b.char_device(&format!("{name}-null"), 1, 3).mode(0o666);
        b.char_device(&format!("{name}-zero"), 1, 5).mode(0o666);
        b.char_device(&format!("{name}-full"), 1, 7).mode(0o666);
    }
    b.upper().char_device("upper-null", 1, 3).mode(0o666);
    b.char_device("upper-zero", 1, 5).mode(0o666);
    b.char_device("upper-full", 1, 7).mode(0o666);
    steps(|r| {
        let change = |r: &mut Run, kind: &str, device: &str| match kind {
            "copied" => r.chmod(device, 0o600),
            "moved" => r.rename(device, &format!("now-{device}")),
            "linked" => r.link(device, &format!("now-{device}")),
            _ => true,
        };
        for kind in ["lower", "copied", "moved", "linked", "upper", "new"] {
            for (name, minor) in [("null", 3), ("zero", 5), ("full", 7)] {
                let mut device = format!("{kind}-{name}");
                if kind == "new" {
                    r.mknod(&device, libc::S_IFCHR, 0o666, 1, minor);
                }
                let early = r.open(&device, O_RDWR);
                change(r, kind, &device);
                if kind == "moved" || kind == "linked" {
                    device = format!("now-{device}");
                }
                let late = r.open(&device, O_RDWR | O_APPEND | O_TRUNC);
                for fd in [early, late] {
                    r.write(fd, "text");
                    r.read(fd, 3);
                    r.lseek(fd, 5, SEEK_SET);
                    r.fstat(fd);
                }
                r.truncate(&device, 0);
            }
        }
    })
    .absent("lower-null")
}

/// Processes meet at a FIFO: the open of each waits for the other, by any name and in any layer.
pub fn ipc_fifo_meeting(b: &mut Builder) -> Steps {
    const WHY: &str = "data that pass through a FIFO of a lower layer do not change its time";
    b.fifo("lower");
    b.fifo("copied");
    b.fifo("moved");
    b.upper().fifo("upper");
    steps(|r| {
        for name in ["lower", "copied", "moved", "upper"] {
            r.with_peer(
                |r, turns| {
                    turns.give();
                    let fd = sys::open(name, O_RDONLY, 0);
                    let text = fd.and_then(|fd| sys::read(fd, 100, None));
                    turns.take();
                    let text = text.map(|text| text.escape_ascii().to_string());
                    r.call("the peer read", text);
                },
                |r, turns, pid| {
                    turns.pass();
                    // The reader is waiting in open.
                    let stat = format!("/proc/{pid}/stat");
                    r.await_until("the reader sleeps", || {
                        std::fs::read_to_string(&stat).is_ok_and(|text| text.contains(") S "))
                    });
                    let now = match name {
                        "copied" => {
                            r.chmod(name, 0o600);
                            name
                        }
                        "moved" => {
                            r.rename(name, "renamed");
                            "renamed"
                        }
                        _ => name,
                    };
                    let fd = r.open(now, O_WRONLY);
                    r.write(fd, "to the reader");
                    turns.pass();
                    r.close(fd);
                },
            );
        }
    })
    .absent("lower")
    .allow("walk ", WHY)
}

/// A FIFO sends signals on request, and its size and flags can be set, in every layer.
pub fn ipc_fifo_signal(b: &mut Builder) -> Steps {
    b.fifo("lower").mtime(2_000_000_000, 0);
    b.upper().fifo("upper").mtime(2_000_000_000, 0);
    steps(|r| {
        process::block_signal(libc::SIGIO);
        for name in ["lower", "upper"] {
            let reader = r.open(name, O_RDONLY | libc::O_NONBLOCK);
            let writer = r.open(name, O_WRONLY);
            let own = std::process::id() as i32;
            let call = |r: &mut Run, what: &str, fd: Fd, command: i32, argument: i32| {
                let result = sys::fcntl(fd.raw(), command, argument);
                r.call(what, result);
            };
            call(r, "F_SETOWN", reader, libc::F_SETOWN, own);
            r.expect(
                "F_GETOWN",
                sys::fcntl(reader.raw(), libc::F_GETOWN, 0) == Ok(own),
            );
            let async_flags = libc::O_ASYNC | libc::O_NONBLOCK;
            call(r, "F_SETFL", reader, libc::F_SETFL, async_flags);
            r.write(writer, "text");
            let limit = std::time::Duration::from_secs(5);
            r.expect("signal", process::await_signal(libc::SIGIO, limit));
            r.read(reader, 10);
            r.read(reader, 10);
            call(r, "F_SETPIPE_SZ", writer, libc::F_SETPIPE_SZ, 65536);
            call(r, "F_GETPIPE_SZ", reader, libc::F_GETPIPE_SZ, 0);
            call(r, "F_SETFL", writer, libc::F_SETFL, libc::O_NONBLOCK);
            r.write(writer, vec![b'x'; 65536]);
            r.write(writer, "one too many");
            r.lseek(reader, 0, SEEK_SET);
            r.pread(reader, 1, 0);
            r.ftruncate(writer, 0);
            r.fsync(writer);
            r.fallocate(writer, 0, 0, 1);
            r.close(reader);
            process::block_signal(libc::SIGPIPE);
            r.write(writer, "nobody reads");
        }
    })
    .upper_is(&["upper"])
}

/// A listening socket is reached by its present names, and by none of its former ones.
pub fn ipc_socket_names(b: &mut Builder) -> Steps {
    b.file("lower/x", "x");
    b.lower(0).file("merged/a", "a");
    b.lower(1).file("merged/gone", "gone");
    b.upper().file("merged/u", "u");
    steps(|r| {
        for dir in ["lower", "merged"] {
            let at = |name: &str| format!("{dir}/{name}");
            r.unlink(&at("gone"));
            let server = r.bind(&at("gone"));
            meet(r, server, &at("gone"));
            r.chmod(&at("gone"), 0o700);
            meet(r, server, &at("gone"));
            r.link(&at("gone"), &at("second"));
            r.rename(&at("gone"), "moved");
            meet(r, server, &at("gone"));
            meet(r, server, "moved");
            let result = std::fs::write("/proc/sys/vm/drop_caches", "2");
            r.expect("caches are dropped", result.is_ok());
            meet(r, server, &at("second"));
            r.symlink("../moved", &at("symlink"));
            meet(r, server, &at("symlink"));
            r.bind(&at("symlink"));
            r.open("moved", O_RDWR);
            r.unlink("moved");
            meet(r, server, "moved");
            meet(r, server, &at("second"));
            r.close(server);
            r.connect(&at("second"));
            // The name outlives the socket, and prevents the next bind.
            r.bind(&at("second"));
        }
        for name in ["lower/x", "merged", "merged/a", "none/x", "lower/x/y"] {
            r.bind(name);
            r.connect(name);
        }
    })
}

/// Connects and has the server take a word from it.
fn meet(r: &mut Run, server: Fd, path: &str) {
    let client = r.connect(path);
    if client.raw() >= 0 {
        let served = sys::accept(server.raw()).and_then(|served| {
            sys::write(client.raw(), b"hello", None)?;
            let word = sys::read(served, 10, None)?;
            sys::close(served)?;
            Ok(word.escape_ascii().to_string())
        });
        r.call("the server heard", served);
        r.close(client);
    }
}
