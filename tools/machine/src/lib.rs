// SPDX-License-Identifier: GPL-2.0-only
//! Virtual machines with a kernel of the cache: images, QEMU, time limits, and their output. Other crates decide what
//! they run: `union-vm` scenarios, boots and commands; `union-bench` and `union-suites` start machines by [`events`].

pub mod architecture;
pub mod console;
pub mod cpio;
pub mod disks;
pub mod events;
mod firmware;
pub mod initramfs;
pub mod machine;
pub mod modules;
pub mod options;
pub mod paths;
pub mod qemu;
pub mod run;
pub mod signals;
pub mod together;
