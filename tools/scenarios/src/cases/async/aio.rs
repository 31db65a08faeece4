// SPDX-License-Identifier: GPL-2.0-only
//! Asynchronous input and output: io_submit(2).

use crate::prelude::*;

/// Asynchronous O_DIRECT requests, several under way at a time, on lower and deleted files.
pub fn aio_direct(b: &mut Builder) -> Steps {
    let data: Vec<u8> = (0..65_536u32).map(|n| b'a' + (n / 4096) as u8).collect();
    b.file("f", &data);
    b.file("deleted", &data);
    steps(|r| {
        let aio = r.aio();
        let old = r.open("f", O_RDONLY | O_DIRECT);
        let fd = r.open("f", O_RDWR | O_DIRECT);
        let deleted = r.open("deleted", O_RDWR | O_DIRECT);
        r.unlink("deleted");
        let mut buffers: Vec<_> = (0..4).map(|_| Aligned::new(16_384, 0)).collect();
        let blocks: Vec<_> = (0..4u8).map(|n| Aligned::filled(8192, b'0' + n)).collect();
        for fd in [fd, deleted] {
            for pass in ["before", "after"] {
                let reads = buffers.iter_mut().enumerate();
                let request = reads
                    .map(|(n, buffer)| Control::read(fd.raw(), buffer, n as i64 * 16_384))
                    .collect();
                r.submit(&aio, pass, request);
                for buffer in &buffers {
                    r.bytes("read", buffer);
                }
                let request = blocks
                    .iter()
                    .enumerate()
                    .map(|(n, block)| Control::write(fd.raw(), block, n as i64 * 20_480))
                    .collect();
                r.submit(&aio, "writes", request);
            }
            r.fstat(fd);
        }
        let request = vec![Control::read(old.raw(), &mut buffers[0], 0)];
        r.submit(&aio, "old descriptor", request);
        r.bytes("read", &buffers[0]);
    })
    .upper_is(&["deleted", "f"])
}

/// Asynchronous requests that cannot be done return the reason, at submission or at completion.
pub fn aio_errors(b: &mut Builder) -> Steps {
    b.file("f", "0123456789");
    b.file("written", "0123456789");
    b.dir("d");
    steps(|r| {
        let aio = r.aio();
        let mut buffer = [0; 4];
        let reader = r.open("f", O_RDONLY);
        let writer = r.open("f", O_WRONLY);
        let path = r.open("f", O_PATH);
        let dir = r.open("d", O_RDONLY);
        for (fd, what) in [
            (reader.raw(), "reader"),
            (path.raw(), "path"),
            (dir.raw(), "directory"),
            (-1, "nothing"),
        ] {
            let request = vec![Control::write(fd, b"x", 0)];
            r.submit(&aio, &format!("write to {what}"), request);
            r.submit(
                &aio,
                &format!("fsync of {what}"),
                vec![Control::fsync(fd, false)],
            );
        }
        for (fd, what) in [(writer.raw(), "writer"), (dir.raw(), "directory")] {
            let request = vec![Control::read(fd, &mut buffer, 0)];
            r.submit(&aio, &format!("read of {what}"), request);
        }
        r.submit(&aio, "offset", vec![Control::write(writer.raw(), b"x", -1)]);
        r.submit(&aio, "number", vec![Control::other(77, writer.raw())]);
        r.submit(
            &aio,
            "spoiled",
            vec![Control::write(writer.raw(), b"x", 0).spoiled()],
        );
        r.submit(&aio, "nothing", vec![Control::write(writer.raw(), b"", 0)]);
        // The requests before the mistake are done, those after it are not.
        let written = r.open("written", O_RDWR);
        let request = vec![
            Control::write(written.raw(), b"a", 0),
            Control::write(-1, b"b", 1),
            Control::write(written.raw(), b"c", 2),
        ];
        r.submit(&aio, "three", request);
        let request = vec![Control::write_nowhere(written.raw(), 5)];
        r.submit(&aio, "nowhere", request);
        r.cat("written");
    })
    .layers(|l| {
        l.in_upper("written")?;
        if l.is_union() { l.absent("f") } else { Ok(()) }
    })
}

