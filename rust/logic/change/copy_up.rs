// SPDX-License-Identifier: GPL-2.0-only

//! Copy-up: copying a lower object to the upper layer.
//!
//! The order is fixed:
//!
//! * data before the attributes that guard them: writing drops `security.capability`, so the
//!   extended attributes follow the data;
//! * access control lists before the mode and the times: setting a list sets mode bits, and the
//!   set-id bits must be written last;
//! * all of it before the object is published: an object is complete when it appears under its
//!   name;
//! * waiting for the disk before publishing, as far as the file system needs it ([`Facts::waits_for`]):
//!   after a power cut the name must not show a file without its data.
//!
//! A change of attributes needs no data. The copy then has a mark that says so, in overlayfs's form
//! ([`Attr::Metacopy`](super::super::codec::Attr::Metacopy)), and its data stay below.

use super::super::{
    codec::{self, XattrSpace},
    mode::{Kind, GROUP_EXECUTE, SET_GROUP_ID, SET_USER_ID},
    options::Fsync,
    partial::Class,
};
use core::ffi::CStr;

/// The object that is copied, and the operations of the upper layer that a copy needs. Each method
/// is one step, as in [`Store`](super::Store).
pub trait CopyStore {
    /// Why a step failed.
    type Error;
    /// The copy, before it has its name: a file without a name, or an object in the work directory.
    type Draft;
    /// The copy in its place.
    type Copied;

    /// Makes a regular file without a name. `None` if the file system has none.
    fn draft_unnamed(&mut self) -> Result<Option<Self::Draft>, Self::Error>;

    /// Makes an object of the same kind in the work directory, with a mode that denies access to
    /// others.
    fn draft_named(&mut self) -> Result<Self::Draft, Self::Error>;

    /// Copies the data, and the size; holes stay holes ([`holes_of_copy`]).
    fn copy_data(&mut self, draft: &Self::Draft) -> Result<(), Self::Error>;

    /// Gives a copy without data the size of the lower file, and the mark.
    fn leave_data(&mut self, draft: &Self::Draft) -> Result<(), Self::Error>;

    /// Copies the extended attributes that are not private to a union.
    fn copy_xattrs(&mut self, draft: &Self::Draft) -> Result<(), Self::Error>;

    /// Copies the access control lists.
    fn copy_acls(&mut self, draft: &Self::Draft) -> Result<(), Self::Error>;

    /// Records the inode number.
    fn record_number(&mut self, draft: &Self::Draft) -> Result<(), Self::Error>;

    /// Records the protection flags of the object, and copies the other flags (`S`, `A`).
    fn copy_flags(&mut self, draft: &Self::Draft) -> Result<(), Self::Error>;

    /// Sets owner, mode and times to those of the lower object; then makes the change that the copy
    /// is for, if it is one of attributes.
    fn copy_attributes(&mut self, draft: &Self::Draft) -> Result<(), Self::Error>;

    /// Writes the data out and waits until the disk has taken them, perhaps into its cache.
    fn write_out(&mut self, draft: &Self::Draft) -> Result<(), Self::Error>;

    /// Waits until the copy is on stable storage.
    fn sync(&mut self, draft: &Self::Draft) -> Result<(), Self::Error>;

    /// Marks the directory of the copy impure: an entry of it carries the number of a lower object.
    fn set_parent_impure(&mut self) -> Result<(), Self::Error>;

    /// Gives the copy its name in the upper layer.
    fn publish(&mut self, draft: Self::Draft) -> Result<Self::Copied, Self::Error>;

    /// Leaves the copy without a name: its name was removed while it was in use.
    fn publish_nameless(&mut self, draft: Self::Draft) -> Result<Self::Copied, Self::Error>;

    /// Puts the times of the directory back, which publishing has changed. Best effort.
    fn restore_parent_times(&mut self);

    /// Removes an unpublished copy. If that fails, the next mount removes it.
    fn discard(&mut self, draft: Self::Draft);
}

/// What is done with the data of a regular file.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Data {
    /// So many bytes are copied, see [`data_needed`].
    Copied(u64),
    /// They stay where they are.
    Below,
}

/// The facts that determine the steps of a copy-up.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Facts {
    /// The kind of the object.
    pub kind: Kind,
    /// Of a regular file: what is done with its data.
    pub data: Data,
    /// Whether the lower object has one name. Several names become separate files, which must not
    /// share a number.
    pub is_single: bool,
    /// Whether its name was removed while it was in use.
    pub is_unlinked: bool,
    /// The durability mode of the mount.
    pub fsync: Fsync,
    /// In which order the file system of the upper layer makes changes durable.
    pub class: Class,
}

/// What a copy waits for before it gets its name.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum WaitsFor {
    /// Nothing: it has no data.
    Nothing,
    /// Its data are written out. The file system makes the name durable after them.
    Data,
    /// It is on stable storage.
    Everything,
}

