// SPDX-License-Identifier: GPL-2.0-only

//! Listing directories.
//!
//! The contents of a directory are cached with it ([`crate::union::listing::dir_cache`]) and follow
//! its changes, so an open directory has only its position ([`crate::logic::view`] defines
//! positions). Readers run in parallel; the VFS excludes changes.

use crate::{
    logic::{mode::Kind, view::Width},
    union::{
        listing::{
            dir_cache::{self, Freshness},
            scan,
        },
        ops::ioctl,
        OwnInode, UnionFs,
    },
    vfs::{
        dir_context::DirContext,
        file_ops::DirFileOperations,
        open_file::{OpenFile, Opening},
        types::Loff,
        user::UserArg,
    },
};
use kernel::prelude::*;

/// `DT_DIR`.
const DT_DIR: u8 = Kind::Directory.to_dt();

/// Operations on an open directory.
pub struct UnionDir;

impl DirFileOperations<UnionFs> for UnionDir {
    type Data = ();

    fn open(_inode: &OwnInode, _file: Opening<'_, UnionFs>) -> Result<Pin<KBox<()>>> {
        Ok(KBox::pin((), GFP_KERNEL_ACCOUNT)?)
    }

    fn iterate_shared(file: &OpenFile<UnionFs, ()>, ctx: &mut DirContext) -> Result {
        let inode = file.inode();
        let union = inode.sb().data();
        let short = file.wants_short_numbers();
        let shown_ino = |ino| if short { union.inums.short(ino) } else { ino };
        if ctx.pos() == 0 {
            if !ctx.emit(b".", shown_ino(inode.ino()), DT_DIR) {
                return Ok(());
            }
            ctx.set_pos(1);
        }
        if ctx.pos() == 1 {
            let parent = file.dentry().parent();
            let ino = parent.inode().map_or(0, |i| i.ino());
            if !ctx.emit(b"..", shown_ino(ino), DT_DIR) {
                return Ok(());
            }
            ctx.set_pos(2);
        }
        let width = match file.wants_short_positions() {
            true => Width::Short,
            false => Width::Long,
        };
        loop {
            match emit(inode, ctx, width, shown_ino)? {
                Stop::Outdated => {}
                Stop::Full => return Ok(()),
                Stop::End => break,
            }
        }
        ctx.set_pos(Loff::try_from(width.end()).unwrap_or(Loff::MAX));
        Ok(())
    }

    fn llseek(file: &OpenFile<UnionFs, ()>, offset: Loff, whence: i32) -> Result<Loff> {
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

    fn ioctl(file: &OpenFile<UnionFs, ()>, cmd: u32, arg: UserArg) -> Result {
        ioctl::ioctl_of_dir(file, cmd, arg)
    }

    fn fsync(file: &OpenFile<UnionFs, ()>, start: Loff, end: Loff, datasync: bool) -> Result {
        let union = file.inode().sb().data();
        let Some(upper) = file.inode().data().upper() else {
            // Nothing of it can be dirty.
            return Ok(());
        };
        if !union.should_sync() {
            return union.upper()?.check_errors();
        }
        union.with_creds(|| scan::open(union.upper_path(upper)?)?.fsync_range(start, end, datasync))
    }
}

/// Why no further name is emitted.
#[derive(Clone, Copy)]
enum Stop {
    /// There is none.
    End,
    /// The caller takes no more.
    Full,
    /// A copy lies where the listing shows a lower object: another look at the upper layer shows it.
    Outdated,
}

/// Emits the names of a directory from the position on.
fn emit(
    inode: &OwnInode,
    ctx: &mut DirContext,
    width: Width,
    shown_ino: impl Fn(u64) -> u64,
) -> Result<Stop> {
    let from = u64::try_from(ctx.pos()).map_err(|_| EINVAL)?;
    let freshness = match from {
        2 => Freshness::Checked,
        _ => Freshness::Any,
    };
    let listing = dir_cache::listing(inode, freshness)?;
    // The cached set of the lower layers does not contain reservations.
    let reserved = inode.sb().data().reserved();
    // One call, not a loop: the names of the set and those of the upper layer are two loops inside.
    let stop = listing.list(from, width).find_map(|(pos, shown)| {
        ctx.set_pos(Loff::try_from(pos).unwrap_or(Loff::MAX));
        let ino = match reserved {
            Some(reserved) if shown.is_lower => {
                let current = || listing.is_current(inode.data());
                reserved.shown_in_listing(shown.ino, current)
            }
            _ => Some(shown.ino),
        };
        match ino {
            Some(ino) if ctx.emit(shown.name, shown_ino(ino), shown.dt) => None,
            Some(_) => Some(Stop::Full),
            None => Some(Stop::Outdated),
        }
    });
    Ok(stop.unwrap_or(Stop::End))
}
