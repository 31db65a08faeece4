// SPDX-License-Identifier: GPL-2.0-only
use std::time::{Duration, Instant};

use crate::bench::{Bench, Layout};
use crate::load;
use crate::process;
use crate::scenario::Check;

pub const CHECK: Check = Check {
    about: "three unions with the same lower layers, whose upper layers share a file system, are under load at once",
    run,
    ..Check::DEFAULT
};

fn run(b: &mut Bench) -> Result<(), String> {
    let top = b.tmpfs("top")?;
    let first = b.layout_on(&top, 2)?;
    b.describe(&first, 1, load::lower)?;
    let lowers = b.lower_trees(&first)?;
    let mut layouts = Vec::new();
    for number in 0..3 {
        let own = top.join(number.to_string());
        layouts.push(Layout {
            lowers: first.lowers.clone(),
            upper: b.dir(&own.join("upper"))?,
            work: b.dir(&own.join("work"))?,
            target: b.target(&format!("target{number}"))?,
        });
    }
    for layout in &layouts {
        b.union(layout).mount(&layout.target)?;
    }
    let end = Instant::now() + Duration::from_millis(3000);
    let mut children = Vec::new();
    for number in 0..9 {
        let target = &layouts[number % 3].target;
        children.push(process::background(move || {
            load::calls(target, number, end)
        })?);
    }
    b.ended_well(children)?;
    for layout in &layouts {
        b.sound(&b.union(layout), layout, &lowers)?;
    }
    Ok(())
}
