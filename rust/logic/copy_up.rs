// SPDX-License-Identifier: GPL-2.0-only

//! Bringing a lower object into the top: the order of the steps, and what must not come along.

use super::entry::Kind;
use super::mutate::CrashState;
use super::options::Fsync;

/// One step of a copy-up. The variants are in the order of execution, which is fixed:
///
/// * data before attributes that guard it: writing drops `security.capability`, so the extended
///   attributes follow the data;
/// * access control lists before the mode and the times: setting a list sets mode bits, and the
///   set-id bits must be the last word;
/// * all of it before the object is published: what can be seen under its name is complete;
/// * syncing before publishing: after a power cut the name must not show a file without its data.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum Step {
    /// Make an object of the same kind in the work directory, with a mode that keeps others out.
    CreateStaged,
    /// Copy the data, and the size; holes stay holes ([`holes_of_copy`]).
    Data,
    /// Copy the extended attributes that are not private to a union.
    Xattrs,
    /// Copy the access control lists.
    Acls,
    /// Set owner, mode and times to those of the lower object.
    Attributes,
    /// Wait until the object is on stable storage.
    Sync,
    /// Give it its name in the top directory, in one step.
    Publish,
    /// Put the times of the top directory back, which publishing has changed.
    ParentTimes,
}

impl Step {
    /// All steps, in order.
    pub const ALL: [Step; 8] = [
        Step::CreateStaged,
        Step::Data,
        Step::Xattrs,
        Step::Acls,
        Step::Attributes,
        Step::Sync,
        Step::Publish,
        Step::ParentTimes,
    ];
}

/// What the order of a copy-up depends on, besides the kind of the object.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Facts {
    /// Bytes of data to copy, see [`data_needed`].
    pub data: u64,
    /// How much the mount cares for power cuts.
    pub fsync: Fsync,
}

/// The steps of the copy-up of one object, in order.
pub fn steps(kind: Kind, facts: Facts) -> impl Iterator<Item = Step> {
    let regular = kind == Kind::Regular;
    Step::ALL.into_iter().filter(move |step| match step {
        Step::Data => regular && facts.data > 0,
        // A symbolic link has none.
        Step::Acls => kind != Kind::Symlink,
        // Whatever has no data is made by transactions of the top's file system, which keeps them
        // in order; only the strict mode does not rely on it.
        Step::Sync => match facts.fsync {
            Fsync::Volatile => false,
            Fsync::Auto => regular && facts.data > 0,
            Fsync::Strict => regular || kind == Kind::Directory,
        },
        Step::CreateStaged
        | Step::Xattrs
        | Step::Attributes
        | Step::Publish
        | Step::ParentTimes => true,
    })
}

/// What is left when only the first `done` of these steps have happened.
///
/// The lower object and its copy look the same, so "old" and "new" differ in who may change it. One
/// thing shows: after a crash between the last two steps the parent's change time is new.
pub fn after_crash(kind: Kind, facts: Facts, done: usize) -> CrashState {
    let mut state = CrashState::Old;
    for step in steps(kind, facts).take(done) {
        state = match step {
            Step::Publish | Step::ParentTimes => CrashState::New,
            _ => CrashState::OldAndGarbage,
        };
    }
    state
}

/// Bytes of data to copy from a file of `size` bytes, if the copy-up is for cutting or growing the
/// file to `truncate_to` bytes: what is cut off is not copied.
pub const fn data_needed(size: u64, truncate_to: Option<u64>) -> u64 {
    match truncate_to {
        Some(end) if end < size => end,
        _ => size,
    }
}

/// What becomes of the places a file says are holes, in its copy.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Holes {
    /// Holes.
    Kept,
    /// Blocks: a program may have reserved them, and count on that no write finds the disk full.
    Allocated,
}

/// Bytes in the unit `st_blocks` counts in, on every file system.
const UNIT: u64 = 512;

