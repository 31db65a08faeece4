// SPDX-License-Identifier: GPL-2.0-only
//! What a workload does to a disk: a new one is prepared, and then all writes to it are logged.

use std::path::Path;

use super::disk::{Disk, How, Logged};
use super::replay::Replay;
use crate::bench::Bench;
use crate::image::Image;

/// Calls `make` on a new file system, then `work` while all writes are logged; both find it mounted on `target`.
pub fn record(
    bench: &Bench,
    image: &Image,
    target: &Path,
    how: How,
    make: impl FnOnce() -> Result<(), String>,
    work: impl FnOnce(&Logged) -> Result<(), String>,
) -> Result<Replay, String> {
    let disk = Disk::new(bench, image)?;
    let device = disk.plain()?;
    device.mount(image.fstype, target)?;
    make()?;
    bench.umount(target)?;
    drop(device);
    let before = disk.bytes()?;
    let logged = disk.logged()?;
    logged.mount(target, how)?;
    work(&logged)?;
    bench.umount(target)?;
    let (log, entries) = logged.end()?;
    Ok(Replay::new(before, log, entries))
}
