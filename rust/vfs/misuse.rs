// SPDX-License-Identifier: GPL-2.0-only

//! What must not compile, as far as that can be said where the rest compiles: a type that could do
//! one of these things would make this file fail.

use crate::vfs::{
    dentry::{ChildDentry, Dentry, NewDentry, OwnDentry},
    file_system::FileSystem,
    held_name::HeldName,
    inode_lock::{ExclusiveLock, SharedLock},
    mutex::KillableGuard,
    namei::{Creating, Removing, Renaming},
    new_super::NewSuperBlock,
    open_file::{Opening, UserFile},
    path::{OwnPath, PathRef},
    rcu::{RcuBacking, RcuInode},
    super_block::SuperBlock,
    write::{Changing, WriteAccess},
};
use core::{ffi::CStr, ops::Deref};
use kernel::sync::aref::AlwaysRefCounted;

/// Fails to compile if a type implements a trait: then there are two candidates for `A`.
macro_rules! never {
    ($trait:path: $($ty:ty),* $(,)?) => {const _: () = {
        trait Candidate<A> {
            const FOUND: () = ();
        }
        struct Implements;
        impl<T: ?Sized> Candidate<()> for T {}
        impl<T: ?Sized + $trait> Candidate<Implements> for T {}
        $(let () = <$ty as Candidate<_>>::FOUND;)*
    };};
}

/// Fails to compile if a type has a method of that name: it would be the one that is called.
macro_rules! without {
    ($method:ident: $($ty:ty),* $(,)?) => {const _: () = {
        trait Nothing {
            fn $method(&self) {}
        }
        $(const _: fn(&$ty) = {
            impl Nothing for $ty {}
            |this| this.$method()
        };)*
    };};
}

struct Any;

impl FileSystem for Any {
    const NAME: &'static CStr = c"";
    const FLAGS: u32 = 0;
    const INODE_CACHE: &'static CStr = c"";
    type InodeData = ();
    type SuperData = ();
    type WalkData = ();
}

// What one task has locked, another one cannot unlock.
never!(Send:
    ExclusiveLock<'static>, SharedLock<'static>, KillableGuard<'static>, WriteAccess<'static>,
    Creating<'static>, Removing<'static>, Renaming<'static>, HeldName<'static, Any>,
);

// What changes an object is for other file systems, while write access is held: an object of our own is
// no such one, and the proof stays with the task.
never!(Send: Changing<'static>);
never!(Deref: OwnDentry<Any>, OwnPath<'static, Any>);
never!(Into<&'static Dentry>: &'static OwnDentry<Any>);
never!(Into<PathRef<'static>>: OwnPath<'static, Any>);
never!(Into<Changing<'static>>: PathRef<'static>, &'static Dentry);

// In a walk under RCU: no reference can be taken, and data that may be dropped are out of reach.
never!(AlwaysRefCounted: RcuInode<'static, Any>, RcuBacking<'static>);
never!(Deref: RcuInode<'static, Any>, RcuBacking<'static>);
without!(data: RcuInode<'static, Any>, RcuBacking<'static>);
without!(sb: RcuInode<'static, Any>, RcuBacking<'static>);

// A file has data when it is open, a super block when they are set; a root it has for those who
// have a dentry.
without!(data: UserFile<Any>, Opening<'static, Any>, NewSuperBlock<'static, Any>);
without!(root: SuperBlock<Any>, NewSuperBlock<'static, Any>);

// A name gets an object once, and one that has none.
without!(d_instantiate: ChildDentry<'static, Any>);
never!(Clone: NewDentry<'static, Any>);
