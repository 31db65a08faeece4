// SPDX-License-Identifier: GPL-2.0-only

//! Files of which the memory knows more than the disk: granules that have come to the upper layer.
//!
//! Such an inode must stay in memory, or the granules would be forgotten. It is kept here, and written
//! down after a while in the background, by syncfs(2), or at the end of the mount.
//!
//! A file of which little is missing is kept a while longer: if no granules have been added then, the rest is
//! brought to the upper layer, in the background. That can take long, or wait for a lower layer that does not
//! answer, so another thread does it.

use crate::{
    union::{layers::part::Part, OwnInode},
    vfs::{
        printk::pr_err_ratelimited,
        task_work::fatal_signal_pending,
        work::{Background, Task},
    },
};
use kernel::{
    new_mutex,
    prelude::*,
    sync::{
        aref::ARef,
        atomic::{Acquire, Atomic, Release},
        Arc, Mutex,
    },
    time::{delay::fsleep, Delta, Msecs},
};

/// Milliseconds until what a write has brought is written down: as long as the kernel leaves dirty data
/// (`dirty_expire_centisecs`).
const DELAY: Msecs = 30_000;
/// So many inodes are kept at most until that is done at once: a megabyte of memory.
const MOST: usize = 1024;

/// Milliseconds for which nothing may be added to a file before the rest is brought: who copies over a file, or
/// writes through it, does not need it.
const IDLE: Msecs = 5_000;

/// Milliseconds until a file that somebody had locked is tried again in the background.
const BUSY: Msecs = 1_000;
/// Milliseconds until it is by who syncs.
const STEP: i64 = 10;
/// So often who syncs tries: for five seconds.
const TRIES: u32 = 500;

/// What is done with the files.
#[derive(Clone, Copy)]
pub struct Actions {
    /// Writes down what the disk does not know of a file. Returns whether it knows all then.
    pub commit: fn(&OwnInode, Thaw) -> Result<bool>,
    /// Brings a piece of what is missing. Returns whether there is more, and a place for it.
    pub complete: fn(&OwnInode) -> Result<bool>,
}

/// The files of a union.
pub struct Unstable {
    list: Arc<List>,
    background: Background<List>,
}

#[pin_data]
struct List {
    #[pin]
    inodes: Mutex<KVVec<ARef<OwnInode>>>,
    /// Held while all are written down: who finds the list empty must not be done before who emptied it.
    #[pin]
    pass: Mutex<()>,
    commit: fn(&OwnInode, Thaw) -> Result<bool>,
    rest: Arc<Rest>,
    completion: Background<Rest>,
}

/// The files whose rest is brought.
#[pin_data]
struct Rest {
    /// The first one is being completed.
    #[pin]
    inodes: Mutex<KVVec<ARef<OwnInode>>>,
    complete: fn(&OwnInode) -> Result<bool>,
    /// Whether it may be brought.
    may: Atomic<bool>,
    /// Held for each piece of it, within nothing: whoever syncs does not wait for that.
    #[pin]
    piece: Mutex<()>,
}

/// What is done while the file system of the upper layer is frozen, or others have the file locked.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Thaw {
    /// The end of that is waited for.
    Waits,
    /// Nothing (`EAGAIN`): who thaws it may call sync(2) before. And who reads or writes a file may have it locked in
    /// the upper layer, or what is known of it here, for as long as a page of the caller's memory takes to come: for
    /// ever, if that is a page of a FUSE server which does not answer. Others must not wait for that.
    Fails,
}

/// What has become of a file.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Left {
    /// Nothing is to be done.
    Nothing,
    /// It could not be written down.
    Unknown,
    /// It may be completed.
    Rest,
}

impl Unstable {
    /// None yet.
    ///
    /// # Errors
    ///
    /// `ENOMEM`.
    pub fn new(actions: Actions) -> Result<Self> {
        let rest = Arc::pin_init(
            pin_init!(Rest {
                inodes <- new_mutex!(KVVec::new(), "union_rest"),
                complete: actions.complete,
                may: Atomic::new(true),
                piece <- new_mutex!((), "union_rest_piece"),
            }),
            GFP_KERNEL_ACCOUNT,
        )?;
        let completion = Background::new(c"union-rest", rest.clone())?;
        let list = Arc::pin_init(
            pin_init!(List {
                inodes <- new_mutex!(KVVec::new(), "union_unstable"),
                pass <- new_mutex!((), "union_unstable_pass"),
                commit: actions.commit,
                rest,
                completion,
            }),
            GFP_KERNEL_ACCOUNT,
        )?;
        let background = Background::new(c"union-unstable", list.clone())?;
        Ok(Self { list, background })
    }

