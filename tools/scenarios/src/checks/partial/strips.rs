// SPDX-License-Identifier: GPL-2.0-only
//! Rights that a write takes from a file, while the rest of it comes to the upper layer.

use std::time::Duration;

use crate::bench::Bench;
use crate::changes::{as_user, with};
use crate::metacopy::{CAPABILITY, NET_RAW};
use crate::parts;
use crate::process::{self, End};
use crate::sys;
use crate::union;

/// Bytes of the file: bringing them takes a while.
const LARGE: usize = 48 << 20;

/// A user who writes to a file with capabilities takes them from it, also while somebody settles it, which takes them
/// away and puts them back: what was written must not get them.
pub fn partial_strips_meanwhile(b: &mut Bench) -> Result<(), String> {
    b.union_only("overlayfs copies whole files")?;
    const USER: u32 = 1000;
    let layout = b.layout(1)?;
    let lower = layout.lowers[0].join("program");
    let old: Vec<u8> = parts::old().into_iter().cycle().take(LARGE).collect();
    std::fs::write(&lower, &old).map_err(|error| error.to_string())?;
    let times = sys::utimens(&lower, (1, 2), (1_000_000_000, 7), 0);
    b.works("utimens", times)?;
    b.works("chmod", sys::chmod(&lower, 0o777))?;
    let union = b.union(&layout).option("partial", "on");
    union.mount(&layout.target)?;
    let path = layout.target.join("program");
    b.works("a write", parts::pwrite(&path, 50_001, b"partial"))?;
    b.works("setcap", sys::setxattr(&path, CAPABILITY, &NET_RAW, 0))?;
    let child = process::background(|| {
        with(&path, libc::O_RDONLY, union::settle).expect("settle");
    })?;
    std::thread::sleep(Duration::from_millis(300));
    let mut is_there = Vec::new();
    for _ in 0..5 {
        is_there.push(sys::getxattr(&path, CAPABILITY).is_ok());
    }
    let written = as_user(USER, || parts::pwrite(&path, 60_001, b"by a user"))?;
    let end = process::wait(child)?;
    b.works("the write of a user", written)?;
    must!(end == End::Done, "it is settled: {end:?}")?;
    b.fails(
        "what a user has written has no capabilities",
        sys::getxattr(&path, CAPABILITY),
        libc::ENODATA,
    )?;
    must!(
        is_there.iter().all(|there| *there),
        "those of a file that is settled do not vanish: {is_there:?}"
    )?;
    b.umount(&layout.target)
}
