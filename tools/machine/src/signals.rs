// SPDX-License-Identifier: GPL-2.0-only
//! Cleaning up when the user interrupts.

use std::path::{Path, PathBuf};
use std::sync::Mutex;

use anyhow::{Context, Result};
use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM};
use signal_hook::iterator::Signals;

static DIRECTORIES: Mutex<Vec<PathBuf>> = Mutex::new(Vec::new());

/// Removes the directories named by [`remove_at_end`] when a signal ends this program; QEMU dies with it anyway.
pub fn install() -> Result<()> {
    let mut signals =
        Signals::new([SIGHUP, SIGINT, SIGTERM]).context("installing signal handlers")?;
    std::thread::spawn(move || {
        let Some(signal) = signals.forever().next() else {
            return;
        };
        if let Ok(directories) = DIRECTORIES.lock() {
            for directory in directories.iter() {
                let _ = std::fs::remove_dir_all(directory);
            }
        }
        std::process::exit(128 + signal);
    });
    Ok(())
}

/// Names a directory that must not be left behind.
pub fn remove_at_end(directory: &Path) {
    if let Ok(mut directories) = DIRECTORIES.lock() {
        directories.push(directory.to_owned());
    }
}
