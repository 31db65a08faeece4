// SPDX-License-Identifier: GPL-2.0-only

//! Union mounts: one writable layer over any number of read-only ones.

#![deny(unsafe_op_in_unsafe_fn)]

use kernel::prelude::*;

mod bindings;
#[cfg(union_kunit)]
mod kunit;
pub mod logic;
#[path = "union/mod.rs"]
pub mod union;
pub mod vfs;

module! {
    type: UnionModule,
    name: "union",
    authors: ["The union mounts project"],
    description: "Union mounts",
    license: "GPL v2",
    alias: ["fs-union"],
}

/// The module: one registered file system type. Nothing that can fail comes after its
/// registration.
#[pin_data]
struct UnionModule {
    #[pin]
    registration: vfs::registration::Registration<union::UnionFs>,
}

impl kernel::InPlaceModule for UnionModule {
    fn init(module: &'static ThisModule) -> impl PinInit<Self, Error> {
        try_pin_init!(Self {
            registration <- vfs::registration::Registration::new::<union::mount::context::MountContext>(module),
        })
    }
}
