// SPDX-License-Identifier: GPL-2.0-only
use std::path::Path;

use crate::bench::Bench;
use crate::scenario::Check;
use crate::sys;
use crate::userns::{self, Layers};
use crate::walk;

pub const CHECK: Check = Check {
    about: "a private directory of root shows nothing where a user namespace merges it with one of its own, at any depth",
    run,
    ..Check::DEFAULT
};

/// Directories that only root may read, and those that anybody may search but not list.
const PRIVATE: [&str; 3] = ["private", "open/private", "open/a/b/private"];
const UNLISTED: [&str; 2] = ["unlisted", "open/a/unlisted"];

fn run(b: &mut Bench) -> Result<(), String> {
    let l = Layers::new(b)?;
    for dir in ["open", "open/a", "open/a/b"] {
        l.dir(b, dir, 0o755, (0, 0))?;
    }
    for (dirs, mode) in [(&PRIVATE[..], 0o700), (&UNLISTED, 0o711)] {
        for dir in dirs {
            l.dir(b, dir, mode, (0, 0))?;
            l.file(b, &format!("{dir}/roots"), 0o666, (0, 0))?;
            l.dir(b, &format!("{dir}/below"), 0o777, (0, 0))?;
            l.file(b, &format!("{dir}/below/roots"), 0o666, (0, 0))?;
            // The same name in the upper layer, for all to read, with something in it.
            for dir in [(*dir).to_owned(), format!("{dir}/below")] {
                let own = b.dir(&l.upper.join(dir))?;
                b.file(&own.join("his"), "own")?;
            }
        }
    }
    give(b, &l.upper)?;
    let before = walk::walk(&l.lower)?;
    userns::check("0 1000 2\n", "0 1000 2\n", || {
        l.union(b).mount(&l.target)?;
        look(b, "the mounter", &l.target)?;
        sys::become_user(1, 1, &[])?;
        let seen = look(b, "another", &l.target);
        sys::become_root()?;
        seen?;
        b.umount(&l.target)
    })?;
    b.same("the lower layer", &before, &walk::walk(&l.lower)?)
}

/// Makes all of it the user's.
fn give(b: &Bench, path: &Path) -> Result<(), String> {
    b.works("chown", sys::lchown(path, 1000, 1000))?;
    for entry in walk::list(path).unwrap_or_default() {
        give(b, &path.join(String::from_utf8_lossy(&entry.name).as_ref()))?;
    }
    Ok(())
}

/// Names are not listed, nor is what they stand for to be had where the lower directory is shut.
fn look(b: &Bench, who: &str, root: &Path) -> Result<(), String> {
    for dir in PRIVATE.iter().chain(&UNLISTED) {
        let at = root.join(dir);
        if let Ok(entries) = walk::list(&at) {
            let roots = entries.iter().any(|entry| entry.name == b"roots");
            b.must(&format!("{who} sees no name of root's in {dir}"), !roots)?;
        }
    }
    for dir in PRIVATE {
        for name in ["roots", "below/roots"] {
            let path = root.join(dir).join(name);
            let refused = |what: &str, result: sys::Result<()>| {
                let clean = [libc::EACCES, libc::EPERM, libc::ENOENT];
                b.must(
                    &format!("{who}: {what} of {dir}/{name} is refused: {result:?}"),
                    result.is_err_and(|error| clean.contains(&error.0)),
                )
            };
            refused("stat", sys::stat(&path, 0).map(drop))?;
            refused(
                "read",
                sys::open(&path, libc::O_RDONLY, 0).and_then(sys::close),
            )?;
            refused("chmod", sys::chmod(&path, 0o600))?;
            refused("unlink", sys::unlink(&path))?;
            refused("rename", sys::rename(&path, root.join("taken"), 0))?;
        }
    }
    Ok(())
}
