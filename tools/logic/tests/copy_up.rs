// SPDX-License-Identifier: GPL-2.0-only

//! Copy-up, stopped after any step, leaves the lower object or the whole copy.

use union_logic::change::copy_up::{copy_up, CopyStore, Data, Facts};
use union_logic::mode::Kind;
use union_logic::options::Fsync;
use union_logic::partial::Class;

/// What a copy has of the object.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
struct Copy {
    data: bool,
    /// The mark of a copy without data.
    mark: bool,
    /// With `security.capability`, which writing takes away.
    xattrs: bool,
    acls: bool,
    /// The mode, which setting ACLs changes.
    mode: bool,
    number: bool,
    flags: bool,
    /// Its present state is on the disk.
    synced: bool,
    /// Its data are.
    written_out: bool,
}

/// An upper layer with one name, and a step to be stopped at.
#[derive(Clone, Debug)]
struct Host {
    facts: Facts,
    has_tmpfile: bool,
    steps: Vec<&'static str>,
    limit: usize,
    /// Whether the steps after that happen.
    goes_on: bool,
    is_stopped: bool,
    /// What lies in the work directory.
    work: Option<Copy>,
    published: Option<Copy>,
    parent_impure: bool,
}

enum Draft {
    Unnamed(std::cell::Cell<Copy>),
    Named,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
struct Stopped;

impl Host {
    fn new(facts: Facts, has_tmpfile: bool, limit: usize, goes_on: bool) -> Self {
        Host {
            facts,
            has_tmpfile,
            steps: Vec::new(),
            limit,
            goes_on,
            is_stopped: false,
            work: None,
            published: None,
            parent_impure: false,
        }
    }

    fn step(&mut self, name: &'static str) -> Result<(), Stopped> {
        let happens = match self.is_stopped {
            true => self.goes_on,
            false => self.steps.len() < self.limit,
        };
        match happens {
            true => {
                self.steps.push(name);
                Ok(())
            }
            false => {
                self.is_stopped = true;
                Err(Stopped)
            }
        }
    }

    /// A step that changes the copy.
    fn change(
        &mut self,
        draft: &Draft,
        name: &'static str,
        change: impl FnOnce(&mut Copy),
    ) -> Result<(), Stopped> {
        self.step(name)?;
        let mut copy = self.copy(draft);
        copy.synced = false;
        change(&mut copy);
        match draft {
            Draft::Unnamed(cell) => cell.set(copy),
            Draft::Named => self.work = Some(copy),
        }
        Ok(())
    }

    fn copy(&self, draft: &Draft) -> Copy {
        match draft {
            Draft::Unnamed(cell) => cell.get(),
            Draft::Named => self.work.expect("in the work directory"),
        }
    }

    /// Whether a copy is all that one with its name has to be.
    fn check(&self, copy: Copy) {
        let facts = self.facts;
        let is_file = facts.kind == Kind::Regular;
        assert_eq!(copy.data, is_file && facts.data == Data::Copied(5), "data");
        assert_eq!(copy.mark, is_file && facts.data == Data::Below, "mark");
        assert!(copy.xattrs && copy.flags && copy.mode, "{copy:?}");
        assert_eq!(copy.acls, facts.kind != Kind::Symlink, "ACLs");
        assert_eq!(copy.number, facts.keeps_number(), "number");
        assert!(!copy.number || self.parent_impure || facts.is_unlinked);
        let must = match facts.fsync {
            Fsync::Volatile => false,
            Fsync::Auto => copy.data || copy.mark && facts.class == Class::None,
            Fsync::Strict => matches!(facts.kind, Kind::Regular | Kind::Directory),
        };
        let is_enough = facts.fsync == Fsync::Auto && facts.class == Class::Journal;
        assert_eq!(copy.synced, must && !is_enough, "synced");
        assert_eq!(copy.written_out, must && is_enough, "written out");
    }
}

impl CopyStore for Host {
    type Error = Stopped;
    type Draft = Draft;
    type Copied = ();

    fn draft_unnamed(&mut self) -> Result<Option<Draft>, Stopped> {
        assert_eq!(self.facts.kind, Kind::Regular);
        if !self.has_tmpfile {
            return Ok(None);
        }
        self.step("make a file without a name")?;
        Ok(Some(Draft::Unnamed(Copy::default().into())))
    }

    fn draft_named(&mut self) -> Result<Draft, Stopped> {
        self.step("make it in the work directory")?;
        self.work = Some(Copy::default());
        Ok(Draft::Named)
    }

    fn copy_data(&mut self, draft: &Draft) -> Result<(), Stopped> {
        self.change(draft, "data", |copy| {
            copy.data = true;
            copy.xattrs = false;
        })
    }

    fn leave_data(&mut self, draft: &Draft) -> Result<(), Stopped> {
        self.change(draft, "size and mark", |copy| copy.mark = true)
    }

    fn copy_xattrs(&mut self, draft: &Draft) -> Result<(), Stopped> {
        self.change(draft, "extended attributes", |copy| copy.xattrs = true)
    }

    fn copy_acls(&mut self, draft: &Draft) -> Result<(), Stopped> {
        self.change(draft, "access control lists", |copy| {
            copy.acls = true;
            copy.mode = false;
        })
    }

