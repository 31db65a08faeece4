// SPDX-License-Identifier: GPL-2.0-only
//! Redirects of directories.

use std::path::Path;

use crate::bench::Bench;
use crate::mount::Union;
use crate::mountinfo;
use crate::random::Dice;
use crate::sys;
use crate::walk;

/// With redirect_dir=nofollow a directory with a redirect is refused if a lower layer may have a directory for it. In
/// overlayfs it looks empty if its own directory has no lower parts, though an absolute redirect leads out of that.
pub fn redirect_nofollow(b: &mut Bench) -> Result<(), String> {
    let l = b.layout(3)?;
    let mark = |layer: &std::path::Path, name: &str, to: &str| -> Result<(), String> {
        let dir = b.dir(&layer.join(name))?;
        Ok(sys::setxattr(
            &dir,
            "trusted.overlay.redirect",
            to.as_bytes(),
            0,
        )?)
    };
    mark(&l.upper, "absolute", "/secret")?;
    mark(&l.upper, "relative", "secret")?;
    mark(&l.upper, "opaque", "secret")?;
    sys::setxattr(l.upper.join("opaque"), "trusted.overlay.opaque", b"y", 0)?;
    mark(&l.lowers[0], "lower", "/secret")?;
    mark(&l.lowers[0], "deep", "nowhere")?;
    mark(&l.lowers[2], "bottom", "/secret")?;
    mark(&l.upper, "below/inner", "/secret")?;
    b.dir(&l.lowers[1].join("below"))?;
    mark(&l.upper, "alone/inner", "/secret")?;
    b.file(&b.dir(&l.lowers[2].join("secret"))?.join("f"), "secret")?;
    for fstype in ["overlay", b.fstype] {
        let union = Union::new(fstype)
            .lowers(&l.lowers)
            .upper(&l.upper, &l.work)
            .option("redirect_dir", "nofollow");
        union.mount(&l.target)?;
        let at = |name: &str| l.target.join(name);
        for name in ["absolute", "relative", "lower", "deep", "below/inner"] {
            let what = format!("{fstype}: {name}");
            b.fails(&what, sys::stat(at(name), 0), libc::EPERM)?;
            b.fails(&what, sys::rmdir(at(name)), libc::EPERM)?;
            b.fails(&what, sys::mkdir(at(name), 0o755), libc::EPERM)?;
        }
        let what = format!("{fstype}: alone/inner");
        match fstype {
            "overlay" => b.works(&what, sys::stat(at("alone/inner"), 0)).map(drop)?,
            _ => {
                b.fails(&what, sys::stat(at("alone/inner"), 0), libc::EPERM)?;
                b.fails(&what, sys::rmdir(at("alone/inner")), libc::EPERM)?;
            }
        }
        for name in ["opaque", "bottom"] {
            let what = format!("{fstype}: {name}");
            b.works(&what, sys::stat(at(name), 0))?;
            b.fails(&what, sys::stat(at(name).join("f"), 0), libc::ENOENT)?;
        }
        b.holds(&at("secret/f"), "secret")?;
        if fstype != "overlay" {
            // overlayfs shows options that are not the kernel's defaults, and this may be one.
            let shown = mountinfo::listed_at(&l.target).map(|mount| mount.shown_options);
            must!(
                shown
                    .as_ref()
                    .is_some_and(|options| options.contains("redirect_dir=nofollow")),
                "{fstype} shows the option: {shown:?}"
            )?;
        }
        if fstype == "union" {
            // A name that hides one can be removed.
            b.file(&l.upper.join("lower"), "file")?;
        }
        b.umount(&l.target)?;
    }
    if !b.is_union() {
        return Ok(());
    }
    b.new_union()
        .lowers(&l.lowers)
        .upper(&l.upper, &l.work)
        .option("redirect_dir", "nofollow")
        .mount(&l.target)?;
    b.works("unlink", sys::unlink(l.target.join("lower")))?;
    b.fails("gone", sys::stat(l.target.join("lower"), 0), libc::ENOENT)?;
    let change = sys::mount("", &l.target, "union", libc::MS_REMOUNT, b"redirect_dir=on");
    b.fails("remount", change, libc::EINVAL)?;
    let same = sys::mount(
        "",
        &l.target,
        "union",
        libc::MS_REMOUNT,
        b"redirect_dir=nofollow",
    );
    b.works("remount", same)?;
    b.umount(&l.target)
}

/// Objects on the path of an absolute redirect hide and lead on as in overlayfs.
pub fn redirect_on_the_way(b: &mut Bench) -> Result<(), String> {
    let l = b.layout(0)?;
    let below = b.tmpfs("layers")?;
    for (number, (what, way, names)) in WAYS.into_iter().enumerate() {
        let layers: Vec<_> = ["1", "2", "3", "upper", "work"]
            .iter()
            .map(|name| b.dir(&below.join(number.to_string()).join(name)))
            .collect::<Result<_, _>>()?;
        way(b, &layers[0].join("a")).map_err(|error| format!("{what}: {error}"))?;
        b.file(&b.dir(&layers[1].join("a/b"))?.join("f2"), "2")?;
        b.file(&b.dir(&layers[1].join("old/b"))?.join("old2"), "2")?;
        b.file(&b.dir(&layers[2].join("a/b"))?.join("f3"), "3")?;
        let x = b.dir(&layers[3].join("x"))?;
        b.works("setxattr", sys::setxattr(&x, REDIRECT, b"/a/b", 0))?;
        for fstype in ["overlay", b.fstype] {
            Union::new(fstype)
                .lowers(&layers[..3])
                .upper(&layers[3], &layers[4])
                .option("redirect_dir", "follow")
                .mount(&l.target)?;
            let found = walk::outline(&l.target.join("x"));
            let found: Vec<_> = found
                .keys()
                .map(|name| name.trim_start_matches('/'))
                .collect();
            let what = format!("{fstype}, {what}: x has {names:?}, not {found:?}");
            must!(found == names, "{what}")?;
            b.umount(&l.target)?;
        }
    }
    Ok(())
}

