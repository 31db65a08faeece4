// SPDX-License-Identifier: GPL-2.0-only
//! The places of faults: layers that are made anew for each fault.

use std::path::PathBuf;

use super::inject::Injector;
use super::work::{self, Kind, Work};
use crate::bench::{Bench, Layout};
use crate::image::{self, Disk, Image};
use crate::make;
use crate::mount::{self, Union};
use crate::sys;
use crate::tree::{self, Builder};
use crate::walk::Tree;

/// What fails, and on which file systems the layers are.
pub struct Place {
    /// First part of the names of its cases.
    pub name: &'static str,
    /// The file system of the upper layer; none means memory.
    upper_fs: Option<&'static Image>,
    /// The file system of the lower layers; none means memory.
    below: Option<&'static Image>,
    /// Whether requests for that disk fail, and not allocations.
    pub requests: bool,
    /// One fault in so many is tried, besides the choice of the series: file systems of disks are slow.
    pub every: u64,
}

/// All of them.
pub static PLACES: &[Place] = &[
    Place {
        name: "memory-tmpfs",
        upper_fs: None,
        below: None,
        requests: false,
        every: 1,
    },
    Place {
        name: "memory-ext4",
        upper_fs: Some(&image::EXT4),
        below: None,
        requests: false,
        every: 7,
    },
    Place {
        name: "memory-xfs",
        upper_fs: Some(&image::XFS),
        below: None,
        requests: false,
        every: 7,
    },
    Place {
        name: "requests-lower",
        upper_fs: None,
        below: Some(&image::EXT4),
        requests: true,
        every: 1,
    },
    Place {
        name: "requests-upper",
        upper_fs: Some(&image::EXT4),
        below: None,
        requests: true,
        every: 1,
    },
];

impl Place {
    /// Whether a call can meet its faults.
    pub fn takes(&self, work: &Work) -> bool {
        // A call that only reads lower layers makes no request to the upper layer.
        !(self.requests && self.upper_fs.is_some() && work.kind == Kind::Look)
    }

    /// Whether the upper layer's file system itself may shut down after a fault.
    pub fn may_end_the_upper_layer(&self) -> bool {
        self.requests && self.upper_fs.is_some()
    }

    /// The possible errors of a call with a fault.
    pub fn errnos(&self, kind: Kind) -> &'static [i32] {
        match (self.requests, self.upper_fs) {
            // clone_private_mount() returns EINVAL without memory.
            (false, _) if kind == Kind::Mount => {
                &[libc::ENOMEM, libc::EFAULT, libc::EINVAL, libc::ENOSPC]
            }
            // A fault in a copy from user space is EFAULT; ext4 takes any for an exceeded quota.
            (false, Some(_)) => &[libc::ENOMEM, libc::EFAULT, libc::EDQUOT],
            // tmpfs returns ENOSPC without memory for an inode.
            (false, None) => &[libc::ENOMEM, libc::EFAULT, libc::ENOSPC],
            // ext4 makes itself read-only when its journal fails.
            (true, Some(_)) => &[libc::EIO, libc::EROFS],
            (true, None) => &[libc::EIO],
        }
    }
}

/// Layers with the tree of [`work::tree`], and a union of them.
pub struct Stage<'a> {
    bench: &'a Bench<'a>,
    place: &'a Place,
    /// The layers.
    pub layout: Layout,
    /// Their union.
    pub union: Union,
    /// The lower layers as they were made.
    pub lowers: Vec<Tree>,
    upper_fs: PathBuf,
    below: PathBuf,
    disk: Option<Disk>,
}

