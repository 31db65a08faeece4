// SPDX-License-Identifier: GPL-2.0-only
use std::hint;
use std::sync::atomic::{AtomicUsize, Ordering};

use crate::bench::Bench;
use crate::scenario::Check;
use crate::sound;
use crate::sys;
use crate::walk;

pub const CHECK: Check = Check {
    about: "a directory is read for the first time while something in it is copied up: both have one inode number",
    run,
    ..Check::DEFAULT
};

/// Each is one try: what is listed is kept.
const DIRS: usize = 900;

fn run(b: &mut Bench) -> Result<(), String> {
    let l = b.layout(1)?;
    b.describe(&l, 0, |b| {
        for number in 0..DIRS {
            b.dir(&format!("{number}/d"));
            b.file(&format!("{number}/f"), "below");
        }
    })?;
    let lowers = b.lower_trees(&l)?;
    let union = b.union(&l);
    union.mount(&l.target)?;
    let dir = |number: usize| l.target.join(number.to_string());
    for number in 0..DIRS {
        b.works("chmod", sys::chmod(dir(number), 0o700))?;
    }
    let begun = [AtomicUsize::new(0), AtomicUsize::new(0)];
    // The second of the two begins later and later, over the time that a copy takes, and from the start again.
    let meet = |me: usize, number: usize| {
        begun[me].store(number + 1, Ordering::SeqCst);
        while begun[1 - me].load(Ordering::SeqCst) <= number {
            hint::spin_loop();
        }
        for _ in 0..me * (number % 60) * 400 {
            hint::spin_loop();
        }
    };
    std::thread::scope(|scope| {
        scope.spawn(|| {
            for number in 0..DIRS {
                meet(0, number);
                sys::chmod(dir(number).join("d"), 0o700).expect("chmod of a directory");
                sys::chmod(dir(number).join("f"), 0o600).expect("chmod of a file");
            }
        });
        scope.spawn(|| {
            for number in 0..DIRS {
                meet(1, number);
                walk::list(&dir(number)).expect("reading a directory");
            }
        });
    });
    let wrong: Vec<_> = (0..DIRS)
        .filter_map(|number| sound::consistent(&dir(number)).err())
        .collect();
    b.must(
        &format!(
            "what is listed has the number that it has: {} do not, {:?}",
            wrong.len(),
            wrong.first()
        ),
        wrong.is_empty(),
    )?;
    b.sound(&union, &l, &lowers).map(drop)
}
