// SPDX-License-Identifier: GPL-2.0-only
//! The rules: what is done with data before a fact about them is written, and what may be found after a power cut.

use std::os::fd::RawFd;

use union_logic::partial::Class;

use super::top::Top;
use crate::random::Dice;
use crate::sys;

/// The kind of a fact.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fact {
    /// An attribute of the file has a bit for each granule whose data are there.
    Bits,
    /// Another file has them.
    File,
    /// An attribute says that the data are not there; it is removed.
    Mark,
    /// An attribute has the lowest size of the file so far.
    Limit,
}

/// What is done before the fact is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Before {
    /// What the class of the file system demands. A limit is set before the file is extended.
    Due,
    /// The file is synced.
    Sync,
    /// The data are written back and waited for.
    Wait,
    /// Nothing. A limit is set after the file has been extended.
    Nothing,
}

/// What a case is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Purpose {
    /// No false fact may be found: the union relies on it.
    Rule,
    /// False facts must be found, or the instrument is blind.
    Control,
    /// What is found is told.
    Figure,
}

/// A rule, or an order that is none.
pub struct Rule {
    /// Its name in those of the cases.
    pub name: &'static str,
    /// What is written.
    pub fact: Fact,
    /// What comes before.
    pub before: Before,
    purpose: Purpose,
}

const fn rule(name: &'static str, fact: Fact, before: Before, purpose: Purpose) -> Rule {
    Rule {
        name,
        fact,
        before,
        purpose,
    }
}

/// All of them.
pub static RULES: [Rule; 9] = [
    rule("bits", Fact::Bits, Before::Due, Purpose::Rule),
    rule(
        "bits-at-once",
        Fact::Bits,
        Before::Nothing,
        Purpose::Control,
    ),
    rule("bits-waited", Fact::Bits, Before::Wait, Purpose::Figure),
    rule("file", Fact::File, Before::Sync, Purpose::Rule),
    rule("file-waited", Fact::File, Before::Wait, Purpose::Control),
    rule("mark", Fact::Mark, Before::Due, Purpose::Rule),
    rule(
        "mark-at-once",
        Fact::Mark,
        Before::Nothing,
        Purpose::Control,
    ),
    rule("limit", Fact::Limit, Before::Due, Purpose::Rule),
    rule("limit-late", Fact::Limit, Before::Nothing, Purpose::Control),
];

impl Rule {
    /// Whether it is measured on this file system.
    pub fn fits(&self, top: &Top) -> bool {
        self.purpose != Purpose::Figure || top.class == Class::Flush
    }

    /// What its case is for on this file system.
    pub fn purpose(&self, top: &Top) -> Purpose {
        let of_data = matches!(self.fact, Fact::Bits | Fact::Mark);
        match self.before {
            Before::Nothing if of_data && top.in_order_anyway => Purpose::Figure,
            _ => self.purpose,
        }
    }

    /// Now and then has the data of a file written early, so that some of them are under way, unless the order is to be
    /// found wrong for the want of it.
    pub fn nudge(&self, file: RawFd, dice: &mut Dice, odds: usize) -> sys::Result<()> {
        match self.before {
            Before::Nothing => Ok(()),
            _ if dice.roll(odds) == 0 => begin_write_back(file),
            _ => Ok(()),
        }
    }

    /// What is done with data before the fact on this file system.
    pub fn before(&self, top: &Top) -> Before {
        match (self.before, top.class) {
            (Before::Due, Class::Journal) => Before::Wait,
            (Before::Due, Class::Flush | Class::None) => Before::Sync,
            (other, _) => other,
        }
    }
}

/// Has data written, and does not wait.
pub fn begin_write_back(file: RawFd) -> sys::Result<()> {
    sys::sync_range(file, 0, 0, libc::SYNC_FILE_RANGE_WRITE)
}

/// Has data written and waits for them: filemap_write_and_wait(), which is what the module calls.
pub fn write_back(file: RawFd) -> sys::Result<()> {
    const ALL: u32 = libc::SYNC_FILE_RANGE_WAIT_BEFORE
        | libc::SYNC_FILE_RANGE_WRITE
        | libc::SYNC_FILE_RANGE_WAIT_AFTER;
    sys::sync_range(file, 0, 0, ALL)
}
