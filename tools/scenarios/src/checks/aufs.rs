// SPDX-License-Identifier: GPL-2.0-only
//! whiteout=aufs.

use std::path::Path;

use crate::bench::{Bench, Layout};
use crate::mountinfo;
use crate::sys;
use crate::union::restore;
use crate::walk;

/// With whiteout=aufs names that begin with .wh. cannot be made, and those in the upper layer act as whiteouts.
pub fn aufs_names(b: &mut Bench) -> Result<(), String> {
    b.union_only("overlayfs reads no such whiteouts")?;
    let l = b.layout(2)?;
    b.file(&l.lowers[1].join("deleted"), "below")?;
    b.file(&l.lowers[0].join(".wh.deleted"), "")?;
    b.file(&l.lowers[1].join("kept"), "below")?;
    // Made directly in the upper layer.
    b.file(&b.dir(&l.upper.join("full"))?.join(".wh.x"), "")?;
    b.dir(&l.upper.join("full/.wh.d"))?;
    b.file(&l.upper.join(".wh.kept"), "")?;
    b.file(&b.dir(&l.upper.join("deep/.wh.d"))?.join("inside"), "")?;
    let union = b.union(&l).option("whiteout", "aufs");
    union.mount(&l.target)?;
    let at = |name: &str| l.target.join(name);
    let options = mountinfo::listed_at(&l.target).map(|mount| mount.shown_options);
    must!(
        options
            .as_ref()
            .is_some_and(|options| options.contains("whiteout=aufs")),
        "the option is shown: {options:?}"
    )?;
    b.holds(&at("kept"), "below")?;
    for dir in [".", "dir"] {
        let name = at(dir).join(".wh.new");
        let made = [
            (
                "open",
                sys::open(&name, libc::O_WRONLY | libc::O_CREAT, 0o644).map(drop),
            ),
            ("mkdir", sys::mkdir(&name, 0o755)),
            ("mknod", sys::mknod(&name, libc::S_IFIFO | 0o644, 0)),
            ("symlink", sys::symlink("x", &name)),
            ("link", sys::link(at("file"), &name, 0)),
            ("rename", sys::rename(at("file"), &name, 0)),
            ("rename of a directory", sys::rename(at("full"), &name, 0)),
        ];
        for (call, result) in made {
            b.fails(&format!("{call} in {dir}"), result, libc::EPERM)?;
        }
        b.fails("stat", sys::stat(&name, 0), libc::ENOENT)?;
        b.fails("unlink", sys::unlink(&name), libc::ENOENT)?;
        b.fails("rmdir", sys::rmdir(&name), libc::ENOENT)?;
    }
    let copied =
        sys::stat(l.upper.join("file"), 0).is_ok() || sys::stat(l.upper.join("dir"), 0).is_ok();
    must!(!copied, "what was refused has copied nothing")?;
    let file = b.works(
        "open",
        sys::open(&l.target, libc::O_TMPFILE | libc::O_RDWR, 0o600),
    )?;
    let from = format!("/proc/self/fd/{file}");
    let linked = sys::link(&from, at(".wh.tmp"), libc::AT_SYMLINK_FOLLOW);
    b.fails("link of a file without a name", linked, libc::EPERM)?;
    b.works("close", sys::close(file))?;

    let dir = b.works("open", sys::open(&l.target, libc::O_RDONLY, 0))?;
    for name in ["deleted", ".wh.deleted", ".wh.kept"] {
        b.fails("restore", restore(dir, name), libc::ENOENT)?;
    }
    b.works("unlink", sys::unlink(at("kept")))?;
    b.works("restore", restore(dir, "kept"))?;
    b.holds(&at("kept"), "below")?;
    b.works("close", sys::close(dir))?;

    for name in ["full", "deep"] {
        let names = walk::list(&at(name))?;
        must!(names.is_empty(), "{name} is empty")?;
    }
    b.works("rmdir", sys::rmdir(at("full")))?;
    must!(sys::stat(l.upper.join("full"), 0).is_err(), "it is gone")?;
    // A directory is not removed while it has entries that are not shown.
    b.fails("rmdir", sys::rmdir(at("deep")), libc::ENOTEMPTY)?;
    must!(l.upper.join("deep/.wh.d/inside").exists(), "it is there")?;

    let remount = |options: &[u8]| sys::mount("", &l.target, "union", libc::MS_REMOUNT, options);
    b.fails("another form", remount(b"whiteout=overlay"), libc::EINVAL)?;
    b.works("the same", remount(b"whiteout=aufs"))?;
    b.umount(&l.target)?;
    for value in ["", "maybe", "Aufs"] {
        let union = b.union(&l).option("whiteout", value);
        let failure = b.refused(&union, &l.target, &[libc::EINVAL])?;
        let text = failure.to_string();
        must!(
            text.contains("must be overlay or aufs"),
            "the reason: {text}"
        )?;
    }
    // One union below another: what the inner one hides does not concern the outer one.
    b.new_union()
        .lowers(&l.lowers)
        .option("whiteout", "aufs")
        .mount(&l.target)?;
    let outer = b.target("outer")?;
    b.new_union().lower(&l.target).mount(&outer)?;
    b.fails("deleted", sys::stat(outer.join("deleted"), 0), libc::ENOENT)?;
    b.fails(
        ".wh.deleted",
        sys::stat(outer.join(".wh.deleted"), 0),
        libc::ENOENT,
    )?;
    b.holds(&outer.join("kept"), "below")?;
    b.umount(&outer)?;
    b.umount(&l.target)?;
    b.union(&l).option("whiteout", "overlay").mount(&l.target)?;
    b.holds(&l.target.join(".wh.deleted"), "")?;
    b.holds(&l.target.join("deleted"), "below")?;
    b.umount(&l.target)
}

