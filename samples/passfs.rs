// SPDX-License-Identifier: GPL-2.0-only

//! passfs: shows a directory tree once more, read-write. The smallest complete file system on
//! [`vfs`].
//!
//! ```text
//! mount -t passfs none /mnt -o dir=/srv/data
//! ```
//!
//! Read this file first (the module, the type, mounting), then [`inode`], [`dir`](mod@dir) and
//! [`file`].
//!
//! - Each inode here stands on one dentry of the *real* tree and keeps nothing else. It is found by
//!   the real inode, so that names of one real file are names of one file here.
//! - Every walk asks the real directory whether a name still means the same
//!   ([`inode::PassDentry`]). So what is changed in the real tree behind our back is seen.
//! - Everything is done with the caller's own credentials, and the real object decides whether it
//!   may be done.
//! - The real tree is reached through a private mount of ours: nothing that is mounted in it shows.
//!
//! Locks of inodes are always taken here first, then in the real tree.
//!
//! What the real tree does not share: a FIFO or socket is an object of its own, and so are locks
//! and leases of files.

#![deny(unsafe_op_in_unsafe_fn)]

use core::ffi::CStr;
use inode::{PassDentry, PassInode};
use kernel::{prelude::*, str::CString, sync::aref::ARef};
use vfs::{
    dentry::{ChildDentry, Dentry, NewDentry, Root},
    file_system::FileSystem,
    fs_context::{Context, FsContext, Parameter, Parsed, Value},
    inode_data::Backing,
    inode_kinds::InodeKinds,
    mount::{Access, PrivateMount},
    new_super::NewSuperBlock,
    path::Path,
    registration::Registration,
    seq_show::SeqFile,
    statfs::Statfs,
    super_block::{flags, sync_filesystem, SbInfo, SuperBlock, MAX_STACK_DEPTH},
    super_ops::SuperOperations,
    types::Loff,
    xattr_ops::Handlers,
};

#[path = "../rust/bindings.rs"]
mod bindings;
#[path = "passfs/dir.rs"]
pub mod dir;
#[path = "passfs/file.rs"]
pub mod file;
#[path = "passfs/inode.rs"]
pub mod inode;
#[path = "../rust/vfs/mod.rs"]
pub mod vfs;

module! {
    type: PassModule,
    name: "passfs",
    authors: ["The union mounts project"],
    description: "Sample: a pass-through file system",
    license: "GPL v2",
    alias: ["fs-passfs"],
}

/// The module: one registered file system type.
#[pin_data]
struct PassModule {
    #[pin]
    registration: Registration<PassFs>,
}

impl kernel::InPlaceModule for PassModule {
    fn init(module: &'static ThisModule) -> impl PinInit<Self, Error> {
        try_pin_init!(Self {
            registration <- Registration::new::<Options>(module),
        })
    }
}

/// The file system type.
pub struct PassFs;

/// An inode of ours.
pub type OwnInode = vfs::inode::OwnInode<PassFs>;
/// A dentry of ours.
pub type OwnDentry = vfs::dentry::OwnDentry<PassFs>;
/// A dentry of ours in an operation that changes its directory.
pub type Child<'a> = ChildDentry<'a, PassFs>;
/// A dentry of ours in an operation that makes an object.
pub type NewChild<'a> = NewDentry<'a, PassFs>;

/// The data of a super block.
pub struct Pass {
    mnt: PrivateMount,
    /// The path given at mount, for `/proc/mounts`.
    name: CString,
}

impl FileSystem for PassFs {
    const NAME: &'static CStr = c"passfs";
    const FLAGS: u32 = 0;
    const INODE_CACHE: &'static CStr = c"passfs_inode";
    type InodeData = ARef<Dentry>;
    type SuperData = Pass;
    type WalkData = ();
}

impl InodeKinds for PassFs {
    type Dir = PassInode;
    type Regular = PassInode;
    type Symlink = PassInode;
    type Special = PassInode;

    fn backing(real: &ARef<Dentry>) -> Option<Backing<'_>> {
        inode::backing(real)
    }
}

impl SuperOperations for PassFs {
    fn statfs(dentry: &OwnDentry, buf: &mut Statfs) -> Result {
        buf.get(inode::real(inode::of(dentry)?)?)?;
        buf.set_type(MAGIC);
        buf.set_fsid_from_dev(dentry.sb().dev());
        Ok(())
    }

