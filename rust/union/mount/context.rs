// SPDX-License-Identifier: GPL-2.0-only

//! Mounting and remounting.

use crate::{
    logic::{layers::separator, options::Key},
    union::{
        layers::{
            identity::UnionIdentity,
            union::{Union, WalkData, UNION_SUPER_MAGIC},
        },
        mount::{
            check,
            dirs::{MountDirs, OptionDir},
            open,
            options::Options,
            share, workdir,
        },
        ops::{dentry::UnionDentry, xattr::UnionXattr},
        UnionFs,
    },
    vfs::{
        cred::NewCred,
        dentry::Root,
        fs_context::{Context, FsContext, Parameter, Parsed},
        inode_lock::Holder,
        new_super::NewSuperBlock,
        printk::Printable,
        super_block::{flags, SbInfo, SuperBlock},
        types::Loff,
        xattr_ops::Handlers,
    },
};
use kernel::{
    cred::Credential,
    prelude::*,
    sync::{aref::ARef, Arc},
};

/// A mount or remount in the making.
#[derive(Default)]
pub struct MountContext {
    options: Options,
}

impl Context<UnionFs> for MountContext {
    fn new(_fc: &FsContext) -> Result<KBox<Self>> {
        Ok(KBox::new(Self::default(), GFP_KERNEL_ACCOUNT)?)
    }

    fn parse_param(&mut self, fc: &FsContext, param: &Parameter<'_>) -> Result<Parsed> {
        if let Some(key) = Key::from_name(param.key.to_bytes()) {
            self.options.take(fc, key, &param.value)?;
            return Ok(Parsed::Done);
        }
        if !fc.is_reconfigure() || param.key == c"source" {
            return Ok(Parsed::Unknown);
        }
        // mount(8) passes on the options of the root in /etc/fstab, which may be those of another
        // file system. Ignoring them loses nothing: a remount changes no option of a union.
        if !fc.is_oldapi() {
            fc.warn(fmt!(
                "{}: not an option of a union, ignored",
                Printable(param.key.to_bytes())
            ));
        }
        Ok(Parsed::Done)
    }

    fn first_option(data: &[u8]) -> usize {
        separator(data, b',').unwrap_or(data.len())
    }

    fn joins(&mut self, fc: &FsContext) -> Result<Option<Arc<Holder>>> {
        if !self.options.shares() || !fc.is_in_creators_userns() {
            return Ok(None);
        }
        let config = self.options.config(fc)?;
        let cred = mounter()?;
        share::find(fc, &self.options.dirs, config, &cred)
    }

    fn fill_super(
        &mut self,
        mut sb: NewSuperBlock<'_, UnionFs>,
        fc: &FsContext,
    ) -> Result<Root<UnionFs>> {
        if !fc.is_in_creators_userns() {
            fc.error(fmt!(
                "the caller is not in the user namespace that called fsopen(2)"
            ));
            return Err(EINVAL);
        }
        no_sync(fc)?;
        let config = self.options.config(fc)?;
        let cred = mounter()?;
        let dirs = &self.options.dirs;

        check::each(fc, dirs, config.hard_ro)?;
        let depth = check::depth(fc, dirs)?;
        let claims = match dirs.upper() {
            Some(upper) => {
                let facts = share::facts(dirs, config, &cred)?;
                let holder = share::holder(sb.dev(), upper.upper, facts)?;
                Some(open::claim(fc, upper, &holder)?)
            }
            None => None,
        };
        check::overlap(fc, dirs)?;

        let union = open::union(fc, dirs, config, cred, claims)?;
        describe(&mut sb, dirs, &union, depth);
        let walk = WalkData::of(&union);
        let sb = sb.set_data(union, walk, Handlers::new::<UnionXattr>())?;
        let union = sb.data();
        union.with_creds(|| {
            if let (Some(dirs), Some(upper)) = (dirs.upper(), &union.upper) {
                workdir::probe_whiteout(fc, dirs.work, upper)?;
                if !union.should_sync() {
                    workdir::mark_volatile(fc, dirs.work, upper)?;
                }
            }
            Root::new(open::root(sb, dirs)?)
        })
    }

