// SPDX-License-Identifier: GPL-2.0-only
//! The types of scenarios and checks.

use crate::bench::Bench;
use crate::layers::{Layers, Verdict};
use crate::run::Run;
use crate::tree::Builder;

/// A permitted difference between union and oracle.
#[derive(Clone, Copy, Debug)]
pub struct Allow {
    /// Part of the line of transcript, or `walk PATH`, that may differ.
    pub line: &'static str,
    /// The reason; printed with the result.
    pub why: &'static str,
}

/// Calls on a tree, whose results on a plain file system are those expected on a union.
#[derive(Clone, Copy)]
pub struct Scenario {
    /// Name of its function; build.rs fills it in.
    pub name: &'static str,
    /// One line for a reader of the report: the documentation of the function.
    pub about: &'static str,
    /// Describes the initial tree, and returns the steps.
    pub describe: fn(&mut Builder) -> Steps,
}

/// The steps of a scenario, and the expected results.
pub struct Steps {
    /// The calls, recorded and compared.
    pub run: Box<dyn Fn(&mut Run)>,
    /// Assertions on the layers after the union is unmounted.
    pub layers: Vec<Box<dyn Fn(&Layers) -> Verdict>>,
    /// Permitted differences.
    pub allow: Vec<Allow>,
    /// Shapes, file systems of lower layers, or `upper:` and that of the upper layer, that it does not run on, each with
    /// the reason.
    pub not_on: Vec<(&'static str, &'static str)>,
    /// Why overlayfs may show something else in the same layers afterwards, if it may.
    pub not_overlay: Option<&'static str>,
}

/// The calls of a scenario.
pub fn steps(run: impl Fn(&mut Run) + 'static) -> Steps {
    Steps {
        run: Box::new(run),
        layers: Vec::new(),
        allow: Vec::new(),
        not_on: Vec::new(),
        not_overlay: None,
    }
}

/// Turns a method of [`Layers`] into one of [`Steps`].
macro_rules! on_layers {
    ($($name:ident($type:ty))*) => {
        $(
            #[doc = concat!("Afterwards [`Layers::", stringify!($name), "`].")]
            pub fn $name(self, what: $type) -> Self {
                self.layers(move |l| l.$name(what))
            }
        )*
    };
}

impl Steps {
    /// An assertion on the layers afterwards.
    pub fn layers(mut self, verdict: impl Fn(&Layers) -> Verdict + 'static) -> Self {
        self.layers.push(Box::new(verdict));
        self
    }

    on_layers! {
        whiteout(&'static str)
        absent(&'static str)
        in_upper(&'static str)
        opaque(&'static str)
        not_opaque(&'static str)
        upper_is(&'static [&'static str])
        upper_gained(&'static [&'static str])
    }

    /// Lines of transcript with `line` in them may differ.
    pub fn allow(mut self, line: &'static str, why: &'static str) -> Self {
        self.allow.push(Allow { line, why });
        self
    }

    /// It does not run on these, and why; see the field.
    pub fn not_on(mut self, places: &[&'static str], why: &'static str) -> Self {
        self.not_on.extend(places.iter().map(|place| (*place, why)));
        self
    }

    /// Overlayfs may show something else afterwards.
    pub fn not_overlay(mut self, why: &'static str) -> Self {
        self.not_overlay = Some(why);
        self
    }
}

/// Notes on a success, or the reason of a failure.
pub type Notes = Result<Vec<String>, String>;

/// A test without an oracle: of mounting, options, and the module as a whole.
#[derive(Clone, Copy)]
pub struct Check {
    /// Name of its function; build.rs fills it in.
    pub name: &'static str,
    /// One line for a reader of the report: the documentation of the function.
    pub about: &'static str,
    /// Runs it; an error says what was expected and what was found.
    pub run: fn(&mut Bench) -> Result<(), String>,
}
