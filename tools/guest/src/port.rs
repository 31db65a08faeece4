// SPDX-License-Identifier: GPL-2.0-only
//! The named virtio-serial ports to the host.

use std::fs::{self, File};
use std::path::Path;

use anyhow::{Context, Result, bail};

/// Carries the report of a test run, or the exit status of a command.
pub const VERDICT: &str = "union.verdict";
/// Carries what a command writes to its standard output.
pub const STDOUT: &str = "union.stdout";
/// Carries what a command writes to its standard error.
pub const STDERR: &str = "union.stderr";

/// Opens a port for writing.
pub fn open(name: &str) -> Result<File> {
    let class = Path::new("/sys/class/virtio-ports");
    // Ports are announced by the host one after the other; the last may take a moment.
    for _ in 0..200 {
        for entry in fs::read_dir(class).into_iter().flatten().flatten() {
            let found = fs::read_to_string(entry.path().join("name")).unwrap_or_default();
            if found.trim_end() == name {
                let device = Path::new("/dev").join(entry.file_name());
                return File::options()
                    .write(true)
                    .open(&device)
                    .with_context(|| format!("opening {}", device.display()));
            }
        }
        std::thread::sleep(std::time::Duration::from_millis(10));
    }
    bail!("the machine has no virtio-serial port named {name}")
}
