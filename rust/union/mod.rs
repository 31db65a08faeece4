// SPDX-License-Identifier: GPL-2.0-only

//! The file system `union`: the rules of [`crate::logic`] on real paths.
//!
//! A union has at most one writable *upper* layer and any number of read-only *lower* layers. Each
//! of its directories has a *union stack*: the upper directory, once it exists, and the lower
//! directories of that name ([`layers::node`]). Lookup builds the stack from the parent's
//! ([`lookup::by_name`]) and writes nothing. Each change first makes sure that its directory exists
//! in the upper layer ([`change::copy_up`]), then does one atomic step there ([`change::create`],
//! [`change::remove`], [`change::rename`]). An object that takes several steps is prepared under a
//! temporary name in the work directory ([`change::stage`]).
//!
//! The VFS has checked the caller's rights on the union inode. Every access to a layer happens with
//! the credentials of the mounter ([`layers::union::Union::with_creds`]), so that both must be allowed.
//!
//! The order of locks is in `Documentation/design.rst`, and so is the on-disk format.

pub mod cache;
pub mod change;
mod error;
pub mod layers;
pub mod listing;
pub mod lookup;
pub mod mount;
pub mod ops;
pub mod private_dir;

use crate::vfs;

/// The file system type.
pub struct UnionFs;
/// The operations of its inodes.
pub struct UnionInode;

/// An inode of a union. One of a layer is an [`Inode`](vfs::inode::Inode).
pub type OwnInode = vfs::inode::OwnInode<UnionFs>;
/// A dentry of a union. One of a layer is a [`Dentry`](vfs::dentry::Dentry).
pub type OwnDentry = vfs::dentry::OwnDentry<UnionFs>;
/// A dentry of a union in an operation that modifies its directory.
pub type Child<'a> = vfs::dentry::ChildDentry<'a, UnionFs>;
/// A dentry of a union in an operation that makes an object.
pub type NewChild<'a> = vfs::dentry::NewDentry<'a, UnionFs>;
