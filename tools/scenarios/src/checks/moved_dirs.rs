// SPDX-License-Identifier: GPL-2.0-only
//! Directories with lower parts that were renamed: the redirects they get, and what depends on them.

use std::collections::BTreeMap;
use std::fs::File;
use std::os::fd::AsRawFd;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use crate::bench::{Bench, Layout};
use crate::errno::Errno;
use crate::mount::Union;
use crate::shape::Fs;
use crate::sys;
use crate::union;
use crate::walk;

const REDIRECT: &str = "trusted.overlay.redirect";

/// The directories of a lower layer, each with a file.
const DIRS: [&str; 8] = [
    "a", "b", "c/inner", "p/q/r", "p/empty", "s/t/u/v", "s/other", "z",
];

fn fill(b: &Bench, layer: &Path, tag: &str) -> Result<(), String> {
    for dir in DIRS {
        b.file(&b.dir(&layer.join(dir))?.join(format!("f{tag}")), dir)?;
    }
    Ok(())
}

/// Each rename, and its flags.
type Step = (&'static str, &'static str, u32);

/// In this order, on one tree: within a directory, away, twice, out of a moved parent and into one, back, exchanged,
/// over an empty directory and over a whiteout.
const STEPS: [Step; 17] = [
    ("a", "a2", 0),
    ("a2", "a3", 0),
    ("a3", "c/a4", 0),
    ("c/a4", "c/a5", 0),
    ("p/q", "p/w", 0),
    ("p/w/r", "r", 0),
    ("p/w", "w", 0),
    ("r", "w/r", 0),
    ("b", "c/b", 0),
    ("c/b", "b", 0),
    ("s/t", "z", libc::RENAME_EXCHANGE),
    ("z/u/v", "s/t/v", 0),
    ("c", "s/t/c", 0),
    ("s/t/c/inner", "inner", 0),
    ("s", "p/empty/s", 0),
    ("inner", "a", 0),
    ("p", "c", 0),
];

/// A path with its redirect.
type Redirects = BTreeMap<String, String>;

fn redirects(dir: &Path, name: &str, found: &mut Redirects) -> Result<(), String> {
    for entry in walk::list(dir).map_err(|error| format!("{}: {error}", dir.display()))? {
        let child = String::from_utf8_lossy(&entry.name).into_owned();
        let (path, name) = (dir.join(&child), format!("{name}/{child}"));
        if !std::fs::symlink_metadata(&path).is_ok_and(|stat| stat.is_dir()) {
            continue;
        }
        if let Ok(value) = sys::getxattr(&path, REDIRECT) {
            found.insert(name.clone(), String::from_utf8_lossy(&value).into_owned());
        }
        redirects(&path, &name, found)?;
    }
    Ok(())
}

/// A renamed directory has the redirect that overlayfs would have given it, and either finds its contents by what the
/// other one wrote.
pub fn moved_dir_values(b: &mut Bench) -> Result<(), String> {
    b.union_only("overlayfs is what it is compared with")?;
    let l = b.layout(0)?;
    let base = b.tmpfs("layers")?;
    let lowers: Vec<_> = (0..3)
        .map(|number| b.dir(&base.join(format!("lower{number}"))))
        .collect::<Result<_, _>>()?;
    for (number, layer) in lowers.iter().enumerate() {
        fill(b, layer, &number.to_string())?;
    }
    let mut results = Vec::new();
    let both = [b.fstype, "overlay"];
    for fstype in both {
        let upper = b.dir(&base.join(format!("upper-{fstype}")))?;
        let work = b.dir(&base.join(format!("work-{fstype}")))?;
        let mount = |fstype: &str| {
            let union = Union::new(fstype).lowers(&lowers).upper(&upper, &work);
            union.option("redirect_dir", "on").mount(&l.target)
        };
        mount(fstype)?;
        for (old, new, flags) in STEPS {
            let renamed = sys::rename(l.target.join(old), l.target.join(new), flags);
            b.works(&format!("{fstype}: rename {old} to {new}"), renamed)?;
        }
        let shown = walk::outline(&l.target);
        b.umount(&l.target)?;
        let mut found = Redirects::new();
        redirects(&upper, "", &mut found)?;
        for other in both {
            mount(other)?;
            let again = walk::outline(&l.target);
            b.umount(&l.target)?;
            must!(
                again == shown,
                "{other} shows what {fstype} did: {again:#?}, not {shown:#?}"
            )?;
        }
        results.push((shown, found));
    }
    let (ours, theirs) = (&results[0], &results[1]);
    must!(
        ours.0 == theirs.0,
        "the same tree: {:#?}, overlayfs {:#?}",
        ours.0,
        theirs.0
    )?;
    must!(
        ours.1 == theirs.1,
        "the same redirects: {:#?}, overlayfs {:#?}",
        ours.1,
        theirs.1
    )?;
    must!(ours.1.len() > 8, "redirects: {:#?}", ours.1)
}

