// SPDX-License-Identifier: GPL-2.0-only
//! Every kind of call on a tree that may be damaged in any way: the calls may fail, but must return.

use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};

use crate::errno::Errno;
use crate::random::Dice;
use crate::sys;
use crate::walk;

/// Errors that a file system may return for a valid request on a damaged object.
const CLEAN: &[i32] = &[
    libc::EPERM,
    libc::ENOENT,
    libc::EIO,
    libc::ENXIO,
    libc::EACCES,
    libc::EBUSY,
    libc::EEXIST,
    libc::EXDEV,
    libc::ENODEV,
    libc::ENOTDIR,
    libc::EISDIR,
    libc::EINVAL,
    libc::ETXTBSY,
    libc::EFBIG,
    libc::ENOSPC,
    libc::ESPIPE,
    libc::EROFS,
    libc::EMLINK,
    libc::ERANGE,
    libc::ENAMETOOLONG,
    libc::ENOTEMPTY,
    libc::ELOOP,
    libc::ENODATA,
    libc::EOVERFLOW,
    libc::EBADMSG,
    libc::EUCLEAN,
    libc::EOPNOTSUPP,
    libc::ESTALE,
    libc::EREMOTE,
];

/// The calls on each object.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Do {
    Look,
    Glance,
    Change,
}

/// The calls made so far, and the permitted errors.
pub struct Exercise {
    dice: Dice,
    /// Errors up to this number are the layer's own and are passed on, whatever they mean.
    passed_on: i32,
    /// The maximum number of objects, for a damaged tree may have no end.
    left: usize,
    /// How many calls succeeded.
    pub succeeded: usize,
    /// How many failed, as they may.
    pub failed: usize,
    unclean: Option<String>,
}

impl Exercise {
    /// At most `objects` objects, with choices made from `seed`.
    pub fn new(seed: u64, objects: usize) -> Self {
        Self {
            dice: Dice::new(seed),
            passed_on: 0,
            left: objects,
            succeeded: 0,
            failed: 0,
            unclean: None,
        }
    }

    /// The layer answers with errors of its own choice.
    pub fn errors_passed_on(mut self) -> Self {
        // Larger numbers are internal to the kernel and must not be returned.
        self.passed_on = 511;
        self
    }

    /// Makes every kind of call on everything below `root`.
    pub fn look(&mut self, root: &Path) -> Result<(), String> {
        self.visit(root, 0, Do::Look);
        self.verdict()
    }

    /// Makes one kind of call on each object.
    pub fn glance(&mut self, root: &Path) -> Result<(), String> {
        self.visit(root, 0, Do::Glance);
        self.verdict()
    }

    /// Makes one kind of call on each object, and one kind of change.
    pub fn change(&mut self, root: &Path) -> Result<(), String> {
        self.visit(root, 0, Do::Change);
        self.verdict()
    }

    fn verdict(&mut self) -> Result<(), String> {
        self.unclean.take().map_or(Ok(()), Err)
    }

    /// Records the result of a call.
    pub fn note<T>(&mut self, what: &str, path: &Path, result: sys::Result<T>) -> Option<T> {
        match result {
            Ok(value) => {
                self.succeeded += 1;
                Some(value)
            }
            Err(Errno(number)) => {
                self.failed += 1;
                if !CLEAN.contains(&number) && !(1..=self.passed_on).contains(&number) {
                    let path = path.to_string_lossy();
                    self.unclean.get_or_insert_with(|| {
                        format!("{what} of {path:.200}: {} is no clean error", Errno(number))
                    });
                }
                None
            }
        }
    }

    fn visit(&mut self, path: &Path, depth: usize, what: Do) {
        const DEEPEST: usize = 12;
        if self.left == 0 || depth > DEEPEST {
            return;
        }
        self.left -= 1;
        let stat = self.note("stat", path, sys::stat(path, libc::AT_SYMLINK_NOFOLLOW));
        let way = (what != Do::Look).then(|| self.dice.roll(3));
        if matches!(way, None | Some(0)) {
            self.attributes(path);
        }
        if matches!(way, None | Some(1)) {
            self.note("readlink", path, quiet(sys::readlink(path)));
        }
        if matches!(way, None | Some(2)) {
            self.open(path);
        }
        let kind = stat.map_or(0, |stat| walk::kind(&stat));
        if kind == libc::S_IFDIR {
            for child in self.children(path) {
                self.visit(&child, depth + 1, what);
            }
        }
        if what == Do::Change && depth > 0 {
            self.change_one(path);
        }
    }

