// SPDX-License-Identifier: GPL-2.0-only
//! The power cut of a whole machine: one boot works on a disk until it is killed, the next checks it.

use std::path::Path;

use super::case::{around, same};
use super::generate::{self, Theme};
use super::judge::{Cut, Habits};
use super::kmsg::Kmsg;
use super::site::Site;
use crate::bench::Bench;
use crate::image::Image;
use crate::sys;

/// How many operations a machine does at most before it is killed.
pub const OPERATIONS: usize = 400;

/// The line before an operation begins with this.
pub const BEGIN: &str = "begin ";

/// Works on a new disk; `say` gets a line before each operation, which must have left the machine when it returns.
pub fn work(
    bench: &Bench,
    image: &Image,
    device: &Path,
    seed: u64,
    say: &mut dyn FnMut(&str) -> Result<(), String>,
) -> Result<(), String> {
    let history = generate::workload(seed, OPERATIONS);
    let site = Site::new(bench, Theme::Tree, Habits::of(image.fstype), same(seed))?;
    mount(image, device, &site.upper_fs)?;
    site.make()?;
    let fd = sys::open(&site.upper_fs, libc::O_RDONLY, 0)?;
    sys::syncfs(fd)?;
    sys::close(fd)?;
    site.work(&history, seed, &mut |number| {
        say(&format!("{BEGIN}{number}"))
    })
}

/// Checks the disk of a machine that was killed after the operation `begun` had begun.
pub fn look(
    bench: &Bench,
    image: &Image,
    device: &Path,
    seed: u64,
    begun: usize,
) -> Result<Vec<String>, Vec<String>> {
    let history = generate::workload(seed, OPERATIONS);
    let cut = Cut {
        done: begun.saturating_sub(1).min(history.len()),
        begun: begun.min(history.len()),
    };
    let looked = || -> Result<_, String> {
        let mut kmsg = Kmsg::open()?;
        let site = Site::new(bench, Theme::Tree, Habits::of(image.fstype), same(seed))?;
        mount(image, device, &site.upper_fs)?;
        let looked = site.look(&history, &[cut], true);
        let refused = site.release();
        let mut looked = looked?;
        looked.wrong.extend(refused);
        looked.wrong.extend(kmsg.news());
        Ok(looked)
    };
    let mut lines = match looked() {
        Ok(looked) if looked.wrong.is_empty() => {
            return Ok(vec![format!(
                "killed in operation {begun}; the tree is that after {:?}",
                looked.after
            )]);
        }
        Ok(looked) => looked.wrong,
        Err(error) => error.lines().map(str::to_owned).collect(),
    };
    lines.insert(0, format!("killed in operation {begun}"));
    lines.splice(1..1, around(&history, cut.done, cut.begun));
    Err(lines)
}

fn mount(image: &Image, device: &Path, target: &Path) -> Result<(), String> {
    sys::mount(&device.to_string_lossy(), target, image.fstype, 0, b"")
        .map_err(|error| format!("mounting {} ({}): {error}", device.display(), image.fstype))
}
