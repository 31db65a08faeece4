// SPDX-License-Identifier: GPL-2.0-only
//! An upper layer or a work directory that is changed, lost, or of an unsuitable file system.

use std::path::Path;

use crate::bench::{Bench, Layout};
use crate::changes;
use crate::image;
use crate::sys;
use crate::walk;

/// A case-insensitive directory is refused as a layer and cannot be entered inside of one.
pub fn bad_casefold(b: &mut Bench) -> Result<(), String> {
    b.union_only("overlayfs takes such directories if all layers are of the kind")?;
    let disk = b.looped(&image::CASEFOLD)?;
    let upper_fs = b.target("disk")?;
    disk.mount(&upper_fs, 0, "")?;
    let l = b.layout(1)?;
    let folded = b.dir(&upper_fs.join("lower/folded"))?;
    let (upper, work) = (
        b.dir(&upper_fs.join("upper"))?,
        b.dir(&upper_fs.join("work"))?,
    );
    let fd = b.works("open", sys::open(&folded, libc::O_RDONLY, 0))?;
    b.works("chattr +F", sys::set_flags(fd, FS_CASEFOLD_FL))?;
    b.works("close", sys::close(fd))?;
    b.file(&folded.join("Name"), "text")?;
    b.holds(&folded.join("nAME"), "text")?;
    let failure = b.refused(&b.new_union().lower(&folded), &l.target, &[libc::EINVAL])?;
    must!(
        failure.to_string().contains("case-insensitive"),
        "the reason: {failure}"
    )?;
    let union = b.new_union().lowers(&l.lowers).upper(&folded, &work);
    b.refused(&union, &l.target, &[libc::EINVAL])?;
    // The directories around it are like any other.
    let union = b
        .new_union()
        .lower(upper_fs.join("lower"))
        .upper(&upper, &work);
    union.mount(&l.target)?;
    let inside = l.target.join("folded");
    b.fails("stat", sys::stat(inside.join("name"), 0), libc::EREMOTE)?;
    b.fails(
        "mkdir",
        sys::mkdir(inside.join("new"), 0o755),
        libc::EREMOTE,
    )?;
    b.file(&l.target.join("plain"), "text")?;
    // One that becomes case-insensitive behind the union.
    b.works("mkdir", sys::mkdir(l.target.join("later"), 0o755))?;
    let fd = b.works("open", sys::open(upper.join("later"), libc::O_RDONLY, 0))?;
    b.works("chattr +F", sys::set_flags(fd, FS_CASEFOLD_FL))?;
    b.works("close", sys::close(fd))?;
    let name = l.target.join("later/name");
    b.fails("stat", sys::stat(&name, 0), libc::EREMOTE)?;
    b.fails("mkdir", sys::mkdir(&name, 0o755), libc::EREMOTE)?;
    b.umount(&l.target)?;
    // The same with what is in the work directory.
    b.works("rmdir", sys::rmdir(work.join("work")))?;
    let inner = b.dir(&work.join("work"))?;
    let fd = b.works("open", sys::open(&inner, libc::O_RDONLY, 0))?;
    b.works("chattr +F", sys::set_flags(fd, FS_CASEFOLD_FL))?;
    b.works("close", sys::close(fd))?;
    let failure = b.refused(&union, &l.target, &[libc::EINVAL])?;
    must!(
        failure.to_string().contains("case-insensitive"),
        "the reason: {failure}"
    )
}

const FS_CASEFOLD_FL: u32 = 0x4000_0000;

/// Directories of the upper layer that are moved behind the union, also into each other, give errors or what exists.
pub fn bad_upper_moved(b: &mut Bench) -> Result<(), String> {
    for whole in [true, false] {
        let l = b.layout(1)?;
        moved(b, &l, whole).map_err(|error| format!("whole copies: {whole}: {error}"))?;
        let left = crate::mount::unmount_below(b.base());
        must!(left.is_empty(), "all unmounted, but for {left:?}")?;
    }
    Ok(())
}

