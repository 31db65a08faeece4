// SPDX-License-Identifier: GPL-2.0-only
//! What the tools have in common, on the host and in a virtual machine: processes, mounts, what the kernel lists, and
//! the form of reports.  It knows no other crate of the workspace.

pub mod disk;
pub mod errno;
pub mod fs_context;
pub mod mount;
pub mod mountinfo;
pub mod mountstats;
pub mod octal;
pub mod outcome;
pub mod process;
pub mod slab;
pub mod walk;
