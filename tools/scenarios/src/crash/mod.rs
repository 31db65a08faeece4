// SPDX-License-Identifier: GPL-2.0-only
//! Power cuts: what a union is after one, on any disk that one can leave behind.
//!
//! A workload ([`generate`]) runs on a union whose upper layer is on a device that dm-log-writes keeps a log of, with
//! a
//! mark before each operation.  From the log ([`log`]) come the states of the disk that a power cut can leave
//! ([`points`]).  Each is made ([`replay`]) and mounted, and what it shows must be a tree that can be there
//! ([`judge`]).

pub mod case;
pub mod cell;
pub mod disk;
pub mod fsck;
pub mod generate;
pub mod history;
pub mod judge;
#[cfg(test)]
mod judge_tests;
pub mod kmsg;
pub mod log;
pub mod observe;
pub mod op;
pub mod perform;
pub mod points;
pub mod ram;
pub mod replay;
pub mod sequences;
pub mod site;
pub mod stages;
pub mod start;
pub mod tree;
pub mod whole;
