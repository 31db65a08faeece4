// SPDX-License-Identifier: GPL-2.0-only
use crate::bench::Bench;
use crate::scenario::Check;
use crate::sys;

pub const CHECK: Check = Check {
    about: "a file that is replaced by rename is always there and always whole",
    run,
    ..Check::DEFAULT
};

const ROUNDS: usize = 80;

fn run(b: &mut Bench) -> Result<(), String> {
    let l = b.layout(2)?;
    b.describe(&l, 1, |b| {
        b.file("f", vec![b'a'; 5000]);
    })?;
    let lowers = b.lower_trees(&l)?;
    let union = b.union(&l);
    union.mount(&l.target)?;
    let file = l.target.join("f");
    b.crowd(4, |process| {
        for round in 0..ROUNDS {
            if process < 2 {
                let new = l.target.join(format!("new{process}"));
                std::fs::write(&new, vec![b'b' + (round % 20) as u8; 5000]).expect("write");
                sys::rename(&new, &file, 0).expect("rename");
            } else {
                let data = std::fs::read(&file).expect("it is always there");
                assert_eq!(data.len(), 5000);
                assert!(data.iter().all(|byte| *byte == data[0]));
                sys::stat(&file, 0).expect("stat");
                sys::access(&file, libc::R_OK).expect("access");
            }
        }
    })?;
    let tree = b.sound(&union, &l, &lowers)?;
    b.must(
        "no temporary name is left",
        !tree.keys().any(|path| path.starts_with("new")),
    )
}
