// SPDX-License-Identifier: GPL-2.0-only
use crate::bench::Bench;
use crate::scenario::Check;
use crate::sys;
use crate::walk;

pub const CHECK: Check = Check {
    about: "one name is made and removed as a directory by many: it never shows what a lower layer has there",
    run,
    ..Check::DEFAULT
};

const ROUNDS: usize = 120;

fn run(b: &mut Bench) -> Result<(), String> {
    let l = b.layout(2)?;
    b.describe(&l, 1, |b| {
        b.file("d/old", "below");
        b.dir("d/older");
    })?;
    let lowers = b.lower_trees(&l)?;
    let union = b.union(&l);
    union.mount(&l.target)?;
    let dir = l.target.join("d");
    b.works("unlink", sys::unlink(dir.join("old")))?;
    b.works("rmdir", sys::rmdir(dir.join("older")))?;
    let counts = l.lowers[0].parent().ok_or("a parent")?;
    b.crowd(4, |process| {
        let mut balance = 0;
        for _ in 0..ROUNDS {
            match sys::mkdir(&dir, 0o755) {
                Ok(()) => balance += 1,
                Err(error) => assert_eq!(error.0, libc::EEXIST),
            }
            if let Ok(names) = walk::list(&dir) {
                assert!(names.is_empty(), "{names:?}");
            }
            match sys::rmdir(&dir) {
                Ok(()) => balance -= 1,
                Err(error) => assert_eq!(error.0, libc::ENOENT),
            }
        }
        let count = counts.join(format!("balance{process}"));
        std::fs::write(count, balance.to_string()).expect("write");
    })?;
    let mut balance = 1;
    for process in 0..4 {
        let text = std::fs::read_to_string(counts.join(format!("balance{process}")));
        balance += text
            .ok()
            .and_then(|text| text.parse::<i32>().ok())
            .ok_or("a number")?;
    }
    let there = sys::stat(&dir, 0).is_ok();
    b.must(
        &format!("made and removed in turn: {balance}, there: {there}"),
        balance == i32::from(there),
    )?;
    b.sound(&union, &l, &lowers).map(drop)
}