fn moved(b: &Bench, l: &Layout, whole: bool) -> Result<(), String> {
    b.describe(l, 0, |b| {
        b.file("a/b/c/f", "deep");
        b.file("x/y/f", "other");
    })?;
    let (union, lowers) = b.mounted(l)?;
    let (root, upper) = (&l.target, &l.upper);
    for (name, text) in [("a/b/c/f", "deep"), ("x/y/f", "other")] {
        b.works("chmod", sys::chmod(root.join(name), 0o600))?;
        if whole {
            b.works(
                "a write",
                changes::rewrite(&root.join(name), text.as_bytes()),
            )?;
        }
    }
    b.dir(&root.join("a/new/er"))?;
    b.file(&root.join("a/new/er/f"), "new")?;
    let open = b.works("open", sys::open(root.join("a/b/c"), libc::O_RDONLY, 0))?;
    let file = b.works("open", sys::open(root.join("a/b/c/f"), libc::O_RDWR, 0))?;
    for (from, to) in [
        ("a/b", "x/b"),
        ("x/b/c", "a/c"),
        ("a/new", "x/y/new"),
        ("x", "a/new"),
        ("a/new/y", "y"),
    ] {
        // Objects made through the union meanwhile may be in the way.
        let _ = sys::rename(upper.join(from), upper.join(to), 0);
        for path in [
            "a", "a/b", "a/b/c", "a/new", "a/new/er", "x", "x/y", "x/b", "y",
        ] {
            let path = root.join(path);
            let _ = walk::list(&path);
            let _ = sys::mkdir(path.join("made"), 0o755);
            let _ = sys::mknod(path.join("node"), libc::S_IFREG | 0o600, 0);
            let _ = sys::rename(path.join("node"), root.join("a/moved"), 0);
            let _ = sys::rename(root.join("a/moved"), path.join("node"), 0);
            let _ = sys::link(root.join("file"), path.join("link"), 0);
            let _ = sys::unlink(path.join("link"));
            let _ = sys::rmdir(path.join("made"));
            let _ = sys::rename(&path, root.join("x/y/into"), 0);
            let _ = sys::rename(&path, path.join("itself"), 0);
        }
        let _ = sys::getdents(open, 4096);
        must!(
            sys::read(file, 10, Some(0))? == b"deep",
            "what is open is what it was"
        )?;
    }
    for name in ["a/b/c/f", "x/y/f", "a/new/er/f"] {
        // The right file or none.
        if let Ok(text) = std::fs::read_to_string(root.join(name)) {
            let right = ["deep", "other", "new", ""].contains(&text.as_str());
            must!(right, "{name} holds one of the texts, not {text:?}")?;
        }
    }
    b.works("close", sys::close(open))?;
    b.works("close", sys::close(file))?;
    b.umount(&l.target)?;
    union.mount(&l.target)?;
    // Nothing lower is found at another place.
    let lost = b.drop_lost(l)?;
    must!(
        (lost > 0) == (b.is_union() && !whole),
        "copies without data lose them when their directory is moved, others do not: {lost}"
    )?;
    union.mount(&l.target)?;
    b.sound(&union, l, &lowers).map(drop)
}

/// Objects of the upper layer that are replaced by others behind the union give errors or what exists, never a crash.
pub fn bad_upper_replaced(b: &mut Bench) -> Result<(), String> {
    let l = b.layout(1)?;
    let union = b.union(&l);
    for was in TYPES {
        for becomes in TYPES {
            let name = format!("{was}-{becomes}");
            // Half of them hide something.
            if becomes < was {
                make(&l.lowers[0].join(&name), "dir");
            }
            make(&l.upper.join(&name), was);
        }
    }
    b.file(&l.upper.join("other"), "other")?;
    let lowers = b.lower_trees(&l)?;
    union.mount(&l.target)?;
    for was in TYPES {
        for becomes in TYPES {
            let name = format!("{was}-{becomes}");
            let (path, behind) = (l.target.join(&name), l.upper.join(&name));
            // The union knows it, and it is open.
            let _ = sys::stat(&path, libc::AT_SYMLINK_NOFOLLOW);
            let flags = libc::O_RDONLY | libc::O_NONBLOCK | libc::O_NOFOLLOW;
            let open = sys::open(&path, flags, 0);
            remove_any(&behind);
            make(&behind, becomes);
            use_it(&l.target, &path);
            if let Ok(fd) = open {
                let _ = sys::getdents(fd, 4096);
                let _ = sys::read(fd, 10, None);
                let _ = sys::fchmod(fd, 0o750);
                sys::close(fd)?;
            }
        }
    }
    b.holds(&l.target.join("file"), "below")?;
    b.umount(&l.target)?;
    // The upper layer now holds an ordinary tree.
    union.mount(&l.target)?;
    b.sound(&union, &l, &lowers).map(drop)
}

