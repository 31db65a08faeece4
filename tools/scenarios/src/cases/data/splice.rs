// SPDX-License-Identifier: GPL-2.0-only
//! sendfile(2), splice(2), tee(2) and vmsplice(2).

use libc::SPLICE_F_NONBLOCK;

use crate::prelude::*;

/// sendfile with an offset leaves the position of its source alone.
pub fn data_sendfile_offsets(b: &mut Builder) -> Steps {
    b.file("from", "0123456789");
    b.file("changed", "0123456789");
    b.file("to", "..........");
    steps(|r| {
        let from = r.open("from", O_RDONLY);
        let (reader, writer) = r.pipe();
        let (near, far) = r.socketpair();
        r.sendfile_at(writer, from, 2, 5);
        r.read(reader, 100);
        r.sendfile_at(near, from, 8, 100);
        r.read(far, 100);
        r.sendfile_at(writer, from, 10, 100);
        r.sendfile_at(writer, from, -1, 5);
        r.lseek(from, 0, SEEK_CUR);
        let to = r.open("to", O_RDWR);
        r.lseek(to, 3, SEEK_SET);
        r.sendfile_at(to, from, 1, 4);
        r.lseek(to, 0, SEEK_CUR);
        r.sendfile_at(to, to, 0, 3);
        r.cat("to");
        // A descriptor from before the change sends the file as it is now.
        let old = r.open("changed", O_RDONLY);
        r.put("changed", O_WRONLY | O_TRUNC, "short");
        r.sendfile(writer, old, 100);
        r.read(reader, 100);
    })
    .absent("from")
}

/// sendfile and splice refuse descriptors of the wrong kind, and copy nothing up.
pub fn data_sendfile_refused(b: &mut Builder) -> Steps {
    b.file("from", "0123456789");
    b.file("to", "..........");
    b.dir("d");
    steps(|r| {
        let from = r.open("from", O_RDONLY);
        let (reader, writer) = r.pipe();
        r.write(writer, "in the pipe");
        for (path, flags) in [
            ("to", O_RDONLY),
            ("to", O_WRONLY),
            ("to", O_WRONLY | O_APPEND),
            ("to", O_PATH),
            ("d", O_RDONLY),
        ] {
            let other = r.open(path, flags);
            // Out of the file; into it, except for the one descriptor that permits it.
            r.sendfile(writer, other, 5);
            r.splice_at(other, None, writer, None, 5);
            if flags != O_WRONLY {
                r.sendfile(other, from, 5);
                r.splice_at(reader, None, other, None, 5);
            }
            // Neither descriptor is a pipe.
            r.splice_at(from, None, other, None, 5);
            r.close(other);
        }
        r.splice_at(from, Some(-1), writer, None, 5);
        r.splice_at(from, None, writer, Some(0), 5);
        r.splice_at(from, Some(3), writer, None, 0);
        r.tee(from, writer, 5);
        r.read(reader, 100);
    })
    .layers(|l| {
        if l.is_union() {
            l.upper_is(&[])
        } else {
            Ok(())
        }
    })
}

/// splice at offsets leaves positions alone; without offsets it moves them.
pub fn data_splice_offsets(b: &mut Builder) -> Steps {
    b.file("from", "0123456789");
    b.file("to", "..........");
    b.file("grown", "");
    steps(|r| {
        let from = r.open("from", O_RDONLY);
        let to = r.open("to", O_RDWR);
        let (reader, writer) = r.pipe();
        r.splice_at(from, Some(4), writer, None, 3);
        r.lseek(from, 0, SEEK_CUR);
        r.splice_at(reader, None, to, Some(5), 2);
        r.lseek(to, 0, SEEK_CUR);
        r.splice_at(reader, None, to, None, 1);
        r.lseek(to, 0, SEEK_CUR);
        r.splice_at(from, None, writer, None, 4);
        r.lseek(from, 0, SEEK_CUR);
        // Behind the end of the file.
        r.splice_at(reader, None, to, Some(12), 4);
        r.splice_at(from, Some(10), writer, None, 5);
        r.cat("to");
        let grown = r.open("grown", O_WRONLY);
        r.splice_at(from, Some(0), writer, None, 100);
        r.splice_at(reader, None, grown, Some(3), 100);
        r.cat("grown");
    })
    .absent("from")
}