    fn attributes(&mut self, path: &Path) {
        let names = self.note("listxattr", path, sys::listxattr(path));
        for name in names.into_iter().flatten().take(20) {
            self.note("getxattr", path, sys::getxattr(path, &name));
        }
    }

    /// Opens an object for reading, reads and maps it, unless its type could block.
    fn open(&mut self, path: &Path) {
        let flags = libc::O_RDONLY | libc::O_NONBLOCK | libc::O_NOFOLLOW | libc::O_NOCTTY;
        let Some(fd) = self.note("open", path, quiet(sys::open(path, flags, 0))) else {
            return;
        };
        let regular = sys::fstat(fd).is_ok_and(|stat| walk::kind(&stat) == libc::S_IFREG);
        if regular {
            self.note("read", path, sys::read(fd, 10_000, None));
            self.note("read far", path, sys::read(fd, 100, Some(1 << 40)));
            self.note("seek", path, sys::lseek(fd, 0, libc::SEEK_HOLE));
            let mapped = sys::Map::new(fd, 4096, libc::PROT_READ, libc::MAP_PRIVATE);
            self.note("mmap", path, mapped);
        }
        self.note("close", path, sys::close(fd));
    }

    /// The entries of a directory, as far as it can be listed.
    fn children(&mut self, path: &Path) -> Vec<PathBuf> {
        const MOST: usize = 3000;
        let mut found = Vec::new();
        let opened = sys::open(path, libc::O_RDONLY | libc::O_DIRECTORY, 0);
        let Some(fd) = self.note("opendir", path, opened) else {
            return found;
        };
        // Entries that will not be visited need not be listed: a damaged tree can have long directories everywhere.
        while found.len() < MOST.min(self.left) {
            let Some(entries) = self.note("getdents", path, sys::getdents(fd, 8192)) else {
                break;
            };
            if entries.is_empty() {
                break;
            }
            let names = entries.iter().map(|entry| entry.name.as_slice());
            let names = names.filter(|name| !matches!(*name, b"." | b".." | b""));
            found.extend(names.map(|name| path.join(OsStr::from_bytes(name))));
        }
        let _ = sys::close(fd);
        found
    }

    fn change_one(&mut self, path: &Path) {
        let beside = |ending: &str| {
            let mut name = path.as_os_str().to_owned();
            name.push(ending);
            PathBuf::from(name)
        };
        let flags = libc::O_WRONLY | libc::O_NONBLOCK | libc::O_NOFOLLOW;
        match self.dice.roll(10) {
            0 => drop(self.note("chmod", path, quiet(sys::chmod(path, 0o640)))),
            1 => {
                if let Some(fd) = self.note("open to write", path, quiet(sys::open(path, flags, 0)))
                {
                    self.note("write", path, quiet(sys::write(fd, b"new", None)));
                    self.note("close", path, sys::close(fd));
                }
            }
            2 => drop(self.note("truncate", path, quiet(sys::truncate(path, 3)))),
            3 => drop(self.note("link", path, sys::link(path, beside(".l"), 0))),
            4 => {
                let away = beside(".away");
                if self
                    .note("rename", path, sys::rename(path, &away, 0))
                    .is_some()
                {
                    self.note("rename back", path, sys::rename(&away, path, 0));
                }
            }
            5 => drop(self.note("setxattr", path, sys::setxattr(path, "user.new", b"1", 0))),
            6 => drop(self.note("unlink", path, sys::unlink(path))),
            7 => drop(self.note("rmdir", path, sys::rmdir(path))),
            8 => drop(self.note("mkdir", path, sys::mkdir(path.join("new"), 0o755))),
            _ => {
                let times = sys::utimens(path, (1, 1), (2, 2), libc::AT_SYMLINK_NOFOLLOW);
                self.note("utimes", path, times);
            }
        }
    }
}

/// Calls that are made on every type may be refused for it.
fn quiet<T>(result: sys::Result<T>) -> sys::Result<T> {
    match result {
        // A device without a driver, a pipe without a reader, no memory for an invalid size.
        Err(Errno(libc::ENOTTY | libc::EPIPE | libc::EAGAIN | libc::ENOMEDIUM)) => {
            Err(Errno(libc::ENXIO))
        }
        other => other,
    }
}
