// SPDX-License-Identifier: GPL-2.0-only

//! Objects in the making, under temporary names in the work directory.
//!
//! An object that cannot be made at its final name in one atomic step is made here and published by
//! a rename. An object that is not published is removed again; the next mount removes what a crash
//! leaves ([`crate::union::mount::workdir`]).

use crate::{
    logic::mode::Kind,
    union::layers::{layer::UpperWrite, union::Union, upper_dentry::UpperDentry},
    vfs::{
        dentry::Dentry,
        errno::EOPNOTSUPP,
        namei::{self, Creating, NewObject, Removing, RenameFlags, Renaming},
        printk::pr_warn_ratelimited,
        task_work,
        types::Name,
        write::Changing,
    },
};
use kernel::{
    prelude::*,
    sync::atomic::{Atomic, Relaxed},
    types::ScopeGuard,
};

/// Numbers of temporary names, unique among the mounts of this module. If a name exists in the work
/// directory, the next number is tried.
static NEXT: Atomic<u32> = Atomic::new(0);

/// A temporary name: `#` and a number, as overlayfs has them.
struct TempName([u8; 9]);

impl TempName {
    fn next() -> Self {
        const DIGITS: &[u8; 16] = b"0123456789abcdef";
        let n = NEXT.fetch_add(1, Relaxed);
        let mut name = TempName([b'#'; 9]);
        for (i, byte) in name.0.iter_mut().skip(1).enumerate() {
            let nibble = (n >> (28 - 4 * i.min(7))) & 0xf;
            *byte = DIGITS.get(nibble as usize).copied().unwrap_or(b'0');
        }
        name
    }

    fn name(&self) -> Result<Name<'_>> {
        Name::new(&self.0)
    }
}

/// What is to be made.
#[derive(Clone, Copy)]
pub struct ToMake<'a> {
    /// Type and permission bits.
    pub mode: u16,
    /// The rest.
    pub object: NewObject<'a>,
}

/// An object under a temporary name. Dropping it removes it.
pub struct Staged<'a>(ScopeGuard<Made<'a>, fn(Made<'a>)>);

struct Made<'a> {
    write: &'a UpperWrite<'a>,
    dentry: UpperDentry,
}

impl Made<'_> {
    fn remove(self) {
        let remove = || Removing::start_dentry(self.write.workdir()?, &self.dentry)?.remove();
        if let Err(e) = remove() {
            // The next mount removes it.
            pr_warn_ratelimited!(
                "cannot remove a temporary object from the work directory: {:?}\n",
                e
            );
        }
    }
}

impl<'a> Staged<'a> {
    /// Makes an object in the work directory.
    ///
    /// # Errors
    ///
    /// Those of the upper layer's file system.
    pub fn make(write: &'a UpperWrite<'a>, mode: u16, object: NewObject<'_>) -> Result<Self> {
        loop {
            let name = TempName::next();
            match Creating::start(write.workdir()?, name.name()?)?.make(mode, object) {
                // The number wrapped around, or another process uses the directory.
                Err(e) if e == EEXIST => task_work::go_on()?,
                made => return Ok(Self::from_dentry(write, UpperDentry::new(made?))),
            }
        }
    }

    /// Takes back an object that [`into_dentry`](Self::into_dentry) left in the work directory.
    pub fn from_dentry(write: &'a UpperWrite<'a>, dentry: UpperDentry) -> Self {
        Self(ScopeGuard::new_with_data(
            Made { write, dentry },
            Made::remove,
        ))
    }

    /// The object.
    pub fn dentry(&self) -> &UpperDentry {
        &self.0.dentry
    }

    /// The same, to change it.
    ///
    /// # Errors
    ///
    /// See [`UpperWrite::on`].
    pub fn object(&self) -> Result<Changing<'_>> {
        self.0.write.on(&self.0.dentry)
    }

    /// Moves the object to `name` in `dir`, replacing what `expect` allows there.
    ///
    /// # Errors
    ///
    /// Those of the rename; what `expect` returns. The object is then removed.
    pub fn publish(
        self,
        dir: &UpperDentry,
        name: Name<'_>,
        expect: impl FnOnce(&Dentry) -> Result,
    ) -> Result<UpperDentry> {
        self.rename(dir, name, RenameFlags::Plain, expect)?;
        Ok(self.into_dentry())
    }

    /// Exchanges the object with what is at `name` in `dir` and `expect` allows. Returns the object,
    /// and the other one, which is the staged one now.
    ///
    /// # Errors
    ///
    /// Those of the rename; what `expect` returns. The object is then removed.
    pub fn exchange(
        self,
        dir: &UpperDentry,
        name: Name<'_>,
        expect: impl FnOnce(&Dentry) -> Result,
    ) -> Result<(UpperDentry, Self)> {
        let other = self.rename(dir, name, RenameFlags::Exchange, expect)?;
        let write = self.0.write;
        Ok((self.into_dentry(), Self::from_dentry(write, other)))
    }

    /// Renames the object. Returns what was at `name`.
    fn rename(
        &self,
        dir: &UpperDentry,
        name: Name<'_>,
        flags: RenameFlags,
        expect: impl FnOnce(&Dentry) -> Result,
    ) -> Result<UpperDentry> {
        let Made { write, dentry } = &*self.0;
        let (workdir, dir) = (write.workdir()?, write.on(dir)?);
        let renaming = Renaming::start_dentry(workdir, dentry, dir, name, flags)?;
        expect(renaming.new_dentry())?;
        let other = UpperDentry::new(renaming.new_dentry().into());
        renaming.rename()?;
        Ok(other)
    }

    /// Leaves the object where it is.
    pub fn into_dentry(self) -> UpperDentry {
        self.0.dismiss().dentry
    }
}

