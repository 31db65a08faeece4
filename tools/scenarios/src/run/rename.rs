// SPDX-License-Identifier: GPL-2.0-only
//! Objects of every type, and steps on names that use descriptors.

use std::path::Path;

use super::*;
use crate::tree::Builder;
use crate::walk::{self, describe, show};

/// A type of object, as far as calls on names distinguish them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum What {
    /// A regular file with its own name in it.
    File,
    /// A directory without entries.
    Empty,
    /// A directory that holds one file, `in`.
    Full,
    /// A symbolic link that leads nowhere.
    Symlink,
    /// A named pipe.
    Fifo,
    /// The character device 1:3.
    Char,
    /// The block device 7:5.
    Block,
    /// A socket without a listener; an image made from an archive cannot hold one.
    Socket,
}

impl What {
    /// Every kind but sockets.
    pub const ALL: [Self; 7] = [
        Self::File,
        Self::Empty,
        Self::Full,
        Self::Symlink,
        Self::Fifo,
        Self::Char,
        Self::Block,
    ];

    /// Those of [`What::ALL`] that are not directories.
    pub const LEAVES: [Self; 5] = [
        Self::File,
        Self::Symlink,
        Self::Fifo,
        Self::Char,
        Self::Block,
    ];

    /// Whether it is a directory.
    pub fn is_dir(self) -> bool {
        matches!(self, Self::Empty | Self::Full)
    }

    /// Every pair of one of `from` and one of `to`, each with a path for it.
    pub fn pairs(from: &[Self], to: &[Self]) -> Vec<(Self, Self, String)> {
        let pair = |one: &Self| {
            let one = *one;
            to.iter()
                .map(move |two| (one, *two, format!("{one}-{two}")))
        };
        from.iter().flat_map(pair).collect()
    }
}

impl Display for What {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::File => "file",
            Self::Empty => "empty",
            Self::Full => "full",
            Self::Symlink => "symlink",
            Self::Fifo => "fifo",
            Self::Char => "char",
            Self::Block => "block",
            Self::Socket => "socket",
        })
    }
}

impl Builder {
    /// An object of a kind.
    pub fn object(&mut self, what: What, path: &str) {
        match what {
            What::File => self.file(path, path),
            What::Empty => self.dir(path),
            What::Full => self.file(&format!("{path}/in"), path),
            What::Symlink => self.symlink(path, "nowhere"),
            What::Fifo => self.fifo(path),
            What::Char => self.char_device(path, 1, 3),
            What::Block => self.block_device(path, 7, 5),
            What::Socket => self.socket(path),
        };
    }
}

impl Run<'_> {
    /// Makes an object of a kind.
    pub fn make(&mut self, what: What, path: &str) -> bool {
        match what {
            What::File => self.put(path, O_WRONLY | O_CREAT | O_EXCL, path),
            What::Empty => self.mkdir(path),
            What::Full => {
                self.mkdir(path)
                    && self.put(&format!("{path}/in"), O_WRONLY | O_CREAT | O_EXCL, path)
            }
            What::Symlink => self.symlink("nowhere", path),
            What::Fifo => self.mkfifo(path, 0o644),
            What::Char => self.mknod(path, libc::S_IFCHR, 0o644, 1, 3),
            What::Block => self.mknod(path, libc::S_IFBLK, 0o644, 7, 5),
            What::Socket => self.mknod(path, libc::S_IFSOCK, 0o644, 0, 0),
        }
    }

    /// Removes an object by the call for its type.
    pub fn remove(&mut self, what: What, path: &str) -> bool {
        match what {
            What::Empty => self.rmdir(path),
            What::Full => self.unlink(&format!("{path}/in")) && self.rmdir(path),
            _ => self.unlink(path),
        }
    }

    /// lstat(2) with the contents: data, target or names.
    pub fn see(&mut self, path: &str) {
        let result = sys::stat(path, libc::AT_SYMLINK_NOFOLLOW).and_then(|stat| {
            let held = match walk::kind(&stat) {
                libc::S_IFREG => format!(" {}", show(&slurp(path)?)),
                libc::S_IFLNK => format!(" -> {}", show(&sys::readlink(path)?)),
                libc::S_IFDIR => format!(" {:?}", self.names(path)),
                _ => String::new(),
            };
            Ok(describe(&stat) + &held)
        });
        self.call(format_args!("see({path:?})"), result);
    }

    /// linkat(2) with flags.
    pub fn link_flags(&mut self, old: &str, new: &str, flags: i32) -> bool {
        let result = sys::link(old, new, flags);
        self.names_will_part();
        self.done(format_args!("link({old:?}, {new:?}, {flags:#x})"), result)
    }

    /// linkat(2) of a descriptor with AT_EMPTY_PATH.
    pub fn link_empty(&mut self, fd: Fd, new: &str) -> bool {
        let result = sys::link_empty(fd.raw, new);
        self.names_will_part();
        self.done(format_args!("link({fd}, \"\", {new:?})"), result)
    }

    /// The path of the working directory, or why it has none.
    pub fn working_name(&mut self) {
        self.call("getcwd", sys::working_name());
    }

    /// The remaining entries of an open directory, sorted, without `.` and `..`.
    pub fn rest(&mut self, fd: Fd) {
        let mut names = Vec::new();
        let result = loop {
            match sys::getdents(fd.raw, 4096) {
                Ok(more) if more.is_empty() => break Ok(()),
                Ok(more) => names.extend(more.into_iter().map(|entry| entry.name)),
                Err(error) => break Err(error),
            }
        };
        names.retain(|name| name != b"." && name != b"..");
        names.sort();
        let names: Vec<_> = names
            .iter()
            .map(|name| String::from_utf8_lossy(name))
            .collect();
        self.call(
            format_args!("rest({fd})"),
            result.map(|()| format!("{names:?}")),
        );
    }

    /// Removes a tree like rm -r, in the order of `pick`, which takes the next of the remaining names; only errors are
    /// recorded.
    pub fn remove_tree(&mut self, path: &str, pick: fn(&mut Vec<String>) -> Option<String>) {
        let mut names = self.names(path);
        while let Some(name) = pick(&mut names) {
            let path = format!("{path}/{name}");
            let is_dir = sys::stat(&path, libc::AT_SYMLINK_NOFOLLOW)
                .is_ok_and(|stat| walk::kind(&stat) == libc::S_IFDIR);
            if is_dir {
                self.remove_tree(&path, pick);
            } else if let Err(error) = sys::unlink(&path) {
                self.note(format_args!("unlink({path:?}) = {error}"));
            }
        }
        if let Err(error) = sys::rmdir(path) {
            self.note(format_args!("rmdir({path:?}) = {error}"));
        }
    }

    /// A directory listing has the same number for a name as stat(2).
    pub fn listed_number(&mut self, dir: &str, name: &str) {
        let listed = walk::list(Path::new(dir))
            .unwrap_or_default()
            .into_iter()
            .find(|entry| entry.name == name.as_bytes());
        let (_, number) = self.identity(&format!("{dir}/{name}"));
        let same = listed.is_some_and(|entry| entry.ino == number);
        self.expect(format_args!("{dir}/{name} is listed with its number"), same);
    }
}
