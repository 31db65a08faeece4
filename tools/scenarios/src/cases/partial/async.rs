// SPDX-License-Identifier: GPL-2.0-only
//! Asynchronous requests for a large file of which some pieces have been written.

use crate::prelude::*;

/// Room for each range that is read.
fn room() -> Vec<Vec<u8>> {
    let ranges = partial::RANGES.iter();
    ranges.map(|(_, length)| vec![0; *length]).collect()
}

/// io_submit reads all ranges, several at a time, and writes some.
pub fn part_aio(b: &mut Builder) -> Steps {
    /// As many as fit into the context.
    const AT_ONCE: usize = 8;
    partial::each(b, Middle::Hole, |r, layout| {
        let aio = r.aio();
        r.with(layout.name(), O_RDWR, |r, fd| {
            for generation in [2, 3] {
                let mut buffers = room();
                for (buffers, ranges) in buffers
                    .chunks_mut(AT_ONCE)
                    .zip(partial::RANGES.chunks(AT_ONCE))
                {
                    let pairs = buffers.iter_mut().zip(ranges);
                    let reads = pairs
                        .map(|(buffer, (at, _))| Control::read(fd.raw(), buffer, *at as i64))
                        .collect();
                    r.submit(&aio, "reads", reads);
                    for buffer in buffers {
                        r.bytes("read", buffer);
                    }
                }
                for (at, length) in partial::WRITES {
                    let data = partial::data(generation, *at, *length);
                    let (front, back) = data.split_at(length / 2);
                    let write = Control::writev(fd.raw(), &[front, back], *at as i64);
                    r.submit(&aio, "write", vec![write]);
                }
                r.submit(
                    &aio,
                    "sync",
                    vec![Control::fsync(fd.raw(), generation == 2)],
                );
                r.all_of(fd);
            }
        });
    })
}

/// io_submit reads and writes whole pages by O_DIRECT, several requests under way at a time.
pub fn part_aio_direct(b: &mut Builder) -> Steps {
    const PIECE: usize = 32_768;
    partial::each(b, Middle::Zeros, |r, layout| {
        let aio = r.aio();
        r.with(layout.name(), O_RDWR | O_DIRECT, |r, fd| {
            for byte in [b'a', b'b'] {
                let mut buffers: Vec<_> = (0..10).map(|_| Aligned::new(PIECE, 0)).collect();
                let reads = buffers.iter_mut().enumerate();
                let reads = reads
                    .map(|(n, buffer)| Control::read(fd.raw(), buffer, (n * PIECE) as i64))
                    .collect();
                r.submit(&aio, "reads", reads);
                for buffer in &buffers {
                    r.bytes("read", buffer);
                }
                let block = Aligned::filled(16_384, byte);
                let writes = (0..4)
                    .map(|n| Control::write(fd.raw(), &block, n * 65_536 + 16_384))
                    .collect();
                r.submit(&aio, "writes", writes);
            }
        });
    })
}

/// io_uring reads all ranges at a time, by itself and in workers, and writes some.
pub fn part_uring(b: &mut Builder) -> Steps {
    partial::each(b, Middle::Zeros, |r, layout| {
        let mut ring = r.ring();
        r.with(layout.name(), O_RDWR, |r, fd| {
            for worker in [false, true] {
                let mut buffers = room();
                let pairs = buffers.iter_mut().zip(partial::RANGES);
                let reads = pairs
                    .map(|(buffer, (at, _))| {
                        let read = Request::read(fd.raw(), buffer, *at as i64);
                        ("read", if worker { read.in_worker() } else { read })
                    })
                    .collect();
                r.uring(&mut ring, reads);
                for buffer in &buffers {
                    r.bytes("read", buffer);
                }
                let data: Vec<_> = partial::WRITES
                    .iter()
                    .map(|(at, length)| partial::data(2 + u64::from(worker), *at, *length))
                    .collect();
                let pairs = data.iter().zip(partial::WRITES);
                let writes = pairs
                    .map(|(data, (at, _))| {
                        let write = Request::write(fd.raw(), data, *at as i64);
                        ("write", if worker { write.in_worker() } else { write })
                    })
                    .collect();
                r.uring(&mut ring, writes);
                r.uring(&mut ring, vec![("sync", Request::fsync(fd.raw(), worker))]);
                r.all_of(fd);
            }
        });
    })
}

/// io_uring with a thread of the kernel that takes the requests (`IORING_SETUP_SQPOLL`) reads all ranges at a time,
/// and writes some.
pub fn part_uring_polled(b: &mut Builder) -> Steps {
    partial::each(b, Middle::Zeros, |r, layout| {
        let mut ring = r.polled_ring();
        r.with(layout.name(), O_RDWR, |r, fd| {
            for round in 0..2 {
                let mut buffers = room();
                let pairs = buffers.iter_mut().zip(partial::RANGES);
                let reads = pairs
                    .map(|(buffer, (at, _))| ("read", Request::read(fd.raw(), buffer, *at as i64)))
                    .collect();
                r.uring(&mut ring, reads);
                for buffer in &buffers {
                    r.bytes("read", buffer);
                }
                for (at, length) in partial::WRITES {
                    let data = partial::data(2 + round, *at, *length);
                    let write = Request::write(fd.raw(), &data, *at as i64);
                    r.uring(&mut ring, vec![("write", write)]);
                }
                r.uring(&mut ring, vec![("sync", Request::fsync(fd.raw(), false))]);
                r.all_of(fd);
            }
        });
    })
}

/// io_uring reads into registered memory and writes out of it.
pub fn part_uring_fixed(b: &mut Builder) -> Steps {
    const ROOM: usize = 65_536;
    partial::each(b, Middle::Hole, |r, layout| {
        let mut ring = r.ring();
        if let Some(ring) = &mut ring {
            let buffers = vec![vec![0; ROOM], partial::data(2, 0, ROOM)];
            r.done("register buffers", ring.register_buffers(buffers));
        }
        r.with(layout.name(), O_RDWR, |r, fd| {
            for at in (0..partial::SIZE as i64).step_by(50_001) {
                let read = Request::read_fixed(fd.raw(), 0, ROOM as u32, at);
                r.uring(&mut ring, vec![("read", read)]);
                if let Some(ring) = &ring {
                    r.bytes("read", ring.buffer(0));
                }
            }
            for (at, length) in partial::WRITES {
                let write = Request::write_fixed(fd.raw(), 1, *length as u32, *at as i64);
                r.uring(&mut ring, vec![("write", write)]);
            }
            r.all_of(fd);
        });
    })
}

/// io_uring cuts a file, allocates space in it, and punches holes.
pub fn part_uring_space(b: &mut Builder) -> Steps {
    partial::each(b, Middle::Hole, |r, layout| {
        let mut ring = r.ring();
        r.with(layout.name(), O_RDWR, |r, fd| {
            let punch = FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE;
            for (name, request) in [
                ("punch", Request::fallocate(fd.raw(), punch, 20_001, 50_000)),
                ("allocate", Request::fallocate(fd.raw(), 0, 5000, 330_000)),
                ("cut", Request::ftruncate(fd.raw(), 205_850)),
                ("longer", Request::ftruncate(fd.raw(), 300_000)),
            ] {
                r.uring(&mut ring, vec![(name, request)]);
                r.all_of(fd);
            }
        });
    })
}
