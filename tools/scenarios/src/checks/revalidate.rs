// SPDX-License-Identifier: GPL-2.0-only
//! Layers whose names come and go by themselves.

use std::path::Path;
use std::time::Duration;

use crate::bench::{Bench, Layout};
use crate::errno::Errno;
use crate::fuse::{self, Manner, Tree};
use crate::sys;
use crate::walk;

/// Names that appear and disappear in a layer that may change by itself are visible when the layer shows them.
pub fn names_that_come(b: &mut Bench) -> Result<(), String> {
    b.union_only("overlayfs keeps names that were not there")?;
    let l = b.layout(2)?;
    let served = b.tmpfs("served")?;
    let server = b.target("server")?;
    for dir in ["merged", "own/deep"] {
        b.dir(&served.join(dir))?;
    }
    for layer in [&l.upper, &l.lowers[0], &l.lowers[1]] {
        b.file(&b.dir(&layer.join("merged"))?.join("kept"), "kept")?;
    }
    for seconds in [0, 1] {
        fuse::mount_mirror(
            b,
            &server,
            0,
            &Tree::default(),
            Manner::Believed(seconds),
            Some(&served),
        )?;
        for fallthru in ["on", "off"] {
            // The server's layer between two that do not change.
            b.new_union()
                .lower(&l.lowers[0])
                .lower(&server)
                .lower(&l.lowers[1])
                .upper(&l.upper, &l.work)
                .option("fallthru", fallthru)
                .mount(&l.target)?;
            let what = format!("fallthru={fallthru}, believed for {seconds} s");
            // Waiting takes some time.
            let dirs = if seconds == 0 { &DIRS[..] } else { &DIRS[..2] };
            for dir in dirs {
                for listed in [true, false] {
                    come_and_go(b, &l, &served.join(dir), dir, seconds, listed)
                        .map_err(|error| format!("{what}, {dir}, listed: {listed}: {error}"))?;
                }
            }
            b.umount(&l.target)?;
        }
        b.umount(&server)?;
    }
    Ok(())
}

/// So it is in directories that were renamed, of which the layer has a part under another name: at once, and when the
/// union is mounted again.
pub fn names_that_come_moved(b: &mut Bench) -> Result<(), String> {
    b.union_only("overlayfs keeps names that were not there")?;
    let l = b.layout(2)?;
    let served = b.tmpfs("served")?;
    let server = b.target("server")?;
    for dir in ["all", "own/deep"] {
        b.dir(&served.join(dir))?;
    }
    for layer in [&l.upper, &l.lowers[0], &l.lowers[1]] {
        b.file(&b.dir(&layer.join("all"))?.join("kept"), "kept")?;
    }
    fuse::mount_mirror(
        b,
        &server,
        0,
        &Tree::default(),
        Manner::Believed(0),
        Some(&served),
    )?;
    let union = b
        .new_union()
        .lower(&l.lowers[0])
        .lower(&server)
        .lower(&l.lowers[1])
        .upper(&l.upper, &l.work)
        .option("redirect_dir", "on");
    union.mount(&l.target)?;
    // The paths that they have on the server, and then in the union.
    let moved = [("own/deep", "deep2"), ("own", "own2"), ("all", "own2/all2")];
    for (old, new) in moved {
        b.works(old, sys::rename(l.target.join(old), l.target.join(new), 0))?;
    }
    for when in ["at once", "mounted again"] {
        for (old, new) in moved {
            for listed in [true, false] {
                come_and_go(b, &l, &served.join(old), new, 0, listed)
                    .map_err(|error| format!("{when}, {new}, listed: {listed}: {error}"))?;
            }
        }
        b.holds(&l.target.join("own2/all2/kept"), "kept")?;
        b.umount(&l.target)?;
        union.mount(&l.target)?;
    }
    b.umount(&l.target)?;
    b.umount(&server)
}

/// The root, a directory that all layers have, one that only the server has, and one within it.
const DIRS: [&str; 4] = [".", "merged", "own", "own/deep"];

/// So many failed lookups that reading the directory would pay.
const MANY: usize = 30;

/// Waits until the server's answers are no longer valid.
fn forget(seconds: u64) {
    if seconds > 0 {
        std::thread::sleep(Duration::from_millis(seconds * 1000 + 200));
    }
}

fn come_and_go(
    b: &Bench,
    l: &Layout,
    served: &Path,
    dir: &str,
    seconds: u64,
    listed: bool,
) -> Result<(), String> {
    let seen = l.target.join(dir);
    let lists = |name: &str| -> Result<bool, String> {
        let names = walk::list(&seen)?;
        Ok(names.iter().any(|entry| entry.name == name.as_bytes()))
    };
    // Everything that the union could have cached.
    if listed {
        walk::list(&seen)?;
    }
    for number in 0..MANY {
        let name = seen.join(format!("none{number}"));
        b.fails("stat", sys::stat(&name, 0), libc::ENOENT)?;
    }
    for name in ["new", "newdir"] {
        b.fails(name, sys::stat(seen.join(name), 0), libc::ENOENT)?;
    }
    b.file(&served.join("new"), "new")?;
    b.file(&b.dir(&served.join("newdir"))?.join("inside"), "inside")?;
    forget(seconds);
    let come = || -> Result<(), String> {
        b.holds(&seen.join("new"), "new")?;
        b.holds(&seen.join("newdir/inside"), "inside")
    };
    if listed {
        must!(lists("new")?, "new is listed")?;
        come()?;
    } else {
        come()?;
        must!(lists("new")?, "new is listed")?;
    }
    must!(lists("newdir")?, "newdir is listed")?;
    must!(dir != "merged" || lists("kept")?, "the others are there")?;
    // An object of the layer beneath is hidden when the server gets one of its name.
    if dir == "merged" {
        let below = l.lowers[1].join(dir).join("below");
        b.file(&below, "below")?;
        forget(seconds);
        b.holds(&seen.join("below"), "below")?;
        b.file(&served.join("below"), "above")?;
        forget(seconds);
        b.holds(&seen.join("below"), "above")?;
        b.works("unlink", sys::unlink(served.join("below")))?;
        forget(seconds);
        b.holds(&seen.join("below"), "below")?;
        b.works("unlink", sys::unlink(&below))?;
    }
    b.works("unlink", sys::unlink(served.join("new")))?;
    std::fs::remove_dir_all(served.join("newdir")).map_err(|error| error.to_string())?;
    forget(seconds);
    if listed {
        must!(!lists("new")?, "new is not listed")?;
    }
    for name in ["new", "newdir"] {
        b.fails(name, sys::stat(seen.join(name), 0), libc::ENOENT)?;
    }
    must!(!lists("new")?, "new is not listed")?;
    // A name can be made where one has disappeared, and removed without a whiteout.
    b.works("mkdir", sys::mkdir(seen.join("newdir"), 0o755))?;
    b.works("rmdir", sys::rmdir(seen.join("newdir")))?;
    let left = sys::stat(l.upper.join(dir).join("newdir"), libc::AT_SYMLINK_NOFOLLOW);
    must!(
        left.err() == Some(Errno(libc::ENOENT)),
        "no whiteout was left"
    )
}
