// SPDX-License-Identifier: GPL-2.0-only
//! The tree for scenarios on paths that end in slashes and dots.

use crate::tree::Builder;

/// An object of every type, in every kind of layer, and a missing one.
pub const NAMES: [&str; 10] = [
    "f",
    "d",
    "to-file",
    "to-dir",
    "dangling",
    "gone",
    "none",
    "merged",
    "upper-file",
    "upper-dir",
];

/// The tree with all of [`NAMES`] but `none`; `gone` is for the steps to remove.
pub fn tree(b: &mut Builder) {
    b.file("f", "0123456789").xattr("user.a", b"1");
    b.file("d/x", "x");
    b.symlink("to-file", "f");
    b.symlink("to-dir", "d");
    b.symlink("dangling", "none");
    b.file("gone", "deleted");
    b.lower(1).file("merged/x", "1");
    b.lower(0).dir("merged");
    b.upper().file("upper-file", "0123456789");
    b.dir("upper-dir");
}
