// SPDX-License-Identifier: GPL-2.0-only

//! Combining the answers of the layers for a name into what the union shows.
//!
//! The layers are asked from the topmost down, and no further than needed:
//!
//! * nothing taken yet: a whiteout ends the walk, the name is not there; a leaf is the answer, and
//!   hides all beneath it; a directory is taken and the walk goes on;
//! * a directory taken: further directories join its union stack; a whiteout or a leaf ends the
//!   walk, and what lies beneath it stays hidden even if it is a directory;
//! * an opaque directory ends the walk after it is taken;
//! * a file without data is what is shown, and the walk goes on for its data: the next file that has
//!   some is taken as well, and those without on the way; anything else ends the walk in vain.

use super::super::entry::LayerEntry;
use super::super::mode::Kind;

/// Resolves one name. Fed with the answer of each layer in turn, it says what to do with it.
///
/// The layers to feed are those of the parent's union stack: what an opaque parent hides is not
/// in that stack, and so needs no rule here.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Stack {
    state: State,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum State {
    /// No layer has said anything.
    Searching,
    /// At least one directory is taken, more may join.
    Stacking,
    /// A file without data is taken, a file with data is to follow.
    Wanting,
    /// No layer beneath can change the answer.
    Done(Outcome),
}

/// What to do with the layer that was fed.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Step {
    /// Its object is shown, or joins the union stack.
    Take {
        /// Whether the next layer is to be asked.
        more: bool,
    },
    /// Its object, if any, takes no part.
    Skip {
        /// Whether the next layer is to be asked.
        more: bool,
    },
}

impl Step {
    /// Whether the next layer is to be asked.
    pub const fn more(self) -> bool {
        match self {
            Step::Take { more } | Step::Skip { more } => more,
        }
    }

    /// Whether the layer's object is shown, or joins the union stack.
    pub const fn taken(self) -> bool {
        matches!(self, Step::Take { .. })
    }
}

/// What the union shows under the name.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Outcome {
    /// Nothing.
    Absent(Absence),
    /// The object of the one layer that was taken.
    Leaf(Kind),
    /// A directory: the union stack of all layers that were taken.
    Directory,
    /// A file, and no layer that was asked has its data.
    NoData,
}

/// Why a name is not there.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Absence {
    /// No layer has it. Creating it needs no care.
    Never,
    /// A whiteout hides it. A directory created in its place must be opaque.
    Whiteout,
}

impl Stack {
    /// A stack that has heard no layer yet.
    pub const fn new() -> Self {
        Stack {
            state: State::Searching,
        }
    }

    /// Takes in what the next layer, going down, says of the name.
    pub fn feed(&mut self, entry: LayerEntry) -> Step {
        let (state, step) = match (self.state, entry) {
            (State::Done(_), _) => (self.state, Step::Skip { more: false }),
            (_, LayerEntry::Absent) => (self.state, Step::Skip { more: true }),

            (State::Searching, LayerEntry::Whiteout) => (
                State::Done(Outcome::Absent(Absence::Whiteout)),
                Step::Skip { more: false },
            ),
            (State::Searching, LayerEntry::Leaf(kind)) => {
                (State::Done(Outcome::Leaf(kind)), Step::Take { more: false })
            }
            (
                State::Stacking,
                LayerEntry::Whiteout | LayerEntry::Leaf(_) | LayerEntry::WithoutData,
            ) => (State::Done(Outcome::Directory), Step::Skip { more: false }),

            (State::Searching | State::Wanting, LayerEntry::WithoutData) => {
                (State::Wanting, Step::Take { more: true })
            }
            (State::Wanting, LayerEntry::Leaf(kind @ Kind::Regular)) => {
                (State::Done(Outcome::Leaf(kind)), Step::Take { more: false })
            }
            (
                State::Wanting,
                LayerEntry::Whiteout | LayerEntry::Leaf(_) | LayerEntry::Directory { .. },
            ) => (State::Done(Outcome::NoData), Step::Skip { more: false }),

            (_, LayerEntry::Directory { opaque: true }) => {
                (State::Done(Outcome::Directory), Step::Take { more: false })
            }
            (_, LayerEntry::Directory { opaque: false }) => {
                (State::Stacking, Step::Take { more: true })
            }
        };
        self.state = state;
        step
    }

    /// Whether a file is taken, and its data are still to be found.
    pub const fn wants_data(&self) -> bool {
        matches!(self.state, State::Wanting)
    }

