// SPDX-License-Identifier: GPL-2.0-only
use crate::prelude::*;

pub const SCENARIO: Scenario = Scenario {
    about: "a FIFO sends signals to who asks for them, and its size and flags can be set, in every layer",
    setup: |b| {
        b.fifo("lower").mtime(2_000_000_000, 0);
        b.upper().fifo("upper").mtime(2_000_000_000, 0);
    },
    steps: |r| {
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
    },
    layers: Some(|l| l.upper_is(&["upper"])),
    ..Scenario::DEFAULT
};
