// SPDX-License-Identifier: GPL-2.0-only
use std::path::Path;
use std::time::{Duration, Instant};

use crate::bench::{Bench, MODULE};
use crate::process;
use crate::scenario::Check;
use crate::sys;

pub const CHECK: Check = Check {
    about: "the module is unloaded and loaded while others mount: a mount finds it or not, and holds it",
    run,
    ..Check::DEFAULT
};

fn load() -> sys::Result<()> {
    let fd = sys::open(Path::new(MODULE), libc::O_RDONLY, 0)?;
    let result = sys::finit_module(fd);
    sys::close(fd)?;
    result
}

fn run(b: &mut Bench) -> Result<(), String> {
    if !b.is_module() {
        return Err("skip: there is no module under test".into());
    }
    let l = b.layout(1)?;
    let end = Instant::now() + Duration::from_millis(4000);
    let mut children = Vec::new();
    for number in 0..3 {
        let target = b.target(&format!("target{number}"))?;
        let union = b.new_union().lowers(&l.lowers);
        children.push(process::background(move || {
            while Instant::now() < end {
                let start = Instant::now();
                match union.mount(&target) {
                    Ok(()) => {
                        let text = std::fs::read_to_string(target.join("file"));
                        assert_eq!(text.expect("read"), "below");
                        sys::umount(&target, 0).expect("umount");
                        // On a slow kernel, too, there must be times when nobody holds it.
                        std::thread::sleep(start.elapsed());
                    }
                    Err(failure) => assert_eq!(failure.errno.0, libc::ENODEV, "{failure}"),
                }
            }
        })?);
    }
    let (mut unloaded, mut held) = (0, 0);
    while Instant::now() < end {
        match sys::delete_module("union") {
            Ok(()) => {
                unloaded += 1;
                b.works("loading", load())?;
            }
            Err(error) => {
                b.must(&format!("EAGAIN, not {error}"), error.0 == libc::EAGAIN)?;
                held += 1;
            }
        }
    }
    b.ended_well(children)?;
    b.must(
        &format!("unloaded {unloaded} times, held {held} times"),
        unloaded > 0 && held > 0,
    )?;
    b.union(&l).mount(&l.target)?;
    b.holds(&l.target.join("file"), "below")?;
    b.umount(&l.target)
}