/// Where no redirect may be made, or none can be stored, the answer is EXDEV and nothing is copied up; mv(1) copies the
/// tree then.
pub fn moved_dir_refused(b: &mut Bench) -> Result<(), String> {
    b.union_only("overlayfs makes no redirects by default")?;
    let l = b.layout(1)?;
    fill(b, &l.lowers[0], "")?;
    for options in [
        &["redirect_dir=follow"][..],
        &["redirect_dir=off"],
        &["redirect_dir=nofollow"],
        &["userxattr"],
    ] {
        let mut union = b.union(&l);
        for option in options {
            union = match option.split_once('=') {
                Some((key, value)) => union.option(key, value),
                None => union.flag(option),
            };
        }
        union.mount(&l.target)?;
        for (old, new, flags) in [
            ("a", "a2", 0),
            ("p/q", "q", 0),
            ("a", "b", libc::RENAME_EXCHANGE),
        ] {
            let renamed = sys::rename(l.target.join(old), l.target.join(new), flags);
            b.fails(&format!("{options:?}: rename {old}"), renamed, libc::EXDEV)?;
        }
        must!(
            std::fs::read_dir(&l.upper).is_ok_and(|mut names| names.next().is_none()),
            "{options:?}: nothing is copied up"
        )?;
        // A new one needs no redirect, wherever it goes.
        let at = |name: &str| l.target.join(name);
        b.file(&b.dir(&at("new"))?.join("own"), "own")?;
        b.works("unlink", sys::unlink(at("z/f")))?;
        b.works("rmdir", sys::rmdir(at("z")))?;
        b.works("unlink", sys::unlink(at("b/f")))?;
        for (old, new) in [("new", "p/new"), ("p/new", "z"), ("z", "b"), ("b", "z")] {
            let renamed = sys::rename(at(old), at(new), 0);
            b.works(&format!("{options:?}: rename {old}, which is new"), renamed)?;
            let held = walk::outline(&at(new));
            must!(
                held.keys().eq(["/own"]),
                "{options:?}: {new} holds {held:?}"
            )?;
        }
        b.umount(&l.target)?;
        for dir in [&l.upper, &l.work] {
            std::fs::remove_dir_all(dir).map_err(|error| error.to_string())?;
            b.dir(dir)?;
        }
    }
    let both = b.union(&l).flag("userxattr").option("redirect_dir", "on");
    b.refused(&both, &l.target, &[libc::EINVAL])?;
    Ok(())
}

