// SPDX-License-Identifier: GPL-2.0-only
//! Power cuts: the state of a union after one, on any disk that one can leave. A workload ([`generate`]) runs on a
//! union whose upper layer is on a device with a log of dm-log-writes, with a mark before each operation. The log
//! ([`log`]) gives the states of the disk that a power cut can leave ([`points`]). Each is made ([`replay`]) and
//! mounted, and must show a possible tree ([`judge`]).

pub mod case;
pub mod cell;
pub mod database;
pub mod disk;
pub mod fsck;
pub mod generate;
pub mod history;
pub mod hurry;
pub mod judge;
#[cfg(test)]
mod judge_tests;
pub mod kmsg;
pub mod log;
pub mod observe;
pub mod op;
pub mod parts;
pub mod perform;
pub mod points;
pub mod ram;
pub mod record;
pub mod replay;
pub mod runs;
pub mod sequences;
pub mod site;
pub mod sparse;
pub mod stages;
pub mod start;
pub mod tree;
pub mod whole;
