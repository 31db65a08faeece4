// SPDX-License-Identifier: GPL-2.0-only
use std::collections::BTreeSet;
use std::os::fd::RawFd;
use std::path::Path;

use crate::bench::Bench;
use crate::image;
use crate::scenario::Check;
use crate::sys;
use crate::walk;

pub const CHECK: Check = Check {
    about: "a damaged entry of a lower directory is listed and fails by itself; what is around it can \
        be listed, changed and removed, and what covers it, too",
    run,
    ..Check::DEFAULT
};

/// The names of the directory, and whether each is a device, as which whiteouts are stored.
const NAMES: [(&str, bool); 6] = [
    ("device", true),
    ("bad device", true),
    ("other device", true),
    ("file", false),
    ("bad file", false),
    ("covered bad device", true),
];

/// By the owner the inodes are found in the image.
const OWNER: u32 = 0xabcd;

fn run(b: &mut Bench) -> Result<(), String> {
    let image = b.copy(&image::EXT4)?;
    let below = b.target("device")?;
    let mounted = |flags| -> Result<(), String> {
        let (device, node) = b.works("a loop device", sys::loop_device(image))?;
        let node = node.to_string_lossy().into_owned();
        b.works("mount", sys::mount(&node, &below, "ext4", flags, b""))?;
        b.works("close", sys::close(device))
    };
    mounted(0)?;
    let mut l = b.layout(1)?;
    l.lowers.insert(0, b.dir(&below.join("lower"))?);
    let dir = b.dir(&below.join("lower/d"))?;
    for (name, device) in NAMES {
        let path = dir.join(name);
        match device {
            true => b.works("mknod", sys::mknod(&path, libc::S_IFCHR | 0o600, 0x103))?,
            false => b.file(&path, "text")?,
        }
        if name.contains("bad") {
            b.works("chown", sys::lchown(&path, OWNER, OWNER))?;
        }
    }
    b.umount(&below)?;
    damage(b, image)?;
    mounted(libc::MS_RDONLY)?;
    let stat = |path: &Path| sys::stat(path, libc::AT_SYMLINK_NOFOLLOW);
    b.fails("below", stat(&dir.join("bad device")), libc::EUCLEAN)?;
    b.fails("below", stat(&dir.join("bad file")), libc::EUCLEAN)?;

    // Something covers one of them already.
    b.dir(&l.upper.join("d"))?;
    b.file(&l.upper.join("d/covered bad device"), "cover")?;
    let union = b.union(&l);
    union.mount(&l.target)?;
    let d = l.target.join("d");
    let all = NAMES.map(|(name, _)| name);
    lists(b, &d, &all)?;
    for name in all {
        match name.starts_with("bad") {
            true => b.fails(name, stat(&d.join(name)), libc::EUCLEAN)?,
            false => b.works(name, stat(&d.join(name))).map(drop)?,
        }
    }
    b.fails("rmdir", sys::rmdir(&d), libc::ENOTEMPTY)?;
    b.fails("unlink", sys::unlink(d.join("bad file")), libc::EUCLEAN)?;
    b.file(&d.join("new"), "new")?;
    b.works("unlink", sys::unlink(d.join("new")))?;
    b.works("unlink", sys::unlink(d.join("device")))?;
    // Whatever the layer has there, it is to stay hidden.
    b.works("unlink", sys::unlink(d.join("covered bad device")))?;
    let left = ["bad device", "other device", "file", "bad file"];
    lists(b, &d, &left)?;
    b.umount(&l.target)?;
    union.mount(&l.target)?;
    lists(b, &d, &left)?;
    b.file(&d.join("covered bad device"), "cover")?;
    b.works(
        "rename",
        sys::rename(d.join("covered bad device"), l.target.join("moved"), 0),
    )?;
    lists(b, &d, &left)?;
    b.umount(&l.target)?;

    // Nobody hides the names now, and the first thing is the removal.
    b.works("unlink", sys::unlink(l.upper.join("d/device")))?;
    union.mount(&l.target)?;
    b.fails("rmdir", sys::rmdir(&d), libc::ENOTEMPTY)?;
    b.umount(&l.target)?;
    let whiteouts = ["device", "bad device", "other device", "file", "bad file"];
    for name in whiteouts {
        let path = l.upper.join("d").join(name);
        b.works("mknod", sys::mknod(&path, libc::S_IFCHR, 0))?;
    }
    union.mount(&l.target)?;
    lists(b, &d, &[])?;
    b.works("rmdir", sys::rmdir(&d))?;
    b.umount(&l.target)?;
    b.umount(&below)?;
    b.works("close", sys::close(image))
}

fn lists(b: &Bench, dir: &Path, expected: &[&str]) -> Result<(), String> {
    let listed = b.works("listing", walk::list(dir))?;
    let found: BTreeSet<_> = listed
        .into_iter()
        .map(|entry| String::from_utf8_lossy(&entry.name).into_owned())
        .collect();
    b.must(
        &format!("{expected:?} in the directory, which lists {found:?}"),
        found == expected.iter().map(|name| (*name).to_owned()).collect(),
    )
}

/// Gives the inodes of [`OWNER`] more bytes than an inode has.
fn damage(b: &Bench, image: RawFd) -> Result<(), String> {
    const SUPER: i64 = 1024;
    let inode_size = b.works("reading", sys::read(image, 2, Some(SUPER + 88)))?;
    b.must("inodes of 256 bytes", inode_size == 256u16.to_le_bytes())?;
    let mut found = 0;
    let size = b.works("stat", sys::fstat(image))?.st_size;
    for at in (0..size).step_by(256) {
        let head = b.works("reading", sys::read(image, 26, Some(at)))?;
        let [mode, kind] = [head[0], head[1]];
        let owner = OWNER.to_le_bytes();
        let is_file = kind >> 4 == 0x8 || kind >> 4 == 0x2;
        // i_uid and i_gid, which have 16 bits there.
        if is_file && mode != 0 && head[2..4] == owner[..2] && head[24..26] == owner[..2] {
            // i_extra_isize.
            b.works("writing", sys::write(image, &[0xff, 0xff], Some(at + 128)))?;
            found += 1;
        }
    }
    // The journal may have copies.
    b.must(&format!("3 inodes, not {found}"), found >= 3)
}
