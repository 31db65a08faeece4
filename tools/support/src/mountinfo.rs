// SPDX-License-Identifier: GPL-2.0-only
//! /proc/self/mountinfo: what is mounted on what.

use std::ffi::OsString;
use std::io;
use std::os::unix::ffi::OsStringExt;
use std::path::{Path, PathBuf};

use crate::octal;

/// Where the kernel lists them.
pub const LIST: &str = "/proc/self/mountinfo";

/// One mount.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mount {
    /// Its number, which statx(2) also reports.
    pub id: u64,
    /// The number of the mount it is mounted on.
    pub parent: u64,
    /// The number of the file system's device, `MAJOR:MINOR`.
    pub device: String,
    /// Where it is mounted.
    pub target: PathBuf,
    /// The options of the mount.
    pub options: Vec<String>,
    /// The type of the file system.
    pub fs_type: String,
    /// The options of the file system, without the escapes of this list.
    pub fs_options: Vec<Vec<u8>>,
    /// The same as the list has them.
    pub shown_options: String,
}

impl Mount {
    fn parse(line: &[u8]) -> Option<Self> {
        let mut fields = line.split(|&byte| byte == b' ');
        let mut next = || fields.next();
        let number = |field: &[u8]| std::str::from_utf8(field).ok()?.parse().ok();
        let words = |field: &[u8]| {
            String::from_utf8_lossy(field)
                .split(',')
                .map(str::to_owned)
                .collect()
        };
        let id = number(next()?)?;
        let parent = number(next()?)?;
        let device = String::from_utf8_lossy(next()?).into_owned();
        let _root = next()?;
        let target = OsString::from_vec(octal::decode(next()?)).into();
        let options = words(next()?);
        // Any number of propagation fields, then a dash.
        while next()? != b"-" {}
        let fs_type = String::from_utf8_lossy(next()?).into_owned();
        let _source = next()?;
        let fs_options = next()?;
        Some(Self {
            id,
            parent,
            device,
            target,
            options,
            fs_type,
            fs_options: fs_options
                .split(|&byte| byte == b',')
                .map(octal::decode)
                .collect(),
            shown_options: String::from_utf8_lossy(fs_options).into_owned(),
        })
    }

    /// The options of the file system as keys and values.
    pub fn option_pairs(&self) -> Vec<(String, Option<String>)> {
        let options = self.fs_options.iter();
        options
            .map(|option| {
                let text = String::from_utf8_lossy(option).into_owned();
                match text.split_once('=') {
                    Some((key, value)) => (key.to_owned(), Some(value.to_owned())),
                    None => (text, None),
                }
            })
            .collect()
    }

    /// Nothing can be written through this mount.
    pub fn is_read_only(&self) -> bool {
        self.options.iter().any(|option| option == "ro")
            || self.fs_options.iter().any(|option| option == b"ro")
    }
}

/// All mounts that this process can see.
pub fn read() -> io::Result<Vec<Mount>> {
    Ok(parse(&std::fs::read(LIST)?))
}

/// The topmost mount at `target`, from the list alone: the file system, which may be out of order, is not asked.
pub fn listed_at(target: &Path) -> Option<Mount> {
    let mut mounts = read().unwrap_or_default().into_iter();
    mounts.rfind(|mount| mount.target == target)
}

fn parse(text: &[u8]) -> Vec<Mount> {
    text.split(|&byte| byte == b'\n')
        .filter_map(Mount::parse)
        .collect()
}

/// The mounts stacked at `dir`, beginning with the mount `top_id`: each is mounted on the root of the next.
pub fn stack<'a>(mounts: &'a [Mount], dir: &Path, top_id: u64) -> Vec<&'a Mount> {
    let at_dir = |id| {
        mounts
            .iter()
            .find(|mount| mount.id == id && mount.target == dir)
    };
    // A mount can be its own parent (the root of the namespace); the limit ends that loop.
    std::iter::successors(at_dir(top_id), |mount| {
        at_dir(mount.parent).filter(|parent| parent.id != mount.id)
    })
    .take(mounts.len())
    .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &[u8] = b"\
22 1 8:1 / / rw,relatime shared:1 - ext4 /dev/sda1 rw,errors=remount-ro
30 22 0:30 / /new\\040root ro,relatime - erofs /dev/loop0 ro,user_xattr
31 30 0:31 / /new\\040root rw,nosuid shared:7 master:2 - squashfs /dev/loop1 ro
32 31 0:32 / /new\\040root/usr rw - tmpfs tmpfs rw
40 22 0:40 / /other rw - tmpfs tmpfs rw
garbage
";

    #[test]
    fn fields_are_found() {
        let mounts = parse(TEXT);
        assert_eq!(mounts.len(), 5);
        assert_eq!(mounts[1].target, Path::new("/new root"));
        assert_eq!(
            (mounts[2].fs_type.as_str(), mounts[2].parent),
            ("squashfs", 30)
        );
        assert_eq!(
            mounts.iter().map(Mount::is_read_only).collect::<Vec<_>>(),
            [false, true, true, false, false]
        );
    }

    #[test]
    fn stacks_are_walked_from_the_top() {
        let mounts = parse(TEXT);
        let ids = |dir: &str, top| {
            stack(&mounts, Path::new(dir), top)
                .iter()
                .map(|mount| mount.id)
                .collect::<Vec<_>>()
        };
        assert_eq!(ids("/new root", 31), [31, 30]);
        assert_eq!(ids("/new root", 22), Vec::<u64>::new());
        assert_eq!(ids("/", 22), [22]);
    }
}
