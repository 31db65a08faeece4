// SPDX-License-Identifier: GPL-2.0-only
use std::time::Duration;

use crate::bench::Bench;
use crate::load;
use crate::process;
use crate::scenario::Check;

pub const CHECK: Check = Check {
    about: "eight processes are killed in the middle of their calls, and nothing is left half done",
    run,
    ..Check::DEFAULT
};

fn run(b: &mut Bench) -> Result<(), String> {
    let top = b.tmpfs("top")?;
    let l = b.layout_on(&top, 2)?;
    b.describe(&l, 1, load::lower)?;
    let lowers = b.lower_trees(&l)?;
    let union = b.union(&l);
    for round in 0..6 {
        union.mount(&l.target)?;
        let children = b.load_behind(&l.target, Duration::from_secs(20))?;
        std::thread::sleep(Duration::from_millis(100 + 130 * round));
        for child in &children {
            process::kill(*child);
        }
        for child in children {
            process::wait(child)?;
        }
        b.work_idle(&l)?;
        let tree = b.sound(&union, &l, &lowers)?;
        // A copy is whole or not there: whatever was not cut or written to has all its bytes.
        let odd = tree
            .iter()
            .find(|(path, line)| path.as_str() == "kept" && !line.contains("data=\"kept\""));
        b.must(
            &format!("files that nobody writes to are whole: {odd:?}"),
            odd.is_none(),
        )?;
    }
    Ok(())
}
