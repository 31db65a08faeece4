// SPDX-License-Identifier: GPL-2.0-only

//! The upper layer of the model as a store: the operations that the module runs, run here, stopped
//! at every step.

use std::cell::RefCell;
use std::marker::PhantomData;
use std::rc::Rc;
use union_logic::change::redirect::{plan, Ancestor, Change, Plan, Upwards, MAX_DIR_REDIRECT};
use union_logic::change::{
    Attempt, Below, Expect, Holds, How, Leftover, Refusal, Shown, Store, UpperEntry,
};
use union_logic::mode::Kind;
use union_model::layer::{Dir, Flag, Node, Place, Upper};
use union_model::tree::{Error, Seen, Tree};
use union_model::{Path, Union};

/// What happens at the step at which a run is stopped.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Stop {
    /// The power goes: neither it nor any later step happens.
    Crash,
    /// It fails, and later ones do not.
    Fault,
}

/// Why a step fails.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Failure {
    Refused(Refusal),
    Stopped,
}

impl From<Refusal> for Failure {
    fn from(refusal: Refusal) -> Self {
        Failure::Refused(refusal)
    }
}

struct State {
    union: Union,
    /// The next name in the work directory.
    next: u32,
    /// The steps that have happened.
    steps: Vec<&'static str>,
    /// How many may happen.
    limit: usize,
    stop: Stop,
    /// The step it was stopped at.
    stopped_at: Option<&'static str>,
}

impl State {
    /// Whether a step may happen.
    fn step(&mut self, name: &'static str) -> Result<(), Failure> {
        let is_stopped = match (self.stop, self.stopped_at) {
            (Stop::Crash, Some(_)) => true,
            (Stop::Fault, Some(_)) => false,
            (_, None) => self.steps.len() == self.limit,
        };
        if is_stopped {
            self.stopped_at.get_or_insert(name);
            return Err(Failure::Stopped);
        }
        self.steps.push(name);
        Ok(())
    }

    fn upper(&mut self) -> &mut Upper {
        &mut self.union.upper
    }

    /// Removes one whiteout after the other, each in a step.
    fn clear(&mut self, dir: impl Fn(&mut Upper) -> &mut Dir) -> Result<(), Failure> {
        loop {
            let whiteout = dir(self.upper())
                .entries
                .iter()
                .find_map(|(name, node)| (*node == Node::Whiteout).then(|| name.clone()));
            let Some(name) = whiteout else { return Ok(()) };
            self.step("delete a whiteout")?;
            dir(self.upper()).entries.remove(&name);
        }
    }

    /// Looks at what is at a place.
    fn expect(&self, path: &Path, expected: Expect<&Path>) -> Result<(), Failure> {
        let there = self.union.upper.root.get(path);
        let is_so = match expected {
            Expect::Whiteout => there == Some(&Node::Whiteout),
            Expect::NoObject => matches!(there, None | Some(Node::Whiteout)),
            Expect::Object(object) => object == path && is_object(there),
        };
        match is_so {
            true => Ok(()),
            false => Err(Refusal::Stale.into()),
        }
    }
}

fn is_object(node: Option<&Node>) -> bool {
    matches!(node, Some(Node::Leaf(_) | Node::Dir(_)))
}

fn parent(path: &Path) -> &Path {
    path.split_last().expect("a name").1
}

/// A union that is being changed, at places that live for `'p`.
pub(crate) struct Host<'p>(Rc<RefCell<State>>, PhantomData<&'p Path>);

/// An object in the work directory.
pub(crate) struct Staged {
    state: Rc<RefCell<State>>,
    /// `None` when it is there no more.
    name: Option<u32>,
}

impl Staged {
    fn place(&self) -> Place<'static> {
        Place::Work(self.name.expect("not published"))
    }
}

impl Drop for Staged {
    fn drop(&mut self) {
        let Some(name) = self.name else { return };
        let mut state = self.state.borrow_mut();
        let is_full = matches!(
            state.upper().work.get(&name),
            Some(Node::Dir(dir)) if !dir.entries.is_empty()
        );
        // The next mount removes the rest.
        if !is_full && state.step("remove it from the work directory").is_ok() {
            state.upper().work.remove(&name);
        }
    }
}

