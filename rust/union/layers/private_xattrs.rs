// SPDX-License-Identifier: GPL-2.0-only

//! The private attributes of objects in layers.

use crate::{
    logic::{
        codec::{self, Attr, Class},
        mode::Kind,
        partial::Mark,
        value,
    },
    union::layers::{file_data::Metacopy, union::Union},
    vfs::{
        errno::EOPNOTSUPP,
        path::PathRef,
        printk::{pr_err_ratelimited, Printable},
        types::{Name, Protection},
        write::Changing,
        xattr,
    },
};
use core::ffi::CStr;
use kernel::prelude::*;

/// Room for the value of an attribute that is read into a buffer: one byte more than any may have.
const ROOM: usize = value::MAX_MARK + 1;

/// The private attributes that matter to lookup.
#[derive(Default)]
pub struct PrivateXattrs {
    /// A directory that hides everything beneath it.
    pub opaque: bool,
    /// A directory in which empty files with an attribute are whiteouts.
    pub xwhiteouts: bool,
    /// A file that is a whiteout, if it is empty and its directory says that there are such.
    pub whiteout: bool,
    /// Entries may carry recorded inode numbers.
    pub impure: bool,
    /// The redirect to the lower part of a directory, or to the data of a file; undecoded. A file
    /// that has its data may carry a stale one.
    pub redirect: Option<KVVec<u8>>,
    /// Of a regular file: its data are elsewhere.
    pub metacopy: Option<Metacopy>,
    /// Protection flags of chattr(1) that are kept as an attribute.
    pub protection: value::Protattr,
    /// Of a copy: its origin.
    pub copied: Option<value::Mark>,
}

/// Reads the private attributes of an object. One call to the file system if there are none: the
/// list of names tells.
pub fn read(union: &Union, path: PathRef<'_>, name: Name<'_>) -> Result<PrivateXattrs> {
    let mut found = PrivateXattrs::default();
    let inode = path.dentry().inode().ok_or(ENOENT)?;
    if !inode.has_xattr_support() {
        return Ok(found);
    }
    let mut short = [0u8; 256];
    let long;
    let list = match xattr::list(path.dentry(), &mut short) {
        Ok(len) => short.get(..len).unwrap_or(&[]),
        Err(e) if e == ERANGE => {
            long = xattr::list_alloc(path.dentry())?;
            &long
        }
        Err(e) if e == EOPNOTSUPP => return Ok(found),
        Err(e) => return Err(e),
    };
    let kind = Kind::from_mode(inode.mode()).ok_or(EIO)?;
    for attr_name in xattr::names(list) {
        match codec::classify(union.config.xattr_space, attr_name.to_bytes()) {
            Class::Private(Some(attr)) if attr.is_of(kind) => {
                found.take(
                    attr,
                    kind,
                    &Stored {
                        path,
                        attr_name,
                        name,
                    },
                )?;
            }
            _ => {}
        }
    }
    Ok(found)
}

/// An attribute that an object carries.
struct Stored<'a> {
    path: PathRef<'a>,
    attr_name: &'a CStr,
    /// The object's, for messages.
    name: Name<'a>,
}

impl Stored<'_> {
    fn value<'b>(&self, buf: &'b mut [u8]) -> Result<&'b [u8]> {
        let len = match xattr::get(self.path, self.attr_name, &mut *buf) {
            // Longer than any value of ours: the decoder refuses the full buffer.
            Err(e) if e == ERANGE => buf.len(),
            other => other?,
        };
        Ok(buf.get(..len).unwrap_or(&[]))
    }

    fn value_alloc(&self) -> Result<KVVec<u8>> {
        xattr::get_alloc(self.path, self.attr_name)
    }

    fn corrupt<E>(&self, _: E) -> Error {
        pr_err_ratelimited!(
            "\"{}\": attribute {} is corrupt\n",
            Printable(self.name.as_bytes()),
            Printable(self.attr_name.to_bytes())
        );
        EIO
    }
}