const TYPES: [&str; 6] = ["file", "dir", "symlink", "fifo", "whiteout", "nothing"];

fn make(path: &Path, kind: &str) {
    let _ = match kind {
        "file" => std::fs::write(path, "behind").map_err(|_| crate::errno::Errno(0)),
        "dir" => sys::mkdir(path, 0o755).and_then(|()| sys::mkdir(path.join("behind"), 0o755)),
        "symlink" => sys::symlink("behind", path),
        "fifo" => sys::mknod(path, libc::S_IFIFO | 0o600, 0),
        "whiteout" => sys::mknod(path, libc::S_IFCHR, 0),
        _ => Ok(()),
    };
}

fn remove_any(path: &Path) {
    let _ = sys::unlink(path);
    let _ = std::fs::remove_dir_all(path);
}

/// Every kind of call on one name; the union decides on the results.
fn use_it(root: &Path, path: &Path) {
    let _ = sys::stat(path, libc::AT_SYMLINK_NOFOLLOW);
    let _ = walk::list(path);
    if let Ok(fd) = sys::open(path, libc::O_RDWR | libc::O_NONBLOCK, 0) {
        let _ = sys::write(fd, b"x", None);
        let _ = sys::read(fd, 10, Some(0));
        let _ = sys::close(fd);
    }
    let _ = sys::readlink(path);
    let _ = sys::chmod(path, 0o700);
    let _ = sys::setxattr(path, "user.a", b"1", 0);
    let _ = sys::listxattr(path);
    let _ = sys::mkdir(path.join("sub"), 0o755);
    let _ = sys::mknod(path.join("node"), libc::S_IFIFO | 0o600, 0);
    let _ = sys::link(path, root.join("link"), 0);
    let _ = sys::rename(path, root.join("away"), 0);
    let _ = sys::rename(root.join("away"), path, 0);
    let _ = sys::rename(path, root.join("other"), libc::RENAME_EXCHANGE);
    let _ = sys::rename(root.join("other"), path, libc::RENAME_NOREPLACE);
    let _ = sys::unlink(path);
    let _ = sys::rmdir(path);
    let _ = sys::mkdir(path, 0o755);
    let _ = sys::symlink("again", path);
}

/// A FAT file system, which has no attributes and devices and ignores case, is refused as any layer.
pub fn bad_vfat(b: &mut Bench) -> Result<(), String> {
    b.union_only("overlayfs makes do with less")?;
    let l = b.layout(1)?;
    let file = b.works("memfd", sys::memfd("fat"))?;
    b.works("write", sys::write(file, &fat(), None))?;
    let (device, node) = b.works("a loop device", sys::loop_device(file))?;
    let place = b.target("fat")?;
    b.works(
        "mount",
        sys::mount(
            &node.to_string_lossy(),
            &place,
            "vfat",
            0,
            b"iocharset=ascii",
        ),
    )?;
    b.works("close", sys::close(device))?;
    b.works("close", sys::close(file))?;
    for name in ["lower", "upper", "work"] {
        b.dir(&place.join(name))?;
    }
    b.file(&place.join("lower/file"), "fat")?;
    let failure = b.refused(
        &b.new_union().lower(place.join("lower")),
        &l.target,
        &[libc::EINVAL],
    )?;
    must!(
        failure
            .log
            .iter()
            .any(|line| line.text.contains("not supported as a layer")),
        "it says why: {failure}"
    )?;
    let union = b
        .new_union()
        .lowers(&l.lowers)
        .upper(place.join("upper"), place.join("work"));
    b.refused(&union, &l.target, &[libc::EINVAL])?;
    b.holds(&place.join("lower/file"), "fat")?;
    b.umount(&place)
}

const SECTORS: u16 = 2048;

/// An empty FAT12 file system of 1 MiB.
fn fat() -> Vec<u8> {
    let mut image = vec![0; usize::from(SECTORS) * 512];
    image[..3].copy_from_slice(&[0xeb, 0x3c, 0x90]);
    image[3..11].copy_from_slice(b"mkfs.fat");
    // Bytes in a sector, sectors in a cluster, reserved ones, two tables, entries of the root, sectors, medium, ...
    image[11..13].copy_from_slice(&512u16.to_le_bytes());
    image[13] = 1;
    image[14] = 1;
    image[16] = 2;
    image[17..19].copy_from_slice(&224u16.to_le_bytes());
    image[19..21].copy_from_slice(&SECTORS.to_le_bytes());
    image[21] = 0xf8;
    image[22] = 7;
    image[24] = 32;
    image[26] = 2;
    image[510..512].copy_from_slice(&[0x55, 0xaa]);
    for table in [1, 8] {
        image[table * 512..table * 512 + 3].copy_from_slice(&[0xf8, 0xff, 0xff]);
    }
    image
}

