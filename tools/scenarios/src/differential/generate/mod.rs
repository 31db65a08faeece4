// SPDX-License-Identifier: GPL-2.0-only
//! Operations from a seed.

mod attributes;
mod data;
mod descriptors;
mod names;

use super::hope::{Hope, Opened, What};
use super::op::{ACTORS, Data, Op, Slot, Step, USERS};
use super::rehearse::Tried;
use super::start::Files;
use crate::random::Dice;
use crate::tree::Entry;

/// What a shape and a tree mean for the operations: those whose results cannot be the same on both sides are left out.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// All layers report flags of chattr(1).
    pub flags: bool,
    /// The tree is made of layers that can be rotated.
    pub rotate: bool,
    /// Names of trusted.* attributes are listed for everybody: btrfs does so, a union does not.
    pub lists_trusted: bool,
    /// Offsets and lengths are for these.
    pub files: Files,
}

/// The operations of a seed on a tree. `try_out` returns the result of one, given those before it; see
/// [`super::rehearse`].
pub fn steps(
    seed: u64,
    count: usize,
    tree: &[Entry],
    limits: Limits,
    mut try_out: impl FnMut(usize, &Step) -> Tried,
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
        let tried = try_out(index, &step);
        if tried.succeeded() {
            generator.hope.believe(&step);
        }
        generator.hope.correct(&step, tried);
        steps.push(step);
    }
    steps
}

/// A kind of operation, and its relative frequency: with small files, with large ones, which live longer and are
/// written to more often.
type Row = (usize, usize, fn(&mut Generator) -> Option<Op>);

const TABLE: &[Row] = &[
    (60, 40, Generator::create),
    (90, 120, Generator::open),
    (10, 6, Generator::open_unnamed),
    (15, 8, Generator::open_dir),
    (60, 60, Generator::close),
    (55, 80, Generator::read),
    (100, 220, Generator::write),
    (28, 28, Generator::seek),
    (35, 20, Generator::truncate),
    (20, 8, Generator::fallocate),
    (35, 60, Generator::copy),
    (4, 8, Generator::sync),
    (4, 4, Generator::settle),
    (60, 24, Generator::map),
    (60, 30, Generator::xattr),
    (33, 15, Generator::acl),
    (65, 40, Generator::chmod),
    (23, 23, Generator::times),
    (40, 20, Generator::link),
    (40, 10, Generator::special),
    (50, 15, Generator::mkdir),
    (95, 30, Generator::remove),
    (85, 60, Generator::rename),
    (45, 25, Generator::list),
    (30, 30, Generator::look),
    (10, 6, Generator::protected),
    (32, 12, Generator::lock),
    (7, 9, Generator::mount),
];

/// With more names than this more are removed than made, with less than half as many it is the other way round.
const MANY: usize = 60;
const FEW: usize = 20;

/// Lengths of reads and writes, by the size of files. With large ones: within a granule (64 KiB), one, more than one.
const LENGTHS: [usize; 9] = [0, 1, 10, 100, 1000, 4096, 4097, 8192, 20_000];
const LENGTHS_IN_LARGE: [usize; 9] = [0, 1, 100, 4096, 4097, 20_000, 65_536, 70_000, 140_000];
/// Offsets, likewise; with large files around the ends of granules, and of the files.
const OFFSETS: [i64; 10] = [0, 0, 1, 50, 4000, 4096, 8192, 12_288, 50_000, 100_000];
const OFFSETS_IN_LARGE: [i64; 14] = [
    0, 0, 1, 4000, 8192, 50_000, 65_530, 65_536, 100_000, 131_072, 139_990, 196_608, 200_000,
    299_000,
];
const MODES: [u32; 12] = [
    0o644, 0o600, 0o666, 0o755, 0o777, 0o777, 0, 0o4755, 0o2755, 0o1777, 0o6711, 0o2770,
];
const IDS: [u32; 5] = [0, 500, 1000, 1001, u32::MAX];

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
        let user = match op {
            // Only the owner of a file can give it the old time that follows.
            Op::MapStore { .. } => 0,
            Op::ListXattr { .. } if self.limits.lists_trusted => 0,
            _ => user,
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
        let files = self.limits.files;
        let weight = |(small, large, _): &Row| match files {
            Files::Small => *small,
            Files::Large => *large,
        };
        let all: usize = TABLE.iter().map(weight).sum();
        let mut rolled = self.dice.roll(all);
        for row in TABLE {
            match rolled.checked_sub(weight(row)) {
                Some(rest) => rolled = rest,
                None => return row.2(self),
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
            length: self.length(),
        }
    }

    fn length(&mut self) -> usize {
        match self.limits.files {
            Files::Small => self.of(&LENGTHS),
            Files::Large => self.of(&LENGTHS_IN_LARGE),
        }
    }

    fn offset(&mut self) -> i64 {
        match self.limits.files {
            Files::Small => self.of(&OFFSETS),
            Files::Large => self.of(&OFFSETS_IN_LARGE),
        }
    }

    /// A name: usually an existing one, sometimes a missing one, sometimes written in an odd way.
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

    /// A descriptor of a file; now and then of another object.
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

    /// A slot for a descriptor; closes others if necessary.
    fn free_slot(&mut self) -> Result<Slot, Op> {
        self.hope.free_slot(self.actor).ok_or_else(|| Op::Close {
            slot: self.dice.roll(super::op::SLOTS),
        })
    }

    fn opening(&mut self, path: String, flags: i32) -> Op {
        // A pipe must not block.
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
    use crate::differential::start;

    const ALL: Limits = Limits {
        flags: true,
        rotate: true,
        lists_trusted: false,
        files: Files::Small,
    };

    #[test]
    fn a_seed_gives_the_same_steps_again_and_another_seed_others() {
        let tree = crate::tree::merge(&crate::tree::spread(&start::tree(0, start::shapes()[0]), 1));
        assert_eq!(
            steps(1, 500, &tree, ALL, |_, _| Tried::WELL),
            steps(1, 500, &tree, ALL, |_, _| Tried::WELL)
        );
        assert_ne!(
            steps(1, 500, &tree, ALL, |_, _| Tried::WELL),
            steps(2, 500, &tree, ALL, |_, _| Tried::WELL)
        );
    }

    #[test]
    fn no_path_leaves_the_tree() {
        for seed in 0..20 {
            for step in steps(seed, 1000, &[], ALL, |_, _| Tried::WELL) {
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