impl Facts {
    /// Whether the copy keeps the inode number.
    pub const fn keeps_number(&self) -> bool {
        self.kind.is_directory() || self.is_single
    }

    const fn has_data(&self) -> bool {
        matches!(self.kind, Kind::Regular) && matches!(self.data, Data::Copied(1..))
    }

    /// Whether the copy is a regular file without its data.
    pub const fn leaves_data(&self) -> bool {
        matches!(self.kind, Kind::Regular) && matches!(self.data, Data::Below)
    }

    /// What the copy waits for.
    ///
    /// A file system with a journal makes objects and names durable in the order in which they were
    /// made, and what [`Class`] says of data; only the strict mode does not rely on that. Of an unknown
    /// one nothing is relied on where data are at stake: a mark that gets lost would show zeros.
    pub const fn waits_for(&self) -> WaitsFor {
        match self.fsync {
            Fsync::Volatile => WaitsFor::Nothing,
            Fsync::Strict => match self.kind {
                Kind::Regular | Kind::Directory => WaitsFor::Everything,
                _ => WaitsFor::Nothing,
            },
            Fsync::Auto => match (self.has_data(), self.leaves_data(), self.class) {
                (true, _, Class::Journal) => WaitsFor::Data,
                (true, _, Class::Flush | Class::None) => WaitsFor::Everything,
                (_, true, Class::None) => WaitsFor::Everything,
                _ => WaitsFor::Nothing,
            },
        }
    }
}

/// Copies an object up. Its directory is in the upper layer.
///
/// Stopped after any step it leaves the lower object in its place, or the whole copy. They look the
/// same, except that the change time of the directory is new if the last step is missing.
pub fn copy_up<S: CopyStore>(store: &mut S, facts: Facts) -> Result<S::Copied, S::Error> {
    let unnamed = match facts.kind {
        Kind::Regular => store.draft_unnamed()?,
        _ => None,
    };
    let draft = match unnamed {
        Some(draft) => draft,
        None => store.draft_named()?,
    };
    if let Err(error) = complete(store, facts, &draft) {
        store.discard(draft);
        return Err(error);
    }
    if facts.is_unlinked {
        return store.publish_nameless(draft);
    }
    if facts.keeps_number() {
        if let Err(error) = store.set_parent_impure() {
            store.discard(draft);
            return Err(error);
        }
    }
    let copied = store.publish(draft)?;
    store.restore_parent_times();
    Ok(copied)
}

/// Everything of the copy except its name.
fn complete<S: CopyStore>(store: &mut S, facts: Facts, draft: &S::Draft) -> Result<(), S::Error> {
    if facts.has_data() {
        store.copy_data(draft)?;
    }
    store.copy_xattrs(draft)?;
    // A symbolic link has none.
    if facts.kind != Kind::Symlink {
        store.copy_acls(draft)?;
    }
    if facts.keeps_number() {
        store.record_number(draft)?;
    }
    if facts.leaves_data() {
        store.leave_data(draft)?;
    }
    store.copy_flags(draft)?;
    store.copy_attributes(draft)?;
    match facts.waits_for() {
        WaitsFor::Nothing => Ok(()),
        WaitsFor::Data => store.write_out(draft),
        WaitsFor::Everything => store.sync(draft),
    }
}
/// Bytes of data to copy from a file of `size` bytes, if the copy-up is for truncating or extending
/// the file to `truncate_to` bytes: the rest is not copied.
pub const fn data_needed(size: u64, truncate_to: Option<u64>) -> u64 {
    match truncate_to {
        Some(end) if end < size => end,
        _ => size,
    }
}

/// How the reported holes of a file are copied.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Holes {
    /// Holes.
    Kept,
    /// Allocated blocks: a program may have reserved them, so that later writes cannot run out of
    /// space.
    Allocated,
}

/// Bytes in the unit `st_blocks` counts in, on every file system.
const UNIT: u64 = 512;

/// How the holes of a file of `size` bytes with `blocks` units of 512 bytes are copied.
///
/// Blocks that were reserved and never written to (fallocate(2)) read as zeros and are reported as
/// holes. A file that has blocks for all of its bytes has no real holes, so all holes that it
/// reports are reserved blocks. If some are real, they cannot be distinguished, and are kept.
/// `can_preallocate`: the file system can reserve blocks at all; one that cannot (an image) may
/// count blocks as it likes, and erofs counts those of holes.
pub const fn holes_of_copy(size: u64, blocks: u64, can_preallocate: bool) -> Holes {
    if can_preallocate && blocks.saturating_mul(UNIT) >= size {
        Holes::Allocated
    } else {
        Holes::Kept
    }
}

