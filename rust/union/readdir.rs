// SPDX-License-Identifier: GPL-2.0-only

//! Listing directories.
//!
//! The layers are read one after the other into one [`Listing`] by [`crate::logic::merge`], which
//! open files of the directory share until an entry changes. A position is the number of an entry
//! in it; `.` and `..` are 0 and 1. A file goes on with the listing it began with until it is
//! rewound.

use super::{
    fs::{Union, UnionFs},
    inum::Numbers,
    layer::{marks, no_memory, Dir},
    Inode,
};
use crate::{
    logic::{
        entry::Kind,
        merge::{Listing, Merge, Seen},
    },
    vfs::{
        dir_context::{read_all, DirContext, Next},
        file::{flags, BackedFile, OpenFile},
        file_ops::DirFileOperations,
        namei,
        path::PathRef,
        task_work,
        types::{Loff, Name},
    },
};
use kernel::{
    prelude::*,
    static_lock_class,
    sync::{aref::ARef, Arc, Mutex},
};

/// The layer number of the top in a [`Listing`]; lower layers are never that many.
pub const TOP: u32 = u32::MAX;

/// `DT_CHR`, which a whiteout looks like.
const DT_CHR: u8 = Kind::CharDevice.to_dt();
/// `DT_REG`.
const DT_REG: u8 = Kind::Regular.to_dt();
/// `DT_DIR`.
const DT_DIR: u8 = Kind::Directory.to_dt();
/// `DT_UNKNOWN`.
const DT_UNKNOWN: u8 = 0;

/// What an open directory carries.
#[pin_data(PinnedDrop)]
pub struct OpenDir {
    inode: ARef<Inode>,
    /// What is being listed.
    #[pin]
    listing: Mutex<Option<Arc<Listing>>>,
}

/// Operations on an open directory.
pub struct UnionDir;

#[pinned_drop]
impl PinnedDrop for OpenDir {
    fn drop(self: Pin<&mut Self>) {
        let mut cache = self.inode.data().dir.lock();
        cache.openers = cache.openers.saturating_sub(1);
        if cache.openers == 0 {
            cache.listing = None;
        }
    }
}

impl DirFileOperations<UnionFs> for UnionDir {
    type Data = OpenDir;

    fn open(inode: &Inode, _file: &OpenFile<UnionFs, OpenDir>) -> Result<Pin<KBox<OpenDir>>> {
        // As for the locks of a node.
        let class = if inode.sb().stack_depth() > 1 {
            static_lock_class!()
        } else {
            static_lock_class!()
        };
        let dir = KBox::pin_init(
            try_pin_init!(OpenDir {
                inode: inode.into(),
                listing <- Mutex::new(None, c"union_open_dir", class),
            }? Error),
            GFP_KERNEL_ACCOUNT,
        )?;
        let mut cache = inode.data().dir.lock();
        cache.openers = cache.openers.saturating_add(1);
        drop(cache);
        Ok(dir)
    }

    fn iterate_shared(file: &OpenFile<UnionFs, OpenDir>, ctx: &mut DirContext) -> Result {
        let inode = file.inode();
        let listing = {
            let mut current = file.data().listing.lock();
            match &*current {
                Some(listing) if ctx.pos() != 0 => listing.clone(),
                _ => {
                    let fresh = cached(inode)?;
                    *current = Some(fresh.clone());
                    fresh
                }
            }
        };
        loop {
            let emitted = match ctx.pos() {
                0 => ctx.emit(b".", inode.ino(), DT_DIR),
                1 => {
                    let parent = file.dentry().parent();
                    ctx.emit(b"..", parent.inode().map_or(0, |i| i.ino()), DT_DIR)
                }
                pos => {
                    let entry = usize::try_from(pos - 2).ok().and_then(|i| listing.get(i));
                    match entry {
                        Some(entry) => ctx.emit(entry.name, entry.ino, entry.dt),
                        None => return Ok(()),
                    }
                }
            };
            if !emitted {
                return Ok(());
            }
            ctx.set_pos(ctx.pos().saturating_add(1));
        }
    }

    fn llseek(file: &OpenFile<UnionFs, OpenDir>, offset: Loff, whence: i32) -> Result<Loff> {
        const SEEK_SET: i32 = 0;
        const SEEK_CUR: i32 = 1;
        let to = match whence {
            SEEK_SET => offset,
            SEEK_CUR => file.pos().checked_add(offset).ok_or(EINVAL)?,
            _ => return Err(EINVAL),
        };
        if to < 0 {
            return Err(EINVAL);
        }
        file.set_pos(to, Loff::MAX)
    }

    fn fsync(file: &OpenFile<UnionFs, OpenDir>, start: Loff, end: Loff, datasync: bool) -> Result {
        let union = file.inode().sb().data();
        let Some(upper) = file.inode().data().upper() else {
            // Nothing of it can be dirty.
            return Ok(());
        };
        if !union.should_sync() {
            return union.check_errors();
        }
        let _creds = union.creds();
        open(union.upper_path(upper)?)?.fsync_range(start, end, datasync)
    }
}

/// The listing of a directory that somebody has open: kept, or read now.
fn cached(inode: &Inode) -> Result<Arc<Listing>> {
    let node = inode.data();
    // Held while reading: readers of one directory wait for one of them to do the work.
    let mut cache = node.dir.lock();
    let version = node.version();
    if let Some((listing, at)) = &cache.listing {
        if *at == version {
            return Ok(listing.clone());
        }
    }
    let listing = Arc::new(read(inode)?, GFP_KERNEL_ACCOUNT)?;
    cache.listing = Some((listing.clone(), version));
    Ok(listing)
}

