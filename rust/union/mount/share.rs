// SPDX-License-Identifier: GPL-2.0-only

//! Another mount of a mounted union (option `share`).
//!
//! An upper layer belongs to one mounted union. That union may stay mounted unnoticed: in a mount
//! namespace into which it was copied, or, after a lazy unmount, as long as a file is open in it.
//! Mounting the same layers again then gives another mount of the same union instead of `EBUSY`:
//! there is still one writer, and both show the same files. Everything that a mount decides must be
//! the same: layers, options, and the rights of the mounter.

use crate::{
    logic::options::Config,
    union::mount::dirs::{MountDirs, OptionDir},
    vfs::{cred, fs_context::FsContext, inode_lock::Holder, printk::Printable},
};
use kernel::{cred::Credential, prelude::*, str::CString, sync::Arc};

/// Bits of the minor number in a device number of the kernel (`MINORBITS`).
const MINOR_BITS: u32 = 20;

/// How messages name a mount with an upper layer: its device number, which is the third column of
/// `/proc/PID/mountinfo` in any mount namespace, and the upper directory as it was given.
///
/// # Errors
///
/// `ENOMEM`.
pub fn holder(dev: u32, upper: &OptionDir, facts: KVec<u64>) -> Result<Arc<Holder>> {
    let name = CString::try_from_fmt(fmt!(
        "the union {}:{} with upperdir \"{}\"",
        dev >> MINOR_BITS,
        dev & ((1 << MINOR_BITS) - 1),
        Printable(&upper.name)
    ))?;
    Ok(Arc::new(Holder::new(name, dev, facts), GFP_KERNEL_ACCOUNT)?)
}

/// Everything that defines a union with these layers. Addresses identify directories: the other
/// union holds references, so the addresses cannot be reused.
///
/// # Errors
///
/// `ENOMEM`; `ENOENT` for a directory that was removed.
pub fn facts(dirs: &MountDirs, config: Config, cred: &Credential) -> Result<KVec<u64>> {
    let mut facts = KVec::new();
    facts.push(config.word(), GFP_KERNEL)?;
    // The directories alone do not tell which of them are data-only layers.
    facts.push(dirs.data.len() as u64, GFP_KERNEL)?;
    for named in dirs.all() {
        let inode = named.dentry().inode().ok_or(ENOENT)?;
        let mnt = named.path.mnt();
        // The union forbids what the layer's mount forbids, and sees ids as mapped by it.
        let idmap = match mnt.is_idmapped() {
            true => mnt.idmap().token(),
            false => 0,
        };
        let flags = [mnt.is_readonly(), mnt.is_nosuid(), mnt.is_nodev()];
        let flags = flags
            .into_iter()
            .fold(0, |word, flag| word << 1 | u64::from(flag));
        facts.extend_from_slice(&[inode.token() as u64, idmap as u64, flags], GFP_KERNEL)?;
    }
    cred::facts(cred, &mut facts)?;
    Ok(facts)
}

/// The mounted union with these layers, if the new mount is to share it.
///
/// # Errors
///
/// Those of [`facts`].
pub fn find(
    fc: &FsContext,
    dirs: &MountDirs,
    config: Config,
    cred: &Credential,
) -> Result<Option<Arc<Holder>>> {
    let upper = dirs.upper().and_then(|dirs| dirs.upper.dentry().inode());
    let Some(holder) = upper.and_then(|inode| inode.holder()) else {
        return Ok(None);
    };
    if *holder.facts != *facts(dirs, config, cred)? {
        return Ok(None);
    }
    fc.warn(fmt!(
        "this is another mount of {}",
        holder.name.to_str().unwrap_or_default()
    ));
    Ok(Some(holder))
}