/// While a splice waits for its pipe, the file can be changed; the data that arrive then clear set-id bits.
pub fn data_splice_waits(b: &mut Builder) -> Steps {
    const PATHS: &[&str] = &["lower", "set-id", "written"];
    for path in PATHS {
        b.file(path, "0123456789").mode(0o666);
    }
    steps(|r| {
        let (reader, writer) = r.pipe();
        for path in PATHS {
            let to = r.open(path, O_RDWR);
            if *path == "written" {
                // The kernel then knows that there is nothing to clear.
                r.pwrite(to, "w", 9);
            }
            r.with_peer(
                |r, _| {
                    r.as_user(1000, 1000, |r| {
                        r.splice_at(reader, None, to, Some(2), 100);
                    });
                },
                |r, turns, pid| {
                    turns.give();
                    r.await_in_call(pid, libc::SYS_splice);
                    r.chmod(path, if *path == "set-id" { 0o6777 } else { 0o600 });
                    r.setxattr(path, "user.while", "it waits");
                    r.truncate(path, 8);
                    r.pwrite(to, "W", 0);
                    // The peer records from here on.
                    sys::write(writer.raw(), b"spliced", None).expect("the pipe is open");
                    turns.take();
                },
            );
            r.stat(path);
            r.cat(path);
            r.close(to);
        }
    })
}

/// A splice that gets no data from its pipe neither copies up nor clears set-id bits.
pub fn data_splice_nothing(b: &mut Builder) -> Steps {
    b.file("f", "0123456789").mode(0o6777);
    steps(|r| {
        let (reader, writer) = r.pipe();
        let to = r.open("f", O_RDWR);
        r.as_user(1000, 1000, |r| {
            let now = sys::splice_at(reader.raw(), None, to.raw(), None, 9, SPLICE_F_NONBLOCK);
            r.done("splice without waiting", now.map(drop));
            let result = sys::alarm_every(std::time::Duration::from_millis(100));
            r.done("an alarm every 100 ms", result);
            r.splice_at(reader, None, to, None, 9);
            r.done(
                "no more alarms",
                sys::alarm_every(std::time::Duration::ZERO),
            );
            r.close(writer);
            r.splice_at(reader, None, to, None, 9);
        });
        r.lseek(to, 0, SEEK_CUR);
        r.stat("f");
    })
    .absent("f")
}

/// A file goes through a socket into another file without being read by the program.
pub fn data_splice_socket(b: &mut Builder) -> Steps {
    b.file("from", vec![b's'; 10_000]);
    b.file("to", "0123456789");
    steps(|r| {
        let from = r.open("from", O_RDONLY);
        let to = r.open("to", O_WRONLY);
        let (near, far) = r.socketpair();
        let (reader, writer) = r.pipe();
        let mut moved = 0;
        // Sockets may return the data in pieces of any size.
        while let Ok(count @ 1..) = sys::sendfile(near.raw(), from.raw(), 4000) {
            let mut left = count;
            while left > 0 {
                let part = sys::splice(far.raw(), writer.raw(), left as usize).unwrap_or(0);
                let written = sys::splice(reader.raw(), to.raw(), part as usize).unwrap_or(0);
                assert!(written > 0, "nothing was moved");
                left -= written;
                moved += written;
            }
        }
        r.note(format_args!("moved {moved}"));
        r.lseek(to, 0, SEEK_CUR);
        r.stat("to");
        r.cat("to");
    })
    .absent("from")
    .in_upper("to")
}

/// Data that vmsplice and tee put into pipes are spliced into lower and new files.
pub fn data_tee_vmsplice(b: &mut Builder) -> Steps {
    b.file("lower", "0123456789");
    b.file("source", "from a file");
    steps(|r| {
        let (reader, writer) = r.pipe();
        let (reader2, writer2) = r.pipe();
        r.vmsplice(writer, b"from memory ");
        let source = r.open("source", O_RDONLY);
        r.splice_at(source, None, writer, None, 100);
        r.tee(reader, writer2, 100);
        let lower = r.open("lower", O_RDWR);
        let new = r.open("new", O_WRONLY | O_CREAT);
        r.splice_at(reader, None, lower, None, 100);
        r.splice_at(reader2, None, new, None, 100);
        r.cat("lower");
        r.cat("new");
    })
    .in_upper("lower")
    .absent("source")
}

/// sendfile reads lower files and writes copied-up ones.
pub fn sendfile_lower(b: &mut Builder) -> Steps {
    b.file("from", "0123456789");
    b.file("to", "..........");
    steps(|r| {
        let from = r.open("from", O_RDONLY);
        let to = r.open("to", O_RDWR);
        r.sendfile(to, from, 5);
        r.sendfile(to, from, 100);
        r.pread(to, 20, 0);
        let append = r.open("to", O_WRONLY | O_APPEND);
        r.sendfile(append, from, 5);
        r.cat("to");
    })
    .absent("from")
}

/// splice moves data out of lower files and into copied-up ones.
pub fn splice_lower(b: &mut Builder) -> Steps {
    b.file("from", vec![b's'; 9000]);
    b.file("to", "0123456789");
    steps(|r| {
        let from = r.open("from", O_RDONLY);
        let to = r.open("to", O_RDWR);
        r.splice(from, to, 5);
        r.splice(from, to, 20_000);
        r.fstat(to);
        r.pread(to, 20_000, 0);
        r.close(from);
        r.close(to);
    })
    .absent("from")
}
