// SPDX-License-Identifier: GPL-2.0-only

//! Inodes of the union: from the inode cache, or new.

use crate::{
    logic::{change::copy_up::mode_of_copy, inum::Space, value::Protattr},
    union::{
        layers::{
            file_data::FileData,
            inum,
            lower::LowerStack,
            node::{Node, Parts},
            numbers::Numbers,
            union::Union,
            upper_dentry::UpperDentry,
        },
        OwnInode, UnionFs,
    },
    vfs::{
        errno::ESTALE,
        inode::Inode,
        inode_data::Backing,
        new_inode::{Iget, NewInode},
        path::PathRef,
        super_block::SuperBlock,
        types::{Ino, Protection},
    },
};
use kernel::{prelude::*, sync::aref::ARef};

/// The object of `parts` that represents the inode.
struct RealInode<'a> {
    path: PathRef<'a>,
    inode: &'a Inode,
    is_upper: bool,
    numbers: Numbers,
    /// The space of its number.
    space: Space,
}

impl<'a> RealInode<'a> {
    fn of(union: &'a Union, parts: &'a Parts) -> Result<Self> {
        let (path, numbers) = match (&parts.upper, parts.lower.as_slice().first()) {
            (Some(upper), _) => (union.upper_path(upper)?, union.upper()?.numbers),
            (None, Some(lower)) => (lower.path(union)?, union.lower(lower.layer)?.numbers),
            (None, None) => return Err(EIO),
        };
        Ok(Self {
            path,
            inode: path.dentry().inode().ok_or(ESTALE)?,
            is_upper: parts.upper.is_some(),
            numbers,
            space: match parts.upper {
                Some(_) => Space::NATURAL,
                None => parts.place,
            },
        })
    }

    /// The inode number in the union: that of a lower object, if it is the copy's, or one made of that in
    /// the layer.
    fn ino(&self, union: &Union, copied: Option<Ino>) -> Result<Ino> {
        if let Some(ino) = copied {
            return Ok(ino);
        }
        let natural = self.numbers.ino(union.inums, self.path)?;
        let several_links = !inum::is_single(self.inode);
        Ok(union.shown(self.space.number(natural, several_links)))
    }

    fn backing(&self) -> Backing<'a> {
        Backing {
            inode: self.inode,
            takes_changes: self.is_upper,
        }
    }
}

/// The inode of `parts`, from the inode cache or new.
///
/// Inodes are found by their number, which copy-up keeps, and the object behind them. A lower file
/// with several links is not looked for: each name becomes a file of its own when it is copied up.
///
/// # Errors
///
/// `ENOMEM`; `ESTALE` for a removed object.
pub fn get(sb: &SuperBlock<UnionFs>, parts: Parts) -> Result<ARef<OwnInode>> {
    let real = RealInode::of(sb.data(), &parts)?;
    let ino = real.ino(sb.data(), parts.ino)?;
    let shared = real.is_upper || real.inode.is_dir() || real.inode.nlink() == 1;
    let iget = if shared {
        sb.iget5(ino, real.backing())?
    } else {
        let mut new = sb.new_inode()?;
        new.set_identity(ino, real.backing());
        Iget::New(new)
    };
    complete(sb, iget, parts)
}

/// Completes a new inode whose object in the upper layer was just made.
pub fn init_created(
    sb: &SuperBlock<UnionFs>,
    new: NewInode<UnionFs>,
    upper: UpperDentry,
) -> Result<ARef<OwnInode>> {
    let parts = Parts {
        upper: Some(upper),
        lower: LowerStack::None,
        data: FileData::whole(),
        ino: None,
        place: Space::NATURAL,
        space: Space::NATURAL,
        impure: false,
        protection: Protattr::default(),
    };
    let real = RealInode::of(sb.data(), &parts)?;
    let iget = new.insert5(real.ino(sb.data(), None)?, real.backing())?;
    complete(sb, iget, parts)
}

fn complete(sb: &SuperBlock<UnionFs>, iget: Iget<UnionFs>, parts: Parts) -> Result<ARef<OwnInode>> {
    let mut new = match iget {
        Iget::Cached(inode) => return Ok(inode),
        Iget::New(new) => new,
    };
    let real = RealInode::of(sb.data(), &parts)?;
    let (inode, mnt) = (real.inode, real.path.mnt());
    new.copy_from(mnt, inode);
    let Protattr { immutable, append } = parts.protection;
    new.add_protection(Protection { immutable, append });
    if !real.is_upper && mnt.is_nosuid() {
        // Set-id bits of a layer that is mounted nosuid do not work through the union either.
        new.set_mode(mode_of_copy(inode.mode(), true));
    }
    let merged = parts.lower.as_slice().len() + usize::from(real.is_upper) > 1;
    if inode.is_dir() && merged {
        // The number of subdirectories is not known; 1 tells find(1) and others so.
        new.set_nlink(1);
    }
    if parts.data.has_lower_size(real.is_upper) {
        // The size of a file is that of its data, whatever the mark was made for.
        let data = parts.data.lower(parts.lower.as_slice());
        if let Some(data) = data.and_then(|data| data.dentry.inode()) {
            new.copy_size(data);
        }
    }
    new.init(Node::new(parts, sb.stack_depth()))
}

/// Publishes the object in the upper layer that copy-up made; `leaves_data`: it has not its data. Under
/// `Node::lock`.
///
/// # Errors
///
/// Those of `->getattr()`; nothing has changed then.
pub fn set_upper(inode: &OwnInode, upper: UpperDentry, leaves_data: bool) -> Result {
    let node = inode.data();
    let union = inode.sb().data();
    // Before anything changes: this may fail.
    let ino = match inode.is_hashed() {
        true => inode.ino(),
        false => {
            let numbers = union.upper()?.numbers;
            union.shown(numbers.ino(union.inums, union.upper_path(&upper)?)?)
        }
    };
    node.publish(upper, leaves_data);
    inode.backing_changed();
    if !inode.is_hashed() && !node.is_unlinked() {
        // One of several names of a lower file, now a file of its own.
        inode.set_nlink(1);
        inode.insert_hash(ino);
    }
    Ok(())
}
