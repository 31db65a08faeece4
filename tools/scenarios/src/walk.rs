// SPDX-License-Identifier: GPL-2.0-only
//! Describing a whole tree, one line per name, so that two trees can be compared.

use std::collections::BTreeMap;
use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt;
use std::path::Path;

use crate::errno::Errno;
use crate::sys;

/// A tree: what is to be said of each path.
pub type Tree = BTreeMap<String, String>;

/// Describes everything below `root`, and `root` itself as `.`.
pub fn walk(root: &Path) -> Result<Tree, String> {
    let mut walker = Walker::default();
    walker.visit(root, ".")?;
    Ok(walker.tree)
}

#[derive(Default)]
struct Walker {
    tree: Tree,
    first_names: BTreeMap<(u64, u64), String>,
}

impl Walker {
    fn visit(&mut self, path: &Path, name: &str) -> Result<(), String> {
        let fail = |call: &str, error: Errno| format!("{call} of {name}: {error}");
        let stat =
            sys::stat(path, libc::AT_SYMLINK_NOFOLLOW).map_err(|error| fail("stat", error))?;
        let mut line = describe(&stat);
        if stat.st_nlink > 1 && kind(&stat) != libc::S_IFDIR {
            let first = self
                .first_names
                .entry((stat.st_dev, stat.st_ino))
                .or_insert_with(|| name.to_owned());
            line += &format!(" same-as={first}");
        }
        match kind(&stat) {
            libc::S_IFREG => {
                let data = contents(path, &stat).map_err(|error| fail("read", error))?;
                line += &format!(" data={data}");
            }
            libc::S_IFLNK => {
                let target = sys::readlink(path).map_err(|error| fail("readlink", error))?;
                line += &format!(" -> {}", show(&target));
            }
            _ => {}
        }
        match sys::listxattr(path) {
            Ok(names) => {
                // xfs lists its ACLs a second time, under the names they have on the disk.
                let names = names
                    .iter()
                    .filter(|name| !name.starts_with("trusted.SGI_"));
                for attribute in names {
                    let value = sys::getxattr(path, attribute)
                        .map_or_else(|error| error.to_string(), |value| show(&value));
                    line += &format!(" {attribute}={value}");
                }
            }
            Err(Errno(libc::EOPNOTSUPP)) => {}
            Err(error) => line += &format!(" listxattr={error}"),
        }
        self.tree.insert(name.to_owned(), line);
        if kind(&stat) == libc::S_IFDIR {
            for child in list_quietly(path).map_err(|error| fail("readdir", error))? {
                let child_name = String::from_utf8_lossy(&child.name);
                let below = match name {
                    "." => child_name.into_owned(),
                    _ => format!("{name}/{child_name}"),
                };
                self.visit(&path.join(OsStr::from_bytes(&child.name)), &below)?;
            }
        }
        Ok(())
    }
}

/// The contents of a file; of a huge one only what is not zero.
fn contents(path: &Path, stat: &libc::stat) -> Result<String, Errno> {
    const HUGE: i64 = 64 << 20;
    const BLOCK: usize = 4096;
    if stat.st_size < HUGE {
        let mut data = Vec::new();
        // To look must change nothing, access times included.
        let fd = sys::open(path, libc::O_RDONLY | libc::O_NOATIME, 0)?;
        let piece = (stat.st_size as usize + 1).min(1 << 20);
        let result = loop {
            match sys::read(fd, piece, None) {
                Ok(more) if more.is_empty() => break Ok(show(&data)),
                Ok(more) => data.extend(more),
                Err(error) => break Err(error),
            }
        };
        return sys::close(fd).and(result);
    }
    let fd = sys::open(path, libc::O_RDONLY | libc::O_NOATIME, 0)?;
    let mut found = Vec::new();
    let mut at = 0;
    while let Ok(data) = sys::lseek(fd, at, libc::SEEK_DATA) {
        let hole = sys::lseek(fd, data, libc::SEEK_HOLE)?;
        at = data - data % BLOCK as i64;
        while at < hole {
            let block = sys::read(fd, BLOCK, Some(at))?;
            if block.iter().any(|byte| *byte != 0) {
                found.extend(at.to_le_bytes());
                found.extend(block);
            }
            at += BLOCK as i64;
        }
    }
    sys::close(fd)?;
    Ok(format!("{} (of a huge file)", show(&found)))
}

/// The entries of a directory but `.` and `..`, sorted by name.
pub fn list(path: &Path) -> Result<Vec<sys::Dirent>, Errno> {
    list_with(path, 0)
}

fn list_quietly(path: &Path) -> Result<Vec<sys::Dirent>, Errno> {
    list_with(path, libc::O_NOATIME)
}

