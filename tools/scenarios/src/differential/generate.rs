// SPDX-License-Identifier: GPL-2.0-only
//! Operations from a seed.

use super::hope::{Hope, Opened, What};
use super::op::{ACTORS, Data, Op, Slot, Step, USERS};
use super::start;
use crate::acl;
use crate::random::Dice;
use crate::run::{NOW, OMIT};
use crate::tree::{Entry, OLD};

/// What cannot be the same on both sides in a shape.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// All layers tell flags of chattr(1).
    pub flags: bool,
    /// The tree is made of layers that can be rotated.
    pub rotate: bool,
}

/// The operations of a seed on a tree.
///
/// `succeeds` says whether one does, given those before it; see [`super::rehearse`].
pub fn steps(
    seed: u64,
    count: usize,
    tree: &[Entry],
    limits: Limits,
    mut succeeds: impl FnMut(usize, &Step) -> bool,
) -> Vec<Step> {
    let mut generator = Generator {
        dice: Dice::new(seed),
        hope: Hope::new(tree),
        actor: 0,
        limits,
    };
    let mut steps = Vec::new();
    for index in 0..count {
        let step = generator.step();
        // Of a tree that cannot be removed as a whole a part may be gone.
        if succeeds(index, &step) || matches!(step.op, Op::RemoveTree { .. }) {
            generator.hope.believe(&step);
        }
        steps.push(step);
    }
    steps
}

/// A kind of operation, and how often it is tried in comparison with others.
type Row = (usize, fn(&mut Generator) -> Option<Op>);

const TABLE: &[Row] = &[
    (60, Generator::create),
    (90, Generator::open),
    (10, Generator::open_unnamed),
    (15, Generator::open_dir),
    (60, Generator::close),
    (55, Generator::read),
    (100, Generator::write),
    (28, Generator::seek),
    (35, Generator::truncate),
    (20, Generator::fallocate),
    (35, Generator::copy),
    (4, Generator::sync),
    (60, Generator::map),
    (60, Generator::xattr),
    (33, Generator::acl),
    (65, Generator::chmod),
    (23, Generator::times),
    (40, Generator::link),
    (40, Generator::special),
    (50, Generator::mkdir),
    (95, Generator::remove),
    (85, Generator::rename),
    (45, Generator::list),
    (30, Generator::look),
    (10, Generator::protected),
    (32, Generator::lock),
    (7, Generator::mount),
];

/// Above so many names more are removed than made, below the other half as many the other way round.
const MANY: usize = 60;
const FEW: usize = 20;

