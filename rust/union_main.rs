// SPDX-License-Identifier: GPL-2.0-only

//! Union mounts: one writable layer over any number of read-only ones.

#![deny(unsafe_op_in_unsafe_fn)]

use kernel::prelude::*;

mod bindings;
pub mod logic;
pub mod vfs;

module! {
    type: UnionModule,
    name: "union",
    authors: ["The union mounts project"],
    description: "Union mounts",
    license: "GPL v2",
    alias: ["fs-union"],
}

struct UnionModule;

impl kernel::Module for UnionModule {
    fn init(_module: &'static ThisModule) -> Result<Self> {
        Ok(UnionModule)
    }
}
