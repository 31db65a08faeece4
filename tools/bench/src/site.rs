// SPDX-License-Identifier: GPL-2.0-only
//! The file systems of the layers.

use std::fs;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, bail};
use rustix::mount::MountFlags;
use union_support::mount::mount;

/// Where everything is mounted; a file system of its own, so that path walks do not begin in the union that is the
/// root.
pub const BASE: &str = "/bench";

/// Two file systems, for the upper layer and for the lower ones; they may be the same.
pub struct Site {
    /// The name of the disk of the upper layer in /sys/block, if this site is for counting.
    pub disk: Option<String>,
    in_memory: bool,
    upper_fs: PathBuf,
    below: PathBuf,
    options: Vec<MountOption>,
}

/// An option of mount(8): its name and its value.
pub type MountOption = (String, String);

/// The layers of one measurement.
pub struct Layers {
    /// The lower ones, the topmost first.
    pub lowers: Vec<PathBuf>,
    /// The upper layer.
    pub upper: PathBuf,
    /// Its work directory.
    pub work: PathBuf,
    /// The same files in one directory on the file system of the upper layer.
    pub plain: PathBuf,
    /// Options with which the union is mounted.
    pub options: Vec<MountOption>,
}

impl Layers {
    /// The lower layers in one string, each with something behind it.
    pub fn joined(&self, behind: &str, between: &str) -> String {
        let one = |path: &PathBuf| format!("{}{behind}", path.display());
        self.lowers
            .iter()
            .map(one)
            .collect::<Vec<_>>()
            .join(between)
    }
}

/// Makes [`BASE`].
pub fn base() -> Result<()> {
    fs::create_dir_all(BASE)?;
    Ok(mount(
        "bench",
        BASE,
        "tmpfs",
        MountFlags::empty(),
        "mode=755",
    )?)
}

impl Site {
    /// Two RAM disks: nothing waits for the disks of this machine.
    pub fn memory() -> Result<Self> {
        Self::of_disks("time", "ram0", "ram1", None)
    }

    /// Two RAM disks that count requests and have a cache to be flushed.
    pub fn counting() -> Result<Self> {
        Self::of_disks("count", "nullb0", "nullb1", Some("nullb0".into()))
    }

    /// One disk of the machine, for all layers.
    pub fn disk() -> Result<Self> {
        let root = Path::new("/disks/ext4");
        if !root.is_dir() {
            bail!("this machine has no disk at {}", root.display());
        }
        Ok(Self {
            disk: None,
            in_memory: false,
            upper_fs: root.to_owned(),
            below: root.to_owned(),
            options: Vec::new(),
        })
    }

    fn of_disks(name: &str, upper_fs: &str, below: &str, disk: Option<String>) -> Result<Self> {
        let make = |device: &str, layer: &str| -> Result<PathBuf> {
            let device = Path::new("/dev").join(device);
            let at = Path::new(BASE).join(format!("{name}-{layer}"));
            fs::create_dir_all(&at)?;
            make_ext4(&device)?;
            // No background work: a timed commit or table would affect one subject and not the other.
            let options = "commit=3000,noinit_itable";
            mount(device, &at, "ext4", MountFlags::empty(), options)?;
            Ok(at)
        };
        Ok(Self {
            upper_fs: make(upper_fs, "upper")?,
            below: make(below, "below")?,
            disk,
            in_memory: true,
            options: Vec::new(),
        })
    }

    /// The same, with options of the union.
    pub fn with_options(self, options: &[MountOption]) -> Self {
        Self {
            options: options.to_vec(),
            ..self
        }
    }

    /// Gives back the memory of freed blocks; a failure shows when no memory is left.
    pub fn trim(&self) {
        if self.in_memory {
            rustix::fs::sync();
            for path in [&self.upper_fs, &self.below] {
                let _ = Command::new("fstrim").arg(path).status();
            }
        }
    }

    /// The file system of the upper layer.
    pub fn upper_fs(&self) -> &Path {
        &self.upper_fs
    }

    /// The device number of the file system of the upper layer, as the kernel prints it.
    pub fn upper_device(&self) -> Result<u64> {
        kernel_device(&self.upper_fs)
    }

    /// The same for the lower layers.
    pub fn below_device(&self) -> Result<u64> {
        kernel_device(&self.below)
    }

    /// Paths for so many lower layers, and for the other directories.
    pub fn layers(&self, lowers: usize) -> Layers {
        Layers {
            lowers: (0..lowers)
                .map(|index| self.below.join("l").join(index.to_string()))
                .collect(),
            upper: self.upper_fs.join("upper"),
            work: self.upper_fs.join("work"),
            plain: self.upper_fs.join("plain"),
            options: self.options.clone(),
        }
    }
}

fn make_ext4(device: &Path) -> Result<()> {
    let output = Command::new("mkfs.ext4")
        .args([
            "-q",
            "-F",
            "-E",
            "lazy_itable_init=1,nodiscard",
            "-i",
            "16384",
        ])
        .arg(device)
        .output()
        .context("starting mkfs.ext4")?;
    if !output.status.success() {
        bail!(
            "mkfs.ext4 {}: {}",
            device.display(),
            String::from_utf8_lossy(&output.stderr).trim_end()
        );
    }
    Ok(())
}

/// In the kernel's own form, the major number takes the bits above 20.
fn kernel_device(path: &Path) -> Result<u64> {
    let dev = fs::metadata(path)
        .with_context(|| format!("stat of {}", path.display()))?
        .dev();
    let (major, minor) = (rustix::fs::major(dev), rustix::fs::minor(dev));
    Ok(u64::from(major) << 20 | u64::from(minor))
}

/// Removes what is there, if anything, and makes an empty directory.
pub fn fresh(path: &Path) -> Result<()> {
    clear(path)?;
    fs::create_dir_all(path).with_context(|| format!("mkdir {}", path.display()))
}

/// Removes a tree, if it is there.
pub fn clear(path: &Path) -> Result<()> {
    match fs::remove_dir_all(path) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
            Err(error).with_context(|| format!("removing {}", path.display()))
        }
        _ => Ok(()),
    }
}