fn list_with(path: &Path, flags: i32) -> Result<Vec<sys::Dirent>, Errno> {
    let fd = sys::open(path, libc::O_RDONLY | libc::O_DIRECTORY | flags, 0)?;
    let mut entries = Vec::new();
    let end = loop {
        match sys::getdents(fd, 32768) {
            Ok(more) if more.is_empty() => break Ok(()),
            Ok(more) => entries.extend(more),
            Err(error) => break Err(error),
        }
    };
    // An open directory would keep the file system mounted.
    sys::close(fd).and(end)?;
    entries.retain(|entry| entry.name != b"." && entry.name != b"..");
    entries.sort_by(|a, b| a.name.cmp(&b.name));
    Ok(entries)
}

/// The type bits of a mode.
pub fn kind(stat: &libc::stat) -> u32 {
    stat.st_mode & libc::S_IFMT
}

/// The word for a type of file.
pub fn kind_word(mode: u32) -> &'static str {
    match mode & libc::S_IFMT {
        libc::S_IFREG => "file",
        libc::S_IFDIR => "dir",
        libc::S_IFLNK => "symlink",
        libc::S_IFIFO => "fifo",
        libc::S_IFSOCK => "socket",
        libc::S_IFCHR => "char",
        libc::S_IFBLK => "block",
        _ => "unknown",
    }
}

/// The fields of a stat that must be the same on every file system.
///
/// Left out: numbers of inode and device, blocks and block size; link count and size of directories, which every file
/// system counts in its own way; access times; a modification time that is not of long ago, of which only "now" is
/// said.
pub fn describe(stat: &libc::stat) -> String {
    let mut line = format!(
        "{} {:04o} {}:{}",
        kind_word(stat.st_mode),
        stat.st_mode & 0o7777,
        stat.st_uid,
        stat.st_gid
    );
    match kind(stat) {
        libc::S_IFREG => line += &format!(" nlink={} size={}", stat.st_nlink, stat.st_size),
        libc::S_IFLNK => line += &format!(" nlink={}", stat.st_nlink),
        libc::S_IFCHR | libc::S_IFBLK => {
            line += &format!(
                " nlink={} device={}:{}",
                stat.st_nlink,
                libc::major(stat.st_rdev),
                libc::minor(stat.st_rdev)
            );
        }
        libc::S_IFDIR => {}
        _ => line += &format!(" nlink={}", stat.st_nlink),
    }
    line + &format!(" mtime={}", show_time(stat.st_mtime, stat.st_mtime_nsec))
}

/// A time in full when it was set on purpose, "now" otherwise.
pub fn show_time(seconds: i64, nanoseconds: i64) -> String {
    if seconds < 1_500_000_000 {
        format!("{seconds}.{nanoseconds:09}")
    } else {
        "now".to_owned()
    }
}

/// Bytes in full when they are few, else their number and a hash.
pub fn show(data: &[u8]) -> String {
    if data.len() <= 48 {
        format!("\"{}\"", data.escape_ascii())
    } else {
        format!("{} bytes #{:016x}", data.len(), hash(data))
    }
}

/// FNV-1a, of words in the place of bytes as long as there are any, which an emulator does eight times as fast; no
/// defence against malice is needed here, only against accidents.
pub fn hash(data: &[u8]) -> u64 {
    let mix = |hash: u64, word: u64| {
        let mixed = (hash ^ word).wrapping_mul(0x0000_0100_0000_01b3);
        // Or the upper bytes of a word would move the upper bytes of the hash alone.
        mixed ^ (mixed >> 32)
    };
    let words = data.chunks_exact(8);
    let rest = words.remainder().iter().map(|byte| u64::from(*byte));
    words
        .map(|word| u64::from_le_bytes(word.try_into().expect("eight bytes")))
        .chain(rest)
        .fold(0xcbf2_9ce4_8422_2325, mix)
}

/// What a program finds below `root`, whatever fails: of each path `dir`, a file's text, or the error. What is listed
/// and is not there is left out.
pub fn outline(root: &Path) -> Tree {
    let mut tree = Tree::new();
    outline_below(root, "", &mut tree);
    tree
}

fn outline_below(path: &Path, name: &str, tree: &mut Tree) {
    let listed = match list_quietly(path) {
        Ok(listed) => listed,
        Err(error) => {
            tree.insert(name.to_owned(), format!("readdir: {error}"));
            return;
        }
    };
    for child in listed {
        let below = format!("{name}/{}", child.name.escape_ascii());
        let path = path.join(OsStr::from_bytes(&child.name));
        let line = match sys::stat(&path, libc::AT_SYMLINK_NOFOLLOW) {
            Err(Errno(libc::ENOENT)) => continue,
            Err(error) => error.to_string(),
            Ok(stat) if kind(&stat) == libc::S_IFDIR => {
                outline_below(&path, &below, tree);
                "dir".to_owned()
            }
            Ok(_) => match std::fs::read(&path) {
                Ok(text) => show(&text),
                Err(error) => error.to_string(),
            },
        };
        tree.insert(below, line);
    }
}