/// Reads and merges the layers of a directory.
pub fn read(inode: &Inode) -> Result<Listing> {
    let union = inode.sb().data();
    let node = inode.data();
    let _creds = union.creds();
    let mut merge = Merge::with_key(union.hash_key);
    if let Some(upper) = node.upper() {
        let path = union.upper_path(upper)?;
        layer(
            union,
            &mut merge,
            Layer {
                path,
                number: TOP,
                numbers: union.upper()?.numbers,
                impure: node.is_impure(),
                xwhiteouts: false,
            },
        )?;
    }
    for lower in node.lowers() {
        let path = PathRef::new(union.lower_mnt(lower.layer)?, &lower.dentry);
        let numbers = union.lowers.get(lower.layer as usize).ok_or(EIO)?.numbers;
        layer(
            union,
            &mut merge,
            Layer {
                path,
                number: lower.layer,
                numbers,
                impure: numbers.vary_within_dir(),
                xwhiteouts: lower.xwhiteouts,
            },
        )?;
    }
    Ok(merge.finish())
}

fn open(path: PathRef<'_>) -> Result<BackedFile> {
    BackedFile::open(
        path,
        flags::O_RDONLY | flags::O_DIRECTORY | flags::O_LARGEFILE,
    )
}

/// One layer of a directory.
#[derive(Clone, Copy)]
struct Layer<'a> {
    path: PathRef<'a>,
    number: u32,
    /// Where the inode numbers come from.
    numbers: Numbers,
    /// Entries may carry another inode number than the layer says.
    impure: bool,
    /// Empty files may be whiteouts.
    xwhiteouts: bool,
}

/// Adds what one layer holds.
fn layer(union: &Union, merge: &mut Merge, this: Layer<'_>) -> Result {
    let dir = open(this.path)?;
    let part = this.numbers.part(this.path)?;
    let mut result = Ok(());
    let mut unknown = KVVec::<KVec<u8>>::new();
    read_all(&dir, |entry| {
        if matches!(entry.name, b"." | b"..") {
            return Next::More;
        }
        result = match entry.dt {
            DT_UNKNOWN => keep(&mut unknown, entry.name),
            // Entries that need a look at the object wait until the directory is unlocked.
            _ if this.impure => keep(&mut unknown, entry.name),
            dt => {
                let maybe = dt == DT_CHR || (dt == DT_REG && this.xwhiteouts);
                let seen = if maybe {
                    Seen::MaybeWhiteout
                } else {
                    Seen::Name
                };
                let ino = this.numbers.in_part(union.inums, part, entry.ino);
                merge
                    .add(this.number, entry.name, ino, dt, seen)
                    .map_err(no_memory)
            }
        };
        if result.is_ok() {
            Next::More
        } else {
            Next::Stop
        }
    })?;
    result?;
    let dir = Dir {
        mnt: this.path.mnt(),
        dentry: this.path.dentry(),
        xwhiteouts: this.xwhiteouts,
    };
    for name in &unknown {
        if task_work::fatal_signal_pending() {
            return Err(EINTR);
        }
        match look(union, merge, this, dir, name) {
            Err(e) if e == ENOMEM => return Err(e),
            // One object that cannot be looked at does not hide the others.
            Err(_) | Ok(()) => {}
        }
    }
    let mut from = 0;
    while let Some((index, name)) = merge.next_candidate(from) {
        let name = Name::new(name)?;
        let dentry = namei::lookup_one_unlocked(dir.mnt, dir.dentry, name)?;
        let seen = if dir.is_whiteout(union, &dentry, name)? {
            Seen::Whiteout
        } else if dentry.inode().is_some() {
            Seen::Name
        } else {
            Seen::Absent
        };
        merge.settle(index, seen);
        from = index.saturating_add(1);
    }
    Ok(())
}

/// Remembers a name.
pub fn keep(names: &mut KVVec<KVec<u8>>, name: &[u8]) -> Result {
    let mut copy = KVec::with_capacity(name.len(), GFP_KERNEL_ACCOUNT)?;
    copy.extend_from_slice(name, GFP_KERNEL_ACCOUNT)?;
    names.push(copy, GFP_KERNEL_ACCOUNT)?;
    Ok(())
}

/// Adds an entry of which the directory alone does not tell type or inode number.
fn look(union: &Union, merge: &mut Merge, this: Layer<'_>, dir: Dir<'_>, name: &[u8]) -> Result {
    let name = Name::new(name)?;
    let dentry = namei::lookup_one_unlocked(dir.mnt, dir.dentry, name)?;
    // Removed since: not listed.
    let Some(inode) = dentry.inode() else {
        return Ok(());
    };
    let seen = if dir.is_whiteout(union, &dentry, name)? {
        Seen::Whiteout
    } else {
        Seen::Name
    };
    let recorded = match (this.number, seen) {
        (TOP, Seen::Name) => marks(union, dir.mnt, &dentry, inode, name)?.ino,
        _ => None,
    };
    let ino = match recorded {
        Some(ino) => ino,
        None => {
            let path = PathRef::new(dir.mnt, &dentry);
            this.numbers.ino(union.inums, path)?
        }
    };
    let dt = Kind::from_mode(u32::from(inode.mode())).map_or(DT_UNKNOWN, Kind::to_dt);
    merge
        .add(this.number, name.as_bytes(), ino, dt, seen)
        .map_err(no_memory)
}