    /// What the union shows, provided that no layer is left to ask.
    pub const fn outcome(&self) -> Outcome {
        match self.state {
            State::Searching => Outcome::Absent(Absence::Never),
            State::Stacking => Outcome::Directory,
            State::Wanting => Outcome::NoData,
            State::Done(outcome) => outcome,
        }
    }
}

impl Default for Stack {
    fn default() -> Self {
        Self::new()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const DIR: LayerEntry = LayerEntry::Directory { opaque: false };
    const OPAQUE: LayerEntry = LayerEntry::Directory { opaque: true };
    const FILE: LayerEntry = LayerEntry::Leaf(Kind::Regular);

    /// Resolves through `layers` and returns the outcome with the layers that were taken.
    fn resolve(layers: &[LayerEntry]) -> (Outcome, std::vec::Vec<usize>) {
        let mut stack = Stack::new();
        let mut taken = std::vec::Vec::new();
        for (layer, &entry) in layers.iter().enumerate() {
            let step = stack.feed(entry);
            if step.taken() {
                taken.push(layer);
            }
            if !step.more() {
                break;
            }
        }
        (stack.outcome(), taken)
    }

    #[test]
    fn a_name_in_no_layer() {
        assert_eq!(resolve(&[]), (Outcome::Absent(Absence::Never), vec![]));
        let absent = [LayerEntry::Absent, LayerEntry::Absent];
        assert_eq!(resolve(&absent), (Outcome::Absent(Absence::Never), vec![]));
    }

    #[test]
    fn the_first_leaf_is_shown() {
        let leaf = Outcome::Leaf(Kind::Regular);
        assert_eq!(resolve(&[LayerEntry::Absent, FILE, DIR]), (leaf, vec![1]));
    }

    #[test]
    fn a_whiteout_hides_all_beneath() {
        let gone = Outcome::Absent(Absence::Whiteout);
        assert_eq!(resolve(&[LayerEntry::Whiteout, FILE]), (gone, vec![]));
        assert_eq!(
            resolve(&[LayerEntry::Absent, LayerEntry::Whiteout, DIR]),
            (gone, vec![])
        );
    }

    #[test]
    fn directories_merge_until_something_else_comes() {
        let dir = Outcome::Directory;
        assert_eq!(resolve(&[DIR, LayerEntry::Absent, DIR]), (dir, vec![0, 2]));
        assert_eq!(resolve(&[DIR, FILE, DIR]), (dir, vec![0]));
        assert_eq!(resolve(&[DIR, LayerEntry::Whiteout, DIR]), (dir, vec![0]));
        assert_eq!(resolve(&[DIR, OPAQUE, DIR]), (dir, vec![0, 1]));
        assert_eq!(resolve(&[OPAQUE, DIR]), (dir, vec![0]));
    }

    #[test]
    fn data_come_from_the_next_file_that_has_some() {
        const BARE: LayerEntry = LayerEntry::WithoutData;
        let leaf = Outcome::Leaf(Kind::Regular);
        assert_eq!(resolve(&[BARE, FILE, FILE]), (leaf, vec![0, 1]));
        let far = [BARE, LayerEntry::Absent, BARE, LayerEntry::Absent, FILE];
        assert_eq!(resolve(&far), (leaf, vec![0, 2, 4]));
        assert_eq!(resolve(&[FILE, BARE]), (leaf, vec![0]));
        assert_eq!(resolve(&[DIR, BARE, DIR]), (Outcome::Directory, vec![0]));
        assert_eq!(resolve(&[BARE]), (Outcome::NoData, vec![0]));
        for other in [
            LayerEntry::Whiteout,
            LayerEntry::Leaf(Kind::Symlink),
            DIR,
            OPAQUE,
        ] {
            assert_eq!(resolve(&[BARE, other, FILE]), (Outcome::NoData, vec![0]));
        }
    }

    #[test]
    fn what_comes_after_the_end_changes_nothing() {
        let mut stack = Stack::new();
        assert_eq!(stack.feed(FILE), Step::Take { more: false });
        assert_eq!(stack.feed(DIR), Step::Skip { more: false });
        assert_eq!(stack.feed(LayerEntry::Whiteout), Step::Skip { more: false });
        assert_eq!(stack.outcome(), Outcome::Leaf(Kind::Regular));
    }
}
