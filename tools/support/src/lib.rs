// SPDX-License-Identifier: GPL-2.0-only
//! Common code of the tools, on the host and in a virtual machine: processes, mounts, the kernel's
//! lists, and the format of reports. It knows no other crate of the workspace.

pub mod disk;
pub mod errno;
pub mod fs_context;
pub mod kernel_log;
pub mod mount;
pub mod mountinfo;
pub mod mountstats;
pub mod octal;
pub mod outcome;
pub mod process;
pub mod slab;
pub mod walk;
