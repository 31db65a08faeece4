// SPDX-License-Identifier: GPL-2.0-only
use crate::bench::Bench;
use crate::scenario::Check;
use crate::sys;
use crate::walk;

pub const CHECK: Check = Check {
    about: "four processes empty a large lower directory that others list; each name goes once and for all",
    run,
    ..Check::DEFAULT
};

const NAMES: usize = 2400;

fn run(b: &mut Bench) -> Result<(), String> {
    let l = b.layout(2)?;
    let below = b.dir(&l.lowers[1].join("d"))?;
    let source = below.join("0");
    b.file(&source, "x")?;
    for number in 1..NAMES {
        b.works(
            "link",
            sys::link(&source, below.join(number.to_string()), 0),
        )?;
    }
    let lowers = b.lower_trees(&l)?;
    let union = b.union(&l);
    union.mount(&l.target)?;
    let dir = l.target.join("d");
    b.crowd(6, |process| {
        if process < 4 {
            for number in (process..NAMES).step_by(4) {
                sys::unlink(dir.join(number.to_string())).expect("unlink");
            }
            return;
        }
        let mut last = NAMES;
        while last > 0 {
            let names = walk::list(&dir).expect("list");
            let twice = names.windows(2).any(|pair| pair[0].name == pair[1].name);
            assert!(!twice, "no name is listed twice");
            assert!(names.len() <= last, "no name comes back");
            last = names.len();
        }
    })?;
    b.works("rmdir", sys::rmdir(&dir))?;
    b.works("mkdir", sys::mkdir(&dir, 0o755))?;
    b.must("it is empty", walk::list(&dir)?.is_empty())?;
    b.sound(&union, &l, &lowers).map(drop)
}
