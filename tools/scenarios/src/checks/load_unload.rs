// SPDX-License-Identifier: GPL-2.0-only
use std::path::Path;

use crate::bench::{Bench, MODULE};
use crate::scenario::Check;
use crate::sys;

pub const CHECK: Check = Check {
    about: "the module is unloaded and loaded a hundred times",
    run,
    ..Check::DEFAULT
};

fn run(b: &mut Bench) -> Result<(), String> {
    if !b.is_module() {
        return Err("skip: there is no module under test".into());
    }
    let module = Path::new(MODULE);
    let l = b.layout(1)?;
    for round in 0..100 {
        b.works(
            &format!("unloading, round {round}"),
            sys::delete_module("union"),
        )?;
        if round == 0 {
            let failure = b.refused(&b.union(&l), &l.target, &[libc::ENODEV])?;
            b.must("fsopen fails", failure.call.starts_with("fsopen"))?;
        }
        let fd = b.works("open", sys::open(module, libc::O_RDONLY, 0))?;
        b.works(&format!("loading, round {round}"), sys::finit_module(fd))?;
        b.works("close", sys::close(fd))?;
        if round % 10 == 0 {
            b.union(&l).mount(&l.target)?;
            b.fails(
                "unloading while mounted",
                sys::delete_module("union"),
                libc::EAGAIN,
            )?;
            b.file(&l.target.join("file"), "changed")?;
            b.umount(&l.target)?;
        }
    }
    Ok(())
}
