// SPDX-License-Identifier: GPL-2.0-only
//! Users whose calls wait for their own memory, with a partial file locked.

use std::path::Path;
use std::time::{Duration, Instant};

use crate::bench::Bench;
use crate::changes::with;
use crate::image::{self, Image};
use crate::mount;
use crate::parts::{self, Parts};
use crate::process::{self, End};
use crate::sys::{self, Region};

/// Bytes of a page.
const PAGE: usize = 4096;
/// What acts for all files waits at most so long for one: five seconds, and what the machine needs.
const SOON: Duration = Duration::from_secs(20);

/// Calls that never end, because the memory does not come.
const CALLS: &[(&str, fn(i32) -> sys::Result<i64>)] = &[
    ("a write", |fd| Region::never(PAGE)?.write_to(fd, 280_001)),
    ("a write of what is there", |fd| {
        Region::never(PAGE)?.part(0, PAGE / 2).write_to(fd, 50_001)
    }),
    ("a read", |fd| Region::never(PAGE)?.read_from(fd, 50_001)),
];

/// A call that waits for memory of its process keeps neither sync(2) nor a remount waiting for ever, and other files are
/// written down meanwhile: any user can make such memory, with a FUSE server that does not answer.
pub fn partial_stalled(b: &mut Bench) -> Result<(), String> {
    b.union_only("overlayfs copies whole files")?;
    for image in [&image::EXT4, &image::XFS] {
        for (what, call) in CALLS {
            stalled(b, image, *call)
                .map_err(|error| format!("{}, {what}: {error}", image.fstype))?;
            let left = mount::unmount_below(b.base());
            must!(left.is_empty(), "all unmounted, but for {left:?}")?;
        }
    }
    Ok(())
}

fn stalled(b: &Bench, image: &Image, call: fn(i32) -> sys::Result<i64>) -> Result<(), String> {
    let disk = b.looped(image)?;
    let upper_fs = b.target("upper_fs")?;
    disk.mount(&upper_fs, 0, "")?;
    let mut parts = Parts::mounted(b, b.layout_on(&upper_fs, 1)?, &["stalled", "beside"])?;
    parts.write("stalled", 1, 50_001, 100)?;
    let path = parts.path("stalled");
    let child = process::background(|| {
        with(&path, libc::O_RDWR, call).expect("a call that ends");
    })?;
    std::thread::sleep(Duration::from_secs(1));
    parts.write("beside", 1, 50_001, 100)?;
    let done = meanwhile(b, &parts);
    process::kill(child);
    let end = process::wait(child)?;
    done?;
    must!(
        end == End::Signal(libc::SIGKILL),
        "it waited until it was killed: {end:?}"
    )?;
    b.syncfs(&parts.layout.target)?;
    must!(
        parts::granules(&parts.upper("stalled")) == Ok(1),
        "it is written down when nobody has it locked"
    )?;
    parts.are_right("killed")?;
    parts.sound()
}

fn meanwhile(b: &Bench, parts: &Parts) -> Result<(), String> {
    let target = &parts.layout.target;
    ends("sync", sys::sync)?;
    must!(
        parts::granules(&parts.upper("beside")) == Ok(1),
        "other files are written down"
    )?;
    ends("a remount", || {
        let _ = remount(target, 0);
    })?;
    ends("a remount, read-only", || {
        let _ = remount(target, libc::MS_RDONLY);
    })?;
    b.works("it becomes writable", remount(target, 0))
}

fn remount(target: &Path, flags: libc::c_ulong) -> sys::Result<()> {
    sys::mount("", target, "", libc::MS_REMOUNT | flags, b"")
}

/// A call of another process ends soon. That is not waited for if it does not.
fn ends(what: &str, call: impl FnOnce()) -> Result<(), String> {
    let begun = Instant::now();
    let child = process::background(call)?;
    while begun.elapsed() < SOON {
        let stat = std::fs::read_to_string(format!("/proc/{child}/stat"));
        if stat.is_ok_and(|stat| stat.contains(") Z ")) {
            process::wait(child)?;
            return Ok(());
        }
        std::thread::sleep(Duration::from_millis(20));
    }
    Err(format!("{what} waits for the memory of another process"))
}
