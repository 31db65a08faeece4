// SPDX-License-Identifier: GPL-2.0-only

//! Mounting and remounting.

use crate::{
    logic::{
        alloc,
        inum::{Inums, Space},
        layers::{check_remount, split_lowerdir, Escaped, LayerChange, MountedLayers},
        options::{Builder, Config, Fsync, Key, OptionError, Takes},
        value::Protattr,
    },
    union::{
        layers::{
            private_xattrs,
            {
                identity,
                identity::UnionIdentity,
                node::{LowerPath, LowerStack, Parts},
                numbers::FileSystems,
                private_dir::PrivateDir,
                probe,
                reserved::Reserved,
                union::{Lower, Union, Upper, UNION_SUPER_MAGIC},
            },
        },
        listing::{reclaim::Registry, record_file::Records},
        lookup::iget,
        mount::{
            check::{self, OptionDir},
            share, uuid, workdir,
        },
        ops::{dentry::UnionDentry, xattr::UnionXattr},
        UnionFs,
    },
    vfs::{
        cred::NewCred,
        dentry::Root,
        fs_context::{Context, FsContext, Parameter, Parsed, Value},
        inode_lock::{Holder, InUse},
        mount::{Access, PrivateMount},
        new_super::NewSuperBlock,
        path::Path,
        printk::Printable,
        statfs::Statfs,
        super_block::{flags, SbInfo, SeenErrors, SuperBlock},
        types::{random_u64, Loff, Name},
        write::WriteAccess,
        xattr_ops::Handlers,
    },
};
use core::ffi::CStr;
use kernel::{
    fmt, new_mutex,
    prelude::*,
    str::CString,
    sync::{aref::ARef, atomic::Atomic, Arc, SetOnce},
};

/// The longest name the kernel's interfaces carry; some file systems claim more, in other units.
const NAME_MAX: i64 = 255;

/// A mount or remount in the making.
#[derive(Default)]
pub struct MountContext {
    builder: Builder,
    upper: Option<OptionDir>,
    work: Option<OptionDir>,
    lowers: KVec<OptionDir>,
    one_by_one: bool,
    /// Of a remount: the paths given, which are not looked up. A layer's path may be hidden or gone
    /// by then, as at every shutdown.
    unchanged: KVec<(Key, KVec<u8>)>,
}

impl MountContext {
    /// All directories that were named.
    fn layers(&self) -> impl Iterator<Item = &OptionDir> {
        check::all(self.upper.as_ref(), self.work.as_ref(), &self.lowers)
    }

    fn take_path(&mut self, key: Key, named: OptionDir) -> Result {
        match key {
            Key::Upperdir => self.upper = Some(named),
            Key::Workdir => self.work = Some(named),
            _ => self.lowers.push(named, GFP_KERNEL_ACCOUNT)?,
        }
        Ok(())
    }

    fn path_by_name(&mut self, fc: &FsContext, key: Key, name: &[u8]) -> Result {
        let option = key.name();
        let mut bytes = KVec::new();
        bytes.extend_from_slice(name, GFP_KERNEL_ACCOUNT)?;
        if fc.is_reconfigure() {
            self.unchanged.push((key, bytes), GFP_KERNEL_ACCOUNT)?;
            return Ok(());
        }
        bytes.push(0, GFP_KERNEL_ACCOUNT)?;
        let text = CStr::from_bytes_with_nul(&bytes).map_err(|_| EINVAL)?;
        let path = Path::lookup_dir(text).inspect_err(|&e| {
            fc.error(fmt!("{} \"{}\": {}", option, Printable(name), PathError(e)));
        })?;
        bytes.truncate(name.len());
        self.take_path(
            key,
            OptionDir {
                option,
                name: bytes,
                path,
            },
        )
    }

    fn paths_by_name(&mut self, fc: &FsContext, key: Key, value: &CStr) -> Result {
        let value = value.to_bytes();
        match key.takes() {
            Takes::Paths => {
                for path in split_lowerdir(value) {
                    let path = unescape(path.map_err(|r| refused(fc, r))?)?;
                    self.path_by_name(fc, key, &path)?;
                }
                Ok(())
            }
            Takes::EscapedPath => {
                let path = unescape(Escaped::new(value).map_err(|r| refused(fc, r))?)?;
                self.path_by_name(fc, key, &path)
            }
            _ => {
                self.one_by_one = true;
                self.path_by_name(fc, key, value)
            }
        }
    }

