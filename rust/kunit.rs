// SPDX-License-Identifier: GPL-2.0-only

//! KUnit tests of what needs a kernel but no union: the guards and references of [`crate::vfs`].
//!
//! They run when the module is loaded into a kernel that has KUnit, in a kernel thread, on the
//! tmpfs that test machines have at `/tmp`. What a guard forgets to give back does not show in its
//! result: lockdep, kmemleak and the unmounting of `/tmp` tell.

use kernel::prelude::*;

#[allow(unsafe_op_in_unsafe_fn)]
#[kunit_tests(union_vfs)]
mod tests {
    use super::*;
    use crate::vfs::{
        attr::Iattr,
        cred::{override_creds, NewCred},
        errno::{ENAMETOOLONG, ENODATA, ESTALE},
        inode_lock::Holder,
        mount::{Access, PrivateMount},
        mutex::KillableMutex,
        namei::{self, Creating, Link, NewObject, Removing, RenameFlags, Renaming},
        path::{Path, PathRef},
        types::Name,
        write::WriteAccess,
    };
    use kernel::{str::CString, sync::Arc};

    const DIR: u16 = 0o755;
    const FILE: u16 = 0o100644;

    fn tmp() -> Result<Path> {
        Path::lookup_dir_of_init(c"/tmp")
    }

