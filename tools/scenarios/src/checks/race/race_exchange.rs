// SPDX-License-Identifier: GPL-2.0-only
use crate::bench::Bench;
use crate::scenario::Check;
use crate::sys;

pub const CHECK: Check = Check {
    about: "names that are exchanged all the time are always there, and nothing is lost or doubled",
    run,
    ..Check::DEFAULT
};

const NAMES: [&str; 4] = ["a", "b", "d/c", "d/d"];

fn run(b: &mut Bench) -> Result<(), String> {
    let l = b.layout(2)?;
    b.describe(&l, 1, |b| {
        for name in NAMES {
            b.file(name, name);
        }
    })?;
    let lowers = b.lower_trees(&l)?;
    let union = b.union(&l);
    union.mount(&l.target)?;
    b.crowd(5, |process| {
        for round in 0..60 {
            let one = l.target.join(NAMES[(round + process) % 4]);
            let other = l.target.join(NAMES[(round * 3 + process + 1) % 4]);
            if process == 0 {
                std::fs::read(&one).expect("it is always there");
            } else if one != other {
                sys::rename(&one, &other, libc::RENAME_EXCHANGE).expect("exchange");
            }
        }
    })?;
    b.sound(&union, &l, &lowers)?;
    union.mount(&l.target)?;
    let mut found = Vec::new();
    for name in NAMES {
        let text = std::fs::read_to_string(l.target.join(name));
        found.push(text.map_err(|error| error.to_string())?);
    }
    found.sort();
    b.must(
        &format!("each file is there once: {found:?}"),
        found == NAMES,
    )?;
    b.umount(&l.target)
}
