// SPDX-License-Identifier: GPL-2.0-only
//! Layers on file systems with changed bytes. Each damaged image is first mounted, read, and if possible written to by
//! itself: failures of its own file system do not concern the union. Then it becomes a layer.

use std::path::Path;

use super::damage::Whole;
use super::exercise::Exercise;
use crate::bench::{Bench, Layout};
use crate::make;
use crate::mount::Union;
use crate::random::Dice;
use crate::scenario::Notes;
use crate::shape::Fs;
use crate::tree::{self, Builder};

/// File systems whose images are damaged.
pub const FILE_SYSTEMS: [Fs; 5] = [Fs::Ext4, Fs::Xfs, Fs::Erofs, Fs::Squashfs, Fs::Iso9660];

/// Those of them an upper layer can be on.
pub const UPPERS: [Fs; 2] = [Fs::Ext4, Fs::Xfs];

/// The role of a damaged image.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum As {
    /// A lower layer.
    Lower,
    /// The upper layer, with its work directory.
    Upper,
}

/// Damage that crashes the file system itself, without any union: layer, file system, seed, what happens.
const UNBEARABLE: &[(As, Fs, u64, &str)] = &[];

/// Serial number of the disk that carries the undamaged image, which the host has made of [`tree`].
pub fn serial(fs: Fs) -> Option<String> {
    fs.is_image().then(|| format!("whole-{}", fs.name()))
}

/// The contents of the images.
pub fn tree(fs: Fs) -> Builder {
    let mut b = Builder::default();
    // Data that cannot be compressed.
    let mut noise = Dice::new(1);
    for dir in ["a", "a/b", "a/b/c", "d"] {
        b.dir(dir);
        for number in 0..12 {
            let size = [0, 1, 100, 3000, 9000][number % 5];
            let data: Vec<u8> = (0..size).map(|_| noise.roll(256) as u8).collect();
            b.file(&format!("{dir}/f{number}"), data);
        }
        b.symlink(&format!("{dir}/short"), "f1");
        b.symlink(&format!("{dir}/long"), &"x/".repeat(60));
        b.fifo(&format!("{dir}/fifo"));
        b.char_device(&format!("{dir}/null"), 1, 3);
    }
    if fs != Fs::Iso9660 {
        b.file("marked", "text")
            .xattr("user.a", &[b'1'; 200])
            .xattr("trusted.overlay.whiteout", b"y");
        b.dir("redirected")
            .xattr("trusted.overlay.redirect", b"/a/b");
        b.dir("opaque").xattr("trusted.overlay.opaque", b"x");
        b.lower(0).whiteout("gone");
        b.anywhere();
    }
    // Enough names for more than one block of a directory.
    for number in 0..150 {
        b.file(&format!("d/a name of some length {number:03}"), "");
    }
    if fs.whole_seconds() {
        b.in_whole_seconds()
    } else {
        b
    }
}

/// The layer below a damaged upper layer: files in its directories and beside them, to be copied into them.
fn beneath() -> Builder {
    let mut b = Builder::default();
    for dir in ["a", "a/b", "a/b/c", "d", "e", "e/f"] {
        b.dir(dir);
        for number in 0..4 {
            b.file(&format!("{dir}/below{number}"), [b'b'; 3000])
                .xattr("user.a", b"1");
        }
        b.symlink(&format!("{dir}/link"), "f1");
    }
    b
}

/// Damages copies of the image in `rounds` ways.
pub fn run(b: &Bench, layer: As, on: &str, seed: u64, rounds: usize) -> Notes {
    let known: &[Fs] = match layer {
        As::Lower => &FILE_SYSTEMS,
        As::Upper => &UPPERS,
    };
    let fs = known.iter().copied().find(|fs| fs.name() == on);
    let fs = fs.ok_or_else(|| format!("there are no damaged images of {on:?}"))?;
    if let Some((.., why)) = UNBEARABLE
        .iter()
        .find(|(of, on, known, _)| (*of, *on, *known) == (layer, fs, seed))
    {
        return Err(b.skip(format!("without any union {why}")));
    }
    let site = Site {
        b,
        fs,
        layout: b.layout(1)?,
        whole: whole(b, layer, fs)?,
    };
    if layer == As::Upper {
        let entries = &tree::spread(&beneath(), 1).lowers[0];
        make::make(&site.layout.lowers[0], entries)?;
    }
    let mut dice = Dice::new(seed);
    let mut tally = Tally::default();
    for round in 0..rounds as u64 {
        let damage = site.whole.damage(&mut dice);
        let seed = seed.wrapping_add(round);
        let taken = match layer {
            As::Lower => site.as_lower(&damage, seed, &mut tally),
            As::Upper => site.as_upper(&damage, seed, &mut tally),
        };
        tally.mounted += usize::from(taken.map_err(|why| format!("round {round}: {why}"))?);
    }
    Ok(vec![
        format!(
            "{} of {rounds} damaged images could be mounted, {} unions of them",
            tally.mounted, tally.unions
        ),
        format!(
            "{} calls succeeded, {} failed cleanly",
            tally.succeeded, tally.failed
        ),
    ])
}

