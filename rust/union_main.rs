// SPDX-License-Identifier: GPL-2.0-only

//! Union mounts: one writable layer over any number of read-only ones.

use kernel::prelude::*;

mod bindings;

module! {
    type: UnionModule,
    name: "union",
    authors: ["The union mounts project"],
    description: "Union mounts",
    license: "GPL v2",
}

struct UnionModule;

impl kernel::Module for UnionModule {
    fn init(_module: &'static ThisModule) -> Result<Self> {
        pr_info!("loaded\n");
        Ok(UnionModule)
    }
}

impl Drop for UnionModule {
    fn drop(&mut self) {
        pr_info!("unloaded\n");
    }
}
