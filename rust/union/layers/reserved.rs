// SPDX-License-Identifier: GPL-2.0-only

//! Inode numbers that belong to one inode of the upper layer wherever it is, and to nothing else.
//!
//! A copy has the number of the lower object it was made of as long as it lies over it. When it is about
//! to be moved from there, or to get a second name, the number is reserved for it ([`crate::logic::inum`] says
//! what follows from that). A reservation is a name in the directory `moved` of the [private directory](PrivateDir),
//! made before the move by one operation: the number, and the [proof](crate::union::layers::inum::proof()) of who has it,
//! both in hexadecimal. What is there under that name says nothing: it is one more link of the shared whiteout,
//! which takes no inode and is sooner made and removed than a file. When the last name of the copy goes, the
//! reservation does.
//!
//! What cannot be written down holds until unmount. After that the copy has a number of its own, and so it
//! has if reservations are lost: they are a help for numbers to stay, not for their being different.
//!
//! Who moves nothing that was copied up has none; then all of this is one look at a flag.

use crate::{
    logic::inum,
    union::layers::private_dir::{self, PrivateDir},
    vfs::{
        dentry::Dentry,
        once,
        printk::pr_warn_ratelimited,
        task_work,
        types::{Ino, Name},
        write::WriteAccess,
    },
};
use kernel::{
    new_spinlock,
    prelude::*,
    rbtree::{RBTree, RBTreeNode},
    str::CString,
    sync::{
        atomic::{Atomic, Relaxed},
        Arc, SetOnce, SpinLock,
    },
};

/// The directory.
const DIR: &[u8] = b"moved";

/// The reservations of a union.
#[pin_data]
pub struct Reserved {
    /// Whether there are any.
    any: Atomic<bool>,
    #[pin]
    known: SpinLock<Reservations>,
    private: Option<Arc<PrivateDir>>,
    /// The directory, once it was needed.
    dir: SetOnce<PrivateDir>,
}

struct Reservations {
    by_number: RBTree<Ino, Reservation>,
    by_proof: RBTree<u64, Ino>,
}

impl Reservations {
    /// Whether the number is somebody's, or he has one.
    fn has(&self, number: Ino, proof: u64) -> bool {
        self.by_number.get(&number).is_some() || self.by_proof.get(&proof).is_some()
    }

    fn shown(&mut self, number: Ino) -> Ino {
        inum::shown(number, |number| {
            let found = self.by_number.get_mut(&number);
            let is_reserved = found.is_some();
            if let Some(reservation) = found {
                reservation.contested = true;
            }
            is_reserved
        })
    }
}

struct Reservation {
    proof: u64,
    /// Somebody else has the number by nature, and was told another one. As long as that is known the
    /// reservation stays, for that one's number is to stay.
    contested: bool,
}

impl Reserved {
    /// Those that were written down. With the mounter's credentials.
    ///
    /// # Errors
    ///
    /// `ENOMEM`, `EINTR`. What cannot be read is passed over, with a line in the log.
    pub fn new(private: Option<Arc<PrivateDir>>) -> Result<Pin<KBox<Self>>> {
        let reserved = KBox::pin_init(
            try_pin_init!(Self {
                any: Atomic::new(false),
                known <- new_spinlock!(
                    Reservations {
                        by_number: RBTree::new(),
                        by_proof: RBTree::new(),
                    },
                    "union_reserved"
                ),
                private,
                dir: SetOnce::new(),
            }? Error),
            GFP_KERNEL_ACCOUNT,
        )?;
        match reserved.read() {
            Err(e) if e == ENOMEM || e == EINTR => return Err(e),
            Err(e) => pr_warn_ratelimited!(
                "cannot read \"union/moved\" beside the work directory: {:?}\n",
                e
            ),
            Ok(()) => {}
        }
        Ok(reserved)
    }

    fn read(&self) -> Result {
        let Some(dir) = self.dir(None)? else {
            return Ok(());
        };
        for name in &private_dir::names(dir.path())? {
            task_work::go_on()?;
            if let Some((number, proof)) = parse(name) {
                self.note(number, proof)?;
            }
        }
        Ok(())
    }

    /// The directory, if there is one; with `make`, made if there is none. It is looked at once, as the
    /// [private directory](PrivateDir) is. `None`: there is no place for it.
    ///
    /// # Errors
    ///
    /// Those of [`PrivateDir::dir`] and [`PrivateDir::make_dir`].
    fn dir(&self, make: Option<&WriteAccess<'_>>) -> Result<Option<&PrivateDir>> {
        if let Some(dir) = self.dir.as_ref() {
            return Ok(Some(dir));
        }
        let Some(private) = &self.private else {
            return Ok(None);
        };
        let dir = match make {
            Some(write) => Some(private.make_dir(write, DIR)?),
            None => private.dir(DIR)?,
        };
        Ok(dir.and_then(|dir| once::get_or_put(&self.dir, dir)))
    }

    /// The number of an object that has this one by nature.
    pub fn shown(&self, number: Ino) -> Ino {
        if self.is_empty() {
            return number;
        }
        self.known.lock().shown(number)
    }

