// SPDX-License-Identifier: GPL-2.0-only
//! How much of a large file comes to the upper layer, and how the rest gets there.

use std::path::Path;

use crate::bench::{Bench, Layout};
use crate::changes::with;
use crate::mount::Union;
use crate::union;
use crate::walk::Tree;

/// How much of a large file comes to the upper layer with the first write.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Copies {
    /// What is written, as is the default of a union.
    Parts,
    /// All of it, as with overlayfs.
    Whole,
}

impl Copies {
    /// The ways of the type under test.
    pub fn all(b: &Bench) -> &'static [Self] {
        match b.is_union() {
            true => &[Self::Parts, Self::Whole],
            false => &[Self::Whole],
        }
    }

    /// The union that copies in this way.
    pub fn of(self, b: &Bench, union: Union) -> Union {
        match self {
            Self::Parts => union,
            Self::Whole => b.whole(union),
        }
    }
}

impl Bench<'_> {
    /// A union that copies large files as a whole.
    pub fn whole(&self, union: Union) -> Union {
        match self.is_union() {
            true => union.option("partial", "off"),
            false => union,
        }
    }

    /// As [`Bench::mounted`], copying in this way.
    pub fn mounted_as(
        &self,
        layout: &Layout,
        copies: Copies,
    ) -> Result<(Union, Vec<Tree>), String> {
        let lowers = self.lower_trees(layout)?;
        let union = copies.of(self, self.union(layout));
        union.mount(&layout.target)?;
        Ok((union, lowers))
    }

    /// Settles a file of a mounted union: the upper layer has all of its data then.
    pub fn settle(&self, path: &Path) -> Result<(), String> {
        match self.is_union() {
            true => self.works("settle", with(path, libc::O_RDONLY, union::settle)),
            false => Ok(()),
        }
    }

    /// Settles all files of an unmounted union, if some may be partial: overlayfs, and a union above, use its upper
    /// layer then.
    pub fn settle_all(&self, union: &Union, layout: &Layout) -> Result<(), String> {
        if !union::is_guarded(&layout.work) {
            return Ok(());
        }
        union.mount(&layout.target)?;
        self.settle_mounted(layout)?;
        self.umount(&layout.target)?;
        must!(!union::is_guarded(&layout.work), "settled, and no guard")
    }

    /// The same of a mounted one.
    pub fn settle_mounted(&self, layout: &Layout) -> Result<(), String> {
        union::settle_all(&layout.target).map_err(|error| format!("settle: {error}"))
    }
}
