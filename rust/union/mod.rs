// SPDX-License-Identifier: GPL-2.0-only

//! The file system `union`: the rules of [`crate::logic`] on real paths.
//!
//! A union has at most one writable *upper layer* layer and any number of read-only *lower* layers. Each of
//! its directories has a *union stack*: the upper directory, once it exists, and the lower
//! directories of that name ([`layers::node`]). Lookup builds the stack from the parent's ([`lookup::by_name`]) and
//! writes nothing. Whatever changes something first makes sure that its directory exists in the upper layer
//! ([`change::copy_up`]), then makes one step there that is atomic ([`change::create`],
//! [`change::remove`], [`change::rename`]);
//! what takes several steps is prepared under a temporary name in the work directory ([`change::stage`]).
//!
//! # Locks, from the outermost to the innermost
//!
//! ```text
//! union: s_vfs_rename_mutex, i_rwsem of directories, i_rwsem of the object   (taken by the VFS)
//!   Node::lock of one object          copy-up, removal, and the reading of a directory
//!     Records::file                   while the file of records is opened and read
//!     lower: i_rwsem of directories   lookups, readdir
//!     freeze protection of the upper layer    WriteAccess
//!       Upper::whiteout               making the shared whiteout
//!       upper: s_vfs_rename_mutex, i_rwsem of directories, i_rwsem of the object
//!         i_lock of a union inode     copying attributes
//! anywhere: the locks of `reclaim`, `reserved` and `vfs::once`, within which nothing is allocated or waited for
//! ```
//!
//! Lower directories are looked up and read with nothing of the upper layer held: a lower layer may be a
//! union that writes to the same file system. (Attributes, ACLs and link targets of a lower object
//! are read with freeze protection held while it is copied; no directory lock is needed for them.) A union within a union takes the inner one's locks
//! inside its own; both have lock classes by depth.
//!
//! `Node::lock` of a child is never held while that of another object is taken: copy-up goes from
//! the root down, one object after the other. A rename takes the lock of the object that is
//! replaced or removed only, after everything is copied up.
//!
//! Data are copied ([`change::copy_data`]) without freeze protection held, for the copying takes it itself, and
//! whoever watches the lower file is asked before.
//!
//! # Credentials
//!
//! The VFS has checked the caller's rights on the union inode. Every access to a layer happens with
//! the credentials of the mounter ([`layers::union::Union::creds`]), so that both must be allowed.

pub mod change;
mod error;
pub mod layers;
pub mod listing;
pub mod lookup;
pub mod mount;
pub mod ops;

use crate::vfs;

/// The file system type.
pub struct UnionFs;
/// The operations of its inodes.
pub struct UnionInode;

/// An inode of a union.
pub type Inode = vfs::inode::INode<UnionFs>;
/// A dentry of a union.
pub type DEntry = vfs::dentry::DEntry<UnionFs>;
/// A dentry of a union in an operation that modifies its directory.
pub type Child<'a> = vfs::dentry::ChildDentry<'a, UnionFs>;
/// A dentry of a union in an operation that makes an object.
pub type NewChild<'a> = vfs::dentry::NewDentry<'a, UnionFs>;