impl Host<'_> {
    fn new(union: Union, limit: usize, stop: Stop) -> Self {
        let state = State {
            union,
            next: 0,
            steps: Vec::new(),
            limit,
            stop,
            stopped_at: None,
        };
        Host(Rc::new(RefCell::new(state)), PhantomData)
    }

    /// One that is not stopped.
    pub(crate) fn whole(union: Union) -> Self {
        Host::new(union, usize::MAX, Stop::Crash)
    }

    fn state(&self) -> std::cell::RefMut<'_, State> {
        self.0.borrow_mut()
    }

    fn into_state(self) -> State {
        match Rc::try_unwrap(self.0) {
            Ok(state) => state.into_inner(),
            Err(_) => panic!("an object is still staged"),
        }
    }

    fn put_to_work(&mut self, step: &'static str, node: Node) -> Result<Staged, Failure> {
        let mut state = self.state();
        state.step(step)?;
        let name = state.next;
        state.next += 1;
        state.upper().make(Place::Work(name), node);
        Ok(Staged {
            state: self.0.clone(),
            name: Some(name),
        })
    }

    /// The number of a leaf of the upper layer, if it is that of a lower object.
    fn lower_number(&self, object: &Path) -> Option<u32> {
        let state = self.state();
        match state.union.upper.root.get(object) {
            Some(Node::Leaf(id)) if state.union.upper.copies.contains(id) => Some(*id),
            _ => None,
        }
    }
}

impl<'a> Store for Host<'a> {
    type Error = Failure;
    type Place = &'a Path;
    type Object = &'a Path;
    type New = &'a Node;
    type Made = ();
    type Staged = Staged;
    type OldTimes = ();

    fn make(&mut self, place: &'a Path, new: &'a Node) -> Result<Attempt<()>, Failure> {
        let mut state = self.state();
        let there = entry(state.union.upper.root.get(place));
        if there != UpperEntry::Nothing {
            return Ok(Attempt::Taken(there));
        }
        state.step("make it under its name")?;
        state.upper().make(Place::Upper(place), new.clone());
        Ok(Attempt::Made(()))
    }

    fn stage(&mut self, _place: &'a Path, new: &'a Node) -> Result<Staged, Failure> {
        self.put_to_work("make it in the work directory", new.clone())
    }

    fn stage_whiteout(&mut self) -> Result<Staged, Failure> {
        self.put_to_work("make a whiteout in the work directory", Node::Whiteout)
    }

    fn set_staged_opaque(&mut self, staged: &Staged) -> Result<(), Failure> {
        let mut state = self.state();
        state.step("mark it opaque")?;
        let name = staged.name.expect("not published");
        match state.upper().work.get_mut(&name) {
            Some(Node::Dir(dir)) => dir.opaque = true,
            other => panic!("{other:?} cannot be opaque"),
        }
        Ok(())
    }

    fn publish(
        &mut self,
        mut staged: Staged,
        place: &'a Path,
        over: Expect<&'a Path>,
    ) -> Result<(), Failure> {
        let mut state = self.state();
        let done = state
            .expect(place, over)
            .and_then(|()| state.step("rename it over what is there"));
        if let Err(failure) = done {
            drop(state);
            return Err(failure);
        }
        state
            .upper()
            .rename(staged.place(), Place::Upper(place), Flag::None);
        staged.name = None;
        drop(state);
        Ok(())
    }

    fn publish_exchange(
        &mut self,
        staged: Staged,
        place: &'a Path,
        with: Expect<&'a Path>,
    ) -> Result<((), Staged), Failure> {
        {
            let mut state = self.state();
            let done = state
                .expect(place, with)
                .and_then(|()| state.step("exchange it with what is there"));
            if let Err(failure) = done {
                drop(state);
                return Err(failure);
            }
            state
                .upper()
                .rename(staged.place(), Place::Upper(place), Flag::Exchange);
        }
        Ok(((), staged))
    }

    fn remove(&mut self, place: &'a Path, object: &'a Path) -> Result<(), Failure> {
        let mut state = self.state();
        state.expect(place, Expect::Object(object))?;
        state.step("remove it")?;
        match state.union.upper.root.get(place) {
            Some(Node::Dir(_)) => state.upper().rmdir(Place::Upper(place)),
            _ => state.upper().unlink(Place::Upper(place)),
        }
        Ok(())
    }

    fn make_whiteout(&mut self, place: &'a Path) -> Result<(), Failure> {
        let mut state = self.state();
        state.step("make a whiteout under its name")?;
        state.upper().make(Place::Upper(place), Node::Whiteout);
        Ok(())
    }

    fn remove_whiteout(&mut self, place: &'a Path) -> Result<(), Failure> {
        let mut state = self.state();
        state.expect(place, Expect::Whiteout)?;
        state.step("remove the whiteout from the old name")?;
        state.upper().unlink(Place::Upper(place));
        Ok(())
    }

