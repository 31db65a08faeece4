// SPDX-License-Identifier: GPL-2.0-only
//! /proc/self/mountinfo: what is mounted on what.

use std::ffi::{OsStr, OsString};
use std::os::unix::ffi::{OsStrExt, OsStringExt};

use rustix::fs::{AtFlags, CWD, StatxAttributes, StatxFlags};

use crate::escape;
use crate::failure::{Failure, Result, Status, shown};

/// One mount.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mount {
    /// Its number, which statx(2) also reports.
    pub id: u64,
    /// The number of the mount it is mounted on.
    pub parent: u64,
    /// Where it is mounted.
    pub mount_point: OsString,
    /// The options of the mount.
    pub options: Vec<String>,
    /// The type of the file system.
    pub fs_type: String,
    /// The options of the file system, without the escapes of this list.
    pub fs_options: Vec<Vec<u8>>,
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
        let (_device, _root) = (next()?, next()?);
        let mount_point = OsString::from_vec(escape::decode_octal(next()?));
        let options = words(next()?);
        // Any number of propagation fields, then a dash.
        while next()? != b"-" {}
        let fs_type = String::from_utf8_lossy(next()?).into_owned();
        let _source = next()?;
        Some(Self {
            id,
            parent,
            mount_point,
            options,
            fs_type,
            fs_options: next()?
                .split(|&byte| byte == b',')
                .map(escape::decode_octal)
                .collect(),
        })
    }

    /// Nothing can be written through this mount.
    pub fn is_read_only(&self) -> bool {
        self.options.iter().any(|option| option == "ro")
            || self.fs_options.iter().any(|option| option == b"ro")
    }
}

/// All mounts that this process can see.
pub fn read() -> Result<Vec<Mount>> {
    let text = std::fs::read("/proc/self/mountinfo").map_err(|error| {
        Failure::new(Status::System, format!("/proc/self/mountinfo: {error}"))
            .with_hint("mount /proc first, or name all layers by lowerdir= and upperdir=")
    })?;
    Ok(parse(&text))
}

/// What is mounted at this very directory, if anything is.
pub fn mounted_at(dir: &OsStr) -> Result<Option<Mount>> {
    let status = rustix::fs::statx(CWD, dir, AtFlags::empty(), StatxFlags::MNT_ID)
        .map_err(|errno| Failure::mount(format!("mount point {}: {errno}", shown(&dir))))?;
    if !status.stx_attributes.contains(StatxAttributes::MOUNT_ROOT) {
        return Ok(None);
    }
    let mut mounts = read()?.into_iter();
    Ok(mounts.find(|mount| mount.id == status.stx_mnt_id))
}

fn parse(text: &[u8]) -> Vec<Mount> {
    text.split(|&byte| byte == b'\n')
        .filter_map(Mount::parse)
        .collect()
}

/// The mounts stacked at `dir`, beginning with the mount `top_id`: each is mounted on the root of the next.
pub fn stack<'a>(mounts: &'a [Mount], dir: &OsStr, top_id: u64) -> Vec<&'a Mount> {
    let at_dir = |id| {
        mounts
            .iter()
            .find(|mount| mount.id == id && mount.mount_point.as_bytes() == dir.as_bytes())
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
        assert_eq!(mounts[1].mount_point, "/new root");
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
            stack(&mounts, OsStr::new(dir), top)
                .iter()
                .map(|mount| mount.id)
                .collect::<Vec<_>>()
        };
        assert_eq!(ids("/new root", 31), [31, 30]);
        assert_eq!(ids("/new root", 22), Vec::<u64>::new());
        assert_eq!(ids("/", 22), [22]);
    }
}
