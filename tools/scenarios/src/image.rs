// SPDX-License-Identifier: GPL-2.0-only
//! Small file systems for checks that fill them, damage them or remove their disks. The host makes each once; a check
//! works on its own copy in memory, behind a loop device and, if it needs failures, the device mapper.

use std::os::fd::RawFd;
use std::path::{Path, PathBuf};

use crate::bench::Bench;
use crate::disk;
use crate::mount;
use crate::sys;

/// A file system made by the host.
pub struct Image {
    /// Serial number of its disk.
    pub name: &'static str,
    /// Type for mount(2).
    pub fstype: &'static str,
    /// The command that makes it; the image is the last argument.
    pub mkfs: &'static str,
    /// Size.
    pub mib: u64,
}

/// ext4 with every kind of quota.
pub const EXT4: Image = Image {
    name: "small-ext4",
    fstype: "ext4",
    mkfs: "mkfs.ext4 -q -F -b 1024 -m 0 -N 256 -O quota,project,^resize_inode -E quotatype=usrquota:grpquota:prjquota,lazy_itable_init=0",
    mib: 12,
};

/// ext4 that supports case-insensitive directories.
pub const CASEFOLD: Image = Image {
    name: "small-casefold",
    fstype: "ext4",
    mkfs: "mkfs.ext4 -q -F -O casefold,^resize_inode",
    mib: 8,
};

/// xfs, much smaller than its default minimum.
pub const XFS: Image = Image {
    name: "small-xfs",
    fstype: "xfs",
    mkfs: "mkfs.xfs --unsupported -q -f",
    mib: 32,
};

/// ext4 that does not detect damaged metadata.
pub const UNCHECKED: Image = Image {
    name: "small-unchecked",
    fstype: "ext4",
    mkfs: "mkfs.ext4 -q -F -b 1024 -O ^metadata_csum,^resize_inode",
    mib: 4,
};

/// ext4 with the usual features, but small: its journal wraps soon, and there is little to copy.
pub const CRASH_EXT4: Image = Image {
    name: "crash-ext4",
    fstype: "ext4",
    mkfs: "mkfs.ext4 -q -F -b 4096 -I 256 -N 1024 -m 0 -J size=4 -O ^resize_inode -E lazy_itable_init=0,lazy_journal_init=0",
    mib: 12,
};

/// xfs with the usual features, as small as its log allows.
pub const CRASH_XFS: Image = Image {
    name: "crash-xfs",
    fstype: "xfs",
    mkfs: "mkfs.xfs --unsupported -q -f",
    mib: 20,
};

/// The same for files of some MiB.
pub const CRASH_LARGE_EXT4: Image = Image {
    name: "crash-large-ext4",
    mib: 32,
    ..CRASH_EXT4
};

/// The same for files of some MiB.
pub const CRASH_LARGE_XFS: Image = Image {
    name: "crash-large-xfs",
    mib: 40,
    ..CRASH_XFS
};

/// ext4 whose files can have fs-verity.
pub const VERITY: Image = Image {
    name: "small-verity",
    fstype: "ext4",
    mkfs: "mkfs.ext4 -q -F -b 4096 -I 256 -N 2048 -m 0 -O verity,^resize_inode -E lazy_itable_init=0",
    mib: 64,
};

/// ext4 with blocks smaller than pages.
pub const ORDERING_EXT4_1K: Image = Image {
    name: "ordering-ext4-1k",
    fstype: "ext4",
    mkfs: "mkfs.ext4 -q -F -b 1024 -I 256 -N 1024 -m 0 -J size=4 -O ^resize_inode -E lazy_itable_init=0,lazy_journal_init=0",
    mib: 12,
};

/// btrfs, about as small as it can be.
pub const ORDERING_BTRFS: Image = Image {
    name: "ordering-btrfs",
    fstype: "btrfs",
    mkfs: "mkfs.btrfs -q -f -m single -d single",
    mib: 64,
};

/// All of them.
pub const IMAGES: &[Image] = &[
    EXT4,
    CASEFOLD,
    XFS,
    UNCHECKED,
    CRASH_EXT4,
    CRASH_XFS,
    CRASH_LARGE_EXT4,
    CRASH_LARGE_XFS,
    VERITY,
    ORDERING_EXT4_1K,
    ORDERING_BTRFS,
];

/// A block device in memory with a copy of an [`Image`]; removed on drop.
pub struct Disk {
    /// The device to mount.
    pub path: PathBuf,
    looped: RawFd,
    mapped: Option<sys::Mapped>,
    sectors: u64,
    below: PathBuf,
    fstype: &'static str,
}