/// The mode of the copy.
///
/// If the lower layer is mounted `nosuid`, a copy must not gain power that the original did not
/// have: any user can cause a copy-up, which would turn a foreign set-id file into a working one.
/// Set-id bits are then dropped, except the set-group-id bit without group execution, which means
/// mandatory locking, and those of directories, which mean inheritance.
pub const fn mode_of_copy(mode: u16, lower_nosuid: bool) -> u16 {
    if keep_capabilities(lower_nosuid) || matches!(Kind::from_mode(mode), Some(Kind::Directory)) {
        return mode;
    }
    if mode & GROUP_EXECUTE != 0 {
        mode & !(SET_USER_ID | SET_GROUP_ID)
    } else {
        mode & !SET_USER_ID
    }
}

/// Whether `security.capability` is copied; the reason is that of [`mode_of_copy`].
const fn keep_capabilities(lower_nosuid: bool) -> bool {
    !lower_nosuid
}

/// How an extended attribute is copied.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum XattrCopy {
    /// It is omitted if the upper layer's file system does not support it.
    IfPossible,
    /// The copy-up fails without it, because security depends on it.
    Always,
}

/// Whether an extended attribute is copied, and how. None of a union's private ones is, and none of
/// the access control lists, which are [copied by themselves](CopyStore::copy_acls): ids in them
/// have to be mapped.
pub fn copies_xattr(space: XattrSpace, lower_nosuid: bool, name: &[u8]) -> Option<XattrCopy> {
    if let codec::Class::Private(_) = codec::classify(space, name) {
        return None;
    }
    match name {
        b"system.posix_acl_access" | b"system.posix_acl_default" => None,
        // The on-disk form of xfs: it lists every ACL twice for processes that may see trusted
        // attributes (`xfs_xattr_put_listent()`), and elsewhere it would be a stale copy.
        b"trusted.SGI_ACL_FILE" | b"trusted.SGI_ACL_DEFAULT" => None,
        CAPABILITY if !keep_capabilities(lower_nosuid) => None,
        _ if name.starts_with(b"security.") => Some(XattrCopy::Always),
        _ => Some(XattrCopy::IfPossible),
    }
}

/// The attribute in which a file has capabilities.
pub const CAPABILITY_NAME: &CStr = c"security.capability";
const CAPABILITY: &[u8] = CAPABILITY_NAME.to_bytes();

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn truncation_saves_copying() {
        assert_eq!(data_needed(100, None), 100);
        assert_eq!(data_needed(100, Some(0)), 0);
        assert_eq!(data_needed(100, Some(40)), 40);
        assert_eq!(data_needed(100, Some(400)), 100);
    }

    #[test]
    fn what_is_reserved_stays_reserved() {
        assert_eq!(holes_of_copy(4096, 8, true), Holes::Allocated);
        assert_eq!(holes_of_copy(4097, 8, true), Holes::Kept, "one hole");
        assert_eq!(holes_of_copy(4095, 8, true), Holes::Allocated, "the end");
        assert_eq!(holes_of_copy(1 << 40, 16, true), Holes::Kept, "sparse");
        // Also reserved beyond the end, and blocks of the file system's own.
        assert_eq!(holes_of_copy(100, 4096, true), Holes::Allocated);
        // Compressed, or data within the inode: there is nothing to reserve.
        assert_eq!(holes_of_copy(8192, 1, true), Holes::Kept);
        assert_eq!(holes_of_copy(100, 0, true), Holes::Kept);
        // erofs counts the blocks of holes.
        assert_eq!(holes_of_copy(1 << 40, 1 << 31, false), Holes::Kept);
        assert_eq!(holes_of_copy(u64::MAX, u64::MAX, true), Holes::Allocated);
    }

    #[test]
    fn no_power_is_gained() {
        assert_eq!(mode_of_copy(0o106755, true), 0o100755);
        assert_eq!(mode_of_copy(0o104644, true), 0o100644);
        assert_eq!(mode_of_copy(0o102644, true), 0o102644, "locking");
        assert_eq!(mode_of_copy(0o042775, true), 0o042775, "directory");
        assert!(!keep_capabilities(true));
        assert_eq!(mode_of_copy(0o106755, false), 0o106755);
        assert!(keep_capabilities(false));
    }

    #[test]
    fn what_security_depends_on_is_copied() {
        let copied = |nosuid, name: &[u8]| copies_xattr(XattrSpace::Trusted, nosuid, name);
        assert_eq!(copied(false, b"user.a"), Some(XattrCopy::IfPossible));
        assert_eq!(copied(false, b"security.selinux"), Some(XattrCopy::Always));
        assert_eq!(copied(false, CAPABILITY), Some(XattrCopy::Always));
        assert_eq!(copied(true, CAPABILITY), None, "nosuid");
        assert_eq!(copied(false, b"trusted.overlay.opaque"), None);
        let nested = b"trusted.overlay.overlay.opaque";
        assert_eq!(copied(false, nested), Some(XattrCopy::IfPossible));
        assert_eq!(
            copied(false, b"user.overlay.opaque"),
            Some(XattrCopy::IfPossible)
        );
        assert_eq!(copied(false, b"system.posix_acl_default"), None);
        assert_eq!(copied(false, b"trusted.SGI_ACL_FILE"), None);
    }
}