const REDIRECT: &str = "trusted.overlay.redirect";
const OPAQUE: &str = "trusted.overlay.opaque";

/// The objects at `/a` in the topmost of three lower layers, where the redirect `/a/b` passes.
type Way = fn(&Bench, &Path) -> Result<(), String>;

const WAYS: [(&str, Way, &[&str]); 8] = [
    ("nothing", |_, _| Ok(()), &["f2", "f3"]),
    (
        "a directory",
        |b, a| b.file(&b.dir(&a.join("b"))?.join("f1"), "1"),
        &["f1", "f2", "f3"],
    ),
    (
        "an opaque directory",
        |b, a| {
            b.file(&b.dir(&a.join("b"))?.join("f1"), "1")?;
            Ok(sys::setxattr(a, OPAQUE, b"y", 0)?)
        },
        &["f1"],
    ),
    (
        "an opaque directory, empty",
        |b, a| Ok(sys::setxattr(b.dir(a)?, OPAQUE, b"y", 0)?),
        &[],
    ),
    (
        "a whiteout",
        |_, a| Ok(sys::mknod(a, libc::S_IFCHR, 0)?),
        &[],
    ),
    ("a file", |b, a| b.file(a, "file"), &[]),
    (
        "a directory that was moved",
        |b, a| {
            b.file(&b.dir(&a.join("b"))?.join("f1"), "1")?;
            Ok(sys::setxattr(a, REDIRECT, b"/old", 0)?)
        },
        &["f1", "old2"],
    ),
    (
        "a directory that was moved, empty",
        |b, a| Ok(sys::setxattr(b.dir(a)?, REDIRECT, b"old", 0)?),
        &["old2"],
    ),
];

/// Random layers with redirects look the same as in overlayfs.
pub fn redirect_random(b: &mut Bench) -> Result<(), String> {
    b.union_only("overlayfs is what it is compared with")?;
    let l = b.layout(0)?;
    let mut compared = 0;
    for seed in 0..ROUNDS {
        // Each has a file system of its own, as overlayfs remembers the ones that it has used.
        let base = b.tmpfs("layers")?;
        let mut dice = Dice::new(seed as u64 + 1);
        let mut layers = Vec::new();
        for number in 0..2 + dice.roll(3) {
            let layer = b.dir(&base.join(number.to_string()))?;
            fill(b, &mut dice, &layer, number, 3)?;
            layers.push(layer);
        }
        let work = b.dir(&base.join("work"))?;
        let with_upper = seed % 2 == 0;
        let look = |fstype: &str| -> Result<walk::Tree, String> {
            let union = match layers.split_first() {
                Some((upper, lowers)) if with_upper => {
                    Union::new(fstype).lowers(lowers).upper(upper, &work)
                }
                _ => Union::new(fstype).lowers(&layers),
            };
            union.option("redirect_dir", "follow").mount(&l.target)?;
            let tree = walk::outline(&l.target);
            b.umount(&l.target)?;
            Ok(tree)
        };
        let ours = look(b.fstype)?;
        let theirs = look("overlay")?;
        // In overlayfs one lower directory cannot belong to two directories of the upper layer.
        let refused: Vec<_> = theirs
            .iter()
            .filter(|(_, line)| line.contains("ESTALE"))
            .map(|(path, _)| path.clone())
            .collect();
        let counts = |(path, _): &(&String, &String)| {
            !refused.iter().any(|refused| path.starts_with(refused))
        };
        let wrong: Vec<_> = ours
            .iter()
            .filter(counts)
            .filter(|(path, line)| theirs.get(*path) != Some(*line))
            .chain(
                theirs
                    .iter()
                    .filter(counts)
                    .filter(|(path, _)| !ours.contains_key(*path)),
            )
            .map(|(path, _)| {
                format!(
                    "{path}: {:?}, overlayfs {:?}",
                    ours.get(path),
                    theirs.get(path)
                )
            })
            .collect();
        must!(wrong.is_empty(), "seed {seed}: the same tree: {wrong:#?}")?;
        compared += ours.iter().filter(counts).count();
        b.umount(&base)?;
    }
    must!(compared > 500, "enough was compared: {compared} names")
}

const ROUNDS: usize = 60;
const NAMES: [&str; 3] = ["a", "b", "c"];

fn fill(b: &Bench, dice: &mut Dice, dir: &Path, layer: usize, depth: usize) -> Result<(), String> {
    for name in NAMES {
        let path = dir.join(name);
        match dice.roll(10) {
            0 | 1 => {}
            2 => sys::mknod(&path, libc::S_IFCHR, 0)?,
            3 => b.file(&path, &format!("{layer} {name}"))?,
            _ if depth == 0 => b.file(&path, &format!("{layer} {name}"))?,
            roll => {
                b.dir(&path)?;
                if dice.roll(6) == 0 {
                    sys::setxattr(&path, "trusted.overlay.opaque", b"y", 0)?;
                }
                if roll > 6 {
                    let to = target(dice);
                    sys::setxattr(&path, "trusted.overlay.redirect", to.as_bytes(), 0)?;
                }
                fill(b, dice, &path, layer, depth - 1)?;
            }
        }
    }
    Ok(())
}

fn target(dice: &mut Dice) -> String {
    match dice.roll(4) {
        0 => NAMES[dice.roll(NAMES.len())].to_owned(),
        parts => (0..parts)
            .map(|_| format!("/{}", NAMES[dice.roll(NAMES.len())]))
            .collect(),
    }
}
