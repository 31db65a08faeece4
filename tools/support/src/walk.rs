// SPDX-License-Identifier: GPL-2.0-only
//! Describing a whole tree, one line per name, so that two trees can be compared.

use std::collections::BTreeMap;
use std::ffi::{CString, OsStr};
use std::fs::File;
use std::io::Read;
use std::mem::MaybeUninit;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::FileExt;
use std::path::Path;

use rustix::fs::{Dir, Mode, OFlags, SeekFrom};

use crate::errno::Errno;

/// A tree: the attributes of each path.
pub type Tree = BTreeMap<String, String>;

/// Describes everything below `root`, and `root` itself as `.`.
pub fn walk(root: &Path) -> Result<Tree, String> {
    let mut walker = Walker {
        buffer: vec![0; 65536],
        ..Walker::default()
    };
    walker.visit(root, ".")?;
    Ok(walker.tree)
}

#[derive(Default)]
struct Walker {
    tree: Tree,
    first_names: BTreeMap<(u64, u64), String>,
    /// For attributes: no list and no value is longer.
    buffer: Vec<u8>,
}

impl Walker {
    fn visit(&mut self, path: &Path, name: &str) -> Result<(), String> {
        let fail = |call: &str, error: Errno| format!("{call} of {name}: {error}");
        let stat = lstat(path).map_err(|error| fail("stat", error))?;
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
                let target = std::fs::read_link(path);
                let target = target.map_err(|error| fail("readlink", error.into()))?;
                line += &format!(" -> {}", show(target.as_os_str().as_bytes()));
            }
            _ => {}
        }
        line += &attributes(path, &mut self.buffer);
        self.tree.insert(name.to_owned(), line);
        if kind(&stat) == libc::S_IFDIR {
            for child in names(path).map_err(|error| fail("readdir", error))? {
                let below = match name {
                    "." => String::from_utf8_lossy(&child).into_owned(),
                    _ => format!("{name}/{}", String::from_utf8_lossy(&child)),
                };
                self.visit(&path.join(OsStr::from_bytes(&child)), &below)?;
            }
        }
        Ok(())
    }
}

fn lstat(path: &Path) -> Result<libc::stat, Errno> {
    let path = CString::new(path.as_os_str().as_bytes()).map_err(|_| Errno(libc::EINVAL))?;
    let mut stat = MaybeUninit::uninit();
    // SAFETY: a C string and room for a stat, which both outlive the call.
    match unsafe { libc::lstat(path.as_ptr(), stat.as_mut_ptr()) } {
        // SAFETY: the kernel has filled it in.
        0 => Ok(unsafe { stat.assume_init() }),
        _ => Err(Errno::last()),
    }
}

/// The extended attributes, each behind a blank.
fn attributes(path: &Path, buffer: &mut [u8]) -> String {
    let list = match rustix::fs::llistxattr(path, &mut *buffer) {
        Ok(length) => buffer[..length].to_vec(),
        Err(rustix::io::Errno::OPNOTSUPP) => return String::new(),
        Err(errno) => return format!(" listxattr={}", Errno::from(errno)),
    };
    let names = list
        .split(|byte| *byte == 0)
        .filter(|name| !name.is_empty());
    // xfs lists its ACLs a second time, under the names they have on the disk.
    let names = names.filter(|name| !name.starts_with(b"trusted.SGI_"));
    // The order on the disk is that in which they were set.
    let mut names: Vec<_> = names.collect();
    names.sort_unstable();
    let mut line = String::new();
    for name in names {
        let value = match rustix::fs::lgetxattr(path, name, &mut *buffer) {
            Ok(length) => show(&buffer[..length]),
            Err(errno) => Errno::from(errno).to_string(),
        };
        line += &format!(" {}={value}", String::from_utf8_lossy(name));
    }
    line
}

/// The contents of a file; of a huge one only the bytes that are not zero.
fn contents(path: &Path, stat: &libc::stat) -> Result<String, Errno> {
    const HUGE: i64 = 64 << 20;
    const BLOCK: usize = 4096;
    let mut file = File::from(open(path, OFlags::empty())?);
    if stat.st_size < HUGE {
        let mut data = Vec::new();
        file.read_to_end(&mut data)?;
        return Ok(show(&data));
    }
    let mut found = Vec::new();
    let mut at = 0;
    while let Ok(data) = rustix::fs::seek(&file, SeekFrom::Data(at)) {
        let hole = rustix::fs::seek(&file, SeekFrom::Hole(data))?;
        at = data - data % BLOCK as u64;
        while at < hole {
            let mut block = [0; BLOCK];
            let count = file.read_at(&mut block, at)?;
            if block.iter().any(|byte| *byte != 0) {
                found.extend(at.to_le_bytes());
                found.extend(&block[..count]);
            }
            at += BLOCK as u64;
        }
    }
    Ok(format!("{} (of a huge file)", show(&found)))
}

/// Opens an object without changing anything, including access times.
fn open(path: &Path, flags: OFlags) -> rustix::io::Result<rustix::fd::OwnedFd> {
    let flags = OFlags::RDONLY | OFlags::NOATIME | OFlags::CLOEXEC | flags;
    rustix::fs::open(path, flags, Mode::empty())
}

/// The names in a directory but `.` and `..`, sorted.
pub fn names(path: &Path) -> Result<Vec<Vec<u8>>, Errno> {
    let mut names = Vec::new();
    for entry in Dir::new(open(path, OFlags::DIRECTORY)?)? {
        names.push(entry?.file_name().to_bytes().to_vec());
    }
    names.retain(|name| name != b"." && name != b"..");
    names.sort();
    Ok(names)
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

/// The fields of a stat that must be the same on every file system. Left out: numbers of inode and device, blocks and
/// block size; link count and size of directories, which every file system counts in its own way; access times. A
/// recent modification time is only shown as "now".
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

/// FNV-1a over words instead of bytes, which is eight times as fast under emulation; it need not
/// resist attacks.
pub fn hash(data: &[u8]) -> u64 {
    let mix = |hash: u64, word: u64| {
        let mixed = (hash ^ word).wrapping_mul(0x0000_0100_0000_01b3);
        // Otherwise the upper bytes of a word would affect only the upper bytes of the hash.
        mixed ^ (mixed >> 32)
    };
    let words = data.chunks_exact(8);
    let rest = words.remainder().iter().map(|byte| u64::from(*byte));
    words
        .map(|word| u64::from_le_bytes(word.try_into().expect("eight bytes")))
        .chain(rest)
        .fold(0xcbf2_9ce4_8422_2325, mix)
}
