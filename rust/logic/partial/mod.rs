// SPDX-License-Identifier: GPL-2.0-only

//! Files whose data are partly in the upper layer: copied up without data, or in granules.
//!
//! A file that is changed is copied up without its data; what is then written is copied granule by
//! granule. [`Mark`] and [`Header`] are what the disk says of such a file, [`Partial`] is what is
//! known in memory, and each operation is one function over a [`Store`]:
//!
//! | On the disk | Mark | The data are |
//! |---|---|---|
//! | nothing | | in the lower file |
//! | [`Form::Metadata`] | [`Mark::Lower`] | in the lower file |
//! | [`Form::Partial`] | [`Mark::Partial`] | where the map says; beyond the limit in the upper file |
//! | [`Form::Whole`] | none | in the upper file |
//!
//! A file of which nothing is missing is *settled* when its mark is removed. Until then its data
//! are read from the upper file, and a crash shows those of the lower one.
//!
//! Two promises. **Stopped after any step, by a crash or an error, each granule that comes to the
//! upper file shows all of its old data or all of its new data**, whatever has reached the disk; and
//! what a granule of the upper file shows is torn by a crash as on the file system itself, but never
//! zeros where nobody has written any. **What fsync has made durable stays.** Both rest on one rule:
//! a fact is set on the disk after what makes it true, in the order that the [`Class`] of the file
//! system keeps.
//!
//! The caller holds the lock of the file's data: shared for [`write`] and [`complete`], exclusive
//! for [`truncate`], [`zero`] and [`revert`]. [`commit`] and [`fsync`] need none.

mod change;
mod class;
mod commit;
mod complete;
mod copy_up;
mod format;
mod granules;
mod read;
mod state;
mod store;

pub use change::{begin, is_ready, truncate, write, zero, Sync};
pub use class::{Class, Known, EXT4_AT, EXT4_LEN};
pub use commit::{commit, fsync, revert};
pub use complete::{complete, complete_piece, prepare_shared_mapping, settle};
pub use copy_up::{copy_up, DraftStore, Facts, How, Reason};
pub use format::{
    check_sidecar, sidecar_head, Header, Identity, MapAt, Mark, Owner, Ownership, Sameness,
    SidecarId, Unreadable, SIDECAR_HEAD,
};
pub use granules::{Geometry, Granules, Place, SMALL};
pub use read::{first_run, runs, seek, Run};
pub use state::{Form, Lost, Partial, Source};
pub use store::{Depth, Seek, Store, Writing};
