// SPDX-License-Identifier: GPL-2.0-only

//! The private attributes of objects in layers.

use crate::{
    logic::{
        codec::{self, Attr, Class},
        mode::Kind,
        value,
    },
    union::layers::union::Union,
    vfs::{
        dentry::Dentry,
        errno::EOPNOTSUPP,
        inode::Inode,
        mount::Mount,
        printk::{pr_err_ratelimited, Printable},
        types::Name,
        xattr,
    },
};
use core::ffi::CStr;
use kernel::prelude::*;

/// A private attribute's value as it is stored, at most this long where it is read into a buffer.
const SHORT: usize = 64;

/// The private attributes that matter to lookup.
#[derive(Default)]
pub struct PrivateXattrs {
    /// A directory that hides what lies beneath.
    pub opaque: bool,
    /// A directory in which empty files may be whiteouts, by an attribute of theirs.
    pub xwhiteouts: bool,
    /// A file that is a whiteout, if it is empty and its directory says that there are such.
    pub whiteout: bool,
    /// Entries may carry recorded inode numbers.
    pub impure: bool,
    /// Where a directory's lower part is to be looked for instead, undecoded.
    pub redirect: Option<KVVec<u8>>,
    /// Protection flags of chattr(1) that are kept as an attribute.
    pub protection: value::Protattr,
    /// Of a copy: what it is a copy of.
    pub copied: Option<value::Mark>,
}

/// Reads the private attributes of an object. One call to the file system if there are none: the
/// list of names tells.
pub fn read(
    union: &Union,
    mnt: &Mount,
    dentry: &Dentry,
    inode: &Inode,
    name: Name<'_>,
) -> Result<PrivateXattrs> {
    let mut found = PrivateXattrs::default();
    if !inode.has_xattr_support() {
        return Ok(found);
    }
    let space = union.config.xattr_space;
    let mut short = [0u8; 256];
    let long;
    let list = match xattr::list(dentry, &mut short) {
        Ok(len) => short.get(..len).unwrap_or(&[]),
        Err(e) if e == ERANGE => {
            long = xattr::list_alloc(dentry)?;
            &long
        }
        Err(e) if e == EOPNOTSUPP => return Ok(found),
        Err(e) => return Err(e),
    };
    let kind = Kind::from_mode(inode.mode()).ok_or(EIO)?;
    for stored in xattr::names(list) {
        let attr = match codec::classify(space, stored.to_bytes()) {
            Class::Private(Some(attr)) if attr.is_of(kind) => attr,
            _ => continue,
        };
        let corrupt = |_| {
            pr_err_ratelimited!(
                "\"{}\": attribute {} is corrupt\n",
                Printable(name.as_bytes()),
                Printable(stored.to_bytes())
            );
            EIO
        };
        match attr {
            Attr::Opaque => {
                let mut buf = [0u8; SHORT];
                let value = stored_value(mnt, dentry, stored, &mut buf)?;
                match value::opaque(value).map_err(corrupt)? {
                    value::Opaque::No => {}
                    value::Opaque::Yes => found.opaque = true,
                    value::Opaque::XWhiteouts => found.xwhiteouts = true,
                }
            }
            Attr::Whiteout => found.whiteout = true,
            Attr::Impure => found.impure = true,
            Attr::Redirect => {
                let value = xattr::get_alloc(mnt, dentry, stored)?;
                value::redirect(&value).map_err(corrupt)?;
                found.redirect = Some(value);
            }
            Attr::UnionIno => {
                let mut buf = [0u8; value::MAX_MARK + 1];
                let value = stored_value(mnt, dentry, stored, &mut buf)?;
                found.copied = Some(value::union_ino(value).map_err(corrupt)?);
            }
            Attr::Protattr => {
                let mut buf = [0u8; SHORT];
                let value = stored_value(mnt, dentry, stored, &mut buf)?;
                found.protection = value::protattr(value).map_err(corrupt)?;
            }
            Attr::Metacopy => return Err(no_data(name)),
            _ => {}
        }
    }
    Ok(found)
}

/// Refuses a file that overlayfs copied up without its data.
pub fn check_has_data(
    union: &Union,
    mnt: &Mount,
    dentry: &Dentry,
    inode: &Inode,
    name: Name<'_>,
) -> Result {
    if !inode.is_reg() || inode.size() == 0 || !inode.has_xattr_support() {
        return Ok(());
    }
    let metacopy = codec::name(union.config.xattr_space, Attr::Metacopy);
    match xattr::get(mnt, dentry, metacopy, &mut []) {
        Ok(_) => Err(no_data(name)),
        Err(e) if xattr::is_absent(e) => Ok(()),
        // Attributes user.* are for those who may read the file. To list them takes no right.
        Err(e) if e == EACCES => read(union, mnt, dentry, inode, name).map(drop),
        Err(e) => Err(e),
    }
}

fn no_data(name: Name<'_>) -> Error {
    pr_err_ratelimited!(
        "\"{}\" was copied up by overlayfs without its data (metacopy=on), which is not supported: \
         have overlayfs copy the data, by opening it for writing\n",
        Printable(name.as_bytes())
    );
    EIO
}

fn stored_value<'a>(
    mnt: &Mount,
    dentry: &Dentry,
    name: &CStr,
    buf: &'a mut [u8],
) -> Result<&'a [u8]> {
    let len = match xattr::get(mnt, dentry, name, &mut *buf) {
        // Longer than any value of ours: the decoder refuses the full buffer.
        Err(e) if e == ERANGE => buf.len(),
        other => other?,
    };
    Ok(buf.get(..len).unwrap_or(&[]))
}

/// Sets a private attribute of an object of the upper layer.
pub fn set(union: &Union, dentry: &Dentry, attr: Attr, value: &[u8]) -> Result {
    let name = codec::name(union.config.xattr_space, attr);
    xattr::set(&union.upper()?.mnt, dentry, name, value, 0)
}

/// Removes a private attribute, if it is there.
pub fn remove(union: &Union, dentry: &Dentry, attr: Attr) -> Result {
    let name = codec::name(union.config.xattr_space, attr);
    match xattr::remove(&union.upper()?.mnt, dentry, name) {
        Err(e) if xattr::is_absent(e) => Ok(()),
        other => other,
    }
}
