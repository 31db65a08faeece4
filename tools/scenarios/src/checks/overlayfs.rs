// SPDX-License-Identifier: GPL-2.0-only
//! Unions and overlayfs, over and beside one another.

use std::path::Path;

use crate::bench::{Bench, Layout};
use crate::mount::Union;
use crate::sys;
use crate::walk;

/// Garbage in private attributes is an error, not a guess.
pub fn garbage_marks(b: &mut Bench) -> Result<(), String> {
    let l = b.layout(1)?;
    b.dir(&l.lowers[0].join("dir/sub"))?;
    let marks: &[(&str, &[u8])] = &[
        ("trusted.overlay.opaque", b"garbage"),
        ("trusted.overlay.redirect", b"/../../etc"),
        ("trusted.overlay.redirect", b""),
        ("trusted.overlay.redirect", b"a/b"),
        ("trusted.overlay.origin", b"\xfb"),
        ("trusted.overlay.origin", &[0xff; 200]),
        ("trusted.overlay.metacopy", b"garbage"),
        ("trusted.overlay.nlink", b"U+99999999999999999999"),
        ("trusted.overlay.impure", b"\0\0"),
        ("trusted.overlay.union.nonesuch", b"x"),
    ];
    for (name, value) in marks {
        let dir = b.dir(&l.upper.join("dir"))?;
        b.file(&l.upper.join("plain"), "text")?;
        b.works("setxattr", sys::setxattr(&dir, name, value, 0))?;
        b.works(
            "setxattr",
            sys::setxattr(l.upper.join("plain"), name, value, 0),
        )?;
        b.union(&l).mount(&l.target)?;
        // Any result is accepted: a crash would show on the console.
        let _ = sys::stat(l.target.join("dir"), 0);
        let _ = walk::list(&l.target);
        let _ = walk::list(&l.target.join("dir"));
        let _ = std::fs::read(l.target.join("plain"));
        let _ = sys::mkdir(l.target.join("dir/new"), 0o755);
        b.holds(&l.target.join("file"), "below")?;
        b.umount(&l.target)?;
        std::fs::remove_dir_all(&dir).map_err(|e| e.to_string())?;
        std::fs::remove_file(l.upper.join("plain")).map_err(|e| e.to_string())?;
    }
    Ok(())
}

/// The first change after a listing that found the impure mark of a directory needless removes it, and it is set again
/// when it is needed; the listing writes nothing.
pub fn impure_taken_off(b: &mut Bench) -> Result<(), String> {
    b.union_only("overlayfs takes it off when it lists")?;
    let l = b.layout(2)?;
    for name in ["moved", "copied"] {
        b.file(&l.lowers[0].join("dir").join(name), name)?;
    }
    b.dir(&l.upper.join("elsewhere"))?;
    let union = b.union(&l);
    union.mount(&l.target)?;
    let dir = l.target.join("dir");
    b.works("chmod", sys::chmod(dir.join("moved"), 0o600))?;
    marked(&l, "after a copy-up", true)?;
    agree(b, &dir)?;
    b.file(&dir.join("new"), "new")?;
    marked(&l, "while it is needed", true)?;
    let to = l.target.join("elsewhere/moved");
    b.works("rename", sys::rename(dir.join("moved"), to, 0))?;
    b.umount(&l.target)?;

    union.mount(&l.target)?;
    agree(b, &dir)?;
    marked(&l, "after a listing", true)?;
    b.works("unlink", sys::unlink(dir.join("new")))?;
    marked(&l, "after a change", false)?;
    b.works("chmod", sys::chmod(dir.join("copied"), 0o600))?;
    marked(&l, "after another copy-up", true)?;
    agree(b, &dir)?;
    b.umount(&l.target)?;
    union.mount(&l.target)?;
    agree(b, &dir)?;
    agree(b, &l.target.join("elsewhere"))?;
    b.umount(&l.target)
}

const IMPURE: &str = "trusted.overlay.impure";

fn marked(l: &Layout, when: &str, expected: bool) -> Result<(), String> {
    let found = sys::getxattr(l.upper.join("dir"), IMPURE).is_ok();
    must!(found == expected, "{when}: marked: {expected}")
}

/// Numbers as listed must be those of the objects.
fn agree(b: &Bench, dir: &Path) -> Result<(), String> {
    for entry in b.works("listing", walk::list(dir))? {
        let name = String::from_utf8_lossy(&entry.name).into_owned();
        let number = b.works("stat", sys::stat(dir.join(&name), 0))?.st_ino;
        must!(
            number == entry.ino,
            "{name}: {number}, listed as {}",
            entry.ino
        )?;
    }
    Ok(())
}