    fn record_number(&mut self, draft: &Draft) -> Result<(), Stopped> {
        self.change(draft, "inode number", |copy| copy.number = true)
    }

    fn copy_flags(&mut self, draft: &Draft) -> Result<(), Stopped> {
        self.change(draft, "flags", |copy| copy.flags = true)
    }

    fn copy_attributes(&mut self, draft: &Draft) -> Result<(), Stopped> {
        self.change(draft, "owner, mode, times", |copy| copy.mode = true)
    }

    fn write_out(&mut self, draft: &Draft) -> Result<(), Stopped> {
        self.change(draft, "data are on the disk", |copy| {
            copy.written_out = true
        })
    }

    fn sync(&mut self, draft: &Draft) -> Result<(), Stopped> {
        self.change(draft, "sync", |copy| copy.synced = true)
    }

    fn set_parent_impure(&mut self) -> Result<(), Stopped> {
        self.step("mark the directory impure")?;
        self.parent_impure = true;
        Ok(())
    }

    fn publish(&mut self, draft: Draft) -> Result<(), Stopped> {
        let published = self.step("link or rename");
        if published.is_err() {
            self.discard(draft);
            return published;
        }
        self.published = Some(self.copy(&draft));
        self.work = None;
        Ok(())
    }

    fn publish_nameless(&mut self, draft: Draft) -> Result<(), Stopped> {
        let copy = self.copy(&draft);
        self.check(copy);
        self.discard(draft);
        Ok(())
    }

    fn restore_parent_times(&mut self) {
        let _ = self.step("times of the directory");
    }

    fn discard(&mut self, draft: Draft) {
        if let (Draft::Named, Ok(())) = (draft, self.step("remove it from the work directory")) {
            self.work = None;
        }
    }
}

/// Every combination of facts, with and without files without a name.
fn all() -> impl Iterator<Item = (Facts, bool)> {
    let fsyncs = [Fsync::Auto, Fsync::Strict, Fsync::Volatile];
    let bools = [false, true];
    Kind::ALL.into_iter().flat_map(move |kind| {
        let data = [Data::Copied(0), Data::Copied(5), Data::Below];
        data.into_iter().flat_map(move |data| {
            fsyncs.into_iter().flat_map(move |fsync| {
                bools.into_iter().flat_map(move |is_single| {
                    bools.into_iter().flat_map(move |is_unlinked| {
                        let classes = [Class::Journal, Class::Flush, Class::None];
                        classes.into_iter().flat_map(move |class| {
                            let facts = Facts {
                                kind,
                                data,
                                is_single,
                                is_unlinked,
                                fsync,
                                class,
                            };
                            bools.into_iter().map(move |tmpfile| (facts, tmpfile))
                        })
                    })
                })
            })
        })
    })
}

#[test]
fn a_stopped_copy_up_leaves_the_old_or_the_whole_copy() {
    for (facts, has_tmpfile) in all() {
        let mut whole = Host::new(facts, has_tmpfile, usize::MAX, false);
        assert_eq!(copy_up(&mut whole, facts), Ok(()));
        assert_eq!(whole.published.is_some(), !facts.is_unlinked, "{facts:?}");
        assert_eq!(whole.work, None);

        for limit in 0..whole.steps.len() {
            for goes_on in [false, true] {
                let mut host = Host::new(facts, has_tmpfile, limit, goes_on);
                let result = copy_up(&mut host, facts);
                if let Some(copy) = host.published {
                    host.check(copy);
                    assert_eq!(result, Ok(()), "only the times are missing");
                }
                if goes_on && result.is_err() {
                    assert_eq!(host.published, None);
                    assert_eq!(host.work, None, "left at {limit} of {:?}", whole.steps);
                }
            }
        }
    }
}

const DESIGN: &str = include_str!("../../../Documentation/design.rst");

/// The design document has the steps, and what a crash after each leaves.
#[test]
fn the_design_has_the_table() {
    let facts = Facts {
        kind: Kind::Regular,
        data: Data::Copied(5),
        is_single: true,
        is_unlinked: false,
        fsync: Fsync::Auto,
        class: Class::Journal,
    };
    let below = Facts {
        data: Data::Below,
        ..facts
    };
    let mut text = String::new();
    for (title, facts, has_tmpfile) in [
        ("A regular file, for a change of data", facts, true),
        (
            "The same where there are no files without a name",
            facts,
            false,
        ),
        ("A regular file, for a change of attributes", below, true),
    ] {
        text += &format!("    {title}\n");
        let mut whole = Host::new(facts, has_tmpfile, usize::MAX, false);
        assert_eq!(copy_up(&mut whole, facts), Ok(()));
        for (done, step) in (1..).zip(&whole.steps) {
            let mut host = Host::new(facts, has_tmpfile, done, false);
            let _ = copy_up(&mut host, facts);
            let has_garbage =
                host.work.is_some() || (host.parent_impure && host.published.is_none());
            let left = match (host.published, has_garbage) {
                (Some(_), _) => "new",
                (None, true) => "old + garbage",
                (None, false) => "old",
            };
            text += &format!("      {step:<44}{left}\n");
        }
    }
    assert!(DESIGN.contains(&text), "design.rst should have:\n{text}");
}
