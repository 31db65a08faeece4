// SPDX-License-Identifier: GPL-2.0-only

//! The lower file that has the data of a file.

use crate::{
    logic::{
        options::Verity,
        verity::{self, Refused},
    },
    union::{
        layers::{
            file_data::{Marked, Place},
            lower::LowerPath,
            union::Union,
        },
        OwnInode,
    },
    vfs::{
        dentry::Dentry,
        errno::{ENAMETOOLONG, EREMOTE},
        namei, once,
        path::PathRef,
        printk::{pr_err_ratelimited, Printable},
        stack, task_work,
        types::Name,
        verity::{digest, MAX_DIGEST},
    },
};
use kernel::{prelude::*, sync::aref::ARef};

/// The lower file that has the data of `inode`, a regular file the data of which are not in the upper
/// layer. It is looked up and compared with its digest when it is first needed, so this may take long.
/// With the mounter's credentials.
///
/// # Errors
///
/// `EIO`, with a line in the log, if no data-only layer has it, or if its digest is wrong; those of
/// the layers.
pub fn locate<'a>(union: &'a Union, inode: &'a OwnInode) -> Result<PathRef<'a>> {
    let node = inode.data();
    let Some(marked) = &node.data.marked else {
        return node.data_lower().ok_or(EIO)?.path(union);
    };
    let lower = match &marked.place {
        Place::DataOnly(path, found) => match found.as_ref() {
            Some(lower) => lower,
            None => {
                let lower = look_up(union, path)?;
                let lower = once::get_or_put(found, lower).ok_or(EIO)?;
                if let Some(data) = lower.dentry.inode().filter(|_| node.has_lower_size()) {
                    stack::copy_size(inode, data);
                }
                // They may have been copied up, and changed, meanwhile.
                if let Some(real) = node.data_upper().and_then(|upper| upper.inode()) {
                    stack::copy_size(inode, real);
                }
                lower
            }
        },
        Place::Lower(_) | Place::Topmost => node.data_lower().ok_or(EIO)?,
    };
    let path = lower.path(union)?;
    verify(union, marked, path)?;
    Ok(path)
}

/// Looks a path up in the data-only layers, topmost first.
fn look_up(union: &Union, path: &[u8]) -> Result<LowerPath> {
    for (layer, _) in (union.data_from..).zip(union.data_layers()) {
        if let Some(dentry) = look_up_in(union, layer, path)? {
            return Ok(LowerPath {
                layer,
                dentry,
                xwhiteouts: false,
            });
        }
    }
    pr_err_ratelimited!(
        "\"{}\": the data of a file are at this path of a data-only layer, and none has it\n",
        Printable(path)
    );
    Err(EIO)
}

/// The regular file at a path of one layer. Neither symbolic links nor mounts are followed.
fn look_up_in(union: &Union, layer: u32, path: &[u8]) -> Result<Option<ARef<Dentry>>> {
    let root = union.lower(layer)?.mnt().root();
    let mut at: ARef<Dentry> = root.into();
    for component in path.split(|&byte| byte == b'/').skip(1) {
        task_work::go_on()?;
        if !at.inode().is_some_and(|inode| inode.can_lookup()) {
            return Ok(None);
        }
        let dir = union.lower(layer)?.mnt().at(&at)?;
        let next = match namei::lookup_one_unlocked(dir, Name::new(component)?) {
            Err(e) if e == ENOENT || e == ENAMETOOLONG => return Ok(None),
            next => next?,
        };
        if next.is_weird() {
            return Err(EREMOTE);
        }
        at = next;
    }
    let is_file = at.inode().is_some_and(|inode| inode.is_reg());
    Ok(is_file.then_some(at))
}

/// Compares the data with the digest of the mark, if the mount demands that.
fn verify(union: &Union, marked: &Marked, data: PathRef<'_>) -> Result {
    if union.config.verity == Verity::Off || marked.is_verified() {
        return Ok(());
    }
    let mark = marked.metacopy.value();
    let checked = match verity::asks(union.config.verity, &mark) {
        Ok(false) => Ok(()),
        Ok(true) => {
            let mut buffer = [0; MAX_DIGEST];
            verity::agree(&mark, digest(data, &mut buffer)?)
        }
        Err(refused) => Err(refused),
    };
    checked.map_err(|refused| {
        let name = data.dentry().name_snapshot();
        pr_err_ratelimited!(
            "\"{}\": {} (verity={})\n",
            Printable(name.as_ref().map_or(b"?", |name| name.name().as_bytes())),
            match refused {
                Refused::NoneStored =>
                    "a file without data, whose mark has no digest, has its data here",
                Refused::NoneThere => "has the data of another file, and no fs-verity digest",
                Refused::Differs => "has the data of another file, and not its fs-verity digest",
            },
            union.config.verity.name()
        );
        EIO
    })?;
    marked.set_verified();
    Ok(())
}
