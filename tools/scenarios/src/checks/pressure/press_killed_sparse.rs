// SPDX-License-Identifier: GPL-2.0-only
use std::time::{Duration, Instant};

use crate::bench::Bench;
use crate::process::{self, End};
use crate::scenario::Check;
use crate::sys;
use crate::tree::Builder;

pub const CHECK: Check = Check {
    about: "the copy of a file of 1 GiB with many holes is killed at any moment, and in the end keeps its holes",
    run,
    ..Check::DEFAULT
};

const SIZE: i64 = 1 << 30;
const PIECES: u64 = 600;

fn run(b: &mut Bench) -> Result<(), String> {
    let top = b.tmpfs("top")?;
    let l = b.layout_on(&top, 1)?;
    let data = vec![b'd'; 8192];
    let pieces: Vec<(u64, &[u8])> = (0..PIECES)
        .map(|number| (number * (SIZE as u64 / PIECES) / 4096 * 4096, &data[..]))
        .collect();
    b.describe(&l, 0, |b: &mut Builder| {
        b.sparse("huge", SIZE as u64, &pieces);
    })?;
    let lowers = b.lower_trees(&l)?;
    let union = b.union(&l);
    union.mount(&l.target)?;
    let huge = l.target.join("huge");
    let mut killed = 0;
    for round in 0..12 {
        let copy = process::background(|| {
            let _ = sys::chmod(&huge, 0o600);
        })?;
        std::thread::sleep(Duration::from_millis(round * 7));
        process::kill(copy);
        let start = Instant::now();
        let end = process::wait(copy)?;
        b.must("it dies at once", start.elapsed() < Duration::from_secs(2))?;
        let mode = b.works("stat", sys::stat(&huge, 0))?.st_mode & 0o777;
        let copied = sys::stat(l.upper.join("huge"), 0).is_ok();
        b.must(
            "the new mode shows with the copy only",
            (mode == 0o600) <= copied,
        )?;
        b.work_idle(&l)?;
        if end == End::Done || copied {
            break;
        }
        killed += 1;
    }
    b.must("one copy at least was killed", killed > 0)?;
    b.works("chmod", sys::chmod(&huge, 0o644))?;
    let used = b
        .works("stat", sys::stat(l.upper.join("huge"), 0))?
        .st_blocks
        * 512;
    b.must(
        &format!("the copy has the holes of the original, it uses {used} bytes"),
        used < 2 * PIECES as i64 * 8192,
    )?;
    let tree = b.sound(&union, &l, &lowers)?;
    let (copy, original) = (&tree["huge"], &lowers[0]["huge"]);
    b.must(
        &format!("the copy {copy} is the original {original}"),
        copy == original,
    )
}