    /// On remount: every path must be what it is, by name.
    fn paths_unchanged(&self, fc: &FsContext, union: &Union) -> Result {
        let given = self.unchanged.iter().map(|(key, name)| (*key, &name[..]));
        check_remount(given, union).map_err(|change| {
            match change {
                LayerChange::Other(key, name) => fc.error(fmt!(
                    "{} \"{}\": cannot be changed by remount",
                    key.name(),
                    Printable(name)
                )),
                LayerChange::Missing => fc.error(fmt!(
                    "lowerdir: cannot be changed by remount (layers are missing)"
                )),
            }
            EINVAL
        })
    }
}

impl MountedLayers for Union {
    fn upper(&self) -> Option<&[u8]> {
        self.upper.as_ref().map(|upper| upper.names.0.to_bytes())
    }

    fn work(&self) -> Option<&[u8]> {
        self.upper.as_ref().map(|upper| upper.names.1.to_bytes())
    }

    fn lowers(&self) -> usize {
        self.lowers.len()
    }

    fn lower(&self, index: usize) -> Option<&[u8]> {
        self.lowers.get(index).map(|lower| lower.name.to_bytes())
    }
}

/// Why a path cannot be used, in words.
struct PathError(Error);

impl fmt::Display for PathError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self.0 {
            e if e == ENOENT => "no such directory",
            e if e == ENOTDIR => "not a directory",
            e if e == EACCES => "permission denied",
            _ => return write!(f, "cannot be looked up ({:?})", self.0),
        })
    }
}

fn refused(fc: &FsContext, refusal: OptionError) -> Error {
    fc.error(fmt!("{}", refusal.text));
    EINVAL
}

/// Refuses `sync` and `dirsync`: only the upper layer's file system can keep what they promise.
fn no_sync(fc: &FsContext) -> Result {
    if !fc.wants_sync() {
        return Ok(());
    }
    fc.error(fmt!(
        "sync, dirsync: not supported, mount the file system of the upper layer with them instead"
    ));
    Err(EINVAL)
}

fn unescape(path: Escaped<'_>) -> Result<alloc::Vec<u8>> {
    let mut bytes = alloc::Vec::new();
    path.unescape(&mut bytes)?;
    Ok(bytes)
}

impl Context<UnionFs> for MountContext {
    fn new(_fc: &FsContext) -> Result<KBox<Self>> {
        Ok(KBox::new(Self::default(), GFP_KERNEL_ACCOUNT)?)
    }

    fn parse_param(&mut self, fc: &FsContext, param: &Parameter<'_>) -> Result<Parsed> {
        let Some(key) = Key::from_name(param.key.to_bytes()) else {
            if !fc.is_reconfigure() || param.key == c"source" {
                return Ok(Parsed::Unknown);
            }
            // mount(8) hands on what /etc/fstab says of the root, which may have been another file
            // system's. Nothing is lost by passing it over: a remount changes no option of a union.
            if !fc.is_oldapi() {
                fc.warn(fmt!(
                    "{}: not an option of a union, passed over",
                    Printable(param.key.to_bytes())
                ));
            }
            return Ok(Parsed::Done);
        };
        let text = match &param.value {
            Value::String(text) => text.to_bytes(),
            _ => &[],
        };
        let is_path = !matches!(key.takes(), Takes::Nothing | Takes::Word);
        if !(fc.is_reconfigure() && is_path) {
            self.builder.set(key, text).map_err(|r| refused(fc, r))?;
        }
        match (key.takes(), &param.value) {
            (Takes::Nothing, Value::Flag) | (Takes::Word, Value::String(_)) => Ok(()),
            (Takes::Nothing, _) => {
                fc.error(fmt!("{}: takes no value", key.name()));
                Err(EINVAL)
            }
            (Takes::Word, _) => {
                fc.error(fmt!("{}: takes a word", key.name()));
                Err(EINVAL)
            }
            (_, Value::String(text)) => self.paths_by_name(fc, key, text),
            (Takes::Paths, _) => {
                fc.error(fmt!(
                    "{}: takes a string; use lowerdir+ for descriptors",
                    key.name()
                ));
                Err(EINVAL)
            }
            (_, Value::File(path)) => {
                self.one_by_one |= key == Key::LowerdirAdd;
                let name = path.d_path()?;
                if fc.is_reconfigure() {
                    self.unchanged.push((key, name), GFP_KERNEL_ACCOUNT)?;
                    return Ok(Parsed::Done);
                }
                self.take_path(
                    key,
                    OptionDir {
                        option: key.name(),
                        name,
                        path: path.clone(),
                    },
                )
            }
            (_, Value::Flag | Value::Other) => {
                fc.error(fmt!("{}: takes a path or a descriptor", key.name()));
                Err(EINVAL)
            }
        }?;
        Ok(Parsed::Done)
    }

