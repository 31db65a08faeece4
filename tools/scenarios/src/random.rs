// SPDX-License-Identifier: GPL-2.0-only
//! Steps chosen by a number: the same number gives the same steps, on any file system.

use crate::run::*;
use crate::sys;
use crate::tree::Builder;

/// A generator of its own: the steps of a seed must never change with a library.
pub struct Dice(u64);

impl Dice {
    /// The generator of a seed.
    pub fn new(seed: u64) -> Self {
        Self(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1)
    }

    /// A number below `limit`.
    pub fn roll(&mut self, limit: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 >> 16) as usize % limit
    }
}

/// Bytes in which no two neighbouring pieces are equal.
pub fn pattern(tag: u8, length: usize) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(length);
    for (round, start) in (0..length).step_by(251).enumerate() {
        let end = (start + 251).min(length);
        bytes.extend((start..end).map(|at| tag.wrapping_add((at ^ round) as u8)));
    }
    bytes
}

const DIRS: [&str; 5] = [".", "a", "b", "a/c", "a/c/e"];
const NAMES: [&str; 6] = ["f", "g", "h", "i", "c", "e"];

/// A tree of a few names, so that the steps use the same ones.
pub fn tree(b: &mut Builder) {
    for dir in &DIRS[1..] {
        b.dir(dir);
    }
    for (number, dir) in DIRS.iter().enumerate() {
        for name in &NAMES[..=number.min(3)] {
            b.file(
                &format!("{dir}/{name}").replace("./", ""),
                format!("{dir} {name}"),
            );
        }
    }
    b.symlink("a/l", "../f");
    b.fifo("b/p");
}

/// Makes `count` calls. Directories are not renamed: another scenario does that, as a union may refuse it.
pub fn steps(r: &mut Run, seed: u64, count: usize) {
    let mut dice = Dice::new(seed);
    for _ in 0..count {
        let one = path(&mut dice);
        let two = path(&mut dice);
        match dice.roll(20) {
            0..=2 => drop(r.put(&one, O_WRONLY | O_CREAT, text(&mut dice))),
            3 => drop(r.put(&one, O_WRONLY | O_APPEND, text(&mut dice))),
            4 => drop(r.put(&one, O_WRONLY | O_CREAT | O_EXCL, text(&mut dice))),
            5..=7 => drop(r.unlink(&one)),
            8 => drop(r.rmdir(&one)),
            9 => drop(r.mkdir(&one)),
            10..=12 if !is_dir(&one) => drop(r.rename(&one, &two)),
            13 if !is_dir(&one) && !is_dir(&two) => drop(r.rename2(&one, &two, RENAME_EXCHANGE)),
            14 => drop(r.link(&one, &two)),
            15 => drop(r.chmod(&one, 0o600 + dice.roll(64) as u32)),
            16 => drop(r.truncate(&one, dice.roll(12) as i64)),
            17 => drop(r.setxattr(&one, "user.x", text(&mut dice))),
            18 => r.ls(DIRS[dice.roll(DIRS.len())]),
            _ => r.lstat(&one),
        }
    }
    for dir in DIRS {
        r.ls(dir);
    }
}

fn path(dice: &mut Dice) -> String {
    let (dir, name) = (DIRS[dice.roll(DIRS.len())], NAMES[dice.roll(NAMES.len())]);
    format!("{dir}/{name}")
}

fn text(dice: &mut Dice) -> String {
    "abcdefghij"[..1 + dice.roll(9)].to_owned()
}

fn is_dir(path: &str) -> bool {
    sys::stat(path, libc::AT_SYMLINK_NOFOLLOW)
        .is_ok_and(|stat| stat.st_mode & libc::S_IFMT == libc::S_IFDIR)
}
