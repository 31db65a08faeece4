// SPDX-License-Identifier: GPL-2.0-only
use std::time::Duration;

use crate::bench::Bench;
use crate::image::{self, Health};
use crate::load;
use crate::make;
use crate::process;
use crate::scenario::Check;
use crate::sys;
use crate::tree::{self, Builder};
use crate::walk;

pub const CHECK: Check = Check {
    about: "the disk of a lower layer fails and comes back all the time under load: no half copy is left",
    run,
    ..Check::DEFAULT
};

const FILES: usize = 60;

fn run(b: &mut Bench) -> Result<(), String> {
    let disk = b.mapped(&image::EXT4)?;
    let below = b.target("device")?;
    disk.mount(&below, 0, "")?;
    let mut l = b.layout(1)?;
    l.lowers.push(b.dir(&below.join("layer"))?);
    let mut builder = Builder::default();
    load::lower(&mut builder);
    for number in 0..FILES {
        let path = format!("big/{number}");
        builder.file(&path, format!("{number:03}").repeat(20_000));
    }
    make::make(&l.lowers[1], &tree::spread(&builder, 1).lowers[0])?;
    b.umount(&below)?;
    disk.mount(&below, libc::MS_RDONLY, "")?;
    let lowers = b.lower_trees(&l)?;
    let union = b.union(&l);
    union.mount(&l.target)?;
    let mut children = b.load_behind(&l.target, Duration::from_millis(3000))?;
    let big = l.target.join("big");
    children.push(process::background(|| {
        for number in (0..FILES).chain(0..FILES) {
            let path = big.join(number.to_string());
            let _ = std::fs::read(&path);
            let _ = sys::chmod(&path, 0o600);
        }
    })?);
    for _ in 0..10 {
        std::thread::sleep(Duration::from_millis(120));
        disk.set(Health::Dead)?;
        std::fs::write("/proc/sys/vm/drop_caches", "3").map_err(|error| error.to_string())?;
        std::thread::sleep(Duration::from_millis(120));
        disk.set(Health::Good)?;
    }
    b.ended_well(children)?;
    b.work_idle(&l)?;
    // Pages that could not be read are read again.
    b.umount(&l.target)?;
    b.umount(&below)?;
    disk.mount(&below, libc::MS_RDONLY, "")?;
    union.mount(&l.target)?;
    let tree = walk::walk(&l.target)?;
    for number in 0..FILES {
        let path = format!("big/{number}");
        let data = |line: &str| line.split(" data=").nth(1).map(str::to_owned);
        let (now, before) = (tree.get(&path), &lowers[1][&path]);
        b.must(
            &format!("{path} is whole: {now:?}"),
            now.is_some_and(|now| data(now) == data(before)),
        )?;
    }
    b.sound(&union, &l, &lowers)?;
    b.mapped_done(disk)
}