/// Without its work directory a union makes objects that need none, fails at the others, and loses nothing.
pub fn bad_work_lost(b: &mut Bench) -> Result<(), String> {
    for (number, (what, lose)) in LOSSES.iter().enumerate() {
        let upper_fs = b.tmpfs(&format!("upper_fs{number}"))?;
        let below = b.tmpfs(&format!("below{number}"))?;
        let l = Layout {
            lowers: vec![b.dir(&below.join("layer"))?],
            upper: b.dir(&upper_fs.join("upper"))?,
            work: b.dir(&upper_fs.join("work"))?,
            target: b.target("target")?,
        };
        b.describe(&l, 0, |b| changes::lower(b, 0))?;
        let (union, lowers) = b.mounted(&l)?;
        b.works("preparing", changes::prepare(&l.target, 0))?;
        b.works(what, lose(&l))?;
        let mut tree = walk::walk(&l.target)?;
        for change in changes::CHANGES {
            let result = (change.call)(&l.target);
            let after = walk::walk(&l.target)?;
            if let Err(error) = result {
                let when = format!("{what}, {}: {error}", change.name);
                b.same(&when, &tree, &after)?;
            }
            tree = after;
        }
        b.umount(&l.target)?;
        // When the directory is restored, it is a union as before.
        let _ = sys::unlink(l.work.join("work"));
        let _ = std::fs::remove_dir_all(l.work.join("work"));
        if sys::stat(l.upper.join("moved"), 0).is_ok() {
            std::fs::remove_dir_all(l.upper.join("moved")).map_err(|error| error.to_string())?;
        }
        union.mount(&l.target)?;
        let mut after = walk::walk(&l.target)?;
        for tree in [&mut tree, &mut after] {
            // The work directory was moved to the root of the upper layer.
            tree.retain(|path, _| path != "." && !path.starts_with("moved"));
        }
        b.same(&format!("{what}, mounted again"), &tree, &after)?;
        b.sound(&union, &l, &lowers)?;
        b.umount(&upper_fs)?;
        b.umount(&below)?;
    }
    Ok(())
}

/// What happens to the work directory.
type Loss = (&'static str, fn(&Layout) -> sys::Result<()>);

const LOSSES: &[Loss] = &[
    ("removed", |l| {
        remove(l)?;
        sys::rmdir(l.work.join("work"))
    }),
    ("replaced by another directory", |l| {
        remove(l)?;
        sys::rmdir(l.work.join("work"))?;
        sys::mkdir(l.work.join("work"), 0)
    }),
    ("replaced by a file", |l| {
        remove(l)?;
        sys::rmdir(l.work.join("work"))?;
        sys::mknod(l.work.join("work"), libc::S_IFREG | 0o600, 0)
    }),
    ("moved away", |l| {
        sys::rename(l.work.join("work"), l.work.join("moved"), 0)
    }),
    ("moved into the upper layer", |l| {
        sys::rename(l.work.join("work"), l.upper.join("moved"), 0)
    }),
    ("emptied", remove),
    ("filled with names of the kind that is used there", |l| {
        // The next numbers; the last one used is that of the whiteout.
        let names = walk::list(&l.work.join("work"))?;
        let last = names.iter().filter_map(|entry| {
            let digits = std::str::from_utf8(entry.name.strip_prefix(b"#")?).ok()?;
            u32::from_str_radix(digits, 16).ok()
        });
        let first = last.max().unwrap_or(0) + 1;
        (first..first + 500)
            .try_for_each(|number| sys::mkdir(l.work.join(format!("work/#{number:08x}")), 0o700))
    }),
];

fn remove(l: &Layout) -> sys::Result<()> {
    for entry in walk::list(&l.work.join("work"))? {
        sys::unlink(
            l.work
                .join("work")
                .join(String::from_utf8_lossy(&entry.name).as_ref()),
        )?;
    }
    Ok(())
}
