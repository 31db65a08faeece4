// SPDX-License-Identifier: GPL-2.0-only

//! What one layer says of one name: the object, and the private attributes it carries.

use super::{fs::Union, node::LowerPath};
use crate::{
    logic::{
        alloc, aufs,
        codec::{self, Attr, Class},
        entry::{Entry, Kind},
        options::Whiteouts,
        value,
    },
    vfs::{
        attr::{Iattr, Kstat},
        dentry::Dentry,
        errno::{ELOOP, ENAMETOOLONG, EOPNOTSUPP, EREMOTE},
        inode::Inode,
        mount::Mount,
        namei,
        printk::pr_err_ratelimited,
        types::Name,
        xattr,
    },
};
use core::ffi::CStr;
use kernel::{prelude::*, sync::aref::ARef};

/// A private attribute's value as it is stored, at most this long where it is read into a buffer.
const SHORT: usize = 64;

/// The private attributes that matter to lookup.
#[derive(Default)]
pub struct Marks {
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

/// An object a layer has, and what it says.
pub struct Found {
    /// The object.
    pub dentry: ARef<Dentry>,
    /// The answer for [`crate::logic::lookup`].
    pub entry: Entry,
    /// Its private attributes.
    pub marks: Marks,
}

impl Found {
    fn whiteout(dentry: ARef<Dentry>) -> Self {
        Self {
            dentry,
            entry: Entry::Whiteout,
            marks: Marks::default(),
        }
    }
}

/// Which private attributes to ask for.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Ask {
    /// All of them: the top layer, and lower layers with something beneath.
    All,
    /// Only whether a file has its data: beneath the bottom layer there is nothing an attribute
    /// could hide or refer to, but a file whose data are missing must not be shown as zeros.
    Bottom,
}

/// A directory of a layer.
#[derive(Clone, Copy)]
pub struct Dir<'a> {
    /// The layer's mount.
    pub mnt: &'a Mount,
    /// The directory.
    pub dentry: &'a Dentry,
    /// See [`Marks::xwhiteouts`].
    pub xwhiteouts: bool,
    /// Names may be whiteouts ([`aufs`]).
    pub aufs: bool,
}

impl<'a> Dir<'a> {
    /// A directory of the top layer.
    ///
    /// # Errors
    ///
    /// `EROFS` if there is none.
    pub fn upper(union: &'a Union, dentry: &'a Dentry) -> Result<Self> {
        Ok(Self {
            mnt: union.upper_mnt()?,
            dentry,
            xwhiteouts: false,
            aufs: false,
        })
    }

    /// A directory of a lower layer.
    ///
    /// # Errors
    ///
    /// See [`Union::lower_mnt`].
    pub fn lower(union: &'a Union, lower: &'a LowerPath) -> Result<Self> {
        Ok(Self {
            mnt: union.lower_mnt(lower.layer)?,
            dentry: &lower.dentry,
            xwhiteouts: lower.xwhiteouts,
            aufs: union.config.whiteouts == Whiteouts::Aufs,
        })
    }

    /// Looks a name up. `None`: there is nothing under it.
    fn lookup(&self, name: Name<'_>) -> Result<Option<ARef<Dentry>>> {
        match namei::lookup_one_unlocked(self.mnt, self.dentry, name) {
            // One layer may allow longer names than another.
            Err(e) if e == ENOENT || e == ENAMETOOLONG => Ok(None),
            // A negative dentry stays in the layer's cache: a create that follows finds it there.
            other => other.map(|dentry| Some(dentry).filter(|dentry| dentry.is_positive())),
        }
    }

    /// Whether an entry with the name of a whiteout says that `name` of the layers beneath is hidden.
    fn hides(&self, name: Name<'_>) -> Result<Option<ARef<Dentry>>> {
        if !self.aufs {
            return Ok(None);
        }
        match aufs::Whiteout::of(name.as_bytes()) {
            Some(whiteout) => self.lookup(Name::new(whiteout.name())?),
            None => Ok(None),
        }
    }

