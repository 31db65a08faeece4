// SPDX-License-Identifier: GPL-2.0-only

//! Opens the layers, and puts together what a super block needs of them: its data, and the root.

use crate::{
    logic::{
        inum::{Inums, Space},
        options::{Config, Fsync},
    },
    union::{
        cache::{
            reclaim::Registry,
            record_file::{Recorder, Records},
        },
        change::{data_up, part, sidecar},
        layers::{
            file_data::FileData,
            identity,
            layer::{Claims, GuardOf, LowerLayer, UpperLayer},
            lower::{LowerPath, LowerStack},
            node::Parts,
            numbers::{FileSystems, Numbers},
            order,
            part::Tally,
            private_xattrs::{self, PrivateXattrs},
            probe::LayerDir,
            reserved::Reserved,
            union::Union,
            unstable::{Actions, Unstable},
            upper_dentry::UpperDentry,
        },
        lookup::iget,
        mount::{
            dirs::{MountDirs, OptionDir, UpperDirs},
            uuid, workdir,
        },
        private_dir::{PrivateDir, SubDir},
        OwnInode, UnionFs,
    },
    vfs::{
        fs_context::FsContext,
        inode_lock::{Holder, InUse},
        mount::{Access, PrivateMount},
        path::PathRef,
        statfs::Statfs,
        super_block::{SeenErrors, SuperBlock},
        types::{random_u64, Name},
        write::WriteAccess,
    },
};
use kernel::{
    cred::Credential,
    new_mutex,
    prelude::*,
    sync::{aref::ARef, Arc},
};

/// The longest name of the kernel's interfaces; some file systems report more, in other units.
const NAME_MAX: i64 = 255;

/// Claims what the union will write to.
///
/// # Errors
///
/// `EBUSY`, with a message, if somebody else writes there.
pub fn claim(fc: &FsContext, dirs: UpperDirs<'_>, holder: &Arc<Holder>) -> Result<Claims> {
    let claim = |dir: &OptionDir| -> Result<InUse> {
        let inode = dir.dentry().inode().ok_or(ENOENT)?;
        inode
            .claim_in_use(holder.clone())?
            .ok_or_else(|| dir.in_use(fc, inode))
    };
    Ok(Claims {
        upper: claim(dirs.upper)?,
        work: claim(dirs.work)?,
    })
}

/// Opens all layers. `claims` are those on the directories of the upper one.
pub fn union(
    fc: &FsContext,
    dirs: &MountDirs,
    config: Config,
    cred: ARef<Credential>,
    claims: Option<Claims>,
) -> Result<Union> {
    let namelen = longest_name(dirs)?;
    let mut file_systems = FileSystems::default();
    if let Some(dirs) = dirs.upper() {
        // The upper layer's file system comes first: its numbers are shown as they are.
        file_systems.numbers((&dirs.upper.path).into())?;
    }
    let all = dirs.lowers.len().saturating_add(dirs.data.len());
    let mut lowers = KVec::with_capacity(all, GFP_KERNEL_ACCOUNT)?;
    let mut add = |dir: &OptionDir, numbers: Numbers| -> Result {
        let mnt = clone_private_mount(fc, dir, Access::ReadOnly)?;
        let lower = LowerLayer::new(mnt, numbers, dir.shown_name()?);
        Ok(lowers.push(lower, GFP_KERNEL_ACCOUNT)?)
    };
    for dir in &dirs.lowers {
        add(dir, file_systems.numbers((&dir.path).into())?)?;
    }
    for dir in &dirs.data {
        add(dir, Numbers::NONE)?;
    }
    let upper = match (dirs.upper(), claims) {
        (Some(dirs), Some(claims)) => {
            let numbers = file_systems.numbers((&dirs.upper.path).into())?;
            Some(open_upper(fc, dirs, config, &cred, claims, numbers)?)
        }
        _ => None,
    };
    let hash_key = match &upper {
        Some(upper) => workdir::hash_key(upper, config.xattr_space)?,
        None => random_u64(),
    };
    let identity = match (dirs.upper(), &upper) {
        (Some(dirs), Some(upper)) => uuid::of_upper(fc, config, dirs.upper, upper)?,
        _ => uuid::of_layers(config, lowers.iter().take(dirs.lowers.len())),
    };
    Ok(Union {
        config,
        lowers_one_by_one: dirs.one_by_one,
        identity,
        revalidates: dirs
            .lowers
            .iter()
            .any(|dir| dir.dentry().wants_revalidate()),
        unmounting: KVec::with_capacity(lowers.len().saturating_add(1), GFP_KERNEL_ACCOUNT)?,
        upper,
        data_from: u32::try_from(dirs.lowers.len()).map_err(|_| E2BIG)?,
        lowers,
        cred,
        inums: Inums::new(file_systems.count()?),
        namelen,
        hash_key,
        registry: Registry::new()?,
    })
}

