// SPDX-License-Identifier: GPL-2.0-only
//! Inode numbers of a whole tree.

use std::collections::BTreeMap;
use std::path::Path;

use crate::shape::Fs;
use crate::sys;
use crate::tree::Builder;
use crate::walk;

/// The number of each path.
pub type Numbers = BTreeMap<String, u64>;

/// The numbers below `root`, as stat(2) returns them: no two objects have the same, unless they are links of one, and
/// getdents(2) returns the same ones.
pub fn of(root: &Path) -> Result<Numbers, String> {
    let mut walker = Walker::default();
    walker.dir(root, "")?;
    Ok(walker.numbers)
}

/// The same, after dropping the caches.
pub fn of_cold(root: &Path) -> Result<Numbers, String> {
    std::fs::write("/proc/sys/vm/drop_caches", "3").map_err(|error| error.to_string())?;
    of(root)
}

#[derive(Default)]
struct Walker {
    numbers: Numbers,
    /// An object with a number: device, number and link count, and its contents.
    seen: BTreeMap<u64, (String, Object)>,
}

#[derive(PartialEq, Eq)]
struct Object {
    dev: u64,
    mode: u32,
    links: u64,
    contents: Vec<u8>,
}

impl Walker {
    fn dir(&mut self, root: &Path, dir: &str) -> Result<(), String> {
        let path = root.join(dir);
        let listed = walk::list(&path).map_err(|error| format!("listing {dir:?}: {error}"))?;
        for entry in &listed {
            let name = String::from_utf8_lossy(&entry.name);
            let child = match dir {
                "" => name.into_owned(),
                _ => format!("{dir}/{name}"),
            };
            self.object(root, &child, entry.ino)?;
        }
        Ok(())
    }

    fn object(&mut self, root: &Path, name: &str, told: u64) -> Result<(), String> {
        let path = root.join(name);
        let stat = sys::stat(&path, libc::AT_SYMLINK_NOFOLLOW)
            .map_err(|error| format!("stat of {name}: {error}"))?;
        let ino = stat.st_ino;
        if told != ino {
            return Err(format!("getdents tells {told} of {name}, stat {ino}"));
        }
        let is_file = walk::kind(&stat) == libc::S_IFREG;
        let object = Object {
            dev: stat.st_dev,
            mode: stat.st_mode,
            links: sys::links(&stat),
            contents: match is_file {
                true => std::fs::read(&path).map_err(|error| format!("{name}: {error}"))?,
                false => Vec::new(),
            },
        };
        self.numbers.insert(name.to_owned(), ino);
        let is_dir = walk::kind(&stat) == libc::S_IFDIR;
        if let Some((other, known)) = self.seen.get(&ino) {
            // Names of one inode have equal attributes.
            if is_dir || object.links < 2 || *known != object {
                return Err(format!("{name} and {other} have the number {ino:#x}"));
            }
        }
        self.seen.insert(ino, (name.to_owned(), object));
        if is_dir {
            self.dir(root, name)?;
        }
        Ok(())
    }
}

/// Versions of one image: the same number is another object in each.
pub const VERSIONS: [&str; 2] = ["a", "b"];

/// File systems of which there are images of these versions, made by the host.
pub const FILE_SYSTEMS: [Fs; 2] = [Fs::Erofs, Fs::Squashfs];

/// Serial number of the disk that carries a version.
pub fn serial(fs: Fs, version: &str) -> String {
    format!("version-{version}-{}", fs.name())
}

/// The contents of a version.
pub fn tree(version: &str) -> Builder {
    let mut b = Builder::default();
    // The first objects shift the numbers of the others.
    let first = if version == "a" { 0 } else { 7 };
    for number in 0..first {
        b.file(&format!("a{number}"), "of b alone");
        b.dir(&format!("ad{number}"));
    }
    for number in 0..FILES {
        b.file(&format!("conf{number}"), format!("{number} of {version}"));
        b.dir(&format!("dir{number}"));
        b.file(&format!("dir{number}/f"), format!("f of {version}"));
    }
    b
}

/// How many files and directories all versions have.
pub const FILES: usize = 12;