    /// Keeps a file, to which granules will be added.
    ///
    /// # Errors
    ///
    /// `ENOMEM`, `EROFS`: then they must not be.
    pub fn keep(&self, inode: &OwnInode, part: &Part) -> Result {
        if inode.nlink() == 0 {
            return Ok(());
        }
        part.grows();
        part.hold_writable(&inode.sb().data().upper()?.mnt)?;
        // Also for one that is kept: it may be so because it could not be written down the last time.
        self.background.start(DELAY);
        if !part.set_kept() {
            return Ok(());
        }
        let pushed = self.list.push(inode.into());
        match pushed {
            Ok(count) if count >= MOST => self.background.start_now(),
            Ok(_) => {}
            Err(_) => part.set_not_kept(),
        }
        pushed.map(drop)
    }

    /// Keeps a file no longer: it has no name any more, so nobody will look for its data after it is closed.
    pub fn forget(&self, inode: &OwnInode) {
        let Some(part) = inode.data().data.part() else {
            return;
        };
        part.release_writable();
        if !part.is_kept() {
            return;
        }
        let kept = {
            let mut inodes = self.list.inodes.lock();
            let at = inodes.iter().position(|kept| kept.same(inode));
            at.and_then(|at| inodes.remove(at).ok())
        };
        if kept.is_some() {
            part.set_not_kept();
        }
        // Not the last reference: the caller has one. But the lock is not to be held.
        drop(kept);
    }

    /// Writes all of them down. It does not wait for a thaw of the upper layer, and not for long for a file that
    /// somebody has locked there.
    ///
    /// # Errors
    ///
    /// That of one of them; the others are written down. `EAGAIN` if the upper layer is frozen, or a file is locked.
    pub fn commit_all(&self) -> Result {
        // Others have their turn in between, and the locks of other files do not count against one.
        for _ in 0..TRIES {
            let pass = self.list.pass(Thaw::Fails);
            if !pass.is_busy || fatal_signal_pending() {
                return pass.done;
            }
            fsleep(Delta::from_millis(STEP));
        }
        self.list.pass(Thaw::Fails).done
    }

    /// The rest of files may be brought in the background.
    pub fn let_complete(&self) {
        self.list.rest.may.store(true, Release);
    }

    /// It may not, and nothing is written for that any more.
    ///
    /// # Errors
    ///
    /// `EBUSY` if that cannot be said now: who brings a piece waits for somebody who has the file locked.
    pub fn end_completion(&self) -> Result {
        let rest = &self.list.rest;
        rest.may.store(false, Release);
        for _ in 0..TRIES {
            if rest.piece.try_lock().is_some() {
                return Ok(());
            }
            if fatal_signal_pending() {
                break;
            }
            fsleep(Delta::from_millis(STEP));
        }
        rest.may.store(true, Release);
        Err(EBUSY)
    }

    /// The last time: nobody adds any more, and none is kept after this. A thaw is waited for.
    pub fn shut_down(&self) {
        self.list.rest.may.store(false, Release);
        self.background.finish();
        self.list.completion.finish();
        self.list.rest.forget();
        let done = self.list.pass(Thaw::Waits).done;
        let left = core::mem::take(&mut *self.list.inodes.lock());
        let unknown = left.iter().filter(|inode| has_news(inode)).count();
        if let (Err(error), 1..) = (done, unknown) {
            pr_err_ratelimited!(
                "{} files could not be written down at unmount ({:?}): the lower layer is the truth for \
                 what was written to them and not synced\n",
                unknown,
                error
            );
        }
        drop(left);
    }
}

impl List {
    /// Returns how many there are.
    fn push(&self, inode: ARef<OwnInode>) -> Result<usize> {
        let mut inodes = self.inodes.lock();
        inodes.push(inode, GFP_KERNEL)?;
        Ok(inodes.len())
    }

    /// If the upper layer is frozen: whether a file has to be written down. `None`: it is not, or there is no file.
    fn news_when_frozen(&self) -> Option<bool> {
        let (first, has_news) = {
            let inodes = self.inodes.lock();
            (
                inodes.first()?.clone(),
                inodes.iter().any(|inode| has_news(inode)),
            )
        };
        let tried = first.sb().data().upper().ok()?.try_want_write().map(drop);
        matches!(tried, Err(e) if e == EAGAIN).then_some(has_news)
    }

