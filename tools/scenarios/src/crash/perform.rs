// SPDX-License-Identifier: GPL-2.0-only
//! Carrying out a workload with system calls.

use std::os::fd::RawFd;
use std::path::{Path, PathBuf};

use super::cell::{self, CELL};
use super::history::History;
use super::op::{By, Op, Sync};
use super::start::{self, Start, What};
use super::tree::{Ino, Tree};
use crate::errno::Errno;
use crate::sys;
use crate::union;

/// The attribute that workloads set.
pub const XATTR: &str = "user.crash";

/// Fills the directories of the lower layers, the topmost first. The files are those of `tree`; files that another
/// layer hides have cells of no file.
pub fn fill(layers: &[PathBuf], start: Start, tree: &Tree) -> Result<(), String> {
    for (layer, path, what) in start {
        let whole = layers[*layer].join(path);
        // Another layer may have something else under the name.
        let hidden = start
            .iter()
            .any(|(other, name, _)| other < layer && name == path);
        let ino = match tree.find(path) {
            Some((ino, _)) if !hidden => ino,
            _ => usize::MAX >> 40,
        };
        let made = match what {
            What::Dir => sys::mkdir(&whole, 0o755),
            What::Symlink(target) => sys::symlink(target, &whole),
            What::Sparse(cells) => sparse(&whole, ino, *cells),
            What::Whiteout => sys::mknod(&whole, libc::S_IFCHR, 0),
            What::File(cells) => new_file(&whole, 0, &cell::encode_run(ino, 0, 0, *cells)),
            What::Holed(cells) => holed(&whole, ino, *cells),
        };
        made.map_err(|error| format!("making {}: {error}", whole.display()))?;
    }
    Ok(())
}

/// Carries out one operation below `root`.
pub fn perform(root: &Path, history: &History, number: usize) -> sys::Result<()> {
    let at = |path: &str| match path {
        "" => root.to_owned(),
        path => root.join(path),
    };
    let bytes = || history.bytes(number).unwrap_or_default();
    match history.op(number) {
        Op::Create { path, .. } => new_file(&at(path), 0, &bytes().1),
        Op::CreateUnnamed { path, .. } => unnamed(root, &at(path), &bytes().1),
        Op::Write { path, by, sync, .. } => {
            let mut flags = match sync {
                Sync::Open => libc::O_SYNC,
                Sync::OpenData => libc::O_DSYNC,
                Sync::No | Sync::Full | Sync::Data => 0,
            };
            let (offset, bytes) = bytes();
            if let By::Stores = by {
                return store(&at(path), offset, &bytes, *sync);
            }
            match by {
                By::Direct => flags |= libc::O_DIRECT,
                By::Append => flags |= libc::O_APPEND,
                By::Call | By::Splice | By::Copy | By::Stores => {}
            }
            with(&at(path), libc::O_WRONLY | flags, |fd| {
                match by {
                    By::Splice => splice(fd, offset, &bytes),
                    By::Copy => copy(fd, offset, &bytes, root),
                    By::Call | By::Append | By::Direct | By::Stores => {
                        // O_DIRECT needs memory aligned to a page.
                        let mut aligned = sys::Aligned::new(bytes.len(), 0);
                        aligned.copy_from_slice(&bytes);
                        write(fd, offset, &aligned)
                    }
                }?;
                bring(fd, *sync)
            })
        }
        Op::Rewrite { path, .. } => with(&at(path), libc::O_WRONLY | libc::O_TRUNC, |fd| {
            write(fd, 0, &bytes().1)
        }),
        Op::Truncate { path, cells } => sys::truncate(at(path), (cells * CELL) as i64),
        Op::Punch {
            path,
            at: from,
            cells,
        } => with(&at(path), libc::O_WRONLY, |fd| {
            let mode = libc::FALLOC_FL_PUNCH_HOLE | libc::FALLOC_FL_KEEP_SIZE;
            sys::fallocate(fd, mode, (from * CELL) as i64, (cells * CELL) as i64)
        }),
        Op::Chmod { path, mode } => sys::chmod(at(path), *mode),
        Op::SetXattr { path, value } => sys::setxattr(at(path), XATTR, value.as_bytes(), 0),
        Op::Mkdir { path } => sys::mkdir(at(path), 0o755),
        Op::Symlink { path, target } => sys::symlink(target, at(path)),
        Op::Link { old, new } => sys::link(at(old), at(new), 0),
        Op::Rename { old, new } => sys::rename(at(old), at(new), 0),
        Op::Exchange { old, new } => sys::rename(at(old), at(new), libc::RENAME_EXCHANGE),
        Op::Unlink { path } => sys::unlink(at(path)),
        Op::Rmdir { path } => sys::rmdir(at(path)),
        Op::Sync { path, sync } => with(&at(path), libc::O_RDONLY, |fd| bring(fd, *sync)),
        Op::SyncAll => with(root, libc::O_RDONLY, sys::syncfs),
        Op::SyncWorld => {
            sys::sync();
            Ok(())
        }
        Op::Remount => {
            let remount = |flags| sys::mount("", root, "", libc::MS_REMOUNT | flags, b"");
            remount(libc::MS_RDONLY).and_then(|()| remount(0))
        }
        // Its program does that.
        Op::Transact => Err(Errno(libc::ENOSYS)),
        Op::Settle { path } => with(&at(path), libc::O_RDONLY, |fd| {
            match union::settle(fd) {
                // overlayfs has only whole files.
                Err(Errno(libc::ENOTTY)) => Ok(()),
                settled => settled.map(drop),
            }
        }),
    }
}