/// A file whose data overlayfs left in a lower layer that is not there is refused, never read as zeros.
pub fn metacopy_below(b: &mut Bench) -> Result<(), String> {
    let l = b.layout(1)?;
    b.in_overlayfs(&l, |root| {
        b.works("chmod", sys::chmod(root.join("file"), 0o600))
    })?;
    let upper_fs = b.tmpfs("upper_fs_2")?;
    let (upper, work) = (
        b.dir(&upper_fs.join("upper"))?,
        b.dir(&upper_fs.join("work"))?,
    );
    // The old upper layer is the bottom now, without the layer that has the data.
    let union = b.following(b.new_union().lower(&l.upper).upper(&upper, &work));
    b.within(&union, &l.target, |root| {
        let file = root.join("file");
        b.fails("reading", sys::open(&file, libc::O_RDONLY, 0), libc::EIO)?;
        b.fails("writing", sys::open(&file, libc::O_WRONLY, 0), libc::EIO)
    })?;
    let with_data = b.new_union().lower(&l.upper).lowers(&l.lowers);
    b.within(
        &b.following(with_data.upper(&upper, &work)),
        &l.target,
        |root| b.holds(&root.join("file"), "below"),
    )
}

/// Deletions in a union whose layers are in a union are its own.
pub fn nested_marks(b: &mut Bench) -> Result<(), String> {
    let l = b.layout(1)?;
    b.union(&l).mount(&l.target)?;
    let inner = b.target("inner")?;
    for name in ["lower", "upper", "work", "lower/d"] {
        b.dir(&l.target.join(name))?;
    }
    b.file(&l.target.join("lower/f"), "f")?;
    b.file(&l.target.join("lower/d/g"), "g")?;
    let union = b
        .new_union()
        .lower(l.target.join("lower"))
        .upper(l.target.join("upper"), l.target.join("work"));
    // A union as the upper layer of another may be refused; if it is not, it must work.
    if let Err(failure) = union.mount(&inner) {
        let refused = [libc::EINVAL, libc::EPERM, libc::EOPNOTSUPP];
        must!(
            refused.contains(&failure.errno.0),
            "a refusal, not {failure}"
        )?;
        return b.umount(&l.target);
    }
    b.works("unlink", sys::unlink(inner.join("f")))?;
    b.fails("stat", sys::stat(inner.join("f"), 0), libc::ENOENT)?;
    b.works("unlink", sys::unlink(inner.join("d/g")))?;
    b.works("rmdir", sys::rmdir(inner.join("d")))?;
    b.works("mkdir", sys::mkdir(inner.join("d"), 0o755))?;
    must!(
        walk::list(&inner.join("d"))?.is_empty(),
        "an empty directory"
    )?;
    b.umount(&inner)?;
    b.holds(&l.target.join("lower/f"), "f")?;
    b.umount(&l.target)
}

/// The result of overlayfs with all its features on is understood.
pub fn overlayfs_features(b: &mut Bench) -> Result<(), String> {
    let l = b.layout(2)?;
    for path in ["moved/sub", "kept"] {
        b.dir(&l.lowers[1].join(path))?;
    }
    b.file(&l.lowers[1].join("moved/sub/f"), "deep")?;
    b.file(&l.lowers[1].join("kept/data"), "data below")?;
    b.overlayfs(&l).option("index", "off").mount(&l.target)?;
    b.works(
        "rename",
        sys::rename(l.target.join("moved"), l.target.join("renamed"), 0),
    )?;
    b.works("chmod", sys::chmod(l.target.join("kept/data"), 0o600))?;
    let seen = walk::walk(&l.target)?;
    b.umount(&l.target)?;
    b.follows(&l).mount(&l.target)?;
    for (path, text) in [("renamed/sub/f", "deep"), ("kept/data", "data below")] {
        b.holds(&l.target.join(path), text)?;
    }
    let now = walk::walk(&l.target)?;
    must!(seen == now, "the same tree: {seen:?} and {now:?}")?;
    b.umount(&l.target)
}

/// The layers of an overlayfs mount as a union, and show the same deletions.
pub fn overlayfs_layers(b: &mut Bench) -> Result<(), String> {
    let l = b.layout(2)?;
    b.dir(&l.lowers[1].join("dir"))?;
    b.file(&l.lowers[1].join("dir/x"), "x")?;
    Union::new("overlay")
        .lowers(&l.lowers)
        .upper(&l.upper, &l.work)
        .mount(&l.target)?;
    b.works("unlink", sys::unlink(l.target.join("file")))?;
    b.works("unlink", sys::unlink(l.target.join("dir/x")))?;
    b.works("rmdir", sys::rmdir(l.target.join("dir")))?;
    b.works("mkdir", sys::mkdir(l.target.join("dir"), 0o755))?;
    b.file(&l.target.join("new"), "new")?;
    let seen = walk::walk(&l.target)?;
    b.umount(&l.target)?;
    b.union(&l).mount(&l.target)?;
    let now = walk::walk(&l.target)?;
    must!(seen == now, "the same tree: {seen:?} and {now:?}")?;
    b.umount(&l.target)
}

/// The depth of unions on unions is limited.
pub fn stacking_too_deep(b: &mut Bench) -> Result<(), String> {
    let l = b.layout(1)?;
    let mut below = l.lowers[0].clone();
    for level in 0..4 {
        let upper_fs = b.tmpfs(&format!("t{level}"))?;
        let (upper, work) = (
            b.dir(&upper_fs.join("upper"))?,
            b.dir(&upper_fs.join("work"))?,
        );
        let target = b.target(&format!("level{level}"))?;
        let union = b.new_union().lower(&below).upper(&upper, &work);
        if level < 2 {
            union.mount(&target)?;
            b.holds(&target.join("file"), "below")?;
        } else {
            b.refused(&union, &target, &[libc::EINVAL, libc::ELOOP])?;
            return Ok(());
        }
        below = target;
    }
    Ok(())
}