    /// Writes all files down.
    fn pass(&self, frozen: Thaw) -> Pass {
        let mut pass = Pass {
            done: Ok(()),
            is_busy: false,
            again: None,
            quiet: KVVec::new(),
        };
        let _pass = self.pass.lock();
        if let (Thaw::Fails, Some(has_news)) = (frozen, self.news_when_frozen()) {
            pass.done = if has_news { Err(EAGAIN) } else { Ok(()) };
            pass.again = Some(DELAY);
            return pass;
        }
        // Not in the head of the loop, which would hold the lock to its end.
        let inodes = core::mem::take(&mut *self.inodes.lock());
        for inode in inodes {
            let kept: &OwnInode = &inode;
            let Some(part) = kept.data().data.part() else {
                continue;
            };
            // Before it is written down: who adds granules meanwhile keeps it anew.
            part.set_not_kept();
            if kept.nlink() == 0 {
                continue;
            }
            let done = match part.with(|file| file.can_be_forgotten()) {
                true => Ok(true),
                false => (self.commit)(kept, frozen),
            };
            let is_busy = matches!(done, Err(e) if e == EAGAIN);
            let left = match done {
                Ok(true) if part.wants_rest() => Left::Rest,
                Ok(true) => Left::Nothing,
                Ok(false) | Err(_) => Left::Unknown,
            };
            match (left, kept.sb().data().upper()) {
                // If it is read-only already, nothing can be done.
                (Left::Unknown, Ok(upper)) => {
                    let _ = part.hold_writable(&upper.mnt);
                }
                _ => part.release_writable(),
            }
            if left != Left::Nothing && part.set_kept() && self.push(kept.into()).is_err() {
                part.set_not_kept();
            }
            if left == Left::Rest {
                // Without memory it is for another time.
                let _ = pass.quiet.push(kept.into(), GFP_KERNEL);
            }
            let delay = match left {
                Left::Nothing => None,
                Left::Unknown if is_busy => Some(BUSY),
                Left::Unknown => Some(DELAY),
                Left::Rest => Some(IDLE),
            };
            pass.is_busy |= is_busy;
            pass.again = [pass.again, delay].into_iter().flatten().min();
            pass.done = pass.done.and(done.map(drop));
        }
        pass
    }
}

impl Rest {
    /// Adds a file, unless it is there.
    fn add(&self, inode: &OwnInode) {
        let mut inodes = self.inodes.lock();
        if !inodes.iter().any(|known| known.same(inode)) {
            // Without memory it is for another time.
            let _ = inodes.push(inode.into(), GFP_KERNEL);
        }
    }

    fn first(&self) -> Option<ARef<OwnInode>> {
        self.inodes.lock().first().cloned()
    }

    fn forget_first(&self) {
        let first = self.inodes.lock().remove(0);
        // Not under the lock: it may be the last reference.
        drop(first);
    }

    fn forget(&self) {
        let left = core::mem::take(&mut *self.inodes.lock());
        drop(left);
    }

    /// Brings the rest of a file, if nothing was added for a while. It stays on the other list meanwhile: what others
    /// write to granules that have just come is written down.
    fn complete(&self, inode: &OwnInode) {
        let Some(part) = inode.data().data.part() else {
            return;
        };
        if part.has_grown() || inode.nlink() == 0 {
            return;
        }
        loop {
            let _piece = self.piece.lock();
            if !self.may.load(Acquire) || inode.nlink() == 0 {
                return;
            }
            match (self.complete)(inode) {
                Ok(true) => {}
                Ok(false) | Err(_) => break,
            }
        }
        if part.wants_rest() {
            part.give_up();
        }
    }
}

/// What a pass over the files has found.
struct Pass {
    /// The first error.
    done: Result,
    /// Whether somebody had a file locked.
    is_busy: bool,
    /// After how many milliseconds there is something to do again.
    again: Option<Msecs>,
    /// The files that may be completed.
    quiet: KVVec<ARef<OwnInode>>,
}

/// Whether the disk does not know all of a file.
fn has_news(inode: &OwnInode) -> bool {
    let part = inode.data().data.part();
    part.is_some_and(|part| !part.with(|file| file.can_be_forgotten()))
}

impl Task for List {
    fn run(&self) -> Option<Msecs> {
        // Whoever syncs is told of errors.
        let pass = self.pass(Thaw::Fails);
        for inode in &pass.quiet {
            let part = inode.data().data.part();
            if part.is_some_and(|part| !part.has_grown()) {
                self.rest.add(inode);
                self.completion.start(0);
            }
        }
        pass.again
    }
}

impl Task for Rest {
    fn run(&self) -> Option<Msecs> {
        while let Some(inode) = self.first() {
            self.complete(&inode);
            drop(inode);
            self.forget_first();
        }
        None
    }
}
