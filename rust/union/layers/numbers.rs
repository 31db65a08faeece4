// SPDX-License-Identifier: GPL-2.0-only

//! The source of the inode numbers of a layer: a file system, or a part of one.

use crate::{
    logic::inum::Inums,
    vfs::{
        attr::{
            statx::{STATX_INO, STATX_SUBVOL},
            Kstat,
        },
        errno::ESTALE,
        path::PathRef,
        super_block::{SbInfo, OVERLAYFS_SUPER_MAGIC},
        types::Ino,
    },
};
use kernel::prelude::*;

/// The number spaces of a file system.
#[derive(Clone, Copy, PartialEq, Eq)]
enum NumberSpaces {
    /// One for all.
    One,
    /// One for each subvolume. The layer begins in this one.
    Subvolumes(u64),
    /// One for each device number, including the super block's. overlayfs shows files of layers on
    /// several file systems in this way.
    Devices(u32),
}

/// Where the inode numbers of a layer come from.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Numbers {
    /// The file system of the layer, or the part of it: a small number.
    fsid: u32,
    parts: NumberSpaces,
}

impl Numbers {
    /// Of a data-only layer, whose objects are no part of the tree and show no numbers.
    pub const NONE: Self = Self {
        fsid: 0,
        parts: NumberSpaces::One,
    };

    /// The number of an inode, without reservations.
    ///
    /// # Errors
    ///
    /// Those of `->getattr()`, called only for file systems with several parts; `ESTALE` for a name
    /// without an inode.
    pub fn ino(self, inums: Inums, path: PathRef<'_>) -> Result<Ino> {
        let inode = path.dentry().inode().ok_or(ESTALE)?;
        Ok(self.in_part(inums, self.part(path)?, inode.ino()))
    }

    /// The same of an entry of a directory in `part`.
    pub fn in_part(self, inums: Inums, part: u64, ino: Ino) -> Ino {
        inums.project_part(self.fsid, part, ino)
    }

    /// Which file system of the union the layer lies on.
    pub fn fsid(self) -> u32 {
        self.fsid
    }

    /// The part of the file system an object is in; 0 is the one the layer begins in.
    pub fn part(self, path: PathRef<'_>) -> Result<u64> {
        Ok(match self.parts {
            NumberSpaces::One => 0,
            NumberSpaces::Subvolumes(first) => {
                let stat = Kstat::of(path, STATX_INO | STATX_SUBVOL, 0)?;
                stat.subvol().filter(|&it| it != first).unwrap_or(0)
            }
            NumberSpaces::Devices(first) => {
                let dev = Kstat::of(path, STATX_INO, 0)?.dev();
                if dev == first {
                    0
                } else {
                    dev.into()
                }
            }
        })
    }

    /// Whether the entries of one directory may lie in different parts.
    pub fn vary_within_dir(self) -> bool {
        matches!(self.parts, NumberSpaces::Devices(_))
    }
}

/// The file systems of a union, numbered in the order of its layers.
#[derive(Default)]
pub struct FileSystems(KVec<(usize, NumberSpaces)>);

impl FileSystems {
    /// How many there are.
    ///
    /// # Errors
    ///
    /// `E2BIG`.
    pub fn count(&self) -> Result<u32> {
        u32::try_from(self.0.len()).map_err(|_| E2BIG)
    }

    /// Where the numbers of the layer with this root come from.
    ///
    /// # Errors
    ///
    /// `ENOMEM`; those of `->getattr()`.
    pub fn numbers(&mut self, root: PathRef<'_>) -> Result<Numbers> {
        let sb = root.dentry().sb_token();
        // A file system without subvolumes has none anywhere, so one query is enough for all layers
        // on it.
        let parts = match self.0.contains(&(sb, NumberSpaces::One)) {
            true => NumberSpaces::One,
            false => parts(root)?,
        };
        let this = (sb, parts);
        let at = match self.0.iter().position(|known| *known == this) {
            Some(at) => at,
            None => {
                self.0.push(this, GFP_KERNEL_ACCOUNT)?;
                self.0.len() - 1
            }
        };
        let fsid = u32::try_from(at).map_err(|_| E2BIG)?;
        Ok(Numbers { fsid, parts })
    }
}

fn parts(root: PathRef<'_>) -> Result<NumberSpaces> {
    let sb = SbInfo::of(root.dentry());
    if sb.magic == OVERLAYFS_SUPER_MAGIC as usize {
        return Ok(NumberSpaces::Devices(sb.dev));
    }
    let stat = Kstat::of(root, STATX_INO | STATX_SUBVOL, 0)?;
    Ok(stat
        .subvol()
        .map_or(NumberSpaces::One, NumberSpaces::Subvolumes))
}
