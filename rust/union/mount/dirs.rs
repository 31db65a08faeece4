// SPDX-License-Identifier: GPL-2.0-only

//! The directories that a mount was given.

use crate::{
    logic::{layers::Role, options::Key},
    vfs::{
        dentry::Dentry, fs_context::FsContext, inode::Inode, inode_lock::Holder, path::Path,
        printk::Printable, super_block::SbInfo,
    },
};
use core::ffi::CStr;
use kernel::{fmt, prelude::*, str::CString, sync::Arc};

/// The directories of all layers, and that of the work directory.
#[derive(Default)]
pub struct MountDirs {
    /// The lower layers, topmost first.
    pub lowers: KVec<OptionDir>,
    /// The data-only layers, topmost first.
    pub data: KVec<OptionDir>,
    /// Whether both were given one by one (`lowerdir+`, `datadir+`).
    pub one_by_one: bool,
    upper: Option<OptionDir>,
    work: Option<OptionDir>,
}

/// The two directories of the upper layer: there is none of them without the other.
#[derive(Clone, Copy)]
pub struct UpperDirs<'a> {
    /// The layer.
    pub upper: &'a OptionDir,
    /// The directory that the work directory is in.
    pub work: &'a OptionDir,
}

impl MountDirs {
    /// Adds a directory that the option `key` names.
    pub fn add(&mut self, key: Key, role: Role, dir: OptionDir) -> Result {
        self.one_by_one |= key == Key::LowerdirAdd;
        match role {
            Role::Upper => self.upper = Some(dir),
            Role::Work => self.work = Some(dir),
            Role::Lower => self.lowers.push(dir, GFP_KERNEL_ACCOUNT)?,
            Role::Data => self.data.push(dir, GFP_KERNEL_ACCOUNT)?,
        }
        Ok(())
    }

    /// Those of the upper layer, if there is one.
    pub fn upper(&self) -> Option<UpperDirs<'_>> {
        Some(UpperDirs {
            upper: self.upper.as_ref()?,
            work: self.work.as_ref()?,
        })
    }

    /// All of them.
    pub fn all(&self) -> impl Iterator<Item = &OptionDir> {
        // By its full name: `pin_init` has a `chain` as well.
        Iterator::chain(self.writable(), self.readable())
    }

    /// Those that are only read: the lower layers, and after them the data-only layers.
    pub fn readable(&self) -> impl Iterator<Item = &OptionDir> {
        Iterator::chain(self.lowers.iter(), &self.data)
    }

    /// Those that are written to.
    pub fn writable(&self) -> impl Iterator<Item = &OptionDir> {
        [&self.upper, &self.work].into_iter().flatten()
    }

    /// Those of the layers that make the tree.
    pub fn of_tree(&self) -> impl Iterator<Item = &OptionDir> {
        Iterator::chain(self.upper.iter(), &self.lowers)
    }
}

/// A directory that was named in an option.
pub struct OptionDir {
    /// The option, for messages.
    pub option: &'static str,
    /// The path as it was given.
    pub name: KVec<u8>,
    /// The directory.
    pub path: Path,
}

impl OptionDir {
    /// Looks the path up that was given for an option.
    ///
    /// # Errors
    ///
    /// With a message, those of the lookup.
    pub fn lookup(fc: &FsContext, key: Key, mut name: KVec<u8>) -> Result<Self> {
        let (option, len) = (key.name(), name.len());
        name.push(0, GFP_KERNEL_ACCOUNT)?;
        let text = CStr::from_bytes_with_nul(&name).map_err(|_| EINVAL)?;
        let found = Path::lookup_dir(text);
        name.truncate(len);
        let path = found.inspect_err(|&e| {
            fc.error(fmt!(
                "{} \"{}\": {}",
                option,
                Printable(&name),
                PathError(e)
            ));
        })?;
        Ok(Self { option, name, path })
    }

    /// The dentry.
    pub fn dentry(&self) -> &Dentry {
        self.path.dentry()
    }

    /// The path as it was given, for `/proc/mounts`.
    pub fn shown_name(&self) -> Result<CString> {
        c_string(&self.name)
    }

    /// Reports an error about this directory.
    pub fn refuse(&self, fc: &FsContext, e: Error, why: fmt::Arguments<'_>) -> Error {
        fc.error(fmt!(
            "{} \"{}\": {}",
            self.option,
            Printable(&self.name),
            why
        ));
        e
    }

    /// Reports that another mount writes to the directory, or to one that contains it.
    pub fn in_use(&self, fc: &FsContext, inode: &Inode) -> Error {
        self.refuse(
            fc,
            EBUSY,
            fmt!(
                "in use as the upper or work directory of {}",
                HolderOf(inode.holder())
            ),
        )
    }

    /// Requirements for a lower layer with `hard_ro`.
    pub fn check_hard_ro(&self, fc: &FsContext) -> Result {
        if SbInfo::of(self.dentry()).rdonly {
            return Ok(());
        }
        Err(self.refuse(
            fc,
            EINVAL,
            fmt!(
                "its file system is writable, which hard_ro forbids; mount it read-only (a read-only \
                 bind mount is not enough)"
            ),
        ))
    }

    /// Requirements for any layer.
    pub fn check(&self, fc: &FsContext) -> Result {
        let inode = self.dentry().inode().ok_or(ENOENT)?;
        if !inode.is_dir() || !inode.can_lookup() {
            return Err(self.refuse(fc, ENOTDIR, fmt!("not a directory")));
        }
        if inode.is_casefolded() {
            return Err(self.refuse(
                fc,
                EINVAL,
                fmt!(
                    "a case-insensitive directory cannot be a layer; switch that off while it is empty \
                      (chattr -F), or use another"
                ),
            ));
        }
        if self.dentry().is_weird() {
            return Err(self.refuse(
                fc,
                EINVAL,
                fmt!(
                    "the file system is not supported as a layer (automount, or names that are \
                      not compared byte by byte)"
                ),
            ));
        }
        Ok(())
    }

    /// Additional requirements for the upper layer and the work directory.
    pub fn check_writable(&self, fc: &FsContext) -> Result {
        if self.path.mnt().is_readonly() {
            return Err(self.refuse(
                fc,
                EROFS,
                fmt!(
                    "the file system is read-only; mount it read-write, or leave upperdir and \
                      workdir out for a read-only union"
                ),
            ));
        }
        if self.dentry().wants_revalidate() {
            return Err(self.refuse(
                fc,
                EINVAL,
                fmt!(
                    "the file system is not supported as the upper layer: it can change without the union"
                ),
            ));
        }
        Ok(())
    }
}

/// A description of the mount that has claimed a directory.
///
/// Computed before printing: printk formats with interrupts off, where locks that sleep are
/// forbidden.
pub struct HolderOf(pub Option<Arc<Holder>>);

impl fmt::Display for HolderOf {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.0 {
            // Its path is escaped already.
            Some(holder) => f.write_str(holder.name.to_str().unwrap_or_default()),
            None => f.write_str("an overlayfs"),
        }
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

/// Bytes as a C string.
fn c_string(bytes: &[u8]) -> Result<CString> {
    let mut copy = KVec::with_capacity(bytes.len().saturating_add(1), GFP_KERNEL_ACCOUNT)?;
    copy.extend_from_slice(bytes, GFP_KERNEL_ACCOUNT)?;
    copy.push(0, GFP_KERNEL_ACCOUNT)?;
    let text = CStr::from_bytes_with_nul(&copy).map_err(|_| EINVAL)?;
    Ok(CString::try_from(text)?)
}
