// SPDX-License-Identifier: GPL-2.0-only
//! Contents of files.

use super::Generator;
use crate::differential::op::Op;

/// The longest splice, in bytes: a pipe has room for 16 pages or parts of pages, and where a page is in two layers,
/// each part takes a place.
const PIPED: usize = 12 * 4096;

impl Generator {
    pub(super) fn read(&mut self) -> Option<Op> {
        let slot = self.file_slot()?;
        let length = self.length();
        Some(match self.dice.roll(2) {
            0 => Op::Read { slot, length },
            _ => Op::Pread {
                slot,
                length,
                at: self.offset(),
            },
        })
    }

    pub(super) fn write(&mut self) -> Option<Op> {
        let slot = self.writable_slot()?;
        let data = self.data();
        Some(match self.dice.roll(2) {
            0 => Op::Write { slot, data },
            _ => Op::Pwrite {
                slot,
                data,
                at: self.offset(),
            },
        })
    }

    pub(super) fn seek(&mut self) -> Option<Op> {
        let slot = self.file_slot()?;
        let at = self.offset();
        Some(match self.dice.roll(6) {
            0 | 1 => Op::SeekData { slot, at },
            2 => Op::SetAppend {
                slot,
                on: self.dice.roll(2) == 0,
            },
            3 => Op::Seek {
                slot,
                at: -at,
                whence: libc::SEEK_END,
            },
            4 => Op::Seek {
                slot,
                at,
                whence: libc::SEEK_CUR,
            },
            _ => Op::Seek {
                slot,
                at,
                whence: libc::SEEK_SET,
            },
        })
    }

    pub(super) fn truncate(&mut self) -> Option<Op> {
        let size = self.offset();
        Some(match self.dice.roll(2) {
            0 => Op::Truncate {
                path: self.file(),
                size,
            },
            _ => Op::Ftruncate {
                slot: self.writable_slot()?,
                size,
            },
        })
    }

    pub(super) fn fallocate(&mut self) -> Option<Op> {
        use libc::{
            FALLOC_FL_COLLAPSE_RANGE as COLLAPSE, FALLOC_FL_INSERT_RANGE as INSERT,
            FALLOC_FL_KEEP_SIZE as KEEP, FALLOC_FL_PUNCH_HOLE as PUNCH,
            FALLOC_FL_ZERO_RANGE as ZERO,
        };
        let modes = [
            0,
            0,
            KEEP,
            KEEP | PUNCH,
            KEEP | PUNCH,
            ZERO,
            ZERO | KEEP,
            COLLAPSE,
            INSERT,
        ];
        Some(Op::Fallocate {
            slot: self.writable_slot()?,
            mode: self.of(&modes),
            at: self.offset(),
            length: self.of(&[1, 100, 4096, 8192, 20_000]),
        })
    }

    pub(super) fn copy(&mut self) -> Option<Op> {
        let (from, to) = (self.file_slot()?, self.writable_slot()?);
        let length = self.length();
        Some(match self.dice.roll(3) {
            0 => Op::CopyRange {
                from,
                at: self.offset(),
                to,
                to_at: self.offset(),
                length,
            },
            1 => Op::Sendfile { to, from, length },
            _ => Op::Splice {
                from,
                to,
                length: length.min(PIPED),
            },
        })
    }

    pub(super) fn sync(&mut self) -> Option<Op> {
        let slot = self.open_slot()?;
        Some(if self.dice.roll(2) == 0 {
            Op::Fsync { slot }
        } else {
            Op::Fdatasync { slot }
        })
    }

    /// All that is below comes up; a plain file has nothing below.
    pub(super) fn settle(&mut self) -> Option<Op> {
        Some(Op::Settle {
            slot: self.file_slot()?,
        })
    }

    pub(super) fn map(&mut self) -> Option<Op> {
        let at = self.offset() as usize;
        let length = self.length();
        Some(match self.dice.roll(10) {
            0 | 1 => Op::MapRead {
                slot: self.file_slot()?,
                length,
                shared: self.dice.roll(2) == 0,
            },
            2 | 3 => Op::MapWrite {
                slot: self.writable_slot()?,
                data: self.data(),
                at,
            },
            4 => Op::MapKeep {
                slot: self.writable_slot()?,
                length,
            },
            5 | 6 => Op::MapStore {
                data: self.data(),
                at,
            },
            7 | 8 => Op::MapLook,
            _ => Op::MapDrop,
        })
    }
}
