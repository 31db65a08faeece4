// SPDX-License-Identifier: GPL-2.0-only
//! What a scenario and a check are.

use crate::bench::Bench;
use crate::layers::{Layers, Verdict};
use crate::run::Run;
use crate::tree::Builder;

/// A difference between union and oracle that is meant to be.
#[derive(Clone, Copy, Debug)]
pub struct Allow {
    /// Part of the line of transcript, or `walk PATH`, that may differ.
    pub line: &'static str,
    /// Why; printed with the result.
    pub why: &'static str,
}

/// Something to do to a tree, whose outcome on a plain file system says what it must be on a union.
#[derive(Clone, Copy)]
pub struct Scenario {
    /// Name of the file it is in, without `.rs`; build.rs fills it in.
    pub name: &'static str,
    /// One line for a reader of the report.
    pub about: &'static str,
    /// Describes the tree it starts from.
    pub setup: fn(&mut Builder),
    /// The calls, recorded and compared.
    pub steps: fn(&mut Run),
    /// What must be found in the layers after the union is unmounted.
    pub layers: Option<fn(&Layers) -> Verdict>,
    /// Differences that are meant to be.
    pub allow: &'static [Allow],
    /// Shapes, file systems of lower layers, or `top:` and that of the upper layer, that it does not run on, each with
    /// the reason.
    pub not_on: &'static [(&'static str, &'static str)],
    /// Why overlayfs may see something else in the same layers afterwards, if it may.
    pub not_overlay: Option<&'static str>,
}

impl Scenario {
    /// Does nothing; for `..Scenario::DEFAULT`.
    pub const DEFAULT: Self = Self {
        name: "",
        about: "",
        setup: |_| {},
        steps: |_| {},
        layers: None,
        allow: &[],
        not_on: &[],
        not_overlay: None,
    };
}

/// What there is to say about something that went well, or why it did not; `skip: ` and a reason when it could not be.
pub type Notes = Result<Vec<String>, String>;

/// A test without an oracle: of mounting, options, and what concerns the module as a whole.
#[derive(Clone, Copy)]
pub struct Check {
    /// Name of the file it is in, without `.rs`; build.rs fills it in.
    pub name: &'static str,
    /// One line for a reader of the report.
    pub about: &'static str,
    /// Does it; an error says what was expected and what was found.
    pub run: fn(&mut Bench) -> Result<(), String>,
}

impl Check {
    /// Does nothing; for `..Check::DEFAULT`.
    pub const DEFAULT: Self = Self {
        name: "",
        about: "",
        run: |_| Ok(()),
    };
}
