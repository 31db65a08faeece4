// SPDX-License-Identifier: GPL-2.0-only
//! Copying the data of files that the upper layer has without them.

use std::ffi::OsStr;
use std::io::{self, IsTerminal, Write, stderr};
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use anyhow::{Result, anyhow};
use union_logic::ioctl::Place;

use crate::directory::Directory;
use crate::regular::Regular;
use crate::tree::{Failure, Visitor, Walk};

/// Settles all of them; continues after a failure. Returns whether there was none.
pub fn settle(paths: &[PathBuf], accepts_lower: bool, json: bool) -> Result<bool> {
    let mut is_whole = false;
    let mut settled = Settled {
        files: 0,
        bytes: 0,
        errors: Vec::new(),
        progress: (!json && stderr().is_terminal()).then(Progress::new),
        prints_errors: !json,
        accepts_lower,
    };
    let mut walk = Walk::default();
    for path in paths {
        let failed = settled.errors.len();
        if let Err(error) = walk.visit(path, &mut settled) {
            settled.failed(error);
        }
        if settled.errors.len() == failed && !walk.met_mounts && path.is_dir() {
            match end(path) {
                Ok(is_root) => is_whole |= is_root,
                Err(error) => settled.failed(error),
            }
        }
    }
    if let Some(progress) = &mut settled.progress {
        progress.clear();
    }
    if json {
        let result = serde_json::json!({
            "files": settled.files,
            "bytes": settled.bytes,
            "whole": is_whole,
            "errors": settled.errors,
        });
        println!("{}", serde_json::to_string_pretty(&result)?);
    } else {
        println!(
            "{} files settled, {} bytes copied",
            settled.files, settled.bytes
        );
    }
    Ok(settled.errors.is_empty())
}

/// All files below a directory are settled: if that is the whole union, overlayfs may use its upper layer.
fn end(path: &Path) -> Result<bool> {
    let why = |error: &io::Error| match error.raw_os_error() {
        // Whoever settles files of their own need not say anything of others.
        Some(libc::EPERM | libc::ENOTTY) => None,
        Some(libc::EBUSY) => Some(anyhow!(
            "{}: files were written to meanwhile and are partial; settle again",
            path.display()
        )),
        _ => Some(anyhow!("{}: {error}", path.display())),
    };
    match Directory::open(path)?.settled() {
        Ok(is_root) => Ok(is_root),
        Err(error) => why(&error).map_or(Ok(false), Err),
    }
}

/// What was done.
struct Settled {
    files: u64,
    bytes: u64,
    errors: Vec<String>,
    progress: Option<Progress>,
    prints_errors: bool,
    accepts_lower: bool,
}

impl Visitor for Settled {
    fn file(&mut self, _path: &Path, file: &Regular) -> Result<(), Failure> {
        let data = file.data().map_err(|error| Failure::new(&error))?;
        if matches!(data.place, Place::Below | Place::Both) {
            self.bytes += file.settle().map_err(|error| Failure::new(&error))?;
            self.files += 1;
        }
        if let Some(progress) = &mut self.progress {
            progress.show(self.files, self.bytes);
        }
        Ok(())
    }

    fn refused(
        &mut self,
        dir: impl FnOnce() -> io::Result<Directory>,
        name: &OsStr,
        error: &io::Error,
    ) -> Result<bool, Failure> {
        if error.raw_os_error() != Some(libc::EIO) {
            return Ok(false);
        }
        if !self.accepts_lower {
            return Err(Failure::from(anyhow!(
                "{error}; the kernel log says why; if the lower layer was exchanged for one with the same data, \
                 --accept-lower takes it; if not, bring the old one back, or remove the file"
            )));
        }
        let accepted = dir().and_then(|dir| dir.accept(name.as_bytes()));
        match accepted.as_ref().map_err(io::Error::raw_os_error) {
            Err(Some(libc::ERANGE)) => Err(Failure::from(anyhow!(
                "the lower file has another size, so it is not the one that was copied up; remove the file, then \
                 union restore brings the lower one back"
            ))),
            Err(Some(libc::EPERM)) => Err(Failure::from(anyhow!(
                "not permitted; needs CAP_SYS_ADMIN where the union was mounted"
            ))),
            _ => accepted
                .map(|()| true)
                .map_err(|error| Failure::new(&error)),
        }
    }

    fn failed(&mut self, error: anyhow::Error) {
        let error = format!("{error:#}");
        if let Some(progress) = &mut self.progress {
            progress.clear();
        }
        if self.prints_errors {
            eprintln!("union: {error}");
        }
        self.errors.push(error);
    }
}

/// A line on a terminal.
struct Progress {
    seen: u64,
    shown: Instant,
}

impl Progress {
    const PAUSE: Duration = Duration::from_millis(200);

    fn new() -> Self {
        Self {
            seen: 0,
            shown: Instant::now(),
        }
    }

    /// One more file was looked at.
    fn show(&mut self, files: u64, bytes: u64) {
        self.seen += 1;
        if self.shown.elapsed() < Self::PAUSE {
            return;
        }
        let seen = self.seen;
        self.write(&format!(
            "{seen} files seen, {files} settled, {bytes} bytes copied"
        ));
        self.shown = Instant::now();
    }

    /// Removes the line.
    fn clear(&mut self) {
        self.write("");
    }

    fn write(&self, text: &str) {
        // Where it cannot be seen, it does not matter.
        let _ = write!(stderr(), "\r\x1b[K{text}");
    }
}