    fn first_option(data: &[u8]) -> usize {
        let mut escaped = false;
        data.iter()
            .position(|&b| {
                let ends = !escaped && b == b',';
                escaped = !escaped && b == b'\\';
                ends
            })
            .unwrap_or(data.len())
    }

    fn joins(&mut self, fc: &FsContext) -> Result<Option<Arc<Holder>>> {
        if !self.builder.shares() || !fc.is_in_creators_userns() {
            return Ok(None);
        }
        let config = self.builder.build().map_err(|r| refused(fc, r))?;
        let cred = mounter()?;
        share::find(fc, self.upper.as_ref(), self.layers(), config, &cred)
    }

    fn fill_super(&mut self, sb: &mut NewSuperBlock<'_, UnionFs>, fc: &FsContext) -> Result {
        if !fc.is_in_creators_userns() {
            fc.error(fmt!(
                "the caller is not in the user namespace the mount was begun in"
            ));
            return Err(EINVAL);
        }
        no_sync(fc)?;
        let config = self.builder.build().map_err(|r| refused(fc, r))?;
        let cred = mounter()?;

        for lower in &self.lowers {
            lower.check(fc)?;
            if config.hard_ro {
                lower.check_hard_ro(fc)?;
            }
        }
        let top = match (&self.upper, &self.work) {
            (Some(upper), Some(work)) => {
                for named in [upper, work] {
                    named.check(fc)?;
                    named.check_writable(fc)?;
                }
                check::upper(fc, upper, work)?;
                Some((upper, work))
            }
            _ => None,
        };
        let depth = check::depth(fc, self.upper.as_ref(), &self.lowers)?;
        let claims = match top {
            Some((upper, work)) => {
                let facts = share::facts(self.layers(), config, &cred)?;
                let holder = share::holder(sb.dev(), upper, facts)?;
                Some((claim(fc, upper, &holder)?, claim(fc, work, &holder)?))
            }
            None => None,
        };
        check::overlap(fc, self.upper.as_ref(), self.work.as_ref(), &self.lowers)?;

        let info = top.map(|(upper, _)| SbInfo::of(upper.dentry()));
        let union = self.union(fc, config, cred, top, claims)?;
        if let UnionIdentity::Own(uuid) = union.identity {
            sb.set_uuid(uuid);
        }
        let revalidates = union.revalidates;

        sb.set_magic(UNION_SUPER_MAGIC);
        let lowers = || self.lowers.iter().map(|lower| SbInfo::of(lower.dentry()));
        let maxbytes = match &info {
            Some(top) => Some(top.maxbytes),
            None => lowers().map(|lower| lower.maxbytes).max(),
        };
        sb.set_maxbytes(maxbytes.unwrap_or(Loff::MAX));
        // A layer that is a stack itself may have none.
        let block_bits = match &info {
            Some(top) => Some(top.block_bits),
            None => lowers().map(|lower| lower.block_bits).max(),
        };
        sb.set_block_bits(block_bits.filter(|bits| *bits != 0).unwrap_or(12));
        sb.set_stacking(depth, info.as_ref().map_or(1, |i| i.time_gran));
        sb.add_flags(flags::SB_POSIXACL);
        if info.as_ref().is_some_and(|i| i.nosec) {
            sb.add_flags(flags::SB_NOSEC);
        }
        if top.is_none() {
            sb.add_flags(flags::SB_RDONLY);
        }
        // The upper layer's own super block is visited by sync(2); the umask is its business; and
        // what EVM signed there is not valid here.
        sb.add_iflags(
            flags::SB_I_SKIP_SYNC | flags::SB_I_NOUMASK | flags::SB_I_EVM_HMAC_UNSUPPORTED,
        );
        sb.set_default_d_op::<UnionDentry>(revalidates);
        sb.set_data(union, Handlers::new::<UnionXattr>());

        let root = {
            let ready = sb.ready()?;
            let union = ready.data();
            union.with_creds(|| {
                if let Some((_, work)) = top {
                    workdir::probe_whiteout(fc, work, union)?;
                    if !union.should_sync() {
                        workdir::mark_volatile(fc, work, union)?;
                    }
                }
                Root::new(self.root(ready, union)?)
            })?
        };
        sb.set_root(root);
        Ok(())
    }

