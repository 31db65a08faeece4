// SPDX-License-Identifier: GPL-2.0-only
//! A lower layer whose server lies: types that do not exist or change, names of any length, sizes, owners, errors.

use super::exercise::Exercise;
use crate::bench::Bench;
use crate::fuse::{self, Manner, Tree};
use crate::scenario::Notes;

/// A tree with something of every kind, three levels deep.
fn tree() -> Tree {
    const KINDS: [u32; 6] = [
        libc::S_IFREG,
        libc::S_IFDIR,
        libc::S_IFLNK,
        libc::S_IFCHR,
        libc::S_IFIFO,
        // None at all.
        0,
    ];
    let mut tree = Tree::default();
    let mut dirs = vec![0];
    for level in 0..3 {
        let mut below = Vec::new();
        for parent in dirs.into_iter().take(3) {
            for (number, kind) in KINDS.into_iter().cycle().take(9).enumerate() {
                let object = tree.add(parent, format!("{level}-{number}"), kind | 0o755);
                let object_ = tree.object(object);
                object_.data = match kind {
                    libc::S_IFLNK => b"0-0".to_vec(),
                    libc::S_IFREG => vec![b'd'; 5000],
                    _ => Vec::new(),
                };
                object_.xattrs = vec![
                    ("user.a".into(), b"1".to_vec()),
                    ("trusted.overlay.opaque".into(), b"x".to_vec()),
                    ("trusted.overlay.redirect".into(), b"0-1".to_vec()),
                ];
                if kind == libc::S_IFDIR {
                    below.push(object);
                }
            }
        }
        dirs = below;
    }
    tree
}

/// A union over it, one over it and a correct layer, and one over such a union.
pub fn run(b: &Bench, seed: u64, rounds: usize) -> Notes {
    let l = b.layout(1)?;
    let lower = b.target("fuse")?;
    let inner = b.target("inner")?;
    let mut notes = Vec::new();
    for round in 0..rounds as u64 {
        let seed = seed.wrapping_mul(1000).wrapping_add(round);
        fuse::mount(b, &lower, 0, &tree(), Manner::Lying(seed))?;
        let alone = b.new_union().lower(&lower);
        let merged = b.new_union().lower(&l.lowers[0]).lower(&lower);
        let nested = b.new_union().lower(&inner).lower(&l.lowers[0]);
        let mut exercise = Exercise::new(seed, 250).errors_passed_on();
        for (what, union) in [("alone", alone), ("merged", merged), ("nested", nested)] {
            if what == "nested" {
                let below = b.new_union().lower(&lower).lower(&l.lowers[0]).read_only();
                if below.mount(&inner).is_err() {
                    continue;
                }
            }
            let union = union.upper(&l.upper, &l.work);
            // The server may return errors for its root, too.
            if let Ok(()) = union.mount(&l.target) {
                exercise.look(&l.target)?;
                exercise.change(&l.target)?;
                b.umount(&l.target)?;
            }
            if what == "nested" {
                b.umount(&inner)?;
            }
        }
        b.umount(&lower)?;
        notes.push(format!(
            "seed {seed}: {} calls succeeded, {} failed cleanly",
            exercise.succeeded, exercise.failed
        ));
    }
    Ok(notes)
}
