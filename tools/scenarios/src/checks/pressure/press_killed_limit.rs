// SPDX-License-Identifier: GPL-2.0-only
use std::time::Duration;

use crate::bench::Bench;
use crate::process;
use crate::scenario::Check;
use crate::sys;

pub const CHECK: Check = Check {
    about: "a process that is killed while the kernel copies for it a file beyond its limit leaves the old file or the new one",
    run,
    ..Check::DEFAULT
};

fn run(b: &mut Bench) -> Result<(), String> {
    let l = b.layout(2)?;
    for number in 0..5 {
        let data = vec![b'0' + number; 6 << 20];
        std::fs::write(l.lowers[1].join(number.to_string()), data)
            .map_err(|error| error.to_string())?;
    }
    let lowers = b.lower_trees(&l)?;
    let union = b.union(&l);
    union.mount(&l.target)?;
    let mut modes = Vec::new();
    for number in 0..5 {
        let path = l.target.join(number.to_string());
        let child = process::background(|| {
            sys::limit_file_size(1 << 20).expect("setrlimit");
            let _ = sys::chmod(&path, 0o600);
        })?;
        std::thread::sleep(Duration::from_millis(number * 5));
        process::kill(child);
        process::wait(child)?;
        // Nobody goes on copying for the dead.
        b.work_idle(&l)?;
        let stat = b.works("stat", sys::stat(&path, 0))?;
        b.must("it has its size", stat.st_size == 6 << 20)?;
        let copied = sys::stat(l.upper.join(number.to_string()), 0).is_ok();
        b.must(
            "mode and copy agree",
            (stat.st_mode & 0o777 == 0o600) <= copied,
        )?;
        modes.push(copied);
    }
    let tree = b.sound(&union, &l, &lowers)?;
    for number in 0..5 {
        let name = number.to_string();
        let data = |line: &str| line.split(" data=").nth(1).map(str::to_owned);
        b.must(
            &format!("{name} has its data (copied: {modes:?})"),
            data(&tree[&name]) == data(&lowers[1][&name]),
        )?;
    }
    Ok(())
}