/// Redirects of a few thousand bytes are stored and followed; a path longer than any that can be followed is EXDEV.
pub fn moved_dir_far_down(b: &mut Bench) -> Result<(), String> {
    b.union_only("overlayfs stores no more than 256 bytes")?;
    let l = b.layout(1)?;
    let name = "n".repeat(200);
    // Names are entered one by one: no path of this length can be given.
    let mut at = sys::open(&l.lowers[0], libc::O_RDONLY | libc::O_DIRECTORY, 0)?;
    for depth in 1..=24 {
        let dir = PathBuf::from(format!("/proc/self/fd/{at}/{name}"));
        sys::mkdir(&dir, 0o755)?;
        b.file(&dir.join("f"), &depth.to_string())?;
        let next = sys::open(&dir, libc::O_RDONLY | libc::O_DIRECTORY, 0)?;
        sys::close(at)?;
        at = next;
    }
    sys::close(at)?;
    for depth in [5, 15, 24] {
        b.union(&l).mount(&l.target)?;
        let mut at = sys::open(&l.target, libc::O_RDONLY | libc::O_DIRECTORY, 0)?;
        for _ in 1..depth {
            let dir = format!("/proc/self/fd/{at}/{name}");
            let next = sys::open(dir, libc::O_RDONLY | libc::O_DIRECTORY, 0)?;
            sys::close(at)?;
            at = next;
        }
        let renamed = sys::rename(
            format!("/proc/self/fd/{at}/{name}"),
            l.target.join(format!("moved{depth}")),
            0,
        );
        sys::close(at)?;
        match depth * (name.len() + 1) > 4096 {
            true => b.fails("too far down", renamed, libc::EXDEV)?,
            false => {
                b.works(&format!("{depth} levels down"), renamed)?;
                b.umount(&l.target)?;
                b.union(&l).mount(&l.target)?;
                b.holds(
                    &l.target.join(format!("moved{depth}/f")),
                    &depth.to_string(),
                )?;
            }
        }
        b.umount(&l.target)?;
        // The next one starts from the whole path again.
        for dir in [&l.upper, &l.work] {
            std::fs::remove_dir_all(dir).map_err(|error| error.to_string())?;
            b.dir(dir)?;
        }
    }
    Ok(())
}

/// The numbers of a directory and of all in it.
fn numbers(dir: &Path) -> Result<BTreeMap<String, u64>, String> {
    let mut found = BTreeMap::new();
    let mut left = vec![(dir.to_owned(), String::new())];
    while let Some((path, name)) = left.pop() {
        let stat = std::fs::symlink_metadata(&path).map_err(|error| error.to_string())?;
        found.insert(name.clone(), stat.ino());
        if stat.is_dir() {
            for entry in walk::list(&path).map_err(|error: Errno| error.to_string())? {
                let child = String::from_utf8_lossy(&entry.name).into_owned();
                left.push((path.join(&child), format!("{name}/{child}")));
            }
        }
    }
    Ok(found)
}

/// No two objects have one number.
fn all_differ(dir: &Path, when: &str) -> Result<(), String> {
    let mut seen = BTreeMap::new();
    for (name, number) in numbers(dir)? {
        let other = seen.insert(number, name.clone());
        must!(
            other.is_none(),
            "{when}: {name} has the number of {other:?}"
        )?;
    }
    Ok(())
}

/// All in a moved directory keeps its inode number, also when it is mounted again; what RESTORE brings back at the old
/// name has other numbers, and is a directory of its own.
pub fn moved_dir_numbers(b: &mut Bench) -> Result<(), String> {
    b.union_only("overlayfs has no such call")?;
    let l = b.layout(2)?;
    fill(b, &l.lowers[0], "0")?;
    fill(b, &l.lowers[1], "1")?;
    // A directory that is no copy, and is merged all the same.
    b.dir(&l.upper.join("b"))?;
    let mount = |b: &Bench, l: &Layout| b.union(l).mount(&l.target);
    mount(b, &l)?;
    let at = |name: &str| l.target.join(name);
    let moves = [("s", "c/s"), ("b", "b2"), ("p/q", "q"), ("z", "z2")];
    let before: Vec<_> = moves
        .iter()
        .map(|(old, _)| numbers(&at(old)))
        .collect::<Result<_, _>>()?;
    for (old, new) in moves {
        b.works(old, sys::rename(at(old), at(new), 0))?;
    }
    let same = |when: &str| -> Result<(), String> {
        for ((_, new), before) in moves.iter().zip(&before) {
            let now = numbers(&at(new))?;
            must!(
                &now == before,
                "{when}: {new}: {now:?}, and before {before:?}"
            )?;
        }
        Ok(())
    };
    same("moved")?;
    std::fs::write("/proc/sys/vm/drop_caches", "3").map_err(|error| error.to_string())?;
    same("caches dropped")?;
    b.umount(&l.target)?;
    mount(b, &l)?;
    same("mounted again")?;
    let root = File::open(&l.target).map_err(|error| error.to_string())?;
    b.works("restore", union::restore(root.as_raw_fd(), "s"))?;
    b.works("restore", union::restore(root.as_raw_fd(), "z"))?;
    drop(root);
    same("restored")?;
    all_differ(&l.target, "restored")?;
    // Either is changed without the other.
    b.file(&at("s/t/new"), "new")?;
    b.works("unlink", sys::unlink(at("c/s/t/u/v/f0")))?;
    b.works("stat", sys::stat(at("s/t/u/v/f0"), 0))?;
    b.fails("stat", sys::stat(at("c/s/t/new"), 0), libc::ENOENT)?;
    b.works("undo", sys::unlink(at("s/t/new")))?;
    b.file(&at("c/s/t/u/v/f0"), "s/t/u/v")?;
    b.umount(&l.target)?;
    mount(b, &l)?;
    all_differ(&l.target, "in the end")?;
    b.umount(&l.target)
}

