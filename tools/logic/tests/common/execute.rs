// SPDX-License-Identifier: GPL-2.0-only

//! Carries plans out on the model, cut off after every step, and looks at what the union shows.

use union_logic::entry::Kind;
use union_logic::mutate::{Below, CrashState, Refusal, Step, Upper, VfsRename};
use union_model::layer::{Dir, Flag, Node, Place};
use union_model::tree::{Error, Seen, Tree};
use union_model::{Path, Union};

/// What a plan is about. For a plan with one name, `new` is that name.
pub(crate) struct Subject<'a> {
    pub(crate) old: &'a Path,
    pub(crate) new: &'a Path,
    /// The object to be made.
    pub(crate) made: Node,
}

pub(crate) fn kind_of(seen: &Seen) -> Kind {
    match seen {
        Seen::Leaf(_) => Kind::Regular,
        Seen::Dir(_) => Kind::Directory,
    }
}

pub(crate) fn upper(union: &Union, path: &Path) -> Upper {
    match union.top.root.get(path) {
        None => Upper::Nothing,
        Some(Node::Whiteout) => Upper::Whiteout,
        Some(Node::Leaf(_)) => Upper::Object(Kind::Regular),
        Some(Node::Dir(_)) => Upper::Object(Kind::Directory),
    }
}

pub(crate) fn below(union: &Union, path: &Path) -> Below {
    match union.below(path) {
        None => Below::Nothing,
        Some(_) => Below::Something,
    }
}

/// Whether the top part of the directory stores whiteouts.
pub(crate) fn holds_whiteouts(union: &Union, path: &Path) -> bool {
    match union.top.root.get(path) {
        Some(Node::Dir(dir)) => dir.entries.values().any(|node| *node == Node::Whiteout),
        _ => false,
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
        Refusal::CrossDevice => None,
    }
}

/// Removes one whiteout after the other, and says so after each.
fn clear(dir: &mut Dir) -> bool {
    let first = dir
        .entries
        .iter()
        .find_map(|(name, node)| (*node == Node::Whiteout).then(|| name.clone()));
    first.and_then(|name| dir.entries.remove(&name)).is_some()
}

fn work_dir(union: &mut Union) -> Option<&mut Dir> {
    match &mut union.top.work {
        Some(Node::Dir(dir)) => Some(dir),
        _ => None,
    }
}

/// Does one step; calls `between` at each point inside it at which a crash can hit.
fn perform(union: &mut Union, subject: &Subject<'_>, step: Step, between: impl Fn(&Union)) {
    let name = Place::Top(subject.new);
    let mark = |node: &Node| match node.clone() {
        Node::Dir(dir) => Node::Dir(Dir {
            opaque: true,
            ..dir
        }),
        node => panic!("{node:?} cannot be opaque"),
    };
    match step {
        Step::Make => union.top.make(name, subject.made.clone()),
        Step::Stage => union.top.make(Place::Work, subject.made.clone()),
        Step::StageOpaque => union.top.make(Place::Work, mark(&subject.made)),
        Step::StageWhiteout => union.top.make(Place::Work, Node::Whiteout),
        Step::PublishOver => union.top.rename(Place::Work, name, Flag::None),
        Step::PublishExchange => union.top.rename(Place::Work, name, Flag::Exchange),
        Step::DropStaged => {
            while work_dir(union).is_some_and(clear) {
                between(union);
            }
            match work_dir(union) {
                Some(_) => union.top.rmdir(Place::Work),
                None => union.top.unlink(Place::Work),
            }
        }
        Step::Unlink => union.top.unlink(name),
        Step::Rmdir => union.top.rmdir(name),
        Step::MakeWhiteout => union.top.make(name, Node::Whiteout),
        Step::ClearWhiteouts | Step::ClearNew => {
            while clear(union.top.root.dir_mut(subject.new)) {
                between(union);
            }
        }
        Step::CopyUpOld => union.copy_up(subject.old),
        Step::CopyUpNew => union.copy_up(subject.new),
        Step::MarkOldOpaque => union.top.root.dir_mut(subject.old).opaque = true,
        Step::MarkNewOpaque => union.top.root.dir_mut(subject.new).opaque = true,
        Step::Rename(vfs) => {
            let flag = match vfs {
                VfsRename::Plain => Flag::None,
                VfsRename::Exchange => Flag::Exchange,
                VfsRename::Whiteout => Flag::Whiteout,
            };
            union.top.rename(Place::Top(subject.old), name, flag);
        }
        Step::DropOldWhiteout => {
            assert_eq!(union.top.root.get(subject.old), Some(&Node::Whiteout));
            union.top.unlink(Place::Top(subject.old));
        }
    }
}

/// Carries `steps` out, and holds the union, after each of them and at each point within, against
/// the state that `after_crash` foretells. Returns the union in the end.
pub(crate) fn execute(
    mut union: Union,
    subject: &Subject<'_>,
    steps: &[Step],
    after_crash: impl Fn(usize) -> CrashState,
    old: &Tree,
    new: &Tree,
) -> Union {
    let check = |union: &Union, done: usize, within: bool| {
        let state = after_crash(done);
        let (tree, clean) = match state {
            CrashState::Old => (old, true),
            CrashState::OldAndGarbage => (old, false),
            CrashState::NewAndGarbage => (new, false),
            CrashState::New => (new, true),
        };
        let context = format!("{state:?} after {done} of {steps:?} (within the next: {within})");
        assert_eq!(&union.visible(), tree, "{context}");
        if clean {
            assert_eq!(union.top.work, None, "{context}");
        }
    };
    check(&union, 0, false);
    for (done, &step) in steps.iter().enumerate() {
        perform(&mut union, subject, step, |union| check(union, done, true));
        check(&union, done + 1, false);
    }
    assert_eq!(after_crash(steps.len()), CrashState::New, "{steps:?}");
    union
}
