// SPDX-License-Identifier: GPL-2.0-only
//! Loading and unloading kernel modules from the initramfs.

use std::ffi::CString;
use std::fs::{self, File};
use std::path::Path;

use anyhow::{Context, Result, bail};
use rustix::io::Errno;
use union_scenarios::bench::MODULE;

/// Names the modules to load, in order, one path a line with the parameters behind it.
const LIST: &str = "/modules/list";

/// Loads what the host put on the list.
pub fn load_listed() -> Result<()> {
    let list = fs::read_to_string(LIST).with_context(|| format!("reading {LIST}"))?;
    list.lines().try_for_each(|line| {
        let (path, parameters) = line.split_once(' ').unwrap_or((line, ""));
        load_with(Path::new(path), parameters)
    })
}

/// Loads the module under test, unless this kernel has it built in.
pub fn load_union() -> Result<()> {
    let module = Path::new(MODULE);
    if module.exists() {
        return load_with(module, "");
    }
    let known = fs::read_to_string("/proc/filesystems").context("reading /proc/filesystems")?;
    if !known.lines().any(|line| line == "nodev\tunion") {
        bail!("there is no {MODULE}, and the kernel does not have the file system built in");
    }
    Ok(())
}

/// Loads one module, unless it is already loaded.
fn load_with(path: &Path, parameters: &str) -> Result<()> {
    let file = File::open(path).with_context(|| format!("opening {}", path.display()))?;
    let parameters = CString::new(parameters).context("parameters of a module")?;
    match rustix::system::finit_module(&file, &parameters, 0) {
        Ok(()) | Err(Errno::EXIST) => Ok(()),
        Err(error) => bail!(
            "loading {}: {error}; the kernel log on the console says why",
            path.display()
        ),
    }
}