/// While directories move to another one, those that they are in get other names for the first time: the path in the
/// redirect is made of the names that these have in the lower layers. A rename within a directory does not exclude one
/// between two.
pub fn moved_dir_race(b: &mut Bench) -> Result<(), String> {
    const COUNT: usize = 150;
    let l = b.layout(1)?;
    for number in 0..COUNT {
        let dir = b.dir(&l.lowers[0].join(format!("old{number}/deep/inner")))?;
        b.file(&dir.join("f"), &number.to_string())?;
    }
    let union = b.union(&l).option("redirect_dir", "on");
    union.mount(&l.target)?;
    let at = |name: String| l.target.join(name);
    // In the upper layer already, so that little else takes time.
    for number in 0..COUNT {
        b.works(
            "chmod",
            sys::chmod(at(format!("old{number}/deep/inner")), 0o700),
        )?;
    }
    for number in 0..COUNT {
        let (old, new) = (at(format!("old{number}")), at(format!("new{number}")));
        let moved = at(format!("moved{number}"));
        std::thread::scope(|threads| {
            let renames = threads.spawn(|| sys::rename(&old, &new, 0));
            let moves = [&old, &new, &old, &new]
                .map(|parent| parent.join("deep/inner"))
                .iter()
                .any(|inner| sys::rename(inner, &moved, 0).is_ok());
            let renamed = renames.join().map_err(|_| "a thread panicked".to_owned())?;
            b.works("the rename of the parent", renamed)?;
            must!(moves, "{number} is moved")
        })?;
    }
    b.umount(&l.target)?;
    union.mount(&l.target)?;
    for number in 0..COUNT {
        b.holds(&at(format!("moved{number}/f")), &number.to_string())?;
    }
    b.umount(&l.target)
}

/// How many lower layers the union of [`moved_dir_many_lowers`] has, and those that have a part of the directories that
/// are renamed there.
const MANY: usize = 500;
const PARTS: [usize; 5] = [0, 7, 250, 251, 499];

/// How many names the kernel has in memory, those included of which it knows that there is nothing.
fn known_names() -> Result<usize, String> {
    let state = std::fs::read_to_string("/proc/sys/fs/dentry-state");
    let state = state.map_err(|error| format!("dentry-state: {error}"))?;
    let first = state.split_whitespace().next().unwrap_or_default();
    first
        .parse()
        .map_err(|error| format!("dentry-state {state:?}: {error}"))
}

/// The names that have to be looked up for `work`, with empty caches.
fn looked_up(work: impl FnOnce() -> Result<(), String>) -> Result<usize, String> {
    // Objects of one round keep others that the next one frees.
    for _ in 0..3 {
        std::fs::write("/proc/sys/vm/drop_caches", "2").map_err(|error| error.to_string())?;
    }
    let before = known_names()?;
    work()?;
    Ok(known_names()?.saturating_sub(before))
}