/// An eventfd counts the asynchronous requests that are done, copy-up or not.
pub fn aio_eventfd(b: &mut Builder) -> Steps {
    b.file("f", "0123456789");
    steps(|r| {
        let aio = r.aio();
        let Ok(event) = sys::eventfd() else {
            return r.note("no eventfd");
        };
        let fd = r.open("f", O_RDWR);
        let count = |r: &mut Run<'_>| {
            let count = sys::read(event, 8, None).map(|bytes| bytes[0]);
            r.call("eventfd", count);
        };
        let mut buffer = [0; 4];
        let request = vec![Control::read(fd.raw(), &mut buffer, 0).tell(event)];
        r.submit(&aio, "read", request);
        count(r);
        let request = vec![
            Control::write(fd.raw(), b"ab", 0).tell(event),
            Control::write(fd.raw(), b"cd", 4).tell(event),
            Control::fsync(fd.raw(), true).tell(event),
        ];
        r.submit(&aio, "writes", request);
        count(r);
        count(r);
        let request = vec![Control::write(fd.raw(), b"x", 0).tell(fd.raw())];
        r.submit(&aio, "eventfd that is none", request);
        r.cat("f");
    })
}

/// io_submit reads lower files, and a write by it copies up what older descriptors then read.
pub fn aio_read_write(b: &mut Builder) -> Steps {
    b.file("f", "0123456789");
    b.file("only read", "0123456789");
    b.upper().file("upper", "0123456789");
    steps(|r| {
        let aio = r.aio();
        let mut buffers = [[0u8; 12]; 3];
        for path in ["f", "upper"] {
            let old = r.open(path, O_RDONLY);
            let fd = r.open(path, O_RDWR);
            let [one, two, three] = &mut buffers;
            let request = vec![
                Control::read(old.raw(), one, 0),
                Control::read(fd.raw(), two, 7),
                Control::read(fd.raw(), three, 100),
            ];
            r.submit(&aio, "reads", request);
            let request = vec![
                Control::write(fd.raw(), b"ab", 2),
                Control::fsync(fd.raw(), false),
                Control::fsync(fd.raw(), true),
            ];
            r.submit(&aio, "write and syncs", request);
            r.submit(&aio, "far", vec![Control::write(fd.raw(), b"end", 12)]);
            r.submit(&aio, "read", vec![Control::read(old.raw(), one, 1)]);
            r.bytes("read", &buffers.concat());
            r.lseek(fd, 0, SEEK_CUR);
            r.all_see(&[old, fd]);
        }
        let only = r.open("only read", O_RDWR);
        let request = vec![Control::read(only.raw(), &mut buffers[0], 0)];
        r.submit(&aio, "read", request);
    })
    .layers(|l| {
        l.in_upper("f")?;
        if l.is_union() {
            l.absent("only read")
        } else {
            Ok(())
        }
    })
}

/// Asynchronous requests in pieces, with flags of their own, and appending.
pub fn aio_vectors(b: &mut Builder) -> Steps {
    b.file("f", "0123456789");
    b.file("log", "begin");
    steps(|r| {
        let aio = r.aio();
        let fd = r.open("f", O_RDWR);
        let mut pieces = vec![vec![0; 3], vec![], vec![0; 20]];
        let request = vec![Control::readv(fd.raw(), &mut pieces, 5)];
        r.submit(&aio, "readv", request);
        r.bytes("read", &pieces.concat());
        let request = vec![Control::writev(fd.raw(), &[b"ab", b"", b"cde"], 8)];
        r.submit(&aio, "writev", request);
        let request = vec![Control::write(fd.raw(), b"end", 0).flags(libc::RWF_APPEND)];
        r.submit(&aio, "append", request);
        let request = vec![Control::write(fd.raw(), b"D", 0).flags(libc::RWF_DSYNC)];
        r.submit(&aio, "write through", request);
        let request = vec![Control::write(fd.raw(), b"x", 0).flags(0x4000_0000)];
        r.submit(&aio, "unknown flag", request);
        r.cat("f");
        let log = r.open("log", O_WRONLY | O_APPEND);
        for _ in 0..2 {
            let request = vec![
                Control::write(log.raw(), b"+1", 0),
                Control::write(log.raw(), b"+2", 0),
            ];
            r.submit(&aio, "two appends", request);
        }
        r.stat("log");
    })
    .allow("walk log", "the order of concurrent requests is random")
}
