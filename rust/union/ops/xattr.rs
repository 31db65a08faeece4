// SPDX-License-Identifier: GPL-2.0-only

//! Extended attributes of union inodes: private ones are hidden, those of a nested union have
//! escaped names, all others pass unchanged.

use crate::{
    logic::codec::{self, Class, XattrSpace},
    union::{
        change::{
            copy_up,
            on_upper::{on_upper, with_room},
        },
        layers::part::Part,
        OwnDentry, OwnInode, UnionFs,
    },
    vfs::{
        errno::{ENODATA, EOPNOTSUPP},
        mount::Idmap,
        path::PathRef,
        xattr::{self, Buffer},
        xattr_ops::{Change, Handler},
    },
};
use core::ffi::CStr;
use kernel::prelude::*;

/// `XATTR_CREATE`.
const XATTR_CREATE: i32 = 1;
/// `XATTR_REPLACE`.
const XATTR_REPLACE: i32 = 2;

/// The one handler of a union.
pub struct UnionXattr;

/// The name an attribute has in the layer.
struct StoredName<'a> {
    seen: &'a CStr,
    escaped: Option<KVec<u8>>,
}

impl<'a> StoredName<'a> {
    fn of(space: XattrSpace, seen: &'a CStr) -> Result<Self> {
        let Some(parts) = codec::escape(space, seen.to_bytes()) else {
            return Ok(Self {
                seen,
                escaped: None,
            });
        };
        let mut name = KVec::new();
        for part in parts {
            name.extend_from_slice(part, GFP_KERNEL)?;
        }
        name.push(0, GFP_KERNEL)?;
        Ok(Self {
            seen,
            escaped: Some(name),
        })
    }

    fn name(&self) -> Result<&CStr> {
        match &self.escaped {
            None => Ok(self.seen),
            Some(name) => CStr::from_bytes_with_nul(name).map_err(|_| EINVAL),
        }
    }
}

impl Handler<UnionFs> for UnionXattr {
    fn get(
        _dentry: &OwnDentry,
        inode: &OwnInode,
        name: &CStr,
        buffer: Buffer<'_>,
    ) -> Result<usize> {
        let union = inode.sb().data();
        let stored = StoredName::of(union.config.xattr_space, name)?;
        let path = inode.data().real(union)?;
        union.with_creds(|| {
            if is_disabled_capability(inode, path, name) {
                return Err(ENODATA);
            }
            // Bringing data to the upper layer takes them away for a while. A writer that did not see them would not
            // remove them, and they would come back to what it has written.
            let part = inode.data().data.part().filter(|_| is_capability(name));
            if let Some(held) = part.and_then(Part::held_capability) {
                return buffer.fill(&held);
            }
            match xattr::get(path, stored.name()?, buffer) {
                // The upper layer can store the attribute although the lower layer cannot: it is
                // absent, not unsupported.
                Err(e)
                    if e == EOPNOTSUPP
                        && inode.data().upper().is_none()
                        && union.upper().is_ok()
                        && codec::is_general(name.to_bytes()) =>
                {
                    Err(ENODATA)
                }
                other => other,
            }
        })
    }

    fn set(
        _idmap: &Idmap,
        dentry: &OwnDentry,
        inode: &OwnInode,
        name: &CStr,
        change: Change<'_>,
        flags: i32,
    ) -> Result {
        let union = inode.sb().data();
        let stored = StoredName::of(union.config.xattr_space, name)?;
        let name = stored.name()?;
        if inode.data().upper().is_none() {
            // Refusals come before the copy-up.
            let path = inode.data().real(union)?;
            union.with_creds(|| {
                if !xattr::may_change_security(&union.upper()?.workdir, name) {
                    return Err(EPERM);
                }
                let there = match xattr::get(path, name, &mut []) {
                    Ok(_) => true,
                    Err(e)
                        if e == EOPNOTSUPP
                            && matches!(change, Change::Remove)
                            && !codec::is_general(name.to_bytes()) =>
                    {
                        return Err(e)
                    }
                    Err(e) if xattr::is_absent(e) => false,
                    Err(e) => return Err(e),
                };
                match change {
                    Change::Remove if !there => return Err(ENODATA),
                    Change::Set(_) if there && flags == XATTR_CREATE => return Err(EEXIST),
                    Change::Set(_) if !there && flags == XATTR_REPLACE => return Err(ENODATA),
                    _ => {}
                }
                Ok(())
            })?;
        }
        copy_up::up(dentry)?;
        match change {
            Change::Set(value) => with_room(inode, || {
                on_upper(inode, |upper| xattr::set(upper, name, value, flags))
            }),
            Change::Remove => on_upper(inode, |upper| xattr::remove(upper, name)),
        }
    }
}

/// Whether an attribute is hidden: capabilities of a lower layer mounted nosuid have no effect in
/// the union either.
fn is_disabled_capability(inode: &OwnInode, path: PathRef<'_>, name: &CStr) -> bool {
    inode.data().upper().is_none() && path.mnt().is_nosuid() && is_capability(name)
}

fn is_capability(name: &CStr) -> bool {
    name.to_bytes() == b"security.capability"
}

/// `->listxattr()`.
pub fn list(dentry: &OwnDentry, buffer: Buffer<'_>) -> Result<usize> {
    let inode = dentry.inode().ok_or(ENOENT)?;
    let union = inode.sb().data();
    let space = union.config.xattr_space;
    let stored = {
        let path = inode.data().real(union)?;
        union.with_creds(|| xattr::list_alloc(path.dentry()))?
    };
    let mut seen = KVVec::with_capacity(stored.len(), GFP_KERNEL)?;
    for name in xattr::names(&stored) {
        let bytes = name.to_bytes();
        if bytes.starts_with(b"trusted.") && !xattr::caller_may_list_trusted() {
            // The layer was asked as the mounter.
            continue;
        }
        match codec::classify(space, bytes) {
            Class::Private(_) => {}
            Class::Foreign => seen.extend_from_slice(name.to_bytes_with_nul(), GFP_KERNEL)?,
            Class::Escaped => {
                for part in codec::unescape(space, bytes).unwrap_or([bytes, &[]]) {
                    seen.extend_from_slice(part, GFP_KERNEL)?;
                }
                seen.push(0, GFP_KERNEL)?;
            }
        }
    }
    buffer.fill(&seen)
}
