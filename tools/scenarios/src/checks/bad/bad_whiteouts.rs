// SPDX-License-Identifier: GPL-2.0-only
use std::path::Path;

use crate::bench::Bench;
use crate::scenario::Check;
use crate::sys;
use crate::walk;

pub const CHECK: Check = Check {
    about: "whiteouts where no union puts them hide what is below, if anything, and are never seen themselves",
    run,
    ..Check::DEFAULT
};

fn whiteout(path: &Path) -> sys::Result<()> {
    sys::mknod(path, libc::S_IFCHR, 0)
}

fn run(b: &mut Bench) -> Result<(), String> {
    let l = b.layout(3)?;
    let [top, middle, bottom] = [&l.lowers[0], &l.lowers[1], &l.lowers[2]];
    for (layer, name) in [
        (top, "d"),
        (middle, "d"),
        (bottom, "d"),
        (middle, "o"),
        (bottom, "o"),
    ] {
        b.dir(&layer.join(name))?;
    }
    b.file(&bottom.join("d/hidden"), "below")?;
    b.file(&bottom.join("d/seen"), "seen")?;
    b.file(&bottom.join("o/hidden"), "below")?;
    b.works(
        "opaque",
        sys::setxattr(middle.join("o"), "trusted.overlay.opaque", b"y", 0),
    )?;
    for (what, path) in [
        ("in the root of the bottom layer", bottom.join("bottom")),
        ("in the bottom layer", bottom.join("d/bottom")),
        ("with nothing below", middle.join("nothing")),
        (
            "in an opaque directory, of a hidden name",
            middle.join("o/hidden"),
        ),
        ("in an opaque directory, of no name", middle.join("o/none")),
        ("over a file", middle.join("d/hidden")),
        ("over a whiteout", top.join("nothing")),
        ("over a directory", l.upper.join("dir")),
    ] {
        b.works(what, whiteout(&path))?;
    }
    // One more link, attributes, a mode and an owner make no difference.
    b.works(
        "link",
        sys::link(bottom.join("bottom"), bottom.join("again"), 0),
    )?;
    b.works("chmod", sys::chmod(middle.join("nothing"), 0o777))?;
    b.works("chown", sys::lchown(middle.join("nothing"), 7, 7))?;
    b.works(
        "setxattr",
        sys::setxattr(middle.join("d/hidden"), "trusted.overlay.opaque", b"y", 0),
    )?;
    b.works(
        "setxattr",
        sys::setxattr(middle.join("d/hidden"), "trusted.foreign", b"x", 0),
    )?;
    let lowers = b.lower_trees(&l)?;
    let union = b.union(&l);
    union.mount(&l.target)?;
    let seen: Vec<String> = walk::walk(&l.target)?.into_keys().collect();
    b.must(
        &format!("only what is not hidden: {seen:?}"),
        seen == [".", "d", "d/seen", "file", "o"],
    )?;
    for name in [
        "bottom", "again", "nothing", "d/bottom", "d/hidden", "o/hidden", "o/none", "dir",
    ] {
        let path = l.target.join(name);
        b.fails(name, sys::stat(&path, 0), libc::ENOENT)?;
        b.fails(name, sys::unlink(&path), libc::ENOENT)?;
        b.works(name, sys::mkdir(&path, 0o755))?;
        b.must("an empty directory", walk::list(&path)?.is_empty())?;
        b.works(name, sys::rmdir(&path))?;
        b.file(&path, "new")?;
    }
    // Directories with nothing but whiteouts below are empty to the user.
    for name in ["o/hidden", "o/none"] {
        b.works(name, sys::unlink(l.target.join(name)))?;
    }
    b.works("rmdir", sys::rmdir(l.target.join("o")))?;
    b.sound(&union, &l, &lowers).map(drop)
}
