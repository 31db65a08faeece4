// SPDX-License-Identifier: GPL-2.0-only

//! Copy-up that copies no data, or does not wait for them.

use super::change::mark_partial;
use super::class::Class;
use super::format::Mark;
use super::granules::SMALL;
use super::state::Form;
use super::store::{Depth, Store};

/// The steps that a copy needs before and when it gets its name.
pub trait DraftStore: Store {
    /// Makes the upper file, without a name and empty. What is known in memory is new
    /// ([`Partial::new`](super::Partial::new)).
    fn draft(&mut self) -> Result<(), Self::Error>;

    /// Copies everything but data: attributes, access control lists, owner, mode, times; with the
    /// change that the copy is for. After the data, for writing drops `security.capability`.
    fn dress(&mut self) -> Result<(), Self::Error>;

    /// Gives the draft its name.
    fn publish(&mut self) -> Result<(), Self::Error>;

    /// Removes the draft, which did not get its name.
    fn discard(&mut self);
}

/// What a file is copied up for.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Reason {
    /// A change of attributes or names.
    Attributes,
    /// Data change, within the file.
    Data,
    /// The size changes.
    Size,
    /// All data are wanted in the upper file.
    Everything,
}

/// The facts that determine how a file is copied up.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Facts {
    /// Bytes of the lower file.
    pub size: u64,
    /// How the upper file system keeps order.
    pub class: Class,
    /// Whether the lower file can be told from others, also after the next mount.
    pub has_identity: bool,
    /// Whether the copy can share the blocks of the lower file, which is cheaper than anything else.
    pub shares_blocks: bool,
    /// Whether nobody but the mounter can set the mark on a file of the upper layer. Otherwise one
    /// could read a lower file through a mark of one's own.
    pub is_mark_safe: bool,
    /// What it is copied up for.
    pub reason: Reason,
}

/// How a file is copied up.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum How {
    /// All data, waited for, then published.
    Synced,
    /// All data, under a mark that is removed when they are durable.
    Unsynced,
    /// No data.
    Metadata,
    /// Data follow in granules.
    Granules,
}

impl Facts {
    /// How the file is copied up.
    pub const fn how(&self) -> How {
        let keeps_marks = self.is_mark_safe && !matches!(self.class, Class::None);
        match self.reason {
            _ if self.size == 0 || !keeps_marks => How::Synced,
            Reason::Attributes => How::Metadata,
            Reason::Everything => How::Unsynced,
            Reason::Data | Reason::Size if self.shares_blocks => How::Unsynced,
            Reason::Data if self.size <= SMALL || !self.has_identity => How::Unsynced,
            Reason::Size if !self.has_identity => How::Unsynced,
            Reason::Data | Reason::Size => How::Granules,
        }
    }
}

/// Copies a file up. Stopped after any step it leaves the lower file in its place or the copy, which
/// shows the same data.
pub fn copy_up<S: DraftStore>(store: &mut S, how: How) -> Result<(), S::Error> {
    store.draft()?;
    if let Err(error) = prepare(store, how) {
        store.discard();
        return Err(error);
    }
    store.publish()
}

fn prepare<S: DraftStore>(store: &mut S, how: How) -> Result<(), S::Error> {
    let size = store.with(|file| file.geometry().size());
    store.set_size(size)?;
    match how {
        How::Metadata => store.set_mark(Mark::Lower)?,
        How::Granules => store.committing(mark_partial)?,
        How::Synced | How::Unsynced => {
            store.fill(0..size)?;
            store.with(|file| file.set_present(&(0..file.geometry().count())));
        }
    }
    match how {
        How::Unsynced if store.with(|file| file.mark_allows(false)) => {
            store.set_mark(Mark::Lower)?;
        }
        How::Unsynced => store.committing(mark_partial)?,
        How::Synced => store.with(|file| file.set_form(Form::Whole)),
        How::Metadata | How::Granules => {}
    }
    store.dress()?;
    match how {
        How::Synced => store.sync(Depth::Full),
        How::Unsynced | How::Metadata | How::Granules => Ok(()),
    }
}
