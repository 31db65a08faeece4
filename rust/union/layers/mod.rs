// SPDX-License-Identifier: GPL-2.0-only

//! The layers: what they are, what inodes are made of, what a layer says of a name.

pub mod file_data;
pub mod identity;
pub mod impurity;
pub mod inum;
pub mod layer;
pub mod lower;
pub mod node;
pub mod numbers;
pub mod order;
pub mod part;
pub mod private_xattrs;
pub mod probe;
pub mod reserved;
pub mod union;
pub mod unstable;
pub mod upper_dentry;
