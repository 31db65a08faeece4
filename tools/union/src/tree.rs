// SPDX-License-Identifier: GPL-2.0-only
//! The regular files of a tree, each once.
//!
//! The tree may change meanwhile, and its owner may be hostile: names are resolved below an open
//! directory, through no symbolic link and into no other mount, and an object is opened after it was seen
//! to be a regular file.

use std::collections::HashSet;
use std::ffi::OsStr;
use std::fs::File;
use std::io;
use std::os::fd::{AsFd, AsRawFd, OwnedFd};
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, anyhow, bail};
use rustix::fs::{AtFlags, CWD, Dir, FileType, Mode, OFlags, ResolveFlags, StatxFlags};
use rustix::io::Errno;

use crate::directory::Directory;
use crate::layers;
use crate::regular::Regular;

/// Why a call on a file failed.
pub struct Failure {
    /// The message, without the path.
    pub error: anyhow::Error,
    /// The others would fail for the same reason.
    pub is_of_all: bool,
}

impl From<anyhow::Error> for Failure {
    /// Of this file alone.
    fn from(error: anyhow::Error) -> Self {
        Self {
            error,
            is_of_all: false,
        }
    }
}

impl Failure {
    /// Of a call that all regular files of a union know.
    pub fn new(error: &io::Error) -> Self {
        let is = |text: &'static str, is_of_all| Self {
            error: anyhow!(text),
            is_of_all,
        };
        match error.raw_os_error() {
            Some(libc::ENOTTY) => is(
                "not on a union, or on one of another version of the module",
                true,
            ),
            Some(libc::EROFS) => is("the union, or its upper layer, is read-only", true),
            Some(libc::EPERM) => is(
                "not permitted; needs the right to write to the file, or CAP_SYS_ADMIN where the \
                 union was mounted",
                false,
            ),
            Some(libc::ETXTBSY) => is(
                "is executed; needs CAP_SYS_ADMIN where the union was mounted",
                false,
            ),
            _ => Self::of_one(error),
        }
    }

    fn of_one(error: &io::Error) -> Self {
        Self {
            error: explained(error),
            is_of_all: false,
        }
    }
}

/// What the system says, and who says more about a file that is refused.
fn explained(error: &io::Error) -> anyhow::Error {
    match error.raw_os_error() {
        Some(libc::EIO) => anyhow!("{error}; the kernel log says why, and union.rst what to do"),
        _ => anyhow!("{error}"),
    }
}

/// What a walk tells.
pub trait Visitor {
    /// Here is a file.
    fn file(&mut self, path: &Path, file: &Regular) -> Result<(), Failure>;

    /// This file cannot be opened. Returns whether that shall be tried again: `dir` is its directory.
    ///
    /// # Errors
    ///
    /// That of what was tried about it.
    fn refused(
        &mut self,
        _dir: impl FnOnce() -> io::Result<Directory>,
        _name: &OsStr,
        _error: &io::Error,
    ) -> Result<bool, Failure> {
        Ok(false)
    }

    /// This failed; the walk goes on.
    fn failed(&mut self, error: anyhow::Error);
}

/// Walks through trees.
#[derive(Default)]
pub struct Walk {
    /// Device and number of files with more than one name.
    seen: HashSet<(u64, u64)>,
    /// Another mount was met, which hides what is below.
    pub met_mounts: bool,
}

/// How names below the root of a walk are resolved.
const BELOW: ResolveFlags = ResolveFlags::NO_SYMLINKS.union(ResolveFlags::NO_XDEV);

/// An object that is not open.
struct Found {
    fd: OwnedFd,
    kind: FileType,
    links: u32,
    identity: (u64, u64),
    mount: u64,
}

impl Walk {
    /// Visits the file at `path`, or all below this directory on the same mount.
    pub fn visit(&mut self, path: &Path, visitor: &mut impl Visitor) -> Result<()> {
        let name = || path.display().to_string();
        let flags = OFlags::PATH | OFlags::NOFOLLOW | OFlags::CLOEXEC;
        let root = rustix::fs::open(path, flags, Mode::empty()).with_context(name)?;
        let root = Found::new(root).with_context(name)?;
        if !matches!(root.kind, FileType::RegularFile | FileType::Directory) {
            bail!("{}: neither a directory nor a regular file", path.display());
        }
        layers::check_mount(root.mount, path)?;
        let mut next = Vec::new();
        let beside = || open_dir(CWD, path.parent(), ResolveFlags::empty());
        self.object(&root, path, Path::new(""), beside, &mut next, visitor)?;
        while let Some(below) = next.pop() {
            let found = match find(&root.fd, &below) {
                Ok(Some(found)) => found,
                Ok(None) => continue,
                Err(error) if error.raw_os_error() == Some(libc::EXDEV) => {
                    self.met_mounts = true;
                    continue;
                }
                Err(error) => {
                    let path = path.join(&below);
                    let error = explained(&error);
                    visitor.failed(anyhow!("{}: {error}", path.display()));
                    continue;
                }
            };
            let beside = || open_dir(&root.fd, below.parent(), BELOW);
            self.object(
                &found,
                &path.join(&below),
                &below,
                beside,
                &mut next,
                visitor,
            )?;
        }
        Ok(())
    }