const LENGTHS: [usize; 9] = [0, 1, 10, 100, 1000, 4096, 4097, 8192, 20_000];
const OFFSETS: [i64; 10] = [0, 0, 1, 50, 4000, 4096, 8192, 12_288, 50_000, 100_000];
const MODES: [u32; 12] = [
    0o644, 0o600, 0o666, 0o755, 0o777, 0o777, 0, 0o4755, 0o2755, 0o1777, 0o6711, 0o2770,
];
const IDS: [u32; 5] = [0, 500, 1000, 1001, u32::MAX];
const XATTRS: [&str; 7] = [
    "user.a",
    "user.b",
    "trusted.a",
    // Private attributes of a union, which are anybody's above it.
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

struct Generator {
    dice: Dice,
    hope: Hope,
    actor: usize,
    limits: Limits,
}

impl Generator {
    fn step(&mut self) -> Step {
        self.actor = match self.dice.roll(20) {
            0..=16 => 0,
            17 | 18 => 1,
            _ => ACTORS - 1,
        };
        let user = match self.dice.roll(5) {
            0 => 1 + self.dice.roll(USERS.len() - 1),
            _ => 0,
        };
        let op = loop {
            if let Some(op) = self.op() {
                break op;
            }
        };
        // The owner of a file alone may give it the old time that follows.
        let user = if matches!(op, Op::MapStore { .. }) {
            0
        } else {
            user
        };
        Step {
            actor: self.actor,
            user,
            op,
        }
    }

    fn op(&mut self) -> Option<Op> {
        match self.hope.len() {
            MANY.. if self.dice.roll(3) == 0 => return self.remove(),
            ..FEW if self.dice.roll(3) == 0 => return self.create(),
            _ => {}
        }
        let all: usize = TABLE.iter().map(|(weight, _)| weight).sum();
        let mut rolled = self.dice.roll(all);
        for (weight, make) in TABLE {
            match rolled.checked_sub(*weight) {
                Some(rest) => rolled = rest,
                None => return make(self),
            }
        }
        None
    }

    fn of<T: Copy>(&mut self, choices: &[T]) -> T {
        choices[self.dice.roll(choices.len())]
    }

    fn data(&mut self) -> Data {
        Data {
            tag: self.dice.roll(256) as u8,
            length: self.of(&LENGTHS),
        }
    }

    /// A name: most likely one there is, sometimes none, sometimes written in an odd way.
    fn path(&mut self, what: Option<What>) -> String {
        let path = match self.dice.roll(20) {
            0 | 1 => self.hope.place(&mut self.dice),
            2 => self.hope.existing(&mut self.dice, None).unwrap_or_default(),
            _ => self.hope.existing(&mut self.dice, what).unwrap_or_default(),
        };
        match self.dice.roll(60) {
            _ if path.is_empty() => "a".into(),
            0 => format!("{path}/"),
            1 => format!("./{path}"),
            2 => format!("{path}/a"),
            _ => path,
        }
    }

    fn any(&mut self) -> String {
        self.path(None)
    }

    fn file(&mut self) -> String {
        self.path(Some(What::File))
    }

    fn free(&mut self) -> String {
        match self.dice.roll(12) {
            0 => self.any(),
            _ => self.hope.free(&mut self.dice),
        }
    }

    fn slot(&mut self, fits: impl Fn(Opened) -> bool) -> Option<Slot> {
        self.hope.slot(&mut self.dice, self.actor, fits)
    }

    fn open_slot(&mut self) -> Option<Slot> {
        self.slot(|_| true)
    }

    /// A descriptor of a file; now and then of something else.
    fn file_slot(&mut self) -> Option<Slot> {
        match self.dice.roll(10) {
            0 => self.open_slot(),
            _ => self.slot(|open| open.what == What::File),
        }
    }

    fn writable_slot(&mut self) -> Option<Slot> {
        match self.dice.roll(10) {
            0 => self.file_slot(),
            _ => self.slot(|open| open.what == What::File && open.writable),
        }
    }

    /// A place for a descriptor, after others were closed if need be.
    fn free_slot(&mut self) -> Result<Slot, Op> {
        self.hope.free_slot(self.actor).ok_or_else(|| Op::Close {
            slot: self.dice.roll(super::op::SLOTS),
        })
    }

    fn opening(&mut self, path: String, flags: i32) -> Op {
        // A pipe must not keep anybody waiting.
        let flags = flags | libc::O_NONBLOCK;
        match self.free_slot() {
            Ok(slot) => Op::Open {
                slot,
                path,
                flags,
                mode: self.of(&MODES),
            },
            Err(close) => close,
        }
    }

    fn create(&mut self) -> Option<Op> {
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

    fn open(&mut self) -> Option<Op> {
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

    fn open_unnamed(&mut self) -> Option<Op> {
        let path = self.path(Some(What::Dir));
        let access = self.of(&[libc::O_WRONLY, libc::O_RDWR]);
        let more = self.of(&[0, 0, 0, libc::O_EXCL]);
        Some(self.opening(path, access | libc::O_TMPFILE | more))
    }

    fn open_dir(&mut self) -> Option<Op> {
        let path = self.path(Some(What::Dir));
        Some(self.opening(path, libc::O_RDONLY | libc::O_DIRECTORY))
    }

    fn close(&mut self) -> Option<Op> {
        Some(Op::Close {
            slot: self.open_slot()?,
        })
    }

    fn read(&mut self) -> Option<Op> {
        let slot = self.file_slot()?;
        let length = self.of(&LENGTHS);
        Some(match self.dice.roll(2) {
            0 => Op::Read { slot, length },
            _ => Op::Pread {
                slot,
                length,
                at: self.of(&OFFSETS),
            },
        })
    }

    fn write(&mut self) -> Option<Op> {
        let slot = self.writable_slot()?;
        let data = self.data();
        Some(match self.dice.roll(2) {
            0 => Op::Write { slot, data },
            _ => Op::Pwrite {
                slot,
                data,
                at: self.of(&OFFSETS),
            },
        })
    }

    fn seek(&mut self) -> Option<Op> {
        let slot = self.file_slot()?;
        let at = self.of(&OFFSETS);
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

    fn truncate(&mut self) -> Option<Op> {
        let size = self.of(&OFFSETS);
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

    fn fallocate(&mut self) -> Option<Op> {
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
            at: self.of(&OFFSETS),
            length: self.of(&[1, 100, 4096, 8192, 20_000]),
        })
    }

    fn copy(&mut self) -> Option<Op> {
        let (from, to) = (self.file_slot()?, self.writable_slot()?);
        let length = self.of(&LENGTHS);
        Some(match self.dice.roll(3) {
            0 => Op::CopyRange {
                from,
                at: self.of(&OFFSETS),
                to,
                to_at: self.of(&OFFSETS),
                length,
            },
            1 => Op::Sendfile { to, from, length },
            _ => Op::Splice { from, to, length },
        })
    }

    fn sync(&mut self) -> Option<Op> {
        let slot = self.open_slot()?;
        Some(if self.dice.roll(2) == 0 {
            Op::Fsync { slot }
        } else {
            Op::Fdatasync { slot }
        })
    }

    fn map(&mut self) -> Option<Op> {
        let at = self.of(&OFFSETS) as usize;
        let length = self.of(&LENGTHS);
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

    fn xattr(&mut self) -> Option<Op> {
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

    fn acl(&mut self) -> Option<Op> {
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

    fn chmod(&mut self) -> Option<Op> {
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

    fn times(&mut self) -> Option<Op> {
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

    fn link(&mut self) -> Option<Op> {
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

    fn special(&mut self) -> Option<Op> {
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

    fn mkdir(&mut self) -> Option<Op> {
        Some(Op::Mkdir {
            path: self.free(),
            mode: self.of(&[0o755, 0o777, 0o777, 0o700, 0o2775]),
        })
    }

    fn remove(&mut self) -> Option<Op> {
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

    fn rename(&mut self) -> Option<Op> {
        let old = self.any();
        let new = if self.dice.roll(2) == 0 {
            self.any()
        } else {
            self.free()
        };
        let flags = self.of(&[0, 0, 0, 0, libc::RENAME_NOREPLACE, libc::RENAME_EXCHANGE]);
        Some(Op::Rename { old, new, flags })
    }

    fn list(&mut self) -> Option<Op> {
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

    fn look(&mut self) -> Option<Op> {
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

    fn protected(&mut self) -> Option<Op> {
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
                size: self.of(&OFFSETS),
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

    fn lock(&mut self) -> Option<Op> {
        let slot = self.file_slot()?;
        let kind = self.of(&[libc::F_RDLCK, libc::F_WRLCK, libc::F_WRLCK, libc::F_UNLCK]);
        let (start, length) = (self.of(&OFFSETS), self.of(&[0, 1, 100, 5000]));
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

    fn mount(&mut self) -> Option<Op> {
        Some(match self.dice.roll(3) {
            0 => Op::DropCaches,
            1 if self.limits.rotate => Op::Rotate,
            _ => Op::Remount,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ALL: Limits = Limits {
        flags: true,
        rotate: true,
    };

    #[test]
    fn a_seed_gives_the_same_steps_again_and_another_seed_others() {
        let tree = crate::tree::merge(&crate::tree::spread(&start::tree(0, start::shapes()[0]), 1));
        assert_eq!(
            steps(1, 500, &tree, ALL, |_, _| true),
            steps(1, 500, &tree, ALL, |_, _| true)
        );
        assert_ne!(
            steps(1, 500, &tree, ALL, |_, _| true),
            steps(2, 500, &tree, ALL, |_, _| true)
        );
    }

    #[test]
    fn no_path_leaves_the_tree() {
        for seed in 0..20 {
            for step in steps(seed, 1000, &[], ALL, |_, _| true) {
                for path in step.op.paths() {
                    assert!(!path.starts_with('/') && !path.contains(".."), "{step}");
                }
                if let Op::Symlink { target, .. } = &step.op {
                    assert!(!target.starts_with('/') && !target.contains('.'), "{step}");
                }
            }
        }
    }
}
