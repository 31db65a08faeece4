// SPDX-License-Identifier: GPL-2.0-only

//! The rules of union mounts, as pure functions and data.
//!
//! Nothing here does I/O, takes a lock or knows of dentries: a rule is given facts and answers with
//! a value; an operation is a function over a trait that says which steps there are. Every rule can
//! therefore be read and tested separately; the same files are compiled into the module and, by
//! cargo, on the host. `Documentation/design.rst` tells the rules in prose.
//!
//! The words, everywhere the same: the one writable layer is the *upper layer*, all others are
//! *lower* layers, a *whiteout* hides a name of the layers beneath it, an *opaque* directory hides
//! what the layers beneath it hold under its name.
//!
//! | File | Answers |
//! |---|---|
//! | [`mode`] | which types of objects are there? |
//! | [`entry`] | what does one layer say of a name? |
//! | [`resolve`] | what does the union show, which layers take part, when to stop asking? |
//! | [`aufs`] | which names are whiteouts of the form that containers use? |
//! | [`merge`], [`fallthru`] | what do the lower layers contribute to a directory? |
//! | [`record`], [`pack`] | how is a fallthru set written down, and where? |
//! | [`view`], [`ordered`] | what does a directory show, and in which order? |
//! | [`change`] | how is a name made, removed, moved, and a lower object copied up? |
//! | [`partial`] | which of a file's data are in the upper layer, and when does the disk say so? |
//! | [`verity`] | are the data of a file those that its mark means? |
//! | [`inum`] | which inode number does an object have? |
//! | [`identity`] | which UUID does a union have? |
//! | [`options`], [`layers`] | which mount options are there, which go together? |
//! | [`ioctl`] | which calls does only a union have? |
//! | [`codec`], [`value`] | which attributes are ours, and what do they say? |

#![forbid(unsafe_code)]

pub mod alloc;
pub mod aufs;
pub mod change;
pub mod codec;
pub mod entry;
pub mod fallthru;
pub mod hash;
pub mod identity;
pub mod inum;
pub mod ioctl;
pub mod layers;
pub mod merge;
pub mod mode;
pub mod options;
pub mod ordered;
pub mod pack;
pub mod partial;
pub mod record;
pub mod resolve;
pub mod value;
pub mod verity;
pub mod view;