    /// Visits a file; of a directory, puts the names on the list of what is next. Fails if nothing else
    /// will work.
    fn object(
        &mut self,
        found: &Found,
        path: &Path,
        below: &Path,
        dir: impl FnOnce() -> io::Result<Directory>,
        next: &mut Vec<PathBuf>,
        visitor: &mut impl Visitor,
    ) -> Result<()> {
        let result = match found.kind {
            FileType::RegularFile => {
                if found.links > 1 && !self.seen.insert(found.identity) {
                    return Ok(());
                }
                open_file(found, path, dir, visitor)
                    .and_then(|file| visitor.file(path, &file.into()))
            }
            FileType::Directory => list(found, below, next).map_err(|e| Failure::of_one(&e)),
            _ => Ok(()),
        };
        match result {
            Ok(()) => Ok(()),
            Err(failure) => {
                let error = anyhow!("{}: {}", path.display(), failure.error);
                match failure.is_of_all {
                    true => Err(error),
                    false => {
                        visitor.failed(error);
                        Ok(())
                    }
                }
            }
        }
    }
}

fn open_file(
    found: &Found,
    path: &Path,
    dir: impl FnOnce() -> io::Result<Directory>,
    visitor: &mut impl Visitor,
) -> Result<File, Failure> {
    let open = || reopen(&found.fd, OFlags::RDONLY | OFlags::NONBLOCK);
    let error = match open() {
        Ok(file) => return Ok(file),
        Err(error) => error,
    };
    let name = path.file_name().unwrap_or_default();
    match visitor.refused(dir, name, &error)? {
        true => open().map_err(|error| Failure::of_one(&error)),
        false => Err(Failure::of_one(&error)),
    }
}

/// The directory at a path; `base` itself, if that is empty.
fn open_dir(base: impl AsFd, path: Option<&Path>, resolve: ResolveFlags) -> io::Result<Directory> {
    let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::CLOEXEC;
    let path = path.filter(|path| !path.as_os_str().is_empty());
    let path = path.unwrap_or(Path::new("."));
    let dir = rustix::fs::openat2(base, path, flags, Mode::empty(), resolve)?;
    Ok(File::from(dir).into())
}

impl Found {
    fn new(fd: OwnedFd) -> io::Result<Self> {
        let wanted = StatxFlags::BASIC_STATS | StatxFlags::MNT_ID;
        let stat = rustix::fs::statx(&fd, "", AtFlags::EMPTY_PATH, wanted)?;
        let device = u64::from(stat.stx_dev_major) << 32 | u64::from(stat.stx_dev_minor);
        Ok(Self {
            fd,
            kind: FileType::from_raw_mode(stat.stx_mode.into()),
            links: stat.stx_nlink,
            identity: (device, stat.stx_ino),
            mount: stat.stx_mnt_id,
        })
    }
}

/// The object at a path below the root of the walk; `None` if it is gone. `EXDEV` if another mount is
/// there.
fn find(root: &OwnedFd, below: &Path) -> io::Result<Option<Found>> {
    let flags = OFlags::PATH | OFlags::NOFOLLOW | OFlags::CLOEXEC;
    match rustix::fs::openat2(root, below, flags, Mode::empty(), BELOW) {
        Ok(fd) => Found::new(fd).map(Some),
        Err(Errno::NOENT | Errno::NOTDIR | Errno::LOOP) => Ok(None),
        Err(error) => Err(error.into()),
    }
}

/// Opens what a descriptor stands for; access times stay, if the caller may leave them.
pub fn reopen(fd: &impl AsFd, flags: OFlags) -> io::Result<File> {
    let path = format!("/proc/self/fd/{}", fd.as_fd().as_raw_fd());
    let open = |more| rustix::fs::openat(CWD, path.as_str(), flags | more, Mode::empty());
    let file = match open(OFlags::NOATIME | OFlags::CLOEXEC) {
        Err(Errno::PERM) => open(OFlags::CLOEXEC)?,
        file => file?,
    };
    Ok(file.into())
}

/// Puts the names in a directory on the list, so that the first is taken first.
fn list(found: &Found, below: &Path, next: &mut Vec<PathBuf>) -> io::Result<()> {
    let dir = Dir::new(reopen(&found.fd, OFlags::RDONLY | OFlags::DIRECTORY)?)?;
    let mut names = Vec::new();
    for entry in dir {
        let entry = entry?;
        let name = entry.file_name().to_bytes();
        let counts = matches!(
            entry.file_type(),
            FileType::RegularFile | FileType::Directory | FileType::Unknown
        );
        if counts && !matches!(name, b"." | b"..") {
            names.push(below.join(OsStr::from_bytes(name)));
        }
    }
    names.sort_unstable_by(|a, b| b.cmp(a));
    next.append(&mut names);
    Ok(())
}