    fn reconfigure(&mut self, sb: &SuperBlock<UnionFs>, fc: &FsContext) -> Result {
        let union = sb.data();
        no_sync(fc)?;
        union
            .config
            .unchanged(&self.builder)
            .map_err(|r| refused(fc, r))?;
        self.paths_unchanged(fc, union)?;
        if !fc.wants_rdonly() && union.upper.is_none() {
            fc.error(fmt!(
                "there is no upper layer: the union can only be read-only"
            ));
            return Err(EROFS);
        }
        if fc.wants_rdonly() && !sb.is_rdonly() && union.should_sync() {
            union.sync()?;
        }
        Ok(())
    }
}

impl MountContext {
    /// Clones the mounts and puts the data of the super block together.
    fn union(
        &self,
        fc: &FsContext,
        config: Config,
        cred: ARef<kernel::cred::Credential>,
        top: Option<(&OptionDir, &OptionDir)>,
        claims: Option<(InUse, InUse)>,
    ) -> Result<KBox<Union>> {
        let mut namelen = 0;
        let mut file_systems = FileSystems::default();
        // The upper layer's file system comes first: its numbers are shown as they are.
        if let Some((upper, _)) = top {
            file_systems.numbers((&upper.path).into())?;
        }
        let count = self.lowers.len();
        let mut lowers = KVec::with_capacity(count, GFP_KERNEL_ACCOUNT)?;
        let mut mnts = KVec::with_capacity(count.saturating_add(1), GFP_KERNEL_ACCOUNT)?;
        for named in &self.lowers {
            namelen = namelen.max(Statfs::of((&named.path).into())?.namelen());
            mnts.push(
                clone_private_mount(fc, named, Access::ReadOnly)?,
                GFP_KERNEL_ACCOUNT,
            )?;
            let lower = Lower {
                numbers: file_systems.numbers((&named.path).into())?,
                name: c_string(&named.name)?,
                identity: SetOnce::new(),
                violated: Atomic::new(false),
            };
            lowers.push(lower, GFP_KERNEL_ACCOUNT)?;
        }
        let mut hash_key = random_u64();
        let mut known_by = None;
        let upper = match (top, claims) {
            (Some((upper, work)), Some(claims)) => {
                namelen = namelen.max(Statfs::of((&upper.path).into())?.namelen());
                let mnt = clone_private_mount(fc, upper, Access::ReadWrite)?;
                let workdir = workdir::open(fc, work, &mnt, config.xattr_space)?;
                let errors = SeenErrors::sample(mnt.root());
                hash_key = workdir::hash_key(&mnt, &workdir, config.xattr_space)?;
                if config.fsync == Fsync::Volatile {
                    // Nobody could tell it from one to come.
                    errors.check(mnt.root()).map_err(|e| {
                        upper.refuse(
                            fc,
                            e,
                            fmt!("data were lost on the way to its disk, as syncfs(2) will tell"),
                        )
                    })?;
                }
                let private =
                    match PrivateDir::open(&WriteAccess::want(&mnt)?, work.dentry(), &work.name) {
                        Some(private) => Some(Arc::new(private, GFP_KERNEL_ACCOUNT)?),
                        None => None,
                    };
                let records = match &private {
                    Some(private) if config.fallthru => {
                        Some(Records::new(private.clone(), cred.clone())?)
                    }
                    _ => None,
                };
                let reserved = Reserved::new(private)?;
                let identity = identity::file_system(&mnt);
                known_by = Some(uuid::of_upper(fc, config, upper, &mnt)?);
                mnts.push(mnt, GFP_KERNEL_ACCOUNT)?;
                Some(Upper {
                    queue: SetOnce::new(),
                    recorder: SetOnce::new(),
                    records,
                    workdir,
                    whiteout: KBox::pin_init(
                        new_mutex!(None, "union_whiteout"),
                        GFP_KERNEL_ACCOUNT,
                    )?,
                    names: (c_string(&upper.name)?, c_string(&work.name)?),
                    claims,
                    numbers: file_systems.numbers((&upper.path).into())?,
                    identity,
                    reserved,
                    errors,
                })
            }
            _ => None,
        };
        let known_by = match known_by {
            Some(identity) => identity,
            None => uuid::of_layers(config, &lowers, &mnts),
        };
        let any_idmapped = mnts.iter().any(|mnt| mnt.is_idmapped());
        let union = Union {
            config,
            lowers_one_by_one: self.one_by_one,
            upper,
            lowers,
            mnts,
            identity: known_by,
            any_idmapped,
            revalidates: self.lowers.iter().any(|l| l.dentry().wants_revalidate()),
            cred,
            inums: Inums::new(file_systems.count()?),
            // squashfs says 256, which no path can hold.
            namelen: namelen.min(NAME_MAX),
            hash_key,
            registry: Registry::new()?,
        };
        Ok(KBox::new(union, GFP_KERNEL_ACCOUNT)?)
    }

