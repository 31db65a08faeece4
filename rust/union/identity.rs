// SPDX-License-Identifier: GPL-2.0-only

//! The identity of a union; the rules are in [`logic::identity`](crate::logic::identity).

use super::{check::Named, fs::Lower, layer::Printable};
use crate::{
    logic::{
        codec::{self, Attr},
        identity::{as_random, fsid, of_layers, plan, Plan},
        options::{Config, Uuid},
        value,
    },
    vfs::{
        fs_context::FsContext,
        mount::{Mount, PrivateMount},
        printk::pr_warn_ratelimited,
        statfs::Statfs,
        types::random_u64,
        write::WriteAccess,
        xattr,
    },
};
use kernel::prelude::*;

/// What a union is known by.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Identity {
    /// Its own UUID.
    Own([u8; 16]),
    /// Its device number, while it is mounted: there is nothing that stays.
    Device,
    /// That of the file system of its top, or topmost, layer.
    Real,
}

impl Identity {
    /// Puts the identification into what the real file system says. `dev`: the union's device number.
    pub fn show(self, buf: &mut Statfs, dev: u32) {
        match self {
            Self::Own(uuid) => buf.set_fsid(fsid(uuid)),
            Self::Device => buf.set_fsid_from_dev(dev),
            Self::Real => {}
        }
    }

    /// Of a union with a top layer: that which its directory keeps, or a new one.
    ///
    /// # Errors
    ///
    /// With a message, if the option demands one and it cannot be read or kept. Otherwise the union has none then.
    pub fn of_top(fc: &FsContext, config: Config, top: &Named, mnt: &Mount) -> Result<Self> {
        match Self::try_of_top(config, top, mnt) {
            Err(e) if config.uuid == Uuid::On => Err(top.refuse(
                fc,
                e,
                fmt!(
                    "uuid=on: the attribute {} cannot be read or stored ({:?})",
                    Printable(codec::name(config.xattr_space, Attr::Uuid).to_bytes()),
                    e
                ),
            )),
            Err(e) => {
                pr_warn_ratelimited!(
                    "the UUID of the union cannot be read or stored ({:?}): it has none\n",
                    e
                );
                Ok(Self::Real)
            }
            found => found,
        }
    }

    fn try_of_top(config: Config, top: &Named, mnt: &Mount) -> Result<Self> {
        if matches!(config.uuid, Uuid::Null | Uuid::Off) {
            return Ok(Self::Real);
        }
        let dentry = top.dentry();
        let name = |attr| codec::name(config.xattr_space, attr);
        let mut buffer = [0; 16];
        let stored = match xattr::get(mnt, dentry, name(Attr::Uuid), &mut buffer) {
            Ok(len) => {
                let value = buffer.get(..len).unwrap_or_default();
                Some(value::uuid(value).map_err(|_| EIO)?)
            }
            Err(e) if xattr::is_absent(e) => None,
            // Longer than a UUID.
            Err(e) if e == ERANGE => return Err(EIO),
            Err(e) => return Err(e),
        };
        let used = match xattr::get(mnt, dentry, name(Attr::Impure), &mut []) {
            Ok(_) => true,
            Err(e) if xattr::is_absent(e) => false,
            Err(e) => return Err(e),
        };
        Ok(match plan(config.uuid, stored, used) {
            Plan::Own(uuid) => Self::Own(uuid),
            Plan::Real => Self::Real,
            Plan::Make => {
                let mut uuid = [0; 16];
                for bytes in uuid.chunks_exact_mut(8) {
                    bytes.copy_from_slice(&random_u64().to_ne_bytes());
                }
                let uuid = as_random(uuid);
                let _write = WriteAccess::want(mnt)?;
                xattr::set(mnt, dentry, name(Attr::Uuid), &uuid, 0)?;
                Self::Own(uuid)
            }
        })
    }

    /// Of a union without one: what its layers make. `mnts`: their mounts.
    pub fn of_layers(config: Config, lowers: &[Lower], mnts: &[PrivateMount]) -> Self {
        if matches!(config.uuid, Uuid::Null | Uuid::Off) {
            return Self::Real;
        }
        let layers = lowers
            .iter()
            .zip(mnts)
            .map(|(lower, mnt)| lower.identity(mnt));
        of_layers(layers).map_or(Self::Device, Self::Own)
    }
}