/// The results.
#[derive(Default)]
struct Tally {
    mounted: usize,
    unions: usize,
    succeeded: usize,
    failed: usize,
}

/// The place where damaged images are tried.
struct Site<'a> {
    b: &'a Bench<'a>,
    fs: Fs,
    layout: Layout,
    whole: Whole,
}

/// The maximum number of objects of a damaged tree that are visited: it may have no end.
const OBJECTS: usize = 500;

impl Site<'_> {
    /// Below an upper layer, alone or merged with another layer in turn; false if its file system does not take
    /// it.
    fn as_lower(&self, damage: &[(i64, u8)], seed: u64, tally: &mut Tally) -> Result<bool, String> {
        let (b, l) = (self.b, &self.layout);
        let lower = b.target("damaged")?;
        let damaged = self.whole.damaged(damage)?;
        if damaged.mount(self.fs, &lower, true).is_err() {
            return Ok(false);
        }
        // By itself. Its results do not concern the union.
        let _ = Exercise::new(seed, OBJECTS).glance(&lower);
        let union = match seed % 2 {
            0 => b.new_union().lower(&lower),
            _ => b.new_union().lower(&l.lowers[0]).lower(&lower),
        };
        let mut exercise = Exercise::new(seed, 2 * OBJECTS);
        self.mounted(
            &union.upper(&l.upper, &l.work),
            &mut exercise,
            tally,
            |e, root| {
                e.look(root)?;
                e.change(root)
            },
        )?;
        renew(b, &l.upper)?;
        b.umount(&lower)?;
        Ok(true)
    }

    /// As the upper layer of a whole layer; false if its file system does not take it.
    fn as_upper(&self, damage: &[(i64, u8)], seed: u64, tally: &mut Tally) -> Result<bool, String> {
        let (b, l) = (self.b, &self.layout);
        let upper_fs = b.target("damaged")?;
        let (upper, work) = (upper_fs.join(UPPER), upper_fs.join(WORK));
        // By itself, on another copy, because it is changed as well.
        let damaged = self.whole.damaged(damage)?;
        if damaged.mount(self.fs, &upper_fs, false).is_err() {
            return Ok(false);
        }
        let mut exercise = Exercise::new(seed, OBJECTS);
        let _ = exercise.change(&upper);
        b.umount(&upper_fs)?;
        drop(damaged);
        let damaged = self.whole.damaged(damage)?;
        if damaged.mount(self.fs, &upper_fs, false).is_err() {
            return Ok(false);
        }
        let union = b.new_union().lower(&l.lowers[0]).upper(&upper, &work);
        let mut exercise = Exercise::new(seed, 3 * OBJECTS);
        self.mounted(&union, &mut exercise, tally, |e, root| {
            e.look(root)?;
            e.change(root)
        })?;
        // The second mount reads, and cleans up, what the first union has left.
        self.mounted(&union, &mut exercise, tally, Exercise::change)?;
        b.umount(&upper_fs)?;
        Ok(true)
    }

    /// Calls `work` on the union, if it can be mounted: its roots may be damaged as well.
    fn mounted(
        &self,
        union: &Union,
        exercise: &mut Exercise,
        tally: &mut Tally,
        work: impl FnOnce(&mut Exercise, &Path) -> Result<(), String>,
    ) -> Result<(), String> {
        let target = &self.layout.target;
        if union.mount(target).is_err() {
            return Ok(());
        }
        let before = (exercise.succeeded, exercise.failed);
        work(exercise, target)?;
        tally.unions += 1;
        tally.succeeded += exercise.succeeded - before.0;
        tally.failed += exercise.failed - before.1;
        self.b.umount(target)
    }
}

const UPPER: &str = "upper";
const WORK: &str = "work";

/// The image as it should be.
fn whole(b: &Bench, layer: As, fs: Fs) -> Result<Whole, String> {
    if let Some(serial) = serial(fs) {
        return Whole::of_disk(b, &serial);
    }
    Whole::filled(b, fs, |root| {
        let entries = &tree::spread(&tree(fs), 1).lowers[0];
        if layer == As::Lower {
            return make::make(root, entries);
        }
        b.dir(&root.join(WORK))?;
        make::make(&b.dir(&root.join(UPPER))?, entries)
    })
}

/// Empties the upper layer for the next union.
fn renew(b: &Bench, upper: &Path) -> Result<(), String> {
    std::fs::remove_dir_all(upper).map_err(|error| format!("emptying the upper layer: {error}"))?;
    b.dir(upper).map(drop)
}
