// SPDX-License-Identifier: GPL-2.0-only
//! Descriptors: opening, closing, locking.

use super::Generator;
use crate::differential::hope::What;
use crate::differential::op::Op;

impl Generator {
    pub(super) fn create(&mut self) -> Option<Op> {
        let path = self.free();
        let access = self.of(&[libc::O_WRONLY, libc::O_RDWR, libc::O_RDWR, libc::O_RDONLY]);
        let more = self.of(&[
            0,
            0,
            libc::O_EXCL,
            libc::O_TRUNC,
            libc::O_APPEND,
            libc::O_NOFOLLOW,
        ]);
        Some(self.opening(path, access | libc::O_CREAT | more))
    }

    pub(super) fn open(&mut self) -> Option<Op> {
        let path = if self.dice.roll(3) == 0 {
            self.any()
        } else {
            self.file()
        };
        let access = self.of(&[
            libc::O_RDONLY,
            libc::O_RDONLY,
            libc::O_WRONLY,
            libc::O_RDWR,
            libc::O_RDWR,
        ]);
        let more = self.of(&[
            0,
            0,
            0,
            0,
            libc::O_TRUNC,
            libc::O_APPEND,
            libc::O_NOFOLLOW,
            libc::O_PATH,
            libc::O_DIRECTORY,
        ]);
        Some(self.opening(path, access | more))
    }

    pub(super) fn open_unnamed(&mut self) -> Option<Op> {
        let path = self.path(Some(What::Dir));
        let access = self.of(&[libc::O_WRONLY, libc::O_RDWR]);
        let more = self.of(&[0, 0, 0, libc::O_EXCL]);
        Some(self.opening(path, access | libc::O_TMPFILE | more))
    }

    pub(super) fn open_dir(&mut self) -> Option<Op> {
        let path = self.path(Some(What::Dir));
        Some(self.opening(path, libc::O_RDONLY | libc::O_DIRECTORY))
    }

    pub(super) fn close(&mut self) -> Option<Op> {
        Some(Op::Close {
            slot: self.open_slot()?,
        })
    }

    pub(super) fn lock(&mut self) -> Option<Op> {
        let slot = self.file_slot()?;
        let kind = self.of(&[libc::F_RDLCK, libc::F_WRLCK, libc::F_WRLCK, libc::F_UNLCK]);
        let (start, length) = (self.offset(), self.of(&[0, 1, 100, 5000]));
        Some(match self.dice.roll(4) {
            0 => {
                let operation = self.of(&[libc::LOCK_SH, libc::LOCK_EX, libc::LOCK_UN]);
                Op::Flock {
                    slot,
                    operation: operation | libc::LOCK_NB,
                }
            }
            1 => Op::PosixLock {
                slot,
                kind,
                start,
                length,
            },
            2 => Op::OfdLock {
                slot,
                kind,
                start,
                length,
            },
            _ => Op::GetLock {
                slot,
                kind: kind.min(libc::F_WRLCK),
                start,
                length,
            },
        })
    }
}