/// Each layer was asked once for each of so many names in its root, and few for more.
fn is_cheap(what: &str, cost: usize, names: usize) -> Result<(), String> {
    let bound = MANY * names + MANY / 5;
    must!(cost <= bound, "{what}: {cost} names looked up, not {bound}")
}

/// Directories that several of 500 lower layers have are renamed, twice, moved out of their parent, into another, and
/// exchanged: they hold what they held, also after a remount and in overlayfs, and each layer is asked once for each
/// name on the way.
pub fn moved_dir_many_lowers(b: &mut Bench) -> Result<(), String> {
    let l = b.layout(0)?;
    // There, names that do not exist are remembered.
    let base = b.disk(Fs::Ext4)?.join("moved_dir_many_lowers");
    let mut lowers = Vec::new();
    for number in 0..MANY {
        let layer = b.dir(&base.join(number.to_string()))?;
        b.file(&layer.join(format!("own{number}")), "own")?;
        if PARTS.contains(&number) {
            for dir in ["a", "a/sub", "a/sub/deep", "e", "p/q"] {
                let dir = b.dir(&layer.join(dir))?;
                b.file(&dir.join(format!("f{number}")), &number.to_string())?;
                b.file(&dir.join("same"), &number.to_string())?;
            }
        }
        lowers.push(layer);
    }
    // What is hidden stays so.
    b.works("unlink", sys::unlink(lowers[250].join("a/sub/same")))?;
    b.works(
        "mknod",
        sys::mknod(lowers[250].join("a/sub/same"), libc::S_IFCHR, 0),
    )?;
    let mount = |fstype: &str| -> Result<(), String> {
        let union = Union::new(fstype).lowers(&lowers).upper(&l.upper, &l.work);
        let union = union.option("redirect_dir", "on");
        Ok(union.mount(&l.target)?)
    };
    let at = |name: &str| l.target.join(name);
    let fstype = b.fstype;
    mount(fstype)?;
    let (sub, e) = (walk::outline(&at("a/sub")), walk::outline(&at("e")));
    must!(
        sub.len() == 2 * (PARTS.len() + 1) + 1 && e.len() == PARTS.len() + 1,
        "what is there: {sub:#?}, {e:#?}"
    )?;
    // How many names of the roots of the layers are needed, those of redirects included, and where the contents of
    // `a/sub` and `e` are then.
    let steps: [(Step, usize, &str, &str); 7] = [
        (("a", "a2", 0), 2, "a2/sub", "e"),
        (("a2", "a3", 0), 3, "a3/sub", "e"),
        (("a3/sub", "out", 0), 2, "out", "e"),
        (("out", "e", libc::RENAME_EXCHANGE), 3, "e", "out"),
        (("e", "p/q/in", 0), 2, "p/q/in", "out"),
        (("p/q/in", "p/in", 0), 2, "p/in", "out"),
        (
            ("p/in/deep", "out/deep", libc::RENAME_NOREPLACE),
            3,
            "p/in",
            "out",
        ),
    ];
    let mut deep = walk::Tree::new();
    for ((old, new, flags), names, sub_at, e_at) in steps {
        if new == "out/deep" {
            deep = walk::outline(&at(old));
        }
        // As after a boot: nothing is known of the layers.
        b.umount(&l.target)?;
        mount(fstype)?;
        let cost = looked_up(|| {
            let renamed = sys::rename(at(old), at(new), flags);
            b.works(&format!("rename {old} to {new}"), renamed)
        })?;
        is_cheap(&format!("rename {old} to {new}"), cost, names)?;
        for (when, fstype) in [
            ("at once", None),
            ("again", Some(fstype)),
            ("overlayfs", Some("overlay")),
        ] {
            if let Some(fstype) = fstype {
                b.umount(&l.target)?;
                mount(fstype)?;
            }
            let mut found = walk::outline(&at(sub_at));
            if new == "out/deep" {
                for (name, line) in &deep {
                    found.insert(format!("/deep{name}"), line.clone());
                }
                found.insert("/deep".into(), "dir".into());
                let moved = walk::outline(&at(new));
                must!(moved == deep, "{when}: {new} holds {moved:#?}")?;
            }
            must!(found == sub, "{old} to {new}, {when}: {found:#?}")?;
            let mut found = walk::outline(&at(e_at));
            found.retain(|name, _| !name.starts_with("/deep"));
            must!(found == e, "{old} to {new}, {when}: {e_at} {found:#?}")?;
        }
        b.umount(&l.target)?;
        mount(fstype)?;
    }
    for (path, names) in [("p/in/f499", 2), ("out/f499", 1), ("out/deep/f499", 2)] {
        b.umount(&l.target)?;
        mount(fstype)?;
        let cost = looked_up(|| b.holds(&at(path), "499"))?;
        is_cheap(path, cost, names)?;
    }
    b.umount(&l.target)?;
    std::fs::remove_dir_all(&base).map_err(|error| format!("{}: {error}", base.display()))
}

