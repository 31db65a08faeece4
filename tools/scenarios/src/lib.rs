// SPDX-License-Identifier: GPL-2.0-only
//! Scenarios for the union file system, and the code that runs and judges them. A [`Scenario`](scenario::Scenario)
//! describes a tree and makes calls on it. It runs twice: in one plain directory, which is its oracle, and in a union
//! whose layers hold the same tree. The two transcripts of answers and the two resulting trees must agree; see
//! [`execute`]. A [`Check`](scenario::Check) has no oracle and asserts the results itself. Documentation/testing.rst
//! shows how to write one.

// A table of calls says what it is without a name for its type.
#![allow(clippy::type_complexity)]

/// `must!(is, "what {must} be so")`: an error that describes the expectation, unless it holds.
macro_rules! must {
    ($is:expr, $($what:tt)+) => {
        if $is {
            Ok(())
        } else {
            Err(format!("expected, but not so: {}", format_args!($($what)+)))
        }
    };
}

pub mod acl;
pub mod aufs;
pub mod bench;
pub mod cases;
pub mod catalogue;
pub mod changes;
pub mod checks;
pub mod copies;
pub mod crash;
pub mod debugfs;
pub mod diff;
pub mod differential;
pub mod elf;
pub mod execute;
pub mod faults;
pub mod figures;
pub mod fuse;
pub mod image;
pub mod instrument;
pub mod layers;
pub mod load;
pub mod make;
pub mod metacopy;
pub mod numbers;
pub mod ordering;
pub mod pace;
pub mod partial;
pub mod parts;
pub mod quota;
pub mod random;
pub mod run;
pub mod scenario;
pub mod security;
pub mod selinux;
pub mod shape;
pub mod site;
pub mod slashes;
pub mod sound;
pub mod space;
pub mod sys;
pub mod tree;
pub mod union;
pub mod userns;
pub mod walk;
pub mod watch;

pub use union_support::{disk, errno, mount, mountinfo, outcome, process};

/// What a file with a scenario needs.
pub mod prelude {
    pub use crate::acl;
    pub use crate::elf;
    pub use crate::errno::Errno;
    pub use crate::layers::Layers;
    pub use crate::pace::many;
    pub use crate::partial::{self, Layout, Middle};
    pub use crate::process;
    pub use crate::random;
    pub use crate::run::*;
    pub use crate::scenario::{Steps, steps};
    pub use crate::shape;
    pub use crate::slashes;
    pub use crate::sys;
    pub use crate::tree::{Builder, OLD};
}
