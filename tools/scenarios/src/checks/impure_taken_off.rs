// SPDX-License-Identifier: GPL-2.0-only
use std::path::Path;

use crate::bench::{Bench, Layout};
use crate::scenario::Check;
use crate::sys;
use crate::walk;

pub const CHECK: Check = Check {
    about: "a directory of the upper layer loses the impure mark by the first change after a listing that \
        found it needless, and gets it again when it is needed; the listing writes nothing",
    run,
    ..Check::DEFAULT
};

const IMPURE: &str = "trusted.overlay.impure";

fn run(b: &mut Bench) -> Result<(), String> {
    if !b.is_union() {
        return Err("skip: overlayfs takes it off when it lists".into());
    }
    let l = b.layout(2)?;
    for name in ["moved", "copied"] {
        b.file(&l.lowers[0].join("dir").join(name), name)?;
    }
    b.dir(&l.upper.join("elsewhere"))?;
    let union = b.union(&l);
    union.mount(&l.target)?;
    let dir = l.target.join("dir");
    b.works("chmod", sys::chmod(dir.join("moved"), 0o600))?;
    marked(b, &l, "after a copy-up", true)?;
    agree(b, &dir)?;
    b.file(&dir.join("new"), "new")?;
    marked(b, &l, "while it is needed", true)?;
    let to = l.target.join("elsewhere/moved");
    b.works("rename", sys::rename(dir.join("moved"), to, 0))?;
    b.umount(&l.target)?;

    union.mount(&l.target)?;
    agree(b, &dir)?;
    marked(b, &l, "after a listing", true)?;
    b.works("unlink", sys::unlink(dir.join("new")))?;
    marked(b, &l, "after a change", false)?;
    b.works("chmod", sys::chmod(dir.join("copied"), 0o600))?;
    marked(b, &l, "after another copy-up", true)?;
    agree(b, &dir)?;
    b.umount(&l.target)?;
    union.mount(&l.target)?;
    agree(b, &dir)?;
    agree(b, &l.target.join("elsewhere"))?;
    b.umount(&l.target)
}

fn marked(b: &Bench, l: &Layout, when: &str, expected: bool) -> Result<(), String> {
    let found = sys::getxattr(l.upper.join("dir"), IMPURE).is_ok();
    b.must(&format!("{when}: marked: {expected}"), found == expected)
}

/// Numbers as listed must be those of the objects.
fn agree(b: &Bench, dir: &Path) -> Result<(), String> {
    for entry in b.works("listing", walk::list(dir))? {
        let name = String::from_utf8_lossy(&entry.name).into_owned();
        let number = b.works("stat", sys::stat(dir.join(&name), 0))?.st_ino;
        b.must(
            &format!("{name}: {number}, listed as {}", entry.ino),
            number == entry.ino,
        )?;
    }
    Ok(())
}
