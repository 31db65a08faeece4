// SPDX-License-Identifier: GPL-2.0-only
//! The module as a whole.

use std::path::Path;

use crate::bench::{Bench, MODULE};
use crate::sys;

/// The type is registered, without a device.
pub fn file_system_listed(b: &mut Bench) -> Result<(), String> {
    let text = std::fs::read_to_string("/proc/filesystems").map_err(|e| e.to_string())?;
    let line = format!("nodev\t{}", b.fstype);
    must!(
        text.lines().any(|found| found == line),
        "{line:?} in /proc/filesystems"
    )
}

/// The module is unloaded and loaded a hundred times.
pub fn load_unload(b: &mut Bench) -> Result<(), String> {
    if !b.is_module() {
        return Err(b.skip("there is no module under test"));
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
            must!(failure.call.starts_with("fsopen"), "fsopen fails")?;
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
