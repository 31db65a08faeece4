// SPDX-License-Identifier: GPL-2.0-only
//! Cleaning up when the user interrupts.

use std::path::{Path, PathBuf};
use std::sync::Mutex;

static DIRECTORIES: Mutex<Vec<PathBuf>> = Mutex::new(Vec::new());

const SIGNALS: [i32; 3] = [libc::SIGINT, libc::SIGTERM, libc::SIGHUP];

/// Removes what [`remove_at_end`] named when a signal ends this program; QEMU dies with it anyway.
///
/// To be called before there is another thread, so that all of them leave the signals to the one started here.
pub fn install() {
    mask(libc::SIG_BLOCK);
    std::thread::spawn(|| {
        let set = set();
        let mut signal = 0;
        // SAFETY: both pointers are to live locals, the set is initialised.
        while unsafe { libc::sigwait(&raw const set, &raw mut signal) } != 0 {}
        if let Ok(directories) = DIRECTORIES.lock() {
            for directory in directories.iter() {
                let _ = std::fs::remove_dir_all(directory);
            }
        }
        std::process::exit(128 + signal);
    });
}

/// Names a directory that must not be left behind.
pub fn remove_at_end(directory: &Path) {
    if let Ok(mut directories) = DIRECTORIES.lock() {
        directories.push(directory.to_owned());
    }
}

/// Gives a child the signals back; may be called between fork and exec.
pub fn unblock() {
    mask(libc::SIG_UNBLOCK);
}

fn set() -> libc::sigset_t {
    // SAFETY: sigemptyset initialises the set before it is used.
    unsafe {
        let mut set = std::mem::zeroed();
        libc::sigemptyset(&raw mut set);
        for signal in SIGNALS {
            libc::sigaddset(&raw mut set, signal);
        }
        set
    }
}

fn mask(how: i32) {
    let set = set();
    // SAFETY: the set is initialised; the old mask is not asked for.
    unsafe { libc::pthread_sigmask(how, &raw const set, std::ptr::null_mut()) };
}