impl PrivateXattrs {
    fn take(&mut self, attr: Attr, kind: Kind, stored: &Stored<'_>) -> Result {
        let mut buf = [0u8; ROOM];
        let corrupt = |e| stored.corrupt(e);
        match attr {
            Attr::Opaque => match value::opaque(stored.value(&mut buf)?).map_err(corrupt)? {
                value::Opaque::No => {}
                value::Opaque::Yes => self.opaque = true,
                value::Opaque::XWhiteouts => self.xwhiteouts = true,
            },
            Attr::Whiteout => self.whiteout = true,
            Attr::Impure => self.impure = true,
            Attr::Redirect => {
                let value = stored.value_alloc()?;
                if kind == Kind::Directory {
                    value::redirect(&value).map_err(corrupt)?;
                }
                self.redirect = Some(value);
            }
            Attr::UnionIno => {
                let mark = value::union_ino(stored.value(&mut buf)?);
                self.copied = Some(mark.map_err(corrupt)?);
            }
            Attr::Protattr => {
                self.protection = value::protattr(stored.value(&mut buf)?).map_err(corrupt)?;
            }
            Attr::Metacopy => {
                let value = stored.value(&mut buf)?;
                self.metacopy = Some(match Mark::decode(value).map_err(|e| stored.corrupt(e))? {
                    Mark::Partial => Metacopy::partial(),
                    Mark::Lower => Metacopy::new(value::metacopy(value).map_err(corrupt)?),
                });
            }
            _ => {}
        }
        Ok(())
    }
}

/// Whether a file of the bottom layer has no data of its own: the mark alone is asked for.
pub fn is_metacopy(union: &Union, path: PathRef<'_>, name: Name<'_>) -> Result<bool> {
    let inode = path.dentry().inode().ok_or(ENOENT)?;
    if !inode.is_reg() || inode.size() == 0 || !inode.has_xattr_support() {
        return Ok(false);
    }
    let metacopy = codec::name(union.config.xattr_space, Attr::Metacopy);
    match xattr::get(path, metacopy, &mut []) {
        Ok(_) => Ok(true),
        Err(e) if xattr::is_absent(e) => Ok(false),
        // Attributes user.* require read permission for the file. Listing them requires none.
        Err(e) if e == EACCES => Ok(read(union, path, name)?.metacopy.is_some()),
        Err(e) => Err(e),
    }
}

/// The redirect that an object carries, undecoded.
pub fn redirect(union: &Union, path: PathRef<'_>) -> Result<Option<KVVec<u8>>> {
    let name = codec::name(union.config.xattr_space, Attr::Redirect);
    match xattr::get_alloc(path, name) {
        Ok(value) => Ok(Some(value)),
        Err(e) if xattr::is_absent(e) => Ok(None),
        Err(e) => Err(e),
    }
}

/// What a partial file of the upper layer says of its data, undecoded.
pub fn part(union: &Union, path: PathRef<'_>) -> Result<Option<KVVec<u8>>> {
    let name = codec::name(union.config.xattr_space, Attr::UnionPart);
    match xattr::get_alloc(path, name) {
        Ok(value) => Ok(Some(value)),
        Err(e) if xattr::is_absent(e) => Ok(None),
        Err(e) => Err(e),
    }
}

/// Sets a private attribute of an object of the upper layer.
pub fn set(union: &Union, object: Changing<'_>, attr: Attr, value: &[u8]) -> Result {
    let name = codec::name(union.config.xattr_space, attr);
    xattr::set(object, name, value, 0)
}

/// As [`set`], if nobody has locked the inode.
///
/// # Errors
///
/// `EAGAIN` if somebody has; those of the file system.
pub fn try_set(union: &Union, object: Changing<'_>, attr: Attr, value: &[u8]) -> Result {
    let name = codec::name(union.config.xattr_space, attr);
    xattr::try_set(object, name, value, 0)
}

/// As [`remove`], in the same way.
///
/// # Errors
///
/// As of [`try_set`].
pub fn try_remove(union: &Union, object: Changing<'_>, attr: Attr) -> Result {
    let name = codec::name(union.config.xattr_space, attr);
    match xattr::try_remove(object, name) {
        Err(e) if xattr::is_absent(e) => Ok(()),
        other => other,
    }
}

/// Removes a private attribute, if it is there.
pub fn remove(union: &Union, object: Changing<'_>, attr: Attr) -> Result {
    let name = codec::name(union.config.xattr_space, attr);
    match xattr::remove(object, name) {
        Err(e) if xattr::is_absent(e) => Ok(()),
        other => other,
    }
}

/// The form in which the protection flags of an inode are stored.
pub fn protection(flags: Protection) -> value::Protattr {
    let Protection { immutable, append } = flags;
    value::Protattr { immutable, append }
}