    /// The root inode.
    fn root(&self, sb: &SuperBlock<UnionFs>, union: &Union) -> Result<ARef<crate::union::Inode>> {
        let mut stack = KVec::with_capacity(self.lowers.len(), GFP_KERNEL_ACCOUNT)?;
        for (i, lower) in self.lowers.iter().enumerate() {
            let layer = u32::try_from(i).map_err(|_| E2BIG)?;
            let dentry = lower.dentry();
            let inode = dentry.inode().ok_or(ENOENT)?;
            let mnt = union.lower_mnt(layer)?;
            let marks = private_xattrs::read(union, mnt, dentry, inode, Name::new(b"/")?)?;
            let xwhiteouts = marks.xwhiteouts;
            let path = LowerPath {
                layer,
                dentry: dentry.into(),
                xwhiteouts,
            };
            let ends = probe::LayerDir::lower(union, &path)?.has_opaque_name()?;
            stack.push(path, GFP_KERNEL_ACCOUNT)?;
            if ends {
                break;
            }
        }
        // The mark on the root of a layer means nothing, to overlayfs either; a name that says so has
        // been put there by somebody who meant it.
        let mut impure = false;
        let mut protection = Protattr::default();
        let upper = match &self.upper {
            Some(upper) => {
                let dentry = upper.dentry();
                let inode = dentry.inode().ok_or(ENOENT)?;
                let marks = private_xattrs::read(
                    union,
                    union.upper_mnt()?,
                    dentry,
                    inode,
                    Name::new(b"/")?,
                )?;
                impure = marks.impure;
                protection = marks.protection;
                Some(dentry.into())
            }
            None => None,
        };
        let lower = LowerStack::from_vec(stack)?;
        iget::get(
            sb,
            Parts {
                upper,
                lower,
                ino: None,
                place: Space::NATURAL,
                space: Space::NATURAL,
                impure,
                protection,
            },
        )
    }
}

/// The credentials by which the layers are used.
fn mounter() -> Result<ARef<kernel::cred::Credential>> {
    let mut cred = NewCred::prepare()?;
    // Copy-up is not to exceed quotas, nor to use what is reserved for root.
    cred.drop_sys_resource();
    Ok(cred.finish())
}

fn claim(fc: &FsContext, named: &OptionDir, holder: &Arc<Holder>) -> Result<InUse> {
    let inode = named.dentry().inode().ok_or(ENOENT)?;
    inode
        .claim_in_use(holder.clone())?
        .ok_or_else(|| named.in_use(fc, inode))
}

fn clone_private_mount(fc: &FsContext, named: &OptionDir, access: Access) -> Result<PrivateMount> {
    PrivateMount::clone_of(&named.path, access).map_err(|e| {
        named.refuse(
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

fn c_string(bytes: &[u8]) -> Result<CString> {
    let mut copy = KVec::with_capacity(bytes.len().saturating_add(1), GFP_KERNEL_ACCOUNT)?;
    copy.extend_from_slice(bytes, GFP_KERNEL_ACCOUNT)?;
    copy.push(0, GFP_KERNEL_ACCOUNT)?;
    let text = CStr::from_bytes_with_nul(&copy).map_err(|_| EINVAL)?;
    Ok(CString::try_from(text)?)
}
