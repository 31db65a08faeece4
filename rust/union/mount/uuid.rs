// SPDX-License-Identifier: GPL-2.0-only

//! The UUID of a union that is being mounted.

use crate::{
    logic::{
        codec::{self, Attr},
        identity::{as_random, of_layers as uuid_of_layers, plan, Plan},
        options::{Config, Uuid},
        value,
    },
    union::{
        layers::{
            identity::UnionIdentity,
            layer::{LowerLayer, UpperLayer},
        },
        mount::dirs::OptionDir,
    },
    vfs::{
        fs_context::FsContext,
        path::PathRef,
        printk::{pr_warn_ratelimited, Printable},
        types::random_u64,
        write::WriteAccess,
        xattr,
    },
};
use kernel::prelude::*;

/// Of a union with an upper layer: the one stored with its directory, or a new one.
///
/// # Errors
///
/// With a message, if the option requires one and it cannot be read or stored. Without the option
/// the union then has none.
pub fn of_upper(
    fc: &FsContext,
    config: Config,
    dir: &OptionDir,
    upper: &UpperLayer,
) -> Result<UnionIdentity> {
    match try_of_upper(config, upper.mnt.at(dir.dentry())?) {
        Err(e) if config.uuid == Uuid::On => Err(dir.refuse(
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
                "cannot read or store the UUID of the union ({:?}): it has no UUID\n",
                e
            );
            Ok(UnionIdentity::Real)
        }
        found => found,
    }
}

fn try_of_upper(config: Config, dir: PathRef<'_>) -> Result<UnionIdentity> {
    if matches!(config.uuid, Uuid::Null | Uuid::Off) {
        return Ok(UnionIdentity::Real);
    }
    let name = |attr| codec::name(config.xattr_space, attr);
    let mut buffer = [0; 16];
    let stored = match xattr::get(dir, name(Attr::Uuid), &mut buffer) {
        Ok(len) => {
            let value = buffer.get(..len).unwrap_or_default();
            Some(value::uuid(value).map_err(|_| EIO)?)
        }
        Err(e) if xattr::is_absent(e) => None,
        // Longer than a UUID.
        Err(e) if e == ERANGE => return Err(EIO),
        Err(e) => return Err(e),
    };
    let used = match xattr::get(dir, name(Attr::Impure), &mut []) {
        Ok(_) => true,
        Err(e) if xattr::is_absent(e) => false,
        Err(e) => return Err(e),
    };
    Ok(match plan(config.uuid, stored, used) {
        Plan::Own(uuid) => UnionIdentity::Own(uuid),
        Plan::Real => UnionIdentity::Real,
        Plan::Make => {
            let mut uuid = [0; 16];
            for bytes in uuid.chunks_exact_mut(8) {
                bytes.copy_from_slice(&random_u64().to_ne_bytes());
            }
            let uuid = as_random(uuid);
            let write = WriteAccess::want(dir.mnt())?;
            xattr::set(write.on(dir.dentry())?, name(Attr::Uuid), &uuid, 0)?;
            UnionIdentity::Own(uuid)
        }
    })
}

/// Of a union without one: what the layers of its tree make.
pub fn of_layers<'a>(
    config: Config,
    lowers: impl Iterator<Item = &'a LowerLayer>,
) -> UnionIdentity {
    if matches!(config.uuid, Uuid::Null | Uuid::Off) {
        return UnionIdentity::Real;
    }
    uuid_of_layers(lowers.map(LowerLayer::identity))
        .map_or(UnionIdentity::Device, UnionIdentity::Own)
}
