// SPDX-License-Identifier: GPL-2.0-only
//! Attributes of objects.

use super::{Generator, IDS, MODES};
use crate::acl;
use crate::differential::hope::What;
use crate::differential::op::Op;
use crate::differential::start;
use crate::run::{NOW, OMIT};
use crate::tree::OLD;

const XATTRS: [&str; 7] = [
    "user.a",
    "user.b",
    "trusted.a",
    // Private attributes of a union, which are ordinary ones above it.
    "trusted.overlay.opaque",
    "trusted.overlay.x",
    "security.a",
    "security.capability",
];
const CAPABILITY: &[u8] = b"\x01\0\0\x02\0\x04\0\0\0\0\0\0\0\0\0\0\0\0\0\0";
const VALUES: [&[u8]; 5] = [
    b"",
    b"1",
    b"y",
    b"a value that is a little longer than others",
    CAPABILITY,
];
const ACLS: [&str; 5] = [
    "u:7,user:1001:6,g:5,m:7,o:4",
    "u:6,g:4,o:0",
    "u:7,g:5,group:500:2,m:5,o:5",
    "u:6,user:1000:0,user:1002:7,g:0,group:500:4,m:6,o:0",
    // Without a mask: refused.
    "u:7,user:1001:6,g:5,o:5",
];

impl Generator {
    pub(super) fn xattr(&mut self) -> Option<Op> {
        let name = self.of(&XATTRS);
        let value = match name {
            "security.capability" => CAPABILITY,
            _ => self.of(&VALUES),
        };
        Some(match self.dice.roll(8) {
            0..=2 => {
                let flags = self.of(&[0, 0, libc::XATTR_CREATE, libc::XATTR_REPLACE]);
                Op::SetXattr {
                    path: self.any(),
                    name,
                    value,
                    flags,
                }
            }
            3 => Op::FsetXattr {
                slot: self.open_slot()?,
                name,
                value,
            },
            4 => Op::GetXattr {
                path: self.any(),
                name,
            },
            5 => Op::ListXattr { path: self.any() },
            6 => Op::RemoveXattr {
                path: self.any(),
                name: self.of(&[acl::ACCESS, acl::DEFAULT]),
            },
            _ => Op::RemoveXattr {
                path: self.any(),
                name,
            },
        })
    }

    pub(super) fn acl(&mut self) -> Option<Op> {
        let text = self.of(&ACLS);
        Some(match self.dice.roll(6) {
            0..=2 => Op::SetAcl {
                path: self.any(),
                text,
            },
            3 | 4 => Op::SetDefaultAcl {
                path: self.path(Some(What::Dir)),
                text,
            },
            _ => Op::GetAcl { path: self.any() },
        })
    }

    pub(super) fn chmod(&mut self) -> Option<Op> {
        let mode = self.of(&MODES);
        let (uid, gid) = (self.of(&IDS), self.of(&IDS));
        Some(match self.dice.roll(7) {
            0..=2 => Op::Chmod {
                path: self.any(),
                mode,
            },
            3 => Op::Fchmod {
                slot: self.open_slot()?,
                mode,
            },
            4 | 5 => Op::Chown {
                path: self.any(),
                uid,
                gid,
            },
            _ => Op::Fchown {
                slot: self.open_slot()?,
                uid,
                gid,
            },
        })
    }

    pub(super) fn times(&mut self) -> Option<Op> {
        let old = (OLD.0 - self.dice.roll(1000) as i64, 1);
        let time = self.of(&[old, old, old, NOW, OMIT]);
        Some(match self.dice.roll(3) {
            0 => Op::Futimens {
                slot: self.open_slot()?,
                time,
            },
            _ => Op::Utimens {
                path: self.any(),
                time,
            },
        })
    }

    pub(super) fn protected(&mut self) -> Option<Op> {
        const IMMUTABLE: u32 = 0x10;
        const APPEND: u32 = 0x20;
        if !self.limits.flags {
            return None;
        }
        let what = self.of(&[What::File, What::Dir]);
        let path = self.hope.existing(&mut self.dice, Some(what))?;
        let inside = format!("{path}/{}", self.of(&start::NAMES));
        let on = if self.dice.roll(2) == 0 {
            path.clone()
        } else {
            inside
        };
        let then = match self.dice.roll(8) {
            0 => Op::Unlink { path: on },
            1 => Op::Rename {
                old: on,
                new: self.free(),
                flags: 0,
            },
            2 => Op::Chmod {
                path: on,
                mode: self.of(&MODES),
            },
            3 => Op::Truncate {
                path: on,
                size: self.offset(),
            },
            4 => Op::Link {
                old: on,
                new: self.free(),
            },
            5 => Op::Mkdir {
                path: on,
                mode: 0o755,
            },
            6 => Op::SetXattr {
                path: on,
                name: "user.a",
                value: b"1",
                flags: 0,
            },
            _ => Op::Utimens {
                path: on,
                time: OLD,
            },
        };
        Some(Op::Protected {
            path,
            flags: self.of(&[IMMUTABLE, APPEND]),
            then: Box::new(then),
        })
    }
}