fn with(path: &Path, flags: i32, work: impl FnOnce(RawFd) -> sys::Result<()>) -> sys::Result<()> {
    let fd = sys::open(path, flags, 0)?;
    let result = work(fd);
    sys::close(fd).and(result)
}

fn new_file(path: &Path, offset: usize, bytes: &[u8]) -> sys::Result<()> {
    let flags = libc::O_WRONLY | libc::O_CREAT | libc::O_EXCL;
    let fd = sys::open(path, flags, 0o644)?;
    let result = write(fd, offset, bytes);
    sys::close(fd).and(result)
}

fn holed(path: &Path, ino: Ino, cells: usize) -> sys::Result<()> {
    let hole = start::hole(cells);
    new_file(path, 0, &cell::encode_run(ino, 0, 0, hole.start))?;
    with(path, libc::O_WRONLY, |fd| {
        let rest = cell::encode_run(ino, 0, hole.end, cells - hole.end);
        write(fd, hole.end * CELL, &rest)
    })
}

fn sparse(path: &Path, ino: Ino, cells: usize) -> sys::Result<()> {
    new_file(path, 0, &[])?;
    sys::truncate(path, (cells * CELL) as i64)?;
    with(path, libc::O_WRONLY, |fd| {
        start::islands(cells).try_for_each(|at| {
            let bytes = cell::encode_run(ino, 0, at.start, at.len());
            write(fd, at.start * CELL, &bytes)
        })
    })
}

fn unnamed(root: &Path, path: &Path, bytes: &[u8]) -> sys::Result<()> {
    let dir = path.parent().unwrap_or(root);
    let fd = sys::open(dir, libc::O_WRONLY | libc::O_TMPFILE, 0o644)?;
    let result = write(fd, 0, bytes).and_then(|()| {
        let name = format!("/proc/self/fd/{fd}");
        sys::link(name, path, libc::AT_SYMLINK_FOLLOW)
    });
    sys::close(fd).and(result)
}

fn store(path: &Path, offset: usize, bytes: &[u8], sync: Sync) -> sys::Result<()> {
    let length = sys::stat(path, 0)?.st_size as usize;
    with(path, libc::O_RDWR, |fd| {
        let protection = libc::PROT_READ | libc::PROT_WRITE;
        let mut map = sys::Map::new(fd, length, protection, libc::MAP_SHARED)?;
        map.store(offset, bytes);
        match sync {
            Sync::No => Ok(()),
            _ => map.sync(),
        }
    })
}

fn splice(fd: RawFd, offset: usize, bytes: &[u8]) -> sys::Result<()> {
    let (reader, writer) = sys::pipe()?;
    // A pipe holds 16 pages.
    let whole = bytes.chunks(16 << 12).try_fold(offset as i64, |at, part| {
        sys::write(writer, part, None)?;
        let count = sys::splice_at(reader, None, fd, Some(at), part.len(), 0)?;
        match count {
            count if count == part.len() as i64 => Ok(at + count),
            _ => Err(Errno(libc::ENOSPC)),
        }
    });
    let closed = sys::close(reader).and(sys::close(writer));
    whole.map(drop).and(closed)
}

fn copy(fd: RawFd, offset: usize, bytes: &[u8], root: &Path) -> sys::Result<()> {
    let from = sys::open(root, libc::O_RDWR | libc::O_TMPFILE, 0o600)?;
    let copied = write(from, 0, bytes).and_then(|()| {
        let to = Some(offset as i64);
        match sys::copy_range(from, Some(0), fd, to, bytes.len(), 0)? {
            count if count == bytes.len() as i64 => Ok(()),
            _ => Err(Errno(libc::ENOSPC)),
        }
    });
    sys::close(from).and(copied)
}

fn write(fd: RawFd, offset: usize, bytes: &[u8]) -> sys::Result<()> {
    match sys::write(fd, bytes, Some(offset as i64))? {
        count if count == bytes.len() => Ok(()),
        // Here only a full disk ends a write early.
        _ => Err(Errno(libc::ENOSPC)),
    }
}

fn bring(fd: RawFd, sync: Sync) -> sys::Result<()> {
    match sync {
        Sync::Full => sys::fsync(fd),
        Sync::Data => sys::fdatasync(fd),
        Sync::No | Sync::Open | Sync::OpenData => Ok(()),
    }
}
