// SPDX-License-Identifier: GPL-2.0-only
//! The subjects of the comparison: the file system of the upper layer itself, the union, overlayfs twice, two unions in
//! userspace.

use std::fs;
use std::os::unix::ffi::OsStrExt;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use clap::ValueEnum;
use rustix::mount::{self, UnmountFlags};
use serde::{Deserialize, Serialize};
use union_support::fs_context::FsContext;

use crate::site::Layers;

/// One of the subjects.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, ValueEnum, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Subject {
    /// A plain directory on the file system of the upper layer.
    Native,
    /// This module.
    Union,
    /// The kernel's overlayfs with its default options.
    Overlayfs,
    /// The same with options that make it faster and are safe.
    OverlayfsBest,
    /// fuse-overlayfs with its default options.
    FuseOverlayfs,
    /// mergerfs, files created in the upper layer.
    Mergerfs,
}

impl Subject {
    /// All, in the order of the columns.
    pub const ALL: [Self; 6] = [
        Self::Native,
        Self::Union,
        Self::Overlayfs,
        Self::OverlayfsBest,
        Self::FuseOverlayfs,
        Self::Mergerfs,
    ];

    /// The name in tables and results.
    pub fn name(self) -> &'static str {
        match self {
            Self::Native => "native",
            Self::Union => "union",
            Self::Overlayfs => "overlayfs",
            Self::OverlayfsBest => "overlayfs-best",
            Self::FuseOverlayfs => "fuse-overlayfs",
            Self::Mergerfs => "mergerfs",
        }
    }

    /// Whether it is in the kernel, and stacked on its layers.
    pub fn is_stacked(self) -> bool {
        matches!(self, Self::Union | Self::Overlayfs | Self::OverlayfsBest)
    }

    /// Whether a program serves it.
    pub fn is_in_userspace(self) -> bool {
        self.daemon().is_some()
    }

    /// The program that serves it, if it is not in the kernel.
    fn daemon(self) -> Option<&'static str> {
        match self {
            Self::FuseOverlayfs => Some("fuse-overlayfs"),
            Self::Mergerfs => Some("mergerfs"),
            _ => None,
        }
    }

    /// Mounts it.
    pub fn mount(self, layers: &Layers, at: &Path) -> Result<()> {
        match self {
            Self::Native => {
                let plain = &layers.plain;
                mount::mount_bind(plain.as_path(), at)
                    .with_context(|| format!("bind mount of {}", plain.display()))
            }
            Self::Union => {
                let options = layers.options.iter();
                kernel(
                    "union",
                    layers,
                    options.map(|(key, value)| (&**key, &**value)),
                    at,
                )
            }
            Self::Overlayfs => kernel("overlay", layers, [], at),
            Self::OverlayfsBest => {
                let options = [("metacopy", "on"), ("redirect_dir", "on")];
                kernel("overlay", layers, options, at)
            }
            Self::FuseOverlayfs => {
                let options = format!(
                    "lowerdir={},upperdir={},workdir={}",
                    layers.joined("", ":"),
                    layers.upper.display(),
                    layers.work.display()
                );
                program(
                    Command::new("fuse-overlayfs")
                        .args(["-o", &options])
                        .arg(at),
                )
            }
            Self::Mergerfs => {
                let branches = format!(
                    "{}=RW:{}",
                    layers.upper.display(),
                    layers.joined("=RO", ":")
                );
                // Like overlayfs: the first layer with a name wins, and new files are made in the upper one.
                let options =
                    "category.create=ff,category.search=ff,minfreespace=0,inodecalc=path-hash";
                program(
                    Command::new("mergerfs")
                        .args(["-o", options, &branches])
                        .arg(at),
                )
            }
        }
    }

    /// Unmounts it and waits until its daemon releases the layers.
    pub fn unmount(self, at: &Path) -> Result<()> {
        mount::unmount(at, UnmountFlags::empty())
            .with_context(|| format!("umount of {}", self.name()))?;
        self.wait_for_daemon()
    }

    /// Waits for the daemon of an unmounted file system to end.
    pub fn wait_for_daemon(self) -> Result<()> {
        let Some(daemon) = self.daemon() else {
            return Ok(());
        };
        let started = Instant::now();
        let mut killed = false;
        while running(daemon)? {
            if started.elapsed() > PATIENCE && !killed {
                // It is no longer used; if it hangs on exit, it is not waited for.
                program(Command::new("pkill").args(["-KILL", "-x", daemon]))?;
                killed = true;
            }
            if started.elapsed() > 2 * PATIENCE {
                bail!("{daemon} still runs after the umount and SIGKILL");
            }
            std::thread::sleep(Duration::from_millis(1));
        }
        Ok(())
    }
}

/// How long a daemon may take to end.
const PATIENCE: Duration = Duration::from_secs(2);

/// Mounts a file system of the kernel that is stacked on the layers. This is timed, so nothing is
/// copied for it.
fn kernel<'a>(
    fstype: &str,
    layers: &Layers,
    options: impl IntoIterator<Item = (&'a str, &'a str)>,
    at: &Path,
) -> Result<()> {
    let configure = || {
        let context = FsContext::open(fstype)?;
        for lower in &layers.lowers {
            context.set_string(b"lowerdir+", lower.as_os_str().as_bytes())?;
        }
        context.set_string(b"upperdir", layers.upper.as_os_str().as_bytes())?;
        context.set_string(b"workdir", layers.work.as_os_str().as_bytes())?;
        for (key, value) in options {
            context.set_string(key.as_bytes(), value.as_bytes())?;
        }
        context.mount(at)
    };
    configure().with_context(|| format!("mounting {fstype}"))
}

/// Runs a program that continues in the background when it has mounted; it might keep the end of a pipe open.
fn program(command: &mut Command) -> Result<()> {
    const ERRORS: &str = "/tmp/mount.errors";
    let shown = command.get_program().to_string_lossy().into_owned();
    let status = command
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(fs::File::create(ERRORS)?)
        .status()
        .with_context(|| format!("starting {shown}"))?;
    if !status.success() {
        let text = fs::read_to_string(ERRORS)?;
        bail!("{shown} failed ({status}): {}", text.trim_end());
    }
    Ok(())
}

/// Whether a program of this name runs.
fn running(name: &str) -> Result<bool> {
    // The kernel keeps 15 letters.
    let known: String = name.chars().take(15).collect();
    for entry in fs::read_dir("/proc")? {
        // A process may end meanwhile.
        let stat = fs::read_to_string(entry?.path().join("stat")).unwrap_or_default();
        if lives(&stat, &known) {
            return Ok(true);
        }
    }
    Ok(false)
}

/// Whether a process of /proc has this name and runs; a zombie that has not been waited for does
/// not.
fn lives(stat: &str, name: &str) -> bool {
    let Some((head, tail)) = stat.rsplit_once(") ") else {
        return false;
    };
    let found = head.split_once('(').map(|(_, name)| name);
    found == Some(name) && !tail.starts_with(['Z', 'X'])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_zombie_does_not_run() {
        assert!(lives("118 (mergerfs) S 1 118 118 0", "mergerfs"));
        assert!(!lives("118 (mergerfs) Z 1 118 118 0", "mergerfs"));
        assert!(!lives("118 (other) S 1 118 118 0", "mergerfs"));
        assert!(!lives("", "mergerfs"));
    }
}