/// An upper layer in which directories were renamed is mounted over other lower layers, as extensions of a system come
/// and go (systemd-sysext, with its options): it shows what overlayfs shows of it, no two objects have one number, and
/// directories can be renamed again.
pub fn moved_dir_other_layers(b: &mut Bench) -> Result<(), String> {
    b.union_only("overlayfs is what it is compared with")?;
    let l = b.layout(0)?;
    let layer = |name: &str| -> Result<PathBuf, String> {
        // On each file system the same numbers are given in the same order.
        let layer = b.tmpfs(name)?;
        for dir in ["a", "a/sub", "p/q", "e"] {
            let dir = b.dir(&layer.join(dir))?;
            b.file(&dir.join(name), name)?;
            b.file(&dir.join("same"), name)?;
        }
        Ok(layer)
    };
    let (base, one, two) = (layer("base")?, layer("one")?, layer("two")?);
    let rounds: [(&[&PathBuf], Step); 8] = [
        (&[&base], ("a", "moved", 0)),
        (&[&one, &base], ("p/q", "q", 0)),
        (&[&two, &one, &base], ("moved/sub", "p/sub", 0)),
        (&[&two, &base], ("moved", "again", 0)),
        (&[&base], ("again", "q", libc::RENAME_EXCHANGE)),
        (&[&one], ("e", "e2", 0)),
        (&[&base, &one, &two], ("e2", "q/e", 0)),
        (&[&base], ("q", "p/sub/q", 0)),
    ];
    for (number, (lowers, (old, new, flags))) in rounds.into_iter().enumerate() {
        let mount = |fstype: &str| -> Result<(), String> {
            let mut union = Union::new(fstype)
                .lowers(lowers.iter().copied())
                .upper(&l.upper, &l.work);
            for (key, value) in [
                ("redirect_dir", "on"),
                ("metacopy", "off"),
                ("index", "off"),
            ] {
                union = union.option(key, value);
            }
            if fstype == "overlay" {
                // It must leave no mark by which it would know the layers.
                union = union.read_only();
            }
            Ok(union.mount(&l.target)?)
        };
        let at = |name: &str| l.target.join(name);
        mount(b.fstype)?;
        let when = format!("round {number}");
        all_differ(&l.target, &when)?;
        let renamed = sys::rename(at(old), at(new), flags);
        b.works(&format!("{when}: rename {old} to {new}"), renamed)?;
        let file = at(new).join("same");
        b.works("chmod", sys::chmod(&file, 0o600))?;
        b.file(&at(new).join(format!("new{number}")), &when)?;
        all_differ(&l.target, &when)?;
        let shown = walk::outline(&l.target);
        b.umount(&l.target)?;
        for other in ["overlay", b.fstype] {
            mount(other)?;
            let again = walk::outline(&l.target);
            b.umount(&l.target)?;
            must!(
                again == shown,
                "{when}: {other} shows {again:#?}, not {shown:#?}"
            )?;
        }
    }
    Ok(())
}
