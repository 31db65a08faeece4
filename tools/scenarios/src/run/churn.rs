// SPDX-License-Identifier: GPL-2.0-only
//! Changes of the data of one file, chosen by a number.

use super::*;
use crate::random::Dice;

impl Run<'_> {
    /// Makes `count` calls that change or read one file by its descriptors, at offsets below 50,000. Now and then the
    /// contents are read through each of them.
    pub fn churn(&mut self, fds: &[Fd], seed: u64, count: usize) {
        self.churn_below(fds, seed, count, 50_000);
    }

    /// The same at offsets below `largest`.
    pub fn churn_below(&mut self, fds: &[Fd], seed: u64, count: usize, largest: usize) {
        let mut dice = Dice::new(seed);
        for step in 0..count {
            let fd = fds[dice.roll(fds.len())];
            let (at, length) = (dice.roll(largest) as i64, 1 + dice.roll(9_000));
            let data = vec![b'a' + (step % 26) as u8; length];
            match dice.roll(12) {
                0..=2 => self.pwrite(fd, &data, at),
                3 => self.pwritev2(fd, &[Piece::Data(&data)], at, libc::RWF_APPEND),
                4 => drop(self.ftruncate(fd, at)),
                5 => {
                    let mode = FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE;
                    self.fallocate(fd, mode, at, length as i64);
                }
                6 => drop(self.fallocate(fd, 0, at, length as i64)),
                7 => drop(self.fallocate(fd, FALLOC_FL_ZERO_RANGE, at, length as i64)),
                8 => {
                    let to = fds[dice.roll(fds.len())];
                    self.copy_range(fd, Some(at), to, Some(dice.roll(largest) as i64), length);
                }
                9 => self.churn_map(fd, at as usize),
                10 => drop(self.pread(fd, length, at)),
                _ => self.fsync(fd),
            }
            if step % 8 == 0 {
                self.all_see(fds);
            }
        }
        self.all_see(fds);
    }

    /// Stores a byte through a mapping, if a page is mapped there.
    fn churn_map(&mut self, fd: Fd, at: usize) {
        let size = sys::fstat(fd.raw).map_or(0, |stat| stat.st_size) as usize;
        if at < size {
            let map = self.mmap(fd, size, PROT_READ | PROT_WRITE, MAP_SHARED);
            if let Some(mut map) = map {
                map.store(at, b"!");
            }
        }
    }
}