/// With whiteout=aufs whiteouts by name hide what they should, whether a directory is listed first or not.
pub fn aufs_whiteouts(b: &mut Bench) -> Result<(), String> {
    b.union_only("overlayfs reads no such whiteouts")?;
    let l = layers(b)?;
    for fallthru in ["on", "off"] {
        for listed_first in [true, false] {
            // Twice: records are read the second time.
            for _ in 0..2 {
                let what = format!("fallthru={fallthru}, listed first: {listed_first}");
                b.union(&l)
                    .option("whiteout", "aufs")
                    .option("fallthru", fallthru)
                    .mount(&l.target)?;
                if !listed_first {
                    hidden(b, &l.target, &what)?;
                }
                seen(&l.target, &what)?;
                hidden(b, &l.target, &what)?;
                b.holds(&l.target.join("replaced"), "0")?;
                std::thread::sleep(std::time::Duration::from_millis(1200));
                b.umount(&l.target)?;
            }
        }
    }
    // A record of a mount of another kind is not used here.
    b.union(&l).mount(&l.target)?;
    b.holds(&l.target.join("file"), "1")?;
    b.holds(&l.target.join(".wh.file"), "0")?;
    let names = walk::list(&l.target.join("merged"))?;
    must!(names.len() == 4, "four names without the option")?;
    b.umount(&l.target)?;
    changed(b, &l)?;
    // None of it depends on an upper layer.
    b.new_union()
        .lowers(&l.lowers)
        .option("whiteout", "aufs")
        .mount(&l.target)?;
    hidden(b, &l.target, "without an upper layer")?;
    seen(&l.target, "without an upper layer")?;
    b.umount(&l.target)?;
    // An opaque root.
    b.file(&l.lowers[0].join(".wh..wh..opq"), "")?;
    b.new_union()
        .lowers(&l.lowers)
        .option("whiteout", "aufs")
        .mount(&l.target)?;
    b.fails(
        "below an opaque root",
        sys::stat(l.target.join("merged/2"), 0),
        libc::ENOENT,
    )?;
    let names = walk::outline(&l.target);
    let below = names.keys().filter(|name| name.ends_with('2')).count();
    must!(below == 0, "nothing from below: {names:?}")?;
    b.umount(&l.target)
}

/// What each lower layer has, the topmost first: directories end with a slash.
const LAYERS: [&[&str]; 3] = [
    &[
        "d/",
        ".wh.file",
        ".wh.tree",
        "merged/0",
        "merged/.wh.1",
        "again/new",
        ".wh.again",
        "replaced",
        ".wh.replaced",
        "opaque/.wh..wh..opq",
        "opaque/0",
        "between/0",
        "device",
        ".wh..wh.aufs",
        ".wh..wh.plnk/1",
        ".wh..wh.orph/",
        ".wh.nothing",
        ".wh.",
        "emptied/.wh.1",
        "emptied/.wh.2",
    ],
    &[
        "file",
        "tree/1",
        "merged/1",
        "again/old",
        "replaced",
        "opaque/1",
        ".wh.between",
        "emptied/1",
        ".wh.under",
    ],
    &[
        "file",
        "tree/2",
        "merged/1",
        "merged/2",
        "again/older",
        "opaque/2",
        "between/2",
        "emptied/2",
        "under/2",
    ],
];