/// A union is mounted over overlayfs, and overlayfs over a union.
pub fn union_over_overlayfs(b: &mut Bench) -> Result<(), String> {
    let l = b.layout(1)?;
    Union::new("overlay")
        .lowers(&l.lowers)
        .upper(&l.upper, &l.work)
        .mount(&l.target)?;
    b.file(&l.target.join("over"), "over")?;
    let upper_fs = b.tmpfs("upper_fs_2")?;
    let (upper, work) = (
        b.dir(&upper_fs.join("upper"))?,
        b.dir(&upper_fs.join("work"))?,
    );
    let second = b.target("second")?;
    b.new_union()
        .lower(&l.target)
        .upper(&upper, &work)
        .mount(&second)?;
    b.holds(&second.join("over"), "over")?;
    b.file(&second.join("file"), "changed")?;
    b.works("unlink", sys::unlink(second.join("over")))?;
    b.holds(&l.target.join("file"), "below")?;
    b.umount(&second)?;
    b.umount(&l.target)?;
    let third = b.tmpfs("upper_fs_3")?;
    let (upper, work) = (b.dir(&third.join("upper"))?, b.dir(&third.join("work"))?);
    b.union(&l).mount(&l.target)?;
    Union::new("overlay")
        .lower(&l.target)
        .upper(&upper, &work)
        .mount(&second)?;
    b.holds(&second.join("over"), "over")?;
    b.file(&second.join("file"), "again")?;
    b.umount(&second)?;
    b.umount(&l.target)
}

/// A union can be a lower layer of another.
pub fn union_over_union(b: &mut Bench) -> Result<(), String> {
    let l = b.layout(2)?;
    b.file(&l.lowers[1].join("deep"), "deep")?;
    b.union(&l).mount(&l.target)?;
    b.file(&l.target.join("made"), "made")?;
    b.works("unlink", sys::unlink(l.target.join("file")))?;
    let upper_fs = b.tmpfs("upper_fs_2")?;
    let (upper, work) = (
        b.dir(&upper_fs.join("upper"))?,
        b.dir(&upper_fs.join("work"))?,
    );
    let second = b.target("second")?;
    b.new_union()
        .lower(&l.target)
        .upper(&upper, &work)
        .mount(&second)?;
    b.holds(&second.join("made"), "made")?;
    b.holds(&second.join("deep"), "deep")?;
    b.fails(
        "stat of a deleted name",
        sys::stat(second.join("file"), 0),
        libc::ENOENT,
    )?;
    b.file(&second.join("made"), "changed")?;
    b.holds(&l.target.join("made"), "made")?;
    b.works("unlink", sys::unlink(second.join("deep")))?;
    b.works("mkdir", sys::mkdir(second.join("dir/sub"), 0o755))?;
    let names: Vec<_> = walk::list(&second)?
        .into_iter()
        .map(|entry| entry.name)
        .collect();
    must!(
        names == [&b"dir"[..], b"made"],
        "names dir and made, not {names:?}"
    )?;
    b.umount(&second)?;
    b.umount(&l.target)
}

/// Attributes of lower layers may hide names.
pub fn xattr_whiteouts(b: &mut Bench) -> Result<(), String> {
    let l = b.layout(2)?;
    b.dir(&l.lowers[1].join("d"))?;
    b.file(&l.lowers[1].join("d/hidden"), "hidden")?;
    b.file(&l.lowers[1].join("d/seen"), "seen")?;
    let dir = b.dir(&l.lowers[0].join("d"))?;
    b.works(
        "mark",
        sys::setxattr(&dir, "trusted.overlay.opaque", b"x", 0),
    )?;
    b.file(&dir.join("hidden"), "")?;
    b.works(
        "mark",
        sys::setxattr(dir.join("hidden"), "trusted.overlay.whiteout", b"y", 0),
    )?;
    b.union(&l).mount(&l.target)?;
    let names: Vec<_> = walk::list(&l.target.join("d"))?
        .into_iter()
        .map(|entry| entry.name)
        .collect();
    must!(names == [b"seen"], "seen alone, not {names:?}")?;
    b.fails(
        "stat",
        sys::stat(l.target.join("d/hidden"), 0),
        libc::ENOENT,
    )?;
    b.file(&l.target.join("d/hidden"), "new")?;
    b.holds(&l.target.join("d/hidden"), "new")?;
    b.works("unlink", sys::unlink(l.target.join("d/hidden")))?;
    b.fails(
        "stat",
        sys::stat(l.target.join("d/hidden"), 0),
        libc::ENOENT,
    )?;
    b.works("unlink", sys::unlink(l.target.join("d/seen")))?;
    b.works("rmdir", sys::rmdir(l.target.join("d")))?;
    b.umount(&l.target)
}