/// How a [`Disk`] of the device mapper handles requests.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Health {
    /// It serves them.
    Good,
    /// It fails all.
    Dead,
    /// It fails writes.
    Unwritable,
}

impl Disk {
    /// Mounts the file system.
    pub fn mount(&self, target: &Path, flags: u64, options: &str) -> Result<(), String> {
        sys::mount(
            &self.path.to_string_lossy(),
            target,
            self.fstype,
            flags,
            options.as_bytes(),
        )
        .map_err(|error| {
            let (path, target) = (self.path.display(), target.display());
            format!(
                "mounting {path} ({}, {options:?}) on {target}: {error}",
                self.fstype
            )
        })
    }

    /// Ends the failures, if the disk can fail at all.
    pub fn heal(&self) -> Result<(), String> {
        match self.mapped {
            Some(_) => self.set(Health::Good),
            None => Ok(()),
        }
    }

    /// Begins or ends failures, at once, with requests under way.
    pub fn set(&self, health: Health) -> Result<(), String> {
        let mapped = self.mapped.as_ref().ok_or("not a mapped disk")?;
        let below = self.below.display();
        let (target, parameters) = match health {
            Health::Good => ("linear", format!("{below} 0")),
            Health::Dead => ("error", String::new()),
            Health::Unwritable => ("flakey", format!("{below} 0 0 3600 1 error_writes")),
        };
        mapped
            .table(self.sectors, target, &parameters)
            .map_err(|error| format!("loading the table {target} {parameters}: {error}"))
    }

    /// Lets requests wait, or serves those that have waited.
    pub fn hold(&self, holds: bool) -> Result<(), String> {
        let mapped = self.mapped.as_ref().ok_or("not a mapped disk")?;
        let done = match holds {
            true => mapped.hold(),
            false => mapped.go_on(),
        };
        done.map_err(|error| format!("suspending or resuming a disk: {error}"))
    }
}

impl Drop for Disk {
    fn drop(&mut self) {
        if self.mapped.is_some() {
            let _ = self.set(Health::Good);
        }
        let _ = sys::close(self.looped);
    }
}

impl Bench<'_> {
    /// A copy of `image` behind a loop device.
    pub fn looped(&self, image: &Image) -> Result<Disk, String> {
        let copy = self.copy(image)?;
        let result = sys::loop_device(copy);
        let _ = sys::close(copy);
        let (looped, path) = result.map_err(|error| format!("making a loop device: {error}"))?;
        Ok(Disk {
            below: path.clone(),
            path,
            looped,
            mapped: None,
            sectors: image.mib << 11,
            fstype: image.fstype,
        })
    }

    /// The same behind the device mapper; call [`Bench::mapped_done`] when it is no longer needed.
    pub fn mapped(&self, image: &Image) -> Result<Disk, String> {
        let mut disk = self.looped(image)?;
        let mapped = sys::Mapped::new(&format!("{}-{}", image.name, std::process::id()))
            .map_err(|error| format!("making a mapped device: {error}"))?;
        disk.path = mapped.path.clone();
        disk.mapped = Some(mapped);
        disk.set(Health::Good)?;
        Ok(disk)
    }

    /// Unmounts everything and takes the disk apart.
    pub fn mapped_done(&self, mut disk: Disk) -> Result<(), String> {
        disk.set(Health::Good)?;
        let refused = mount::unmount_below(self.base());
        must!(
            refused.is_empty(),
            "everything can be unmounted: {refused:?}"
        )?;
        if let Some(mapped) = disk.mapped.take() {
            self.works("removing the mapped device", mapped.remove())?;
        }
        Ok(())
    }

    /// The bytes of an image in a file without a name, with holes where there are zeros.
    pub fn copy(&self, image: &Image) -> Result<RawFd, String> {
        self.copy_disk(image.name)
    }

    /// The same of the disk with this serial number.
    pub fn copy_disk(&self, serial: &str) -> Result<RawFd, String> {
        const PIECE: usize = 64 << 10;
        let device = disk::by_serial(serial).map_err(|error| error.to_string())?;
        let copy = sys::memfd("image").map_err(|error| format!("memfd_create: {error}"))?;
        let from = sys::open(&device, libc::O_RDONLY, 0)?;
        let zeros = vec![0; PIECE];
        let mut at = 0;
        loop {
            let data = sys::read(from, PIECE, Some(at))?;
            if data.is_empty() {
                break;
            }
            if data[..] != zeros[..data.len()] {
                sys::write(copy, &data, Some(at))?;
            }
            at += data.len() as i64;
        }
        sys::ftruncate(copy, at)?;
        sys::close(from)?;
        Ok(copy)
    }
}