/// What the union must show.
const SEEN: &[&str] = &[
    "/again",
    "/again/new",
    "/between",
    "/between/0",
    "/d",
    "/device",
    "/emptied",
    "/merged",
    "/merged/0",
    "/merged/2",
    "/opaque",
    "/opaque/0",
    "/replaced",
];

const HIDDEN: &[&str] = &[
    "file",
    "tree",
    "tree/1",
    "under",
    "under/2",
    "merged/1",
    "again/old",
    "again/older",
    "opaque/1",
    "opaque/2",
    "between/2",
    "emptied/1",
    ".wh.file",
    ".wh.nothing",
    ".wh.never",
    ".wh.",
    ".wh..wh.aufs",
    ".wh..wh.plnk",
    ".wh..wh.plnk/1",
    ".wh..wh.orph",
    "opaque/.wh..wh..opq",
    "merged/.wh.1",
];

fn layers(b: &Bench) -> Result<Layout, String> {
    let l = b.layout(3)?;
    for (number, (layer, names)) in l.lowers.iter().zip(LAYERS).enumerate() {
        let _ = std::fs::remove_file(layer.join("file"));
        let _ = std::fs::remove_dir(layer.join("dir"));
        for name in names {
            let path = layer.join(name);
            if name.ends_with('/') {
                b.dir(&path)?;
                continue;
            }
            if let Some(parent) = path.parent() {
                b.dir(parent)?;
            }
            b.file(&path, &number.to_string())?;
        }
    }
    // The other form counts as before.
    sys::mknod(l.lowers[0].join("d/gone"), libc::S_IFCHR, 0)?;
    b.file(&b.dir(&l.lowers[1].join("d"))?.join("gone"), "1")?;
    Ok(l)
}

fn seen(root: &Path, what: &str) -> Result<(), String> {
    let outline = walk::outline(root);
    let names: Vec<&str> = outline.keys().map(String::as_str).collect();
    must!(names == SEEN, "{what}: {SEEN:?}, not {names:?}")
}

fn hidden(b: &Bench, root: &Path, what: &str) -> Result<(), String> {
    for name in HIDDEN.iter().chain(&["d/gone"]) {
        let what = format!("{what}: {name}");
        b.fails(&what, sys::stat(root.join(name), 0), libc::ENOENT)?;
    }
    Ok(())
}

/// Makes changes, and checks that they persist after the next mount.
fn changed(b: &Bench, l: &Layout) -> Result<(), String> {
    let union = b.union(l).option("whiteout", "aufs");
    union.mount(&l.target)?;
    let at = |name: &str| l.target.join(name);
    b.works("over a whiteout", sys::mkdir(at("tree"), 0o755))?;
    b.file(&at("file"), "made")?;
    b.works("rmdir of an emptied one", sys::rmdir(at("emptied")))?;
    b.works("mkdir", sys::mkdir(at("emptied"), 0o755))?;
    b.works("unlink", sys::unlink(at("merged/0")))?;
    b.works("unlink", sys::unlink(at("merged/2")))?;
    b.works("rmdir of a merged one", sys::rmdir(at("merged")))?;
    b.works("unlink", sys::unlink(at("replaced")))?;
    b.works("unlink", sys::unlink(at("file")))?;
    b.umount(&l.target)?;
    union.mount(&l.target)?;
    for name in ["tree", "emptied"] {
        let names = walk::list(&at(name))?;
        must!(names.is_empty(), "{name} is empty")?;
    }
    for name in ["file", "merged", "merged/2", "replaced", "tree/1"] {
        b.fails(name, sys::stat(at(name), 0), libc::ENOENT)?;
    }
    let absent = |name: &str| sys::stat(l.upper.join(name), libc::AT_SYMLINK_NOFOLLOW).is_err();
    must!(absent("file"), "nothing had to be hidden at file")?;
    b.umount(&l.target)?;
    for dir in [&l.upper, &l.work] {
        for entry in std::fs::read_dir(dir).map_err(|error| error.to_string())? {
            let path = entry.map_err(|error| error.to_string())?.path();
            let _ = sys::unlink(&path);
            let _ = std::fs::remove_dir_all(&path);
        }
    }
    Ok(())
}