    fn clear(&mut self, dir: &'a Path) -> Result<(), Failure> {
        self.state().clear(|upper| upper.root.dir_mut(dir))
    }

    fn clear_staged(&mut self, staged: &Staged, _dir: &'a Path) -> Result<(), Failure> {
        let name = staged.name.expect("not published");
        self.state().clear(|upper| match upper.work.get_mut(&name) {
            Some(Node::Dir(dir)) => dir,
            other => panic!("{other:?} is no directory"),
        })
    }

    fn set_opaque(&mut self, dir: &'a Path) -> Result<(), Failure> {
        let mut state = self.state();
        state.step("mark a directory opaque")?;
        state.upper().root.dir_mut(dir).opaque = true;
        Ok(())
    }

    fn set_redirect(&mut self, dir: &'a Path, change: Change) -> Result<(), Failure> {
        let mut state = self.state();
        let mut buffer = vec![0; MAX_DIR_REDIRECT];
        let mut way = Way {
            root: &state.union.upper.root,
            path: dir,
        };
        let redirect = match plan(change, true, &mut way, &mut buffer) {
            Ok(Plan::Keep) => return Ok(()),
            Ok(Plan::Set(redirect)) => String::from_utf8(redirect.to_vec()).expect("names"),
            Ok(Plan::None) => panic!("{dir:?}: a path that is too long"),
        };
        state.step("set a redirect to its lower parts")?;
        state.upper().root.dir_mut(dir).redirect = Some(redirect);
        Ok(())
    }

    fn forget_lower_parts(&mut self, dir: &'a Path) {
        assert!(self.state().upper().root.dir_mut(dir).opaque);
    }

    fn set_impure(&mut self, place: &'a Path) -> Result<(), Failure> {
        let mut state = self.state();
        let parent = parent(place);
        let dir = match parent {
            [] => &mut state.upper().root,
            path => state.upper().root.dir_mut(path),
        };
        if dir.impure {
            return Ok(());
        }
        state.step("mark the directory impure")?;
        match parent {
            [] => state.upper().root.impure = true,
            path => state.upper().root.dir_mut(path).impure = true,
        }
        Ok(())
    }

    fn has_lower_number(&self, object: &'a Path) -> bool {
        self.lower_number(object).is_some()
    }

    fn reserve_number(&mut self, object: &'a Path) -> Result<(), Failure> {
        let Some(number) = self.lower_number(object) else {
            return Ok(());
        };
        let mut state = self.state();
        if state.union.upper.reserved.contains(&number) {
            return Ok(());
        }
        state.step("reserve its number")?;
        state.upper().reserved.insert(number);
        Ok(())
    }

    fn same_directory(&self, one: &'a Path, other: &'a Path) -> bool {
        parent(one) == parent(other)
    }

    fn rename(
        &mut self,
        old: (&'a Path, &'a Path),
        new: (&'a Path, Expect<&'a Path>),
        how: How,
    ) -> Result<(), Failure> {
        let mut state = self.state();
        state.expect(old.0, Expect::Object(old.1))?;
        state.expect(new.0, new.1)?;
        let (step, flag) = match how {
            How::Replace => ("rename", Flag::None),
            How::Exchange => ("rename with RENAME_EXCHANGE", Flag::Exchange),
            How::LeaveWhiteout => ("rename with RENAME_WHITEOUT", Flag::Whiteout),
        };
        state.step(step)?;
        let (old, new) = (Place::Upper(old.0), Place::Upper(new.0));
        state.upper().rename(old, new, flag);
        Ok(())
    }

    fn restore_times(&mut self, _object: &'a Path, (): ()) -> Result<(), Failure> {
        self.state().step("set its times")
    }

    fn tolerate(&mut self, _left: Leftover, why: Failure) {
        assert_eq!(why, Failure::Stopped);
    }
}

/// The names from a directory of the upper layer to its root.
struct Way<'a> {
    root: &'a Dir,
    path: &'a Path,
}

impl Upwards for Way<'_> {
    type Error = std::convert::Infallible;

    fn next(&mut self) -> Result<Option<Ancestor<'_>>, Self::Error> {
        let Some((name, parents)) = self.path.split_last() else {
            return Ok(None);
        };
        let Some(Node::Dir(dir)) = self.root.get(self.path) else {
            panic!("{:?}: not in the upper layer", self.path);
        };
        self.path = parents;
        Ok(Some(Ancestor {
            name: name.as_bytes(),
            redirect: dir.redirect.as_deref().map(str::as_bytes),
        }))
    }
}

