// SPDX-License-Identifier: GPL-2.0-only

//! Inode numbers reserved for one inode of the upper layer, wherever it is.
//!
//! A copy has the number of the lower object it was made from as long as it covers that object.
//! Before it is moved, or gets a second name, the number is reserved for it ([`crate::logic::inum`]
//! has the consequences). A reservation is a name in the directory `moved` of the
//! [private directory](PrivateDir), made before the move by one operation: the number, and the
//! [proof](crate::union::layers::inum::proof()) of its owner, both in hexadecimal; of a directory with
//! lower parts also the number space that it was in, for what it shows of them has its numbers from that
//! space wherever the directory is. The object under that name does not matter: it is one more link to the shared whiteout, which takes no inode and
//! is faster to make and remove than a file. The reservation is removed with the last name of the
//! copy.
//!
//! A reservation that cannot be stored is valid until unmount; afterwards the copy has its own
//! number, as it has if reservations are lost. Reservations keep numbers constant; uniqueness does
//! not depend on them.
//!
//! Without moved copies there are none; then all of this is one check of a flag.

use crate::{
    logic::inum::{self, Space},
    union::private_dir::{self, PrivateDir, SubDir},
    vfs::{
        printk::pr_warn_ratelimited,
        task_work,
        types::{Ino, Name},
        write::{Changing, WriteAccess},
    },
};
use kernel::{
    new_spinlock,
    prelude::*,
    rbtree::{RBTree, RBTreeNode},
    str::CString,
    sync::{
        atomic::{Atomic, Relaxed},
        Arc, SpinLock,
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
    dir: SubDir,
}

struct Reservations {
    by_number: RBTree<Ino, Reservation>,
    by_proof: RBTree<u64, Ino>,
}

impl Reservations {
    /// Whether the number is reserved, or the owner of the proof has another one.
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
    /// Of a directory with lower parts: the number space that it was in.
    space: Option<Space>,
    /// Another object has the number by nature and shows a different one. The reservation stays as
    /// long as that object is known, so that its number stays.
    contested: bool,
}

impl Reserved {
    /// Those that were stored. With the mounter's credentials.
    ///
    /// # Errors
    ///
    /// `ENOMEM`, `EINTR`. Unreadable ones are skipped, with a line in the log.
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
                dir: SubDir::new(private, DIR),
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
        let Some(dir) = self.dir.get()? else {
            return Ok(());
        };
        for name in &private_dir::names(dir.path())? {
            task_work::go_on()?;
            if let Some((number, proof, space)) = parse(name) {
                self.note(number, proof, space)?;
            }
        }
        Ok(())
    }

    /// The number shown for an object with this natural number.
    pub fn shown(&self, number: Ino) -> Ino {
        if self.is_empty() {
            return number;
        }
        self.known.lock().shown(number)
    }

    /// The same for a listed lower object. `None` if the number is reserved and the listing is not
    /// `current`: it may be older than the copy that covers the object and has the number.
    pub fn shown_in_listing(&self, number: Ino, current: impl FnOnce() -> bool) -> Option<Ino> {
        let mut known = self.known.lock();
        if known.by_number.get(&number).is_none() {
            return Some(number);
        }
        // Within the lock: the view was dropped before the number was reserved.
        current().then(|| known.shown(number))
    }

    /// Whether there are any; if not, each number is shown unchanged.
    pub fn is_empty(&self) -> bool {
        !self.any.load(Relaxed)
    }

    /// The number reserved for an object of the upper layer. `proof` is not called if there are no
    /// reservations.
    pub fn of(&self, proof: impl FnOnce() -> Result<u64>) -> Result<Option<Ino>> {
        if self.is_empty() {
            return Ok(None);
        }
        let proof = proof()?;
        Ok(self.known.lock().by_proof.get(&proof).copied())
    }

    /// The number reserved for a directory of the upper layer with lower parts, and the number space that it was in.
    /// `proof` is not called if there are no reservations.
    pub fn of_parts(&self, proof: impl FnOnce() -> Result<u64>) -> Result<Option<(Ino, Space)>> {
        if self.is_empty() {
            return Ok(None);
        }
        let proof = proof()?;
        let known = self.known.lock();
        let number = known.by_proof.get(&proof).copied();
        Ok(number.and_then(|number| Some((number, known.by_number.get(&number)?.space?))))
    }

    /// The number that an object of the upper layer finally shows: the one reserved for it,
    /// possibly since [`of`](Self::of) was called; else the one of its `place`, unless that is
    /// reserved for another object.
    pub fn or_shown(
        &self,
        place: Option<Ino>,
        proof: impl FnOnce() -> Result<u64>,
    ) -> Result<Option<Ino>> {
        let is_empty = {
            // A task that has seen a second link of the object must see the reservation made
            // before.
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

    /// Reserves a number for the owner of this proof, if neither has another reservation; `space` is for a directory
    /// with lower parts. With the mounter's credentials. `before` is called before a reservation is made. `put` stores it by
    /// making a name in a directory; a failure of that is no error.
    ///
    /// # Errors
    ///
    /// `ENOMEM`.
    pub fn reserve(
        &self,
        write: &WriteAccess<'_>,
        (number, proof, space): (Ino, u64, Option<Space>),
        before: impl FnOnce(),
        put: impl FnOnce(Changing<'_>, Name<'_>) -> Result,
    ) -> Result {
        if self.known.lock().has(number, proof) {
            return Ok(());
        }
        before();
        if !self.note(number, proof, space)? {
            return Ok(());
        }
        let written = || -> Result {
            let Some(dir) = self.dir.make(write)? else {
                return Ok(());
            };
            let name = name(number, proof, space)?;
            let dir = write.on(dir.path().dentry())?;
            match put(dir, Name::new(name.to_bytes())?) {
                // It exists already, and says the same.
                Err(e) if e == EEXIST => Ok(()),
                other => other,
            }
        };
        if let Err(e) = written() {
            pr_warn_ratelimited!(
                "cannot record the inode number of a moved object beside the work directory ({:?}): \
                 the number changes with the next mount\n",
                e
            );
        }
        Ok(())
    }

    /// Releases a reservation: the last name of its owner was removed. With the mounter's
    /// credentials.
    ///
    /// # Errors
    ///
    /// Those of the file system. A leftover does no harm.
    pub fn release(&self, write: &WriteAccess<'_>, number: Ino, proof: u64) -> Result {
        let (by_number, by_proof, space) = {
            let mut known = self.known.lock();
            let space = match known.by_number.get(&number) {
                Some(reservation) if reservation.proof == proof && !reservation.contested => {
                    reservation.space
                }
                _ => return Ok(()),
            };
            (
                known.by_number.remove_node(&number),
                known.by_proof.remove_node(&proof),
                space,
            )
        };
        drop((by_number, by_proof));
        let name = name(number, proof, space)?;
        match self.dir.get()? {
            Some(dir) => dir.remove(write, name.to_bytes()),
            None => Ok(()),
        }
    }

    /// Records a reservation, one to one between numbers and owners. Returns whether it is new.
    fn note(&self, number: Ino, proof: u64, space: Option<Space>) -> Result<bool> {
        let reservation = Reservation {
            proof,
            space,
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
        // Within the lock: a task that does not see it was here earlier.
        self.any.store(true, Relaxed);
        Ok(true)
    }
}

/// The name of a reservation.
fn name(number: Ino, proof: u64, space: Option<Space>) -> Result<CString> {
    match space {
        None => CString::try_from_fmt(fmt!("{:016x}-{:016x}", number, proof)),
        Some(space) => {
            CString::try_from_fmt(fmt!("{:016x}-{:016x}-{:016x}", number, proof, space.id()))
        }
    }
}

fn parse(name: &[u8]) -> Option<(Ino, u64, Option<Space>)> {
    let mut words = core::str::from_utf8(name).ok()?.split('-');
    let mut word = || match words.next() {
        Some(text) if text.len() == 16 => u64::from_str_radix(text, 16).map(Some).map_err(|_| ()),
        Some(_) => Err(()),
        None => Ok(None),
    };
    // Number 0 does not exist.
    let number = word().ok()?.filter(|&number| number != 0)?;
    let (proof, space) = (word().ok()??, word().ok()?);
    match words.next() {
        None => Some((number, proof, space.map(Space::with_id))),
        Some(_) => None,
    }
}
