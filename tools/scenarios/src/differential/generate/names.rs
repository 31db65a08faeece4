// SPDX-License-Identifier: GPL-2.0-only
//! Names, and their objects.

use super::{Generator, MODES};
use crate::differential::hope::What;
use crate::differential::op::Op;
use crate::differential::start;

impl Generator {
    pub(super) fn link(&mut self) -> Option<Op> {
        let new = self.free();
        Some(match self.dice.roll(4) {
            0 => Op::LinkFd {
                slot: self.file_slot()?,
                new,
            },
            _ => Op::Link {
                old: self.file(),
                new,
            },
        })
    }

    pub(super) fn special(&mut self) -> Option<Op> {
        let path = self.free();
        let mode = self.of(&MODES);
        Some(match self.dice.roll(8) {
            0..=3 => Op::Symlink {
                target: start::target(&mut self.dice),
                path,
            },
            4 => Op::Readlink {
                path: self.path(Some(What::Other)),
            },
            5 => Op::Mkfifo { path, mode },
            6 => Op::Mknod {
                path,
                kind: libc::S_IFSOCK,
                mode,
                major: 0,
                minor: 0,
            },
            _ => Op::Mknod {
                path,
                kind: libc::S_IFCHR,
                mode,
                major: 1,
                minor: self.of(&[3, 5]),
            },
        })
    }

    pub(super) fn mkdir(&mut self) -> Option<Op> {
        Some(Op::Mkdir {
            path: self.free(),
            mode: self.of(&[0o755, 0o777, 0o777, 0o700, 0o2775]),
        })
    }

    pub(super) fn remove(&mut self) -> Option<Op> {
        Some(match self.dice.roll(12) {
            0..=3 => Op::Unlink { path: self.file() },
            4 | 5 => Op::Unlink {
                path: self.path(Some(What::Other)),
            },
            6 => Op::Unlink { path: self.any() },
            7..=9 => Op::Rmdir {
                path: self.path(Some(What::Dir)),
            },
            _ => Op::RemoveTree {
                path: self.path(Some(What::Dir)),
            },
        })
    }

    pub(super) fn rename(&mut self) -> Option<Op> {
        let old = self.any();
        let new = if self.dice.roll(2) == 0 {
            self.any()
        } else {
            self.free()
        };
        let flags = self.of(&[0, 0, 0, 0, libc::RENAME_NOREPLACE, libc::RENAME_EXCHANGE]);
        Some(Op::Rename { old, new, flags })
    }

    pub(super) fn list(&mut self) -> Option<Op> {
        Some(match self.dice.roll(5) {
            0 | 1 => Op::Ls {
                path: self.path(Some(What::Dir)),
            },
            2 | 3 => Op::LsFd {
                slot: self.slot(|open| open.what == What::Dir)?,
            },
            _ => Op::LsPieces {
                path: self.path(Some(What::Dir)),
                size: self.of(&[64, 100, 4096]),
            },
        })
    }

    pub(super) fn look(&mut self) -> Option<Op> {
        Some(match self.dice.roll(4) {
            0 => Op::Stat { path: self.any() },
            1 => Op::Fstat {
                slot: self.open_slot()?,
            },
            2 => Op::Umask {
                mask: self.of(&[0, 0o22, 0o77]),
            },
            _ => Op::Access {
                path: self.any(),
                mode: self.dice.roll(8) as i32,
            },
        })
    }
}