    fn name(text: &str) -> Result<Name<'_>> {
        Name::new(text.as_bytes())
    }

    /// Makes an object below `/tmp`, gives it to `check` and removes it again.
    fn with(
        text: &str,
        mode: u16,
        object: NewObject<'_>,
        check: impl FnOnce(&Path, &crate::vfs::dentry::Dentry) -> Result,
    ) -> Result {
        let path = tmp()?;
        let write = WriteAccess::want(path.mnt())?;
        let dir = write.on(path.dentry())?;
        let made = Creating::start(dir, name(text)?)?.make(mode, object)?;
        let checked = check(&path, &made);
        Removing::start_dentry(dir, &made)?.remove()?;
        checked
    }

    #[test]
    fn names_are_of_255_bytes() -> Result {
        let long = [b'x'; 256];
        assert_eq!(Name::new(&long[..255])?.as_bytes().len(), 255);
        assert!(matches!(Name::new(&long), Err(error) if error == ENAMETOOLONG));
        Ok(())
    }

    #[test]
    fn errors_are_those_of_c() {
        for (error, errno) in [(ENAMETOOLONG, -36), (ENODATA, -61), (ESTALE, -116)] {
            assert_eq!(error.to_errno(), errno);
            assert!(error == Error::from_errno(errno));
        }
    }

    #[test]
    fn a_path_knows_its_name() -> Result {
        let path = tmp()?;
        assert_eq!(&path.d_path()?[..], b"/tmp");
        let again = path.clone();
        drop(path);
        assert_eq!(&again.d_path()?[..], b"/tmp");
        let lent = PathRef::from(&again);
        assert!(lent.dentry().same(again.dentry()) && lent.mnt().same(again.mnt()));
        assert!(matches!(Path::lookup_dir(c"/tmp/none"), Err(error) if error == ENOENT));
        Ok(())
    }

    #[test]
    fn a_name_given_up_leaves_nothing() -> Result {
        let path = tmp()?;
        let write = WriteAccess::want(path.mnt())?;
        let dir = write.on(path.dentry())?;
        let creating = Creating::start(dir, name("none")?)?;
        assert!(!creating.dentry().is_positive());
        drop(creating);
        // The lock of the directory is free again, or this would not return.
        let found = namei::lookup_one_unlocked(*dir, name("none")?)?;
        assert!(!found.is_positive());
        let removing = Removing::start(dir, name("none")?);
        assert!(matches!(removing, Err(error) if error == ENOENT));
        Ok(())
    }

    #[test]
    fn a_directory_is_made_and_removed() -> Result {
        with("kunit-dir", DIR, NewObject::Directory, |path, made| {
            let inode = made.inode().ok_or(ENOENT)?;
            assert!(inode.is_dir() && inode.can_lookup());
            assert!(made.is_subdir_of(path.dentry()) && !path.dentry().is_subdir_of(made));
            assert!(made.parent().same(path.dentry()));
            assert_eq!(made.name_snapshot()?.name().as_bytes(), b"kunit-dir");
            assert_eq!(made.sb_token(), path.dentry().sb_token());
            Ok(())
        })?;
        let path = tmp()?;
        let gone = namei::lookup_one_unlocked(PathRef::from(&path), name("kunit-dir")?)?;
        assert!(!gone.is_positive());
        Ok(())
    }

    #[test]
    fn a_taken_name_cannot_be_made() -> Result {
        with("kunit-file", FILE, NewObject::Regular, |path, made| {
            let inode = made.inode().ok_or(ENOENT)?;
            assert!(inode.is_reg() && inode.nlink() == 1 && inode.size() == 0);
            let second = namei::lookup_one_unlocked(PathRef::from(path), name("kunit-file")?)?;
            assert!(second.same(made));
            Ok(())
        })
    }

    #[test]
    fn a_symbolic_link_is_read() -> Result {
        let target = NewObject::Symlink(c"some/where");
        with("kunit-link", 0, target, |_, made| {
            let link = Link::read(made)?;
            assert_eq!(link.text().to_bytes(), b"some/where");
            Ok(())
        })
    }

    #[test]
    fn a_rename_moves_the_dentry() -> Result {
        let path = tmp()?;
        let write = WriteAccess::want(path.mnt())?;
        let (old, new) = (name("kunit-old")?, name("kunit-new")?);
        let dir = write.on(path.dentry())?;
        let made = Creating::start(dir, old)?.make(FILE, NewObject::Regular)?;
        // One that is given up changes nothing.
        drop(Renaming::start(dir, old, dir, new, RenameFlags::Plain)?);
        assert_eq!(made.name_snapshot()?.name().as_bytes(), b"kunit-old");
        Renaming::start(dir, old, dir, new, RenameFlags::NoReplace)?.rename()?;
        assert_eq!(made.name_snapshot()?.name().as_bytes(), b"kunit-new");
        let exchange = Renaming::start(dir, old, dir, new, RenameFlags::Exchange);
        assert!(matches!(exchange, Err(error) if error == ENOENT));
        drop(exchange);
        Removing::start(dir, new)?.remove()?;
        Ok(())
    }

    #[test]
    fn credentials_come_back() -> Result {
        let mut new = NewCred::prepare()?;
        new.drop_sys_resource();
        let (new, other) = (new.finish(), NewCred::prepare()?.finish());
        let before = override_creds(&new, |caller| {
            override_creds(&other, |outer| {
                assert!(core::ptr::eq(outer.as_ptr(), new.as_ptr()));
            });
            caller.as_ptr()
        });
        override_creds(&new, |caller| {
            assert!(core::ptr::eq(caller.as_ptr(), before));
        });
        // What is never finished is freed.
        drop(NewCred::prepare()?);
        Ok(())
    }

    #[test]
    fn a_private_mount_is_a_mount_of_its_own() -> Result {
        let path = tmp()?;
        let clone = PrivateMount::clone_of(&path, Access::ReadOnly)?;
        assert!(!clone.same(path.mnt()) && clone.root().same(path.dentry()));
        assert!(clone.is_readonly() && !path.mnt().is_readonly());
        assert!(matches!(WriteAccess::want(&clone), Err(error) if error == EROFS));
        let mut many = KVec::new();
        many.push(clone, GFP_KERNEL)?;
        many.push(
            PrivateMount::clone_of(&path, Access::ReadWrite)?,
            GFP_KERNEL,
        )?;
        PrivateMount::unmount_all(many);
        Ok(())
    }

    #[test]
    fn inodes_are_claimed_once() -> Result {
        with("kunit-claim", DIR, NewObject::Directory, |_, made| {
            let inode = made.inode().ok_or(ENOENT)?;
            let holder = || -> Result<Arc<Holder>> {
                let name = CString::try_from_fmt(fmt!("a test"))?;
                Ok(Arc::new(Holder::new(name, 0, KVec::new()), GFP_KERNEL)?)
            };
            let claim = || inode.claim_in_use(holder().unwrap()).unwrap();
            let first = claim();
            assert!(first.is_some() && inode.is_in_use());
            assert!(claim().is_none());
            let holder = inode.holder().ok_or(ENOENT)?;
            assert!(holder.name.to_bytes() == b"a test" && !holder.is_gone());
            drop(first);
            assert!(inode.holder().is_none() && holder.is_gone());
            assert!(!inode.is_in_use());
            Ok(())
        })
    }

    #[test]
    fn what_changes_lies_where_writing_is_allowed() -> Result {
        let path = tmp()?;
        let elsewhere = Path::lookup_dir_of_init(c"/proc")?;
        let write = WriteAccess::want(path.mnt())?;
        assert!(matches!(path.mnt().at(elsewhere.dentry()), Err(error) if error == EXDEV));
        assert!(matches!(write.on(elsewhere.dentry()), Err(error) if error == EXDEV));
        let (dir, file) = (write.on(path.dentry())?, name("kunit-size")?);
        let made = Creating::start(dir, file)?.make(FILE, NewObject::Regular)?;
        Iattr::empty().sized(3).notify_change(write.on(&made)?)?;
        assert_eq!(made.inode().ok_or(ENOENT)?.size(), 3);
        Removing::start(dir, file)?.remove()?;
        Ok(())
    }

    #[test]
    fn a_mutex_is_free_behind_its_guard() -> Result {
        let mutex = KBox::pin_init(
            KillableMutex::new(c"kunit", kernel::static_lock_class!()),
            GFP_KERNEL,
        )?;
        drop(mutex.lock()?);
        drop(mutex.lock()?);
        Ok(())
    }

    #[test]
    fn a_file_without_a_name_is_made() -> Result {
        let path = tmp()?;
        let write = WriteAccess::want(path.mnt())?;
        drop(namei::tmpfile(write.on(path.dentry())?, FILE)?);
        Ok(())
    }
}