/// What the holes of a file of `size` bytes become that has `blocks` units of 512 bytes.
///
/// Blocks that were reserved and never written to (fallocate(2)) read as zeros and are reported as
/// holes. A file that has blocks for all of its bytes has no real holes, so all that it reports are
/// such. Where some are real, nothing tells which: they are kept. `can_preallocate`: the file system
/// can reserve blocks at all; one that cannot (an image) may count blocks as it likes, and erofs counts
/// those of holes.
pub const fn holes_of_copy(size: u64, blocks: u64, can_preallocate: bool) -> Holes {
    if can_preallocate && blocks.saturating_mul(UNIT) >= size {
        Holes::Allocated
    } else {
        Holes::Kept
    }
}

const TYPE: u16 = 0o170000;
const DIRECTORY: u16 = 0o040000;
const SET_USER_ID: u16 = 0o4000;
const SET_GROUP_ID: u16 = 0o2000;
const GROUP_EXECUTE: u16 = 0o0010;

/// The mode of the copy.
///
/// Where the lower layer is mounted `nosuid`, a copy must not gain power that the original did not
/// have: a copy-up any user can cause would turn a foreign set-id file into a working one. Set-id
/// bits are dropped there, save the set-group-id bit without group execution,
/// which is about locking, and those of directories, which are about inheritance.
pub const fn mode_for_top(mode: u16, lower_nosuid: bool) -> u16 {
    if keep_capabilities(lower_nosuid) || mode & TYPE == DIRECTORY {
        return mode;
    }
    if mode & GROUP_EXECUTE != 0 {
        mode & !(SET_USER_ID | SET_GROUP_ID)
    } else {
        mode & !SET_USER_ID
    }
}

/// Whether `security.capability` is copied; the reason is that of [`mode_for_top`].
pub const fn keep_capabilities(lower_nosuid: bool) -> bool {
    !lower_nosuid
}

#[cfg(test)]
mod tests {
    use super::*;

    const FSYNCS: [Fsync; 3] = [Fsync::Auto, Fsync::Strict, Fsync::Volatile];

    #[test]
    fn steps_keep_their_order_and_end_published() {
        for kind in Kind::ALL {
            for data in [0, 1] {
                for fsync in FSYNCS {
                    let list: std::vec::Vec<Step> = steps(kind, Facts { data, fsync }).collect();
                    assert!(list.windows(2).all(|pair| pair[0] < pair[1]));
                    assert_eq!(list.first(), Some(&Step::CreateStaged));
                    assert!(list.ends_with(&[Step::Publish, Step::ParentTimes]));
                    let copies = list.contains(&Step::Data);
                    assert_eq!(copies, kind == Kind::Regular && data > 0);
                }
            }
        }
    }

    #[test]
    fn data_is_synced_unless_volatile() {
        let synced =
            |kind, data, fsync| steps(kind, Facts { data, fsync }).any(|s| s == Step::Sync);
        assert!(synced(Kind::Regular, 9, Fsync::Auto));
        assert!(!synced(Kind::Regular, 0, Fsync::Auto));
        assert!(!synced(Kind::Directory, 0, Fsync::Auto));
        assert!(synced(Kind::Directory, 0, Fsync::Strict));
        assert!(!synced(Kind::Symlink, 0, Fsync::Strict));
        assert!(Kind::ALL.iter().all(|&k| !synced(k, 9, Fsync::Volatile)));
    }

    #[test]
    fn a_crash_leaves_the_old_until_published() {
        for kind in Kind::ALL {
            let facts = Facts {
                data: 5,
                fsync: Fsync::Strict,
            };
            let list: std::vec::Vec<Step> = steps(kind, facts).collect();
            for done in 0..=list.len() {
                let published = list[..done].contains(&Step::Publish);
                let expected = match done {
                    0 => CrashState::Old,
                    _ if published => CrashState::New,
                    _ => CrashState::OldAndGarbage,
                };
                assert_eq!(after_crash(kind, facts, done), expected);
            }
        }
    }

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
        assert_eq!(mode_for_top(0o106755, true), 0o100755);
        assert_eq!(mode_for_top(0o104644, true), 0o100644);
        assert_eq!(mode_for_top(0o102644, true), 0o102644, "locking");
        assert_eq!(mode_for_top(0o042775, true), 0o042775, "directory");
        assert!(!keep_capabilities(true));
        assert_eq!(mode_for_top(0o106755, false), 0o106755);
        assert!(keep_capabilities(false));
    }
}
