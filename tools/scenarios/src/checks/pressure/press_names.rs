// SPDX-License-Identifier: GPL-2.0-only
use std::time::Duration;

use crate::bench::Bench;
use crate::load;
use crate::scenario::Check;

pub const CHECK: Check = Check {
    about: "eight processes make every kind of call on the same names, and the union is sound afterwards",
    run,
    ..Check::DEFAULT
};

fn run(b: &mut Bench) -> Result<(), String> {
    let top = b.tmpfs("top")?;
    let l = b.layout_on(&top, 3)?;
    // Every layer has a part of each directory, the lowest one names that those above hide.
    b.describe(&l, 2, load::lower)?;
    b.describe(&l, 1, |b| {
        b.file("d/a", "hides");
        b.symlink("m", "hides a directory");
    })?;
    b.describe(&l, 0, |b| {
        b.file("b", "above");
        b.dir("d/e").xattr("user.d", b"e");
    })?;
    let lowers = b.lower_trees(&l)?;
    let union = b.union(&l);
    for _ in 0..3 {
        union.mount(&l.target)?;
        b.load(&l.target, Duration::from_millis(1500))?;
        let tree = b.sound(&union, &l, &lowers)?;
        b.must("what nobody touched is there", tree.contains_key("kept"))?;
    }
    Ok(())
}
