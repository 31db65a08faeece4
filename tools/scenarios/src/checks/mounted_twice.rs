// SPDX-License-Identifier: GPL-2.0-only

use crate::bench::Bench;
use crate::scenario::Check;

pub const CHECK: Check = Check {
    about: "a hundred mounts and unmounts leave nothing behind",
    run,
    ..Check::DEFAULT
};

fn run(b: &mut Bench) -> Result<(), String> {
    let l = b.layout(2)?;
    for round in 0..100 {
        b.union(&l)
            .mount(&l.target)
            .map_err(|error| format!("round {round}: {error}"))?;
        b.holds(&l.target.join("file"), "below")?;
        b.umount(&l.target)?;
    }
    Ok(())
}