    /// Whether an entry with the name of an opaque mark says that all of the layers beneath is hidden.
    pub fn has_opaque_name(&self) -> Result<bool> {
        Ok(self.aufs && self.lookup(Name::new(aufs::OPAQUE)?)?.is_some())
    }

    /// Whether an object of this directory is a whiteout.
    pub fn is_whiteout(&self, union: &Union, dentry: &Dentry, name: Name<'_>) -> Result<bool> {
        let Some(inode) = dentry.inode() else {
            return Ok(false);
        };
        if self.xwhiteouts && inode.is_reg() && inode.size() == 0 {
            return Ok(marks(union, self.mnt, dentry, inode, name)?.whiteout);
        }
        Ok(inode.is_whiteout())
    }
}

/// Looks `name` up in `dir` of a layer. `None`: the layer has nothing under that name.
///
/// # Errors
///
/// Those of the layer; `EIO` for a corrupt private attribute, with a line in the log; `EREMOTE` for
/// what cannot be a part of a union; `ELOOP` for the union's own top or work directory.
pub fn probe(union: &Union, dir: Dir<'_>, name: Name<'_>, ask: Ask) -> Result<Option<Found>> {
    let mnt = dir.mnt;
    match dir.dentry.inode() {
        // It was marked so behind the union.
        Some(inode) if inode.is_casefolded() => return Err(EREMOTE),
        Some(inode) if inode.can_lookup() => {}
        // A corrupt image, or a file system that is none.
        _ => return Err(EIO),
    }
    if dir.aufs && aufs::is_reserved(name.as_bytes()) {
        return Ok(None);
    }
    let Some(dentry) = dir.lookup(name)? else {
        return Ok(match ask {
            Ask::All => dir.hides(name)?.map(Found::whiteout),
            // There is nothing that could be hidden.
            Ask::Bottom => None,
        });
    };
    let inode = dentry.inode().ok_or(EIO)?;
    if dentry.is_weird() {
        return Err(EREMOTE);
    }
    if union
        .upper
        .as_ref()
        .is_some_and(|upper| upper.is_own(inode))
    {
        return Err(ELOOP);
    }
    if inode.is_whiteout() {
        return Ok(Some(Found::whiteout(dentry)));
    }
    let kind = Kind::from_mode(u32::from(inode.mode())).ok_or(EIO)?;
    let marks = match ask {
        Ask::All => marks(union, mnt, &dentry, inode, name)?,
        Ask::Bottom if dir.xwhiteouts => marks(union, mnt, &dentry, inode, name)?,
        Ask::Bottom => {
            has_data(union, mnt, &dentry, inode, name)?;
            Marks::default()
        }
    };
    if dir.xwhiteouts && marks.whiteout && inode.size() == 0 {
        return Ok(Some(Found::whiteout(dentry)));
    }
    let mut opaque = marks.opaque;
    if dir.aufs && kind.is_directory() && ask == Ask::All && !opaque {
        // It is what was put in the place of a hidden one, or it hides all beneath itself.
        let inside = Dir {
            dentry: &dentry,
            ..dir
        };
        opaque = dir.hides(name)?.is_some() || inside.has_opaque_name()?;
    }
    Ok(Some(Found {
        entry: Entry::of(kind, opaque),
        dentry,
        marks,
    }))
}