    fn sync_fs(sb: &SuperBlock<Self>, wait: bool) -> Result {
        if wait {
            sync_filesystem(sb.data().mnt.root())?;
        }
        Ok(())
    }

    fn show_options(m: &SeqFile, root: &OwnDentry) -> Result {
        m.option(c"dir", Some(&root.sb().data().name));
        Ok(())
    }

    fn put_super(data: Pass) {
        // Unmounts the private mount, which waits until all walks under RCU are over.
        drop(data);
    }
}

/// What statfs(2) reports as the type: "pass".
const MAGIC: u32 = 0x7061_7373;

/// The options of a mount or remount: `dir`, as a name and as what it leads to.
#[derive(Default)]
pub struct Options {
    dir: Option<(CString, Option<Path>)>,
}

impl Context<PassFs> for Options {
    fn new(_fc: &FsContext) -> Result<KBox<Self>> {
        Ok(KBox::new(Self::default(), GFP_KERNEL)?)
    }

    fn parse_param(&mut self, fc: &FsContext, param: &Parameter<'_>) -> Result<Parsed> {
        if param.key != c"dir" {
            return Ok(Parsed::Unknown);
        }
        let (name, path) = match &param.value {
            // A remount only compares names: the path may be hidden or gone by then.
            Value::String(name) if fc.is_reconfigure() => (CString::try_from(*name)?, None),
            Value::String(name) => {
                let path = Path::lookup_dir(name).inspect_err(|e| {
                    fc.error(fmt!("dir \"{}\": cannot be looked up ({:?})", name, e));
                })?;
                (CString::try_from(*name)?, Some(path))
            }
            Value::File(path) => {
                let mut name = path.d_path()?;
                name.push(0, GFP_KERNEL)?;
                let name = CStr::from_bytes_with_nul(&name).map_err(|_| EINVAL)?;
                (CString::try_from(name)?, Some(path.clone()))
            }
            Value::Flag | Value::Other => {
                fc.error(fmt!("dir: takes a path or a descriptor"));
                return Err(EINVAL);
            }
        };
        self.dir = Some((name, path));
        Ok(Parsed::Done)
    }

    fn fill_super(
        &mut self,
        mut sb: NewSuperBlock<'_, PassFs>,
        fc: &FsContext,
    ) -> Result<Root<PassFs>> {
        let Some((name, Some(path))) = self.dir.take() else {
            fc.error(fmt!("dir=PATH is missing: say which directory to show"));
            return Err(EINVAL);
        };
        let refuse = |e: Error, why: &str| {
            fc.error(fmt!("dir \"{}\": {}", &*name, why));
            e
        };
        let dentry = path.dentry();
        if !dentry.inode().is_some_and(|inode| inode.can_lookup()) {
            return Err(refuse(ENOTDIR, "not a directory"));
        }
        let below = SbInfo::of(dentry);
        if below.stack_depth >= MAX_STACK_DEPTH {
            return Err(refuse(EINVAL, "too many file systems on one another"));
        }
        let mnt = PrivateMount::clone_of(&path, Access::ReadWrite)
            .map_err(|e| refuse(e, "cannot be mounted privately (is it unbindable?)"))?;

        sb.set_magic(MAGIC);
        // What is too large, and what an ACL or umask means, is for the real file system to say.
        sb.set_maxbytes(Loff::MAX);
        sb.add_flags(flags::SB_POSIXACL);
        sb.set_stacking(below.stack_depth + 1, below.time_gran);
        if mnt.is_readonly() {
            sb.add_flags(flags::SB_RDONLY);
        }
        sb.set_default_d_op::<PassDentry>(true);
        let sb = sb.set_data(Pass { mnt, name }, (), Handlers::new::<PassInode>())?;
        Root::new(inode::get(sb, dentry.into())?)
    }

    fn reconfigure(&mut self, sb: &SuperBlock<PassFs>, fc: &FsContext) -> Result {
        let pass = sb.data();
        if let Some((name, _)) = &self.dir {
            if name.to_bytes() != pass.name.to_bytes() {
                fc.error(fmt!("dir \"{}\": cannot be changed by remount", &**name));
                return Err(EINVAL);
            }
        }
        if !fc.wants_rdonly() && pass.mnt.is_readonly() {
            fc.error(fmt!("the directory shown can only be read"));
            return Err(EROFS);
        }
        Ok(())
    }
}