/// What the upper layer holds.
pub(crate) fn entry(node: Option<&Node>) -> UpperEntry {
    match node {
        None => UpperEntry::Nothing,
        Some(Node::Whiteout) => UpperEntry::Whiteout,
        Some(Node::Leaf(_)) => UpperEntry::Object(Kind::Regular),
        Some(Node::Dir(_)) => UpperEntry::Object(Kind::Directory),
    }
}

pub(crate) fn upper_entry(union: &Union, path: &Path) -> UpperEntry {
    entry(union.upper.root.get(path))
}

pub(crate) fn below(union: &Union, path: &Path) -> Below {
    match union.below(path) {
        None => Below::Nothing,
        Some(_) => Below::Something,
    }
}

/// What a union shows at `path`; `tree` is all that it shows.
pub(crate) fn shown(union: &Union, tree: &Tree, path: &Path) -> Shown {
    let upper = union.upper.root.get(path);
    match tree.get(path) {
        None => Shown::Nothing,
        Some(Seen::Leaf(_)) => Shown::Leaf,
        Some(Seen::Dir(tree)) => Shown::Directory {
            merged: upper.is_some() && union.lower_part(path).is_some(),
            holds: match upper {
                _ if !tree.entries.is_empty() => Holds::Names,
                Some(Node::Dir(dir)) if !dir.entries.is_empty() => Holds::Whiteouts,
                _ => Holds::Nothing,
            },
        },
    }
}

/// The refusal that means the same as the error of a plain file system.
pub(crate) fn same(refusal: Refusal) -> Option<Error> {
    match refusal {
        Refusal::Exists => Some(Error::Exists),
        Refusal::NotFound => Some(Error::NotFound),
        Refusal::NotEmpty => Some(Error::NotEmpty),
        Refusal::NotADirectory => Some(Error::NotADirectory),
        Refusal::IsADirectory => Some(Error::IsADirectory),
        Refusal::Stale => None,
    }
}

/// What a run that was stopped has left.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Left {
    /// The union shows the result, not what it showed before.
    pub(crate) is_new: bool,
    /// Something is left over that is not visible.
    pub(crate) has_garbage: bool,
}

impl std::fmt::Display for Left {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self.is_new {
            true => "new",
            false => "old",
        })?;
        f.write_str(match self.has_garbage {
            true => " + garbage",
            false => "",
        })
    }
}

/// A step, and what a crash after it leaves.
pub(crate) type Trace = Vec<(&'static str, Left)>;

/// Runs an operation that shall change what the union shows from `old` to `new`: to its end, stopped
/// by a crash after each of its steps, and with each of its steps failing. Returns the union in the
/// end, and what the crashes left.
pub(crate) fn run<'p>(
    union: &Union,
    operation: impl Fn(&mut Host<'p>) -> Result<(), Failure>,
    old: &Tree,
    new: &Tree,
) -> (Union, Trace) {
    assert_eq!(&union.visible(), old);
    let stopped = |limit, stop| {
        let mut host = Host::new(union.clone(), limit, stop);
        let result = operation(&mut host);
        let state = host.into_state();
        state.union.check_numbers();
        (result, state)
    };
    let (result, whole) = stopped(usize::MAX, Stop::Crash);
    assert_eq!(result, Ok(()));
    let (end, steps) = (whole.union, whole.steps);
    assert_eq!(&end.visible(), new, "after {steps:?}");
    assert!(end.upper.work.is_empty(), "left by {steps:?}");

    let mut trace = Trace::new();
    for (done, step) in steps.iter().enumerate() {
        let context = || format!("stopped before step {done} of {steps:?}");
        let (result, state) = stopped(done, Stop::Fault);
        let shown = state.union.visible();
        match result {
            // What a step that fails may leave is invisible, and the call succeeds.
            Ok(()) => assert_eq!(&shown, new, "{}", context()),
            Err(failure) => {
                assert_eq!(failure, Failure::Stopped, "{}", context());
                assert_eq!(&shown, old, "{}", context());
                assert!(state.union.upper.work.is_empty(), "{}", context());
            }
        }
        let (_, state) = stopped(done + 1, Stop::Crash);
        let shown = state.union.visible();
        let was_new = trace
            .last()
            .is_some_and(|(_, left): &(_, Left)| left.is_new);
        let is_new = &shown == new && (&shown != old || was_new || state.union == end);
        if !is_new {
            assert_eq!(&shown, old, "{}", context());
            assert!(!was_new, "{}", context());
        }
        let has_garbage = match is_new {
            true => state.union != end,
            false => &state.union != union,
        };
        trace.push((
            step,
            Left {
                is_new,
                has_garbage,
            },
        ));
    }
    (end, trace)
}