    fn reconfigure(&mut self, sb: &SuperBlock<UnionFs>, fc: &FsContext) -> Result {
        let union = sb.data();
        no_sync(fc)?;
        self.options.check_unchanged(fc, union)?;
        let is_rdonly = fc.leaves_rdonly(sb.is_rdonly());
        if !is_rdonly && union.upper.is_none() {
            fc.error(fmt!(
                "there is no upper layer: the union can only be mounted read-only"
            ));
            return Err(EROFS);
        }
        if let Ok(upper) = union.upper() {
            match is_rdonly {
                true => upper.unstable.end_completion()?,
                false => upper.unstable.let_complete(),
            }
        }
        if is_rdonly && !sb.is_rdonly() {
            let written = write_down(union);
            if let (Err(_), Ok(upper)) = (&written, union.upper()) {
                upper.unstable.let_complete();
            }
            return written;
        }
        Ok(())
    }
}

/// Writes down all that is known of files, before the union becomes read-only.
fn write_down(union: &Union) -> Result {
    if let Ok(upper) = union.upper() {
        upper.unstable.commit_all()?;
    }
    match union.should_sync() {
        true => union.sync(),
        false => Ok(()),
    }
}

/// Refuses `sync` and `dirsync`: only the upper layer's file system can keep their promise.
fn no_sync(fc: &FsContext) -> Result {
    if !fc.wants_sync() {
        return Ok(());
    }
    fc.error(fmt!(
        "sync, dirsync: not supported, mount the file system of the upper layer with them instead"
    ));
    Err(EINVAL)
}

/// Fills in what the VFS goes by.
fn describe(sb: &mut NewSuperBlock<'_, UnionFs>, dirs: &MountDirs, union: &Union, depth: i32) {
    if let UnionIdentity::Own(uuid) = union.identity {
        sb.set_uuid(uuid);
    }
    sb.set_magic(UNION_SUPER_MAGIC);
    let upper = dirs.upper().map(|dirs| SbInfo::of(dirs.upper.dentry()));
    let info = |dir: &OptionDir| SbInfo::of(dir.dentry());
    let maxbytes = match &upper {
        Some(upper) => Some(upper.maxbytes),
        // A file with its data in a data-only layer can be as long as files are there.
        None => dirs.readable().map(|dir| info(dir).maxbytes).max(),
    };
    sb.set_maxbytes(maxbytes.unwrap_or(Loff::MAX));
    // A layer that is a stack itself may have none.
    let block_bits = match &upper {
        Some(upper) => Some(upper.block_bits),
        None => dirs.lowers.iter().map(|dir| info(dir).block_bits).max(),
    };
    sb.set_block_bits(block_bits.filter(|bits| *bits != 0).unwrap_or(12));
    sb.set_stacking(depth, upper.as_ref().map_or(1, |upper| upper.time_gran));
    sb.add_flags(flags::SB_POSIXACL);
    match &upper {
        Some(upper) if upper.nosec => sb.add_flags(flags::SB_NOSEC),
        Some(_) => {}
        None => sb.add_flags(flags::SB_RDONLY),
    }
    if !union.config.partial {
        // sync(2) visits the upper layer's own super block. That knows nothing of granules which are not
        // written down yet.
        sb.add_iflags(flags::SB_I_SKIP_SYNC);
    }
    // The file system of the upper layer applies the umask, and its EVM signatures are not valid here.
    sb.add_iflags(flags::SB_I_NOUMASK | flags::SB_I_EVM_HMAC_UNSUPPORTED);
    sb.set_default_d_op::<UnionDentry>(union.revalidates);
}

/// The credentials by which the layers are used.
fn mounter() -> Result<ARef<Credential>> {
    let mut cred = NewCred::prepare()?;
    // Copy-up must not exceed quotas, nor use blocks reserved for root.
    cred.drop_sys_resource();
    Ok(cred.finish())
}