fn open_upper(
    fc: &FsContext,
    dirs: UpperDirs<'_>,
    config: Config,
    cred: &ARef<Credential>,
    claims: Claims,
    numbers: Numbers,
) -> Result<UpperLayer> {
    let UpperDirs { upper, work } = dirs;
    let mnt = clone_private_mount(fc, upper, Access::ReadWrite)?;
    let workdir = workdir::open(fc, work, &mnt, config.xattr_space)?;
    let errors = SeenErrors::sample(mnt.root());
    if config.fsync == Fsync::Volatile {
        // It could not be distinguished from a later one.
        errors.check(mnt.root()).map_err(|e| {
            upper.refuse(
                fc,
                e,
                fmt!("earlier writes to its file system failed (EIO of syncfs(2)); check the disk"),
            )
        })?;
    }
    let private = {
        let write = WriteAccess::want(&mnt)?;
        PrivateDir::open(&write, work.dentry(), &work.name)
    };
    let private = match private {
        Some(private) => Some(Arc::new(private, GFP_KERNEL_ACCOUNT)?),
        None => None,
    };
    let recorder = match &private {
        Some(private) if config.fallthru => {
            Some(Recorder::new(Records::new(private.clone(), cred.clone())?))
        }
        _ => None,
    };
    Ok(UpperLayer {
        recorder,
        workdir,
        whiteout: KBox::pin_init(new_mutex!(None, "union_whiteout"), GFP_KERNEL_ACCOUNT)?,
        guard: KBox::pin_init(
            new_mutex!(GuardOf::Nobody, "union_guard"),
            GFP_KERNEL_ACCOUNT,
        )?,
        tally: Arc::new(Tally::default(), GFP_KERNEL_ACCOUNT)?,
        unstable: Unstable::new(Actions {
            commit: part::commit,
            complete: data_up::up_piece,
        })?,
        name: upper.shown_name()?,
        work_name: work.shown_name()?,
        claims,
        numbers,
        identity: identity::file_system(&mnt),
        class: order::class(&mnt),
        sidecars: SubDir::new(private.clone(), sidecar::DIR),
        reserved: Reserved::new(private)?,
        errors,
        mnt,
    })
}

/// The longest name that any layer of the tree can hold, in bytes.
fn longest_name(dirs: &MountDirs) -> Result<i64> {
    let mut longest = 0;
    for dir in dirs.of_tree() {
        longest = longest.max(Statfs::of((&dir.path).into())?.namelen());
    }
    // squashfs says 256, which no path can hold.
    Ok(longest.min(NAME_MAX))
}

fn clone_private_mount(fc: &FsContext, dir: &OptionDir, access: Access) -> Result<PrivateMount> {
    PrivateMount::clone_of(&dir.path, access).map_err(|e| {
        dir.refuse(
            fc,
            e,
            fmt!(
                "cannot be cloned as a private mount ({:?}): it is unbindable, of another mount \
                  namespace, or has locked mounts in it",
                e
            ),
        )
    })
}

/// The root inode. With the mounter's credentials.
///
/// An opaque mark on the root of a layer means nothing, to overlayfs either; a name that says so has been
/// put there by somebody who meant it.
///
/// # Errors
///
/// Those of the layers.
pub fn root(sb: &SuperBlock<UnionFs>, dirs: &MountDirs) -> Result<ARef<OwnInode>> {
    let union = sb.data();
    let mut lowers = KVec::with_capacity(dirs.lowers.len(), GFP_KERNEL_ACCOUNT)?;
    for (layer, dir) in (0u32..).zip(&dirs.lowers) {
        let xattrs = xattrs(union, union.lower(layer)?.mnt().at(dir.dentry())?)?;
        let path = LowerPath {
            layer,
            dentry: dir.dentry().into(),
            xwhiteouts: xattrs.xwhiteouts,
        };
        let ends = LayerDir::lower(union, &path)?.has_opaque_name()?;
        lowers.push(path, GFP_KERNEL_ACCOUNT)?;
        if ends {
            break;
        }
    }
    let (upper, xattrs) = match (&union.upper, dirs.upper()) {
        (Some(layer), Some(dirs)) => {
            let dentry = dirs.upper.dentry();
            let found = UpperDentry::new(dentry.into());
            (Some(found), xattrs(union, layer.mnt.at(dentry)?)?)
        }
        _ => (None, PrivateXattrs::default()),
    };
    iget::get(
        sb,
        Parts {
            upper,
            lower: LowerStack::from_vec(lowers)?,
            data: FileData::whole(),
            ino: None,
            place: Space::NATURAL,
            space: Space::NATURAL,
            impure: xattrs.impure,
            protection: xattrs.protection,
        },
    )
}

fn xattrs(union: &Union, root: PathRef<'_>) -> Result<PrivateXattrs> {
    private_xattrs::read(union, root, Name::new(b"/")?)
}
