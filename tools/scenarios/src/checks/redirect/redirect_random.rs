// SPDX-License-Identifier: GPL-2.0-only
use std::path::Path;

use crate::bench::Bench;
use crate::mount::Union;
use crate::random::Dice;
use crate::scenario::Check;
use crate::sys;
use crate::walk;

pub const CHECK: Check = Check {
    about: "random layers with redirects look as they do to overlayfs",
    run,
    ..Check::DEFAULT
};

const ROUNDS: usize = 60;
const NAMES: [&str; 3] = ["a", "b", "c"];

fn run(b: &mut Bench) -> Result<(), String> {
    let l = b.layout(0)?;
    let mut compared = 0;
    for seed in 0..ROUNDS {
        // A file system of its own for each, as overlayfs remembers what it has seen.
        let base = b.tmpfs("layers")?;
        let mut dice = Dice::new(seed as u64 + 1);
        let mut layers = Vec::new();
        for number in 0..2 + dice.roll(3) {
            let layer = b.dir(&base.join(number.to_string()))?;
            fill(b, &mut dice, &layer, number, 3)?;
            layers.push(layer);
        }
        let work = b.dir(&base.join("work"))?;
        let with_top = seed % 2 == 0;
        let look = |fstype: &str| -> Result<walk::Tree, String> {
            let union = match layers.split_first() {
                Some((top, lowers)) if with_top => {
                    Union::new(fstype).lowers(lowers).upper(top, &work)
                }
                _ => Union::new(fstype).lowers(&layers),
            };
            union.option("redirect_dir", "follow").mount(&l.target)?;
            let tree = walk::outline(&l.target);
            b.umount(&l.target)?;
            Ok(tree)
        };
        let ours = look(b.fstype)?;
        let theirs = look("overlay")?;
        // To overlayfs one lower directory cannot have two upper layer parts.
        let refused: Vec<_> = theirs
            .iter()
            .filter(|(_, line)| line.contains("ESTALE"))
            .map(|(path, _)| path.clone())
            .collect();
        let counts = |(path, _): &(&String, &String)| {
            !refused.iter().any(|refused| path.starts_with(refused))
        };
        let wrong: Vec<_> = ours
            .iter()
            .filter(counts)
            .filter(|(path, line)| theirs.get(*path) != Some(*line))
            .chain(
                theirs
                    .iter()
                    .filter(counts)
                    .filter(|(path, _)| !ours.contains_key(*path)),
            )
            .map(|(path, _)| {
                format!(
                    "{path}: {:?}, overlayfs {:?}",
                    ours.get(path),
                    theirs.get(path)
                )
            })
            .collect();
        b.must(
            &format!("seed {seed}: the same tree: {wrong:#?}"),
            wrong.is_empty(),
        )?;
        compared += ours.iter().filter(counts).count();
        b.umount(&base)?;
    }
    b.must(
        &format!("enough was compared: {compared} names"),
        compared > 500,
    )
}

fn fill(b: &Bench, dice: &mut Dice, dir: &Path, layer: usize, depth: usize) -> Result<(), String> {
    for name in NAMES {
        let path = dir.join(name);
        match dice.roll(10) {
            0 | 1 => {}
            2 => sys::mknod(&path, libc::S_IFCHR, 0)?,
            3 => b.file(&path, &format!("{layer} {name}"))?,
            _ if depth == 0 => b.file(&path, &format!("{layer} {name}"))?,
            roll => {
                b.dir(&path)?;
                if dice.roll(6) == 0 {
                    sys::setxattr(&path, "trusted.overlay.opaque", b"y", 0)?;
                }
                if roll > 6 {
                    let to = target(dice);
                    sys::setxattr(&path, "trusted.overlay.redirect", to.as_bytes(), 0)?;
                }
                fill(b, dice, &path, layer, depth - 1)?;
            }
        }
    }
    Ok(())
}

fn target(dice: &mut Dice) -> String {
    match dice.roll(4) {
        0 => NAMES[dice.roll(NAMES.len())].to_owned(),
        parts => (0..parts)
            .map(|_| format!("/{}", NAMES[dice.roll(NAMES.len())]))
            .collect(),
    }
}
