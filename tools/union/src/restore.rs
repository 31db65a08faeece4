// SPDX-License-Identifier: GPL-2.0-only
//! Restoring deleted names.

use std::io;
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};

use crate::directory::{Directory, explain};

/// Restores all of them; continues after a failure. Returns whether there was none.
pub fn restore(paths: &[PathBuf], json: bool) -> Result<bool> {
    let mut all = true;
    let mut results = Vec::new();
    for path in paths {
        let result = one(path);
        all &= result.is_ok();
        match (json, result) {
            (true, result) => results.push(serde_json::json!({
                "path": path.to_string_lossy(),
                "restored": result.is_ok(),
                "error": result.err().map(|error| format!("{error:#}")),
            })),
            (false, Ok(())) => println!("{}", path.display()),
            (false, Err(error)) => eprintln!("union: {error:#}"),
        }
    }
    if json {
        println!("{}", serde_json::to_string_pretty(&results)?);
    }
    Ok(all)
}

fn one(path: &Path) -> Result<()> {
    let name = path
        .file_name()
        .with_context(|| format!("{}: does not end with a name", path.display()))?;
    let dir = match path.parent() {
        Some(dir) if !dir.as_os_str().is_empty() => dir,
        _ => Path::new("."),
    };
    let result = Directory::open(dir)?.restore(name.as_bytes());
    let errno = result.as_ref().err().and_then(io::Error::raw_os_error);
    let path = path.display();
    match errno {
        Some(libc::ENOENT) => {
            bail!("{path}: no deleted object of a lower layer has this name")
        }
        Some(libc::EEXIST) => {
            bail!("{path}: exists; move it away first, to restore what the lower layers have")
        }
        Some(libc::EROFS) => bail!("{path}: the union, or its upper layer, is read-only"),
        Some(libc::EPERM) => bail!(
            "{path}: not permitted; needs CAP_SYS_ADMIN where the union was mounted, and CAP_FOWNER \
             for files of others"
        ),
        Some(libc::EACCES) => bail!("{path}: no permission to write to {}", dir.display()),
        _ => explain(result, dir),
    }
}