impl<'a> Stage<'a> {
    /// Makes the layers.
    pub fn new(bench: &'a Bench<'a>, place: &'a Place, work: &Work) -> Result<Self, String> {
        let (upper_fs, below) = (bench.target("upper_fs")?, bench.target("below")?);
        let image = place.upper_fs.or(place.below);
        let disk = image.map(|image| bench.looped(image)).transpose()?;
        let mut stage = Self {
            layout: Layout {
                lowers: (0..2)
                    .map(|number| below.join(number.to_string()))
                    .collect(),
                upper: upper_fs.join("upper"),
                work: upper_fs.join("work"),
                target: bench.target("target")?,
            },
            union: bench.new_union(),
            lowers: Vec::new(),
            bench,
            place,
            upper_fs,
            below,
            disk,
        };
        stage.union = bench.union(&stage.layout);
        if work.part.is_some() {
            stage.union = stage.union.option("partial", "on");
        }
        stage.mount_upper_fs()?;
        match (&stage.disk, place.below) {
            (Some(disk), Some(_)) => disk.mount(&stage.below, 0, "")?,
            _ => tmpfs(&stage.below)?,
        }
        let layers = stage
            .layout
            .lowers
            .iter()
            .chain([&stage.layout.upper, &stage.layout.work]);
        for layer in layers {
            bench.dir(layer)?;
        }
        let mut builder = Builder::default();
        work::tree(&mut builder, work);
        let spread = tree::spread(&builder, stage.layout.lowers.len());
        make::make(&stage.layout.upper, &spread.upper)?;
        for (layer, entries) in stage.layout.lowers.iter().zip(&spread.lowers) {
            make::make(layer, entries)?;
        }
        stage.lowers = bench.lower_trees(&stage.layout)?;
        if place.below.is_some() {
            bench.umount(&stage.below)?;
            stage.mount_below()?;
        }
        Ok(stage)
    }

    fn mount_upper_fs(&self) -> Result<(), String> {
        match (&self.disk, self.place.upper_fs) {
            (Some(disk), Some(_)) => disk.mount(&self.upper_fs, 0, ""),
            _ => tmpfs(&self.upper_fs),
        }
    }

    fn mount_below(&self) -> Result<(), String> {
        match &self.disk {
            Some(disk) => disk.mount(&self.below, libc::MS_RDONLY, ""),
            None => Ok(()),
        }
    }

    /// Mounts the union, and does what the work finds done.
    pub fn mount(&self, work: &Work) -> Result<(), String> {
        let target = &self.layout.target;
        self.union.mount(target)?;
        match work.part {
            Some(prepare) => self.bench.works("preparing", prepare(target)),
            None => Ok(()),
        }
    }

    /// The injected faults.
    pub fn injector(&self) -> Result<Injector, String> {
        match &self.disk {
            Some(disk) if self.place.requests => {
                let name = disk.path.file_name().ok_or("a disk without a name")?;
                Ok(Injector::Request(name.to_string_lossy().into_owned()))
            }
            _ => Ok(Injector::Nth),
        }
    }

    /// Drops the cached blocks of the disk, so that they are requested again.
    pub fn forget(&self) -> Result<(), String> {
        sys::sync();
        std::fs::write("/proc/sys/vm/drop_caches", "3")
            .map_err(|error| format!("drop_caches: {error}"))
    }

    /// Writes out the data of a call.
    pub fn flush(&self) -> sys::Result<()> {
        let fd = sys::open(&self.layout.target, libc::O_RDONLY | libc::O_DIRECTORY, 0)?;
        let result = sys::syncfs(fd);
        sys::close(fd)?;
        result?;
        // A commit of ext4's own, some seconds after the call, may have met the fault: syncfs(2) then finds nothing
        // left to commit, and only the next change of a directory reports it.
        let probe = self.upper_fs.join("probe");
        sys::mkdir(&probe, 0o755)?;
        sys::rmdir(&probe)
    }

    /// Unmounts the file systems of the layers and mounts them again, as after a loss of power but in order.
    pub fn restart(&self) -> Result<(), String> {
        if self.place.upper_fs.is_some() {
            self.bench.umount(&self.upper_fs)?;
            self.mount_upper_fs()?;
        }
        if self.place.below.is_some() {
            self.bench.umount(&self.below)?;
            self.mount_below()?;
        }
        Ok(())
    }

    /// Unmounts and removes everything.
    pub fn done(self) -> Result<(), String> {
        let left = mount::unmount_below(self.bench.base());
        must!(left.is_empty(), "everything can be unmounted: {left:?}")
    }
}

fn tmpfs(target: &std::path::Path) -> Result<(), String> {
    sys::mount("tmpfs", target, "tmpfs", 0, b"mode=755")
        .map_err(|error| format!("mounting a tmpfs on {}: {error}", target.display()))
}