/// Reads the private attributes of an object. One call to the file system if there are none: the
/// list of names tells.
pub fn marks(
    union: &Union,
    mnt: &Mount,
    dentry: &Dentry,
    inode: &Inode,
    name: Name<'_>,
) -> Result<Marks> {
    let mut marks = Marks::default();
    if !inode.has_xattr_support() {
        return Ok(marks);
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
        Err(e) if e == EOPNOTSUPP => return Ok(marks),
        Err(e) => return Err(e),
    };
    let kind = Kind::from_mode(u32::from(inode.mode())).ok_or(EIO)?;
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
                let value = read(mnt, dentry, stored, &mut buf)?;
                match value::opaque(value).map_err(corrupt)? {
                    value::Opaque::No => {}
                    value::Opaque::Yes => marks.opaque = true,
                    value::Opaque::XWhiteouts => marks.xwhiteouts = true,
                }
            }
            Attr::Whiteout => marks.whiteout = true,
            Attr::Impure => marks.impure = true,
            Attr::Redirect => {
                let value = xattr::get_alloc(mnt, dentry, stored)?;
                value::redirect(&value).map_err(corrupt)?;
                marks.redirect = Some(value);
            }
            Attr::UnionIno => {
                let mut buf = [0u8; value::MOST_MARK + 1];
                let value = read(mnt, dentry, stored, &mut buf)?;
                marks.copied = Some(value::union_ino(value).map_err(corrupt)?);
            }
            Attr::Protattr => {
                let mut buf = [0u8; SHORT];
                let value = read(mnt, dentry, stored, &mut buf)?;
                marks.protection = value::protattr(value).map_err(corrupt)?;
            }
            Attr::Metacopy => return Err(no_data(name)),
            _ => {}
        }
    }
    Ok(marks)
}

/// Refuses a file that overlayfs copied up without its data.
fn has_data(union: &Union, mnt: &Mount, dentry: &Dentry, inode: &Inode, name: Name<'_>) -> Result {
    if !inode.is_reg() || inode.size() == 0 || !inode.has_xattr_support() {
        return Ok(());
    }
    let metacopy = codec::name(union.config.xattr_space, Attr::Metacopy);
    match xattr::get(mnt, dentry, metacopy, &mut []) {
        Ok(_) => Err(no_data(name)),
        Err(e) if xattr::is_absent(e) => Ok(()),
        // Attributes user.* are for those who may read the file. To list them takes no right.
        Err(e) if e == EACCES => marks(union, mnt, dentry, inode, name).map(drop),
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

fn read<'a>(mnt: &Mount, dentry: &Dentry, name: &CStr, buf: &'a mut [u8]) -> Result<&'a [u8]> {
    let len = match xattr::get(mnt, dentry, name, buf) {
        // Longer than any value of ours: the decoder refuses the full buffer.
        Err(e) if e == ERANGE => buf.len(),
        other => other?,
    };
    Ok(buf.get(..len).unwrap_or(&[]))
}

/// Sets a private attribute of an object of the top layer.
pub fn set_mark(union: &Union, dentry: &Dentry, attr: Attr, value: &[u8]) -> Result {
    let name = codec::name(union.config.xattr_space, attr);
    xattr::set(union.upper_mnt()?, dentry, name, value, 0)
}

/// Removes a private attribute, if it is there.
pub fn remove_mark(union: &Union, dentry: &Dentry, attr: Attr) -> Result {
    let name = codec::name(union.config.xattr_space, attr);
    match xattr::remove(union.upper_mnt()?, dentry, name) {
        Err(e) if xattr::is_absent(e) => Ok(()),
        other => other,
    }
}

/// Sets access and modification time of an object of the top layer to those of `stat`.
pub fn set_times(mnt: &Mount, dentry: &Dentry, stat: &Kstat) -> Result {
    let inode = dentry.inode().ok_or(EIO)?;
    let lock = inode.lock();
    Iattr::empty()
        .times_of(stat)
        .notify_change(mnt.idmap(), dentry, &lock)
}

/// Sets the change time of an object of the top layer to now.
pub fn mark_changed(mnt: &Mount, dentry: &Dentry) -> Result {
    let inode = dentry.inode().ok_or(EIO)?;
    let lock = inode.lock();
    Iattr::empty()
        .changed()
        .notify_change(mnt.idmap(), dentry, &lock)
}

/// A name for the log: bytes that are not printable ASCII are escaped.
pub struct Printable<'a>(pub &'a [u8]);

impl kernel::fmt::Display for Printable<'_> {
    fn fmt(&self, f: &mut kernel::fmt::Formatter<'_>) -> kernel::fmt::Result {
        use kernel::fmt::Write;
        for byte in self.0.escape_ascii() {
            f.write_char(char::from(byte))?;
        }
        Ok(())
    }
}

/// Turns a failed allocation of the logic into an errno.
pub fn no_memory(_: alloc::AllocError) -> Error {
    ENOMEM
}
