// SPDX-License-Identifier: GPL-2.0-only
use std::path::Path;
use std::time::{Duration, Instant};

use crate::bench::Bench;
use crate::load;
use crate::process::{self, End};
use crate::scenario::Check;
use crate::sys;

pub const CHECK: Check = Check {
    about: "a load that may use little memory, beside a process that wants all of it",
    run,
    ..Check::DEFAULT
};

const GROUP: &str = "group/limited";

fn run(b: &mut Bench) -> Result<(), String> {
    let groups = b.target("group")?;
    b.works(
        "mounting cgroup2",
        sys::mount("cgroup2", &groups, "cgroup2", 0, b""),
    )?;
    let set = |file: &Path, value: &str| std::fs::write(file, value);
    if set(&groups.join("cgroup.subtree_control"), "+memory").is_err() {
        return Err("skip: no memory controller for cgroup2".into());
    }
    let limited = b.dir(&b.base().join(GROUP))?;
    let result = limit(b, &limited);
    // Its processes have all been waited for.
    std::fs::remove_dir(&limited).map_err(|error| format!("removing the cgroup: {error}"))?;
    result
}

fn limit(b: &Bench, group: &Path) -> Result<(), String> {
    std::fs::write(group.join("memory.max"), "12M").map_err(|error| error.to_string())?;
    let top = b.tmpfs("top")?;
    let l = b.layout_on(&top, 1)?;
    b.describe(&l, 0, |b| {
        load::lower(b);
        b.file("large", vec![b'l'; 6 << 20]);
    })?;
    let lowers = b.lower_trees(&l)?;
    let union = b.union(&l);
    union.mount(&l.target)?;
    let end = Instant::now() + Duration::from_millis(4000);
    let mut children = Vec::new();
    for number in 0..8 {
        let (root, procs) = (&l.target, group.join("cgroup.procs"));
        children.push(process::background(move || {
            std::fs::write(procs, "0").expect("root may move itself");
            match number {
                0 => {
                    // Copies and listings that must fail for want of memory, again and again.
                    let large = root.join("large");
                    while Instant::now() < end {
                        let _ = sys::chmod(&large, 0o640);
                        let _ = sys::unlink(&large);
                        std::thread::sleep(Duration::from_millis(20));
                    }
                }
                1 => {
                    let mut hog = Vec::new();
                    while Instant::now() < end {
                        hog.push(vec![1u8; 1 << 20]);
                        std::thread::sleep(Duration::from_millis(50));
                    }
                }
                _ => load::calls(root, number, end),
            }
        })?);
    }
    for child in children {
        let end = process::wait(child)?;
        b.must(
            &format!("a process ends well or for want of memory, not with {end:?}"),
            [End::Done, End::Signal(libc::SIGKILL)].contains(&end),
        )?;
    }
    b.sound(&union, &l, &lowers).map(drop)
}