/// Makes a whiteout at the free name `name` in `dir` of the upper layer: one more link to the shared
/// one, straight to its place (the operation `whiteout` of the 2010 union mounts).
pub fn whiteout(write: &UpperWrite<'_>, dir: Changing<'_>, name: Name<'_>) -> Result {
    for _ in 0..2 {
        let shared = shared_whiteout(write)?;
        match Creating::start(dir, name)?.make(0, NewObject::Link(&shared)) {
            // It has the maximum number of links, or another process removed it.
            Err(e) if e == EMLINK || e == ENOENT => replace_shared_whiteout(write, &shared)?,
            // A file system without hard links.
            Err(e) if e == EPERM || e == EOPNOTSUPP => break,
            other => return other.map(drop),
        }
    }
    Creating::start(dir, name)?
        .make(WHITEOUT_MODE, NewObject::Special(0))
        .map(drop)
}

/// Removes the whiteout at `name` in `dir` of the upper layer: the name falls through to the lower
/// layers again (the operation `fallthru` of the 2010 union mounts, which had to make an entry for
/// that).
///
/// # Errors
///
/// `ENOENT` if there is no whiteout at that name; those of the file system.
pub fn fallthru(dir: Changing<'_>, name: Name<'_>) -> Result {
    let removing = Removing::start(dir, name)?;
    let inode = removing.dentry().inode();
    if !inode.is_some_and(|inode| inode.is_whiteout()) {
        return Err(ENOENT);
    }
    removing.remove()
}

/// The shared whiteout, made if there is none.
fn shared_whiteout(write: &UpperWrite<'_>) -> Result<UpperDentry> {
    let mut shared = write.layer.whiteout.lock();
    if let Some(existing) = &*shared {
        return Ok(existing.clone());
    }
    let made = make_whiteout(write)?.into_dentry();
    *shared = Some(made.clone());
    Ok(made)
}

/// Drops a shared whiteout that takes no more links, and removes its name from the work directory.
fn replace_shared_whiteout(write: &UpperWrite<'_>, spent: &Dentry) -> Result {
    {
        let mut shared = write.layer.whiteout.lock();
        if !shared.as_ref().is_some_and(|s| s.same(spent)) {
            return Ok(());
        }
        *shared = None;
    }
    match Removing::start_dentry(write.workdir()?, spent) {
        Ok(removing) => removing.remove(),
        // Another process removed it.
        Err(_) => Ok(()),
    }
}

/// Type and permission bits of a whiteout (`WHITEOUT_MODE` in C, with its type).
const WHITEOUT_MODE: u16 = Kind::CharDevice.with(0);

/// Makes the first shared whiteout, by a rename that leaves one; this shows that the upper layer's
/// file system supports both.
///
/// # Errors
///
/// `EINVAL` if it cannot.
pub fn probe(write: &UpperWrite<'_>) -> Result {
    let workdir = write.workdir()?;
    let file = Staged::make(write, Kind::Regular.with(0), NewObject::Regular)?;
    let (old, new) = (file.dentry().name_snapshot()?, TempName::next());
    let renaming = Renaming::start_dentry(
        workdir,
        file.dentry(),
        workdir,
        new.name()?,
        RenameFlags::Whiteout,
    )?;
    renaming.rename()?;
    let whiteout = namei::lookup_one_unlocked(*workdir, old.name())?;
    if !whiteout.inode().is_some_and(|inode| inode.is_whiteout()) {
        return Err(EINVAL);
    }
    *write.layer.whiteout.lock() = Some(UpperDentry::new(whiteout));
    Ok(())
}

/// A whiteout in the work directory: a link to the shared one where that is possible.
pub fn whiteout_link<'a>(write: &'a UpperWrite<'a>) -> Result<Staged<'a>> {
    let shared = write.layer.whiteout.lock().clone();
    if let Some(shared) = shared {
        if let Ok(staged) = Staged::make(write, 0, NewObject::Link(&shared)) {
            return Ok(staged);
        }
    }
    make_whiteout(write)
}

/// A whiteout in the work directory.
fn make_whiteout<'a>(write: &'a UpperWrite<'a>) -> Result<Staged<'a>> {
    Staged::make(write, WHITEOUT_MODE, NewObject::Special(0))
}

/// Removes the shared whiteout's name from the work directory, at unmount, unless the upper layer is
/// frozen: umount(2) waits with `s_umount` held, for which sync(2) waits.
pub fn drop_shared_whiteout(union: &Union) {
    let Ok(upper) = union.upper() else { return };
    let Some(shared) = upper.whiteout.lock().take() else {
        return;
    };
    union.with_creds(|| {
        // The next mount removes what cannot be removed now: the file system may be frozen, read-only or
        // full of errors.
        let _ = upper
            .try_want_write()
            .and_then(|write| Removing::start_dentry(write.workdir()?, &shared)?.remove());
    })
}