    /// The same of a lower object that is listed. `None` if the number is reserved, and the listing may be older
    /// than the copy that lies over the object and has the number: then it is not `current`.
    pub fn shown_in_listing(&self, number: Ino, current: impl FnOnce() -> bool) -> Option<Ino> {
        let mut known = self.known.lock();
        if known.by_number.get(&number).is_none() {
            return Some(number);
        }
        // Within the lock: it was forgotten before the number was reserved.
        current().then(|| known.shown(number))
    }

    /// Whether there are any: if not, each number is shown as it is.
    pub fn is_empty(&self) -> bool {
        !self.any.load(Relaxed)
    }

    /// The number that is reserved for an object of the upper layer. `proof` is not asked for if none is for
    /// anybody.
    pub fn of(&self, proof: impl FnOnce() -> Result<u64>) -> Result<Option<Ino>> {
        if self.is_empty() {
            return Ok(None);
        }
        let proof = proof()?;
        Ok(self.known.lock().by_proof.get(&proof).copied())
    }

    /// The number that an object of the upper layer shows after all: the one that is reserved for it, which
    /// it may be only since [`of`](Self::of) was asked; else that which it has by its `place`, unless that is
    /// another one's.
    pub fn or_shown(
        &self,
        place: Option<Ino>,
        proof: impl FnOnce() -> Result<u64>,
    ) -> Result<Option<Ino>> {
        let is_empty = {
            // Who has seen a second link of the object is to see what was reserved before it.
            let _known = self.known.lock();
            self.is_empty()
        };
        if is_empty {
            return Ok(place);
        }
        let proof = proof()?;
        let mut known = self.known.lock();
        let own = known.by_proof.get(&proof).copied();
        Ok(own.or_else(|| place.map(|number| known.shown(number))))
    }

    /// Reserves a number for who has this proof, if neither has another one. With the mounter's credentials.
    /// `before` is called before the number is reserved, if it is. `put` puts something under a name in a
    /// directory, to write it down; that it cannot be written down is no error.
    ///
    /// # Errors
    ///
    /// `ENOMEM`.
    pub fn reserve(
        &self,
        write: &WriteAccess<'_>,
        number: Ino,
        proof: u64,
        before: impl FnOnce(),
        put: impl FnOnce(&Dentry, Name<'_>) -> Result,
    ) -> Result {
        if self.known.lock().has(number, proof) {
            return Ok(());
        }
        before();
        if !self.note(number, proof)? {
            return Ok(());
        }
        let written = || -> Result {
            let Some(dir) = self.dir(Some(write))? else {
                return Ok(());
            };
            let name = name(number, proof)?;
            match put(dir.path().dentry(), Name::new(name.to_bytes())?) {
                // It is there from before, and says the same.
                Err(e) if e == EEXIST => Ok(()),
                other => other,
            }
        };
        if let Err(e) = written() {
            pr_warn_ratelimited!(
                "cannot note beside the work directory that an object moves ({:?}): its inode number \
                 will be another one after the next mount\n",
                e
            );
        }
        Ok(())
    }

    /// Gives a reservation up: the last name of who has it is gone. With the mounter's credentials.
    ///
    /// # Errors
    ///
    /// Those of the file system. What is left does no harm.
    pub fn release(&self, write: &WriteAccess<'_>, number: Ino, proof: u64) -> Result {
        let (by_number, by_proof) = {
            let mut known = self.known.lock();
            match known.by_number.get(&number) {
                Some(reservation) if reservation.proof == proof && !reservation.contested => {}
                _ => return Ok(()),
            }
            (
                known.by_number.remove_node(&number),
                known.by_proof.remove_node(&proof),
            )
        };
        drop((by_number, by_proof));
        let name = name(number, proof)?;
        match self.dir(None)? {
            Some(dir) => dir.remove(write, name.to_bytes()),
            None => Ok(()),
        }
    }

    /// Notes a reservation. One number belongs to one, who has no other. Returns whether it is new.
    fn note(&self, number: Ino, proof: u64) -> Result<bool> {
        let reservation = Reservation {
            proof,
            contested: false,
        };
        let by_number = RBTreeNode::new(number, reservation, GFP_KERNEL_ACCOUNT)?;
        let by_proof = RBTreeNode::new(proof, number, GFP_KERNEL_ACCOUNT)?;
        let mut known = self.known.lock();
        if known.has(number, proof) {
            drop(known);
            return Ok(false);
        }
        known.by_number.insert(by_number);
        known.by_proof.insert(by_proof);
        // Within the lock: who does not see it was here before.
        self.any.store(true, Relaxed);
        Ok(true)
    }
}

/// The name of a reservation.
fn name(number: Ino, proof: u64) -> Result<CString> {
    CString::try_from_fmt(fmt!("{:016x}-{:016x}", number, proof))
}

fn parse(name: &[u8]) -> Option<(Ino, u64)> {
    let name = core::str::from_utf8(name).ok()?;
    let (number, proof) = name.split_once('-')?;
    let parse = |text: &str| match text.len() {
        16 => u64::from_str_radix(text, 16).ok(),
        _ => None,
    };
    // Number 0 does not exist.
    Some((parse(number).filter(|&number| number != 0)?, parse(proof)?))
}
