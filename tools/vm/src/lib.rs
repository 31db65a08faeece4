// SPDX-License-Identifier: GPL-2.0-only
//! Virtual machines that test the union file system: images, QEMU, time limits, and what comes out of it all.
//!
//! The program `union-vm` is a command line for this; other programs of the host start machines by [`events`].

pub mod architecture;
pub mod boot;
mod console;
pub mod cpio;
pub mod cut;
mod disks;
pub mod events;
mod firmware;
mod initramfs;
mod lower_image;
mod machine;
pub mod modules;
pub mod paths;
mod programs;
pub mod qemu;
pub mod run;
pub mod signals;
pub mod test;
pub mod together;
mod ui;
mod verdict;
