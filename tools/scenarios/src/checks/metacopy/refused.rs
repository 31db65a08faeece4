// SPDX-License-Identifier: GPL-2.0-only
//! Files without data of their own that are refused, and marks that have no effect.

use std::path::Path;

use crate::bench::Bench;
use crate::errno::Errno;
use crate::metacopy::{self, MARK, REDIRECT};
use crate::mount::Union;
use crate::random::Dice;
use crate::sys;
use crate::walk;

/// What a name that cannot be looked up gives: each call the same error.
fn refused(b: &Bench, what: &str, path: &Path, expected: i32) -> Result<(), String> {
    let calls: [(&str, fn(&Path) -> sys::Result<()>); 10] = [
        ("stat", |f| sys::stat(f, 0).map(drop)),
        ("open", |f| sys::open(f, libc::O_RDONLY, 0).map(drop)),
        ("open to write", |f| {
            sys::open(f, libc::O_WRONLY, 0).map(drop)
        }),
        ("open to make", |f| {
            sys::open(f, libc::O_CREAT | libc::O_WRONLY, 0o644).map(drop)
        }),
        ("truncate", |f| sys::truncate(f, 0)),
        ("chmod", |f| sys::chmod(f, 0o600)),
        ("unlink", |f| sys::unlink(f)),
        ("mkdir", |f| sys::mkdir(f, 0o755)),
        ("rename", |f| sys::rename(f, f.with_file_name("renamed"), 0)),
        ("link", |f| sys::link(f, f.with_file_name("linked"), 0)),
    ];
    for (call, make) in calls {
        b.fails(&format!("{what}: {call}"), make(path), expected)?;
    }
    Ok(())
}

/// With metacopy=off, and with redirect_dir=nofollow, which implies it, files without data are refused, with a line in
/// the log, and all others are as always.
pub fn metacopy_off(b: &mut Bench) -> Result<(), String> {
    let base = b.tmpfs("layers")?;
    let l = b.layout_in(&base, 1)?;
    for name in ["chmod", "rename", "plain", "copied"] {
        metacopy::make(&l.lowers[0].join(name), "odd", name)?;
    }
    b.in_overlayfs(&l, |root| {
        b.works("chmod", sys::chmod(root.join("chmod"), 0o600))?;
        b.works(
            "rename",
            sys::rename(root.join("rename"), root.join("renamed"), 0),
        )?;
        b.works("truncate", sys::truncate(root.join("copied"), 100))
    })?;
    let next = b.lay_on(&l, "next")?;
    for (layers, where_) in [(&l, "upper"), (&next, "lower")] {
        for (key, value) in [("metacopy", "off"), ("redirect_dir", "nofollow")] {
            let union = b.union(layers).option(key, value);
            b.within(&union, &l.target, |root| {
                let what = format!("{where_}, {key}={value}");
                for name in ["chmod", "renamed"] {
                    refused(b, &format!("{what}: {name}"), &root.join(name), libc::EPERM)?;
                }
                b.fails(&what, sys::stat(root.join("rename"), 0), libc::ENOENT)?;
                b.has(&root.join("plain"), &metacopy::text("plain", 70_000))?;
                b.has(&root.join("copied"), &metacopy::text("copied", 100))?;
                // overlayfs cannot list a directory that has such a file.
                if b.is_union() {
                    let names: Vec<_> = walk::list(root)?
                        .into_iter()
                        .map(|entry| entry.name)
                        .collect();
                    must!(
                        names == [&b"chmod"[..], b"copied", b"plain", b"renamed"],
                        "{what}: all are listed: {names:?}"
                    )?;
                    let stat = || sys::stat(root.join("chmod"), 0);
                    b.fails_and_says(&what, stat, libc::EPERM, &["union:", "chmod", "metacopy"])?;
                }
                Ok(())
            })?;
        }
    }
    // Nothing of that has changed anything.
    b.within(&b.follows(&next), &l.target, |root| {
        b.has(&root.join("chmod"), &metacopy::text("chmod", 70_000))?;
        b.has(&root.join("renamed"), &metacopy::text("rename", 70_000))
    })
}

/// With userxattr they are always refused: a file's owner could have set the mark, to read a file beneath.
pub fn metacopy_userxattr(b: &mut Bench) -> Result<(), String> {
    let base = b.tmpfs("layers")?;
    let l = b.layout_in(&base, 2)?;
    for (layer, name) in [
        (&l.upper, "upper"),
        (&l.lowers[0], "lower"),
        (&l.upper, "trusted"),
    ] {
        b.file(&l.lowers[1].join(name), "secret")?;
        b.works("chmod", sys::chmod(l.lowers[1].join(name), 0o600))?;
        b.file(&layer.join(name), "own")?;
        let mark = if name == "trusted" {
            MARK
        } else {
            "user.overlay.metacopy"
        };
        b.works("setxattr", sys::setxattr(layer.join(name), mark, b"", 0))?;
    }
    b.within(&b.union(&l).flag("userxattr"), &l.target, |root| {
        for name in ["upper", "lower"] {
            refused(b, name, &root.join(name), libc::EPERM)?;
            if b.is_union() {
                let stat = || sys::stat(root.join(name), 0);
                b.fails_and_says(name, stat, libc::EPERM, &["union:", name])?;
            }
        }
        // Not the private attributes of this union.
        b.holds(&root.join("trusted"), "own")
    })?;
    // And the other way round.
    b.within(&b.follows(&l), &l.target, |root| {
        b.holds(&root.join("upper"), "own")?;
        b.holds(&root.join("lower"), "own")?;
        b.holds(&root.join("trusted"), "secret")
    })
}

/// Marks with values that overlayfs does not write are refused with EIO and a line in the log, wherever they are.
pub fn metacopy_damaged(b: &mut Bench) -> Result<(), String> {
    b.union_only("overlayfs looks only at the length of most")?;
    let base = b.tmpfs("layers")?;
    let l = b.layout_in(&base, 2)?;
    let sha256 = [&[0, 36, 0, 1][..], &[7; 32]].concat();
    let sha512 = [&[0, 68, 0, 2][..], &[7; 64]].concat();
    let good: [&[u8]; 4] = [b"", &[0, 4, 0, 0], &sha256, &sha512];
    let bad: [&[u8]; 11] = [
        &[0],
        &[0, 4],
        &[0, 4, 0],
        &[1, 4, 0, 0],
        &[0, 5, 0, 0],
        &[0, 3, 0, 0],
        &[0, 4, 0, 0, 0],
        &[&sha256[..], &[7]].concat(),
        &sha256[..35],
        &[&sha512[..], &[7]].concat(),
        &[0; 300],
    ];
    let values = good.iter().map(|value| (*value, true));
    let values: Vec<_> = values
        .chain(bad.iter().map(|value| (*value, false)))
        .collect();
    for (number, (value, _)) in values.iter().enumerate() {
        for (layer, place) in [(&l.upper, "upper"), (&l.lowers[0], "lower")] {
            let name = format!("{place}{number}");
            b.file(&l.lowers[1].join(&name), &name)?;
            b.file(&layer.join(&name), "wrong")?;
            b.works("setxattr", sys::setxattr(layer.join(&name), MARK, value, 0))?;
        }
    }
    b.file(&l.lowers[1].join("plain"), "plain")?;
    b.within(&b.follows(&l), &l.target, |root| {
        for (number, (value, is_good)) in values.iter().enumerate() {
            for place in ["upper", "lower"] {
                let name = format!("{place}{number}");
                let path = root.join(&name);
                let what = format!("{name}, {:?}", &value[..value.len().min(6)]);
                match is_good {
                    true => b
                        .holds(&path, &name)
                        .map_err(|error| format!("{what}: {error}"))?,
                    false => refused(b, &what, &path, libc::EIO)?,
                }
            }
        }
        for name in ["upper4", "lower14"] {
            let stat = || sys::stat(root.join(name), 0);
            b.fails_and_says(name, stat, libc::EIO, &["union:", name])?;
        }
        b.holds(&root.join("plain"), "plain")?;
        must!(
            walk::list(root)?.len() == 2 * values.len() + 1,
            "all are listed"
        )
    })
}

/// What may lie beneath a file without data.
type Beneath = fn(&Path) -> sys::Result<()>;

const BENEATH: [(&str, Beneath); 6] = [
    ("nothing", |_| Ok(())),
    ("whiteout", |path| sys::mknod(path, libc::S_IFCHR, 0)),
    ("directory", |path| sys::mkdir(path, 0o755)),
    ("symlink", |path| sys::symlink("secret", path)),
    ("fifo", |path| sys::mknod(path, libc::S_IFIFO | 0o600, 0)),
    ("device", |path| {
        sys::mknod(path, libc::S_IFCHR | 0o600, sys::makedev(1, 5))
    }),
];

/// A file without data above anything but a file is refused, whatever lies further beneath.
pub fn metacopy_no_data(b: &mut Bench) -> Result<(), String> {
    let base = b.tmpfs("layers")?;
    let l = b.layout_in(&base, 3)?;
    let mark = |path: &Path| -> Result<(), String> {
        b.file(path, "own")?;
        b.works("setxattr", sys::setxattr(path, MARK, b"", 0))
    };
    b.file(&l.lowers[2].join("secret"), "secret")?;
    for (name, beneath) in BENEATH {
        // In the upper layer, in a lower one, and one above the other.
        for place in ["upper", "lower", "both"] {
            let name = format!("{name}-{place}");
            if place != "lower" {
                mark(&l.upper.join(&name))?;
            }
            if place != "upper" {
                mark(&l.lowers[0].join(&name))?;
            }
            b.works(&name, beneath(&l.lowers[1].join(&name)))?;
            if !name.starts_with("nothing") {
                b.file(&l.lowers[2].join(&name), "secret")?;
            }
        }
    }
    // An opaque directory has nothing beneath.
    mark(&b.dir(&l.upper.join("opaque"))?.join("f"))?;
    b.works(
        "opaque",
        sys::setxattr(l.upper.join("opaque"), "trusted.overlay.opaque", b"y", 0),
    )?;
    b.file(&b.dir(&l.lowers[1].join("opaque"))?.join("f"), "secret")?;
    // Nor has a directory of its own.
    mark(&b.dir(&l.upper.join("pure"))?.join("f"))?;
    b.within(&b.follows(&l), &l.target, |root| {
        for (name, _) in BENEATH {
            for place in ["upper", "lower", "both"] {
                let name = format!("{name}-{place}");
                refused(b, &name, &root.join(&name), libc::EIO)?;
            }
        }
        for name in ["opaque/f", "pure/f"] {
            refused(b, name, &root.join(name), libc::EIO)?;
        }
        if b.is_union() {
            let stat = || sys::stat(root.join("directory-both"), 0);
            b.fails_and_says(
                "no data",
                stat,
                libc::EIO,
                &["union:", "directory-both", "data"],
            )?;
        }
        // What can be looked up can be changed, and an error leaves nothing behind.
        b.file(&root.join("opaque/new"), "new")?;
        b.file(&root.join("secret"), "changed")
    })
}

/// Redirects of files that are damaged, lead out of the layers or to something else than a file show nothing that the
/// layers do not have.
pub fn metacopy_bad_redirects(b: &mut Bench) -> Result<(), String> {
    let base = b.tmpfs("layers")?;
    let l = b.layout_in(&base, 2)?;
    let bottom = &l.lowers[1];
    b.file(&b.dir(&bottom.join("deep/er"))?.join("f"), "deep")?;
    b.file(&bottom.join("plain"), "plain")?;
    let outside = b.dir(&base.join("outside"))?;
    b.file(&outside.join("secret"), "secret")?;
    b.works("symlink", sys::symlink("../outside", bottom.join("out")))?;
    b.works("symlink", sys::symlink("plain", bottom.join("symlink")))?;
    b.works(
        "fifo",
        sys::mknod(bottom.join("fifo"), libc::S_IFIFO | 0o600, 0),
    )?;
    let long = [b'l'; 5000];
    let values: [(&[u8], Option<&str>); 25] = [
        (b"plain", Some("plain")),
        (b"/plain", Some("plain")),
        (b"/deep/er/f", Some("deep")),
        (b"/none", None),
        (b"none", None),
        (b"deep", None),
        (b"/deep/er", None),
        (b"/plain/f", None),
        (b"/symlink", None),
        (b"symlink", None),
        (b"/out/secret", None),
        (b"out/secret", None),
        (b"../outside/secret", None),
        (b"/../outside/secret", None),
        (b"/deep/../../outside/secret", None),
        (b"deep/er/f", None),
        (b"/fifo", None),
        (b"..", None),
        (b".", None),
        (b"/", None),
        (b"//", None),
        (b"/deep//er/f/", None),
        (b"", None),
        (b"plain\0", None),
        (&long, None),
    ];
    for (value, expected) in values {
        let show = String::from_utf8_lossy(&value[..value.len().min(30)]).into_owned();
        if value.contains(&0) && !b.is_union() {
            // To overlayfs that is the end of it.
            continue;
        }
        for above in [&l.upper, &l.lowers[0]] {
            let file = above.join("f");
            b.file(&file, "own")?;
            b.works("setxattr", sys::setxattr(&file, MARK, b"", 0))?;
            if sys::setxattr(&file, REDIRECT, value, 0).is_err() {
                // Too long for the file system.
                b.works("unlink", sys::unlink(&file))?;
                continue;
            }
            b.within(&b.follows(&l), &l.target, |root| {
                let path = root.join("f");
                match expected {
                    Some(text) => b
                        .holds(&path, text)
                        .map_err(|error| format!("{show:?}: {error}"))?,
                    None => {
                        let found = sys::stat(&path, 0).map(|stat| stat.st_size);
                        let mut errors = vec![libc::EIO, libc::EINVAL, libc::ENAMETOOLONG];
                        if !b.is_union() {
                            // It looks up "..".
                            errors.push(libc::EACCES);
                        }
                        let fine = matches!(found, Err(Errno(error)) if errors.contains(&error));
                        must!(fine, "{show:?}: EIO, not {found:?}")?;
                        must!(std::fs::read(&path).is_err(), "{show:?} cannot be read")?;
                        let _ = sys::truncate(&path, 0);
                        let _ = sys::rename(&path, root.join("moved"), 0);
                    }
                }
                b.holds(&root.join("plain"), "plain")
            })?;
            b.works("unlink", sys::unlink(&file))?;
        }
    }
    b.holds(&outside.join("secret"), "secret")
}

/// Files whose redirects point to one another, through the layers or to themselves.
pub fn metacopy_loops(b: &mut Bench) -> Result<(), String> {
    let base = b.tmpfs("layers")?;
    let l = b.layout_in(&base, 3)?;
    let mark = |layer: &Path, name: &str, to: &str| -> Result<(), String> {
        let file = layer.join(name);
        b.file(&file, "own")?;
        b.works("setxattr", sys::setxattr(&file, MARK, b"", 0))?;
        b.works("setxattr", sys::setxattr(&file, REDIRECT, to.as_bytes(), 0))
    };
    for layer in [&l.upper, &l.lowers[0], &l.lowers[1]] {
        for (name, to) in [
            ("a", "/b"),
            ("b", "/a"),
            ("c", "d"),
            ("d", "c"),
            ("self", "/self"),
        ] {
            mark(layer, name, to)?;
        }
    }
    for name in ["endless", "other"] {
        for layer in [&l.upper, &l.lowers[0], &l.lowers[1], &l.lowers[2]] {
            mark(
                layer,
                name,
                if name == "other" { "endless" } else { "other" },
            )?;
        }
    }
    for name in ["a", "b", "c", "d", "self"] {
        b.file(&l.lowers[2].join(name), &format!("data of {name}"))?;
    }
    b.within(&b.follows(&l), &l.target, |root| {
        // Three redirects lead to the other one.
        for (name, data) in [
            ("a", "b"),
            ("b", "a"),
            ("c", "d"),
            ("d", "c"),
            ("self", "self"),
        ] {
            b.holds(&root.join(name), &format!("data of {data}"))?;
        }
        for name in ["endless", "other"] {
            refused(b, name, &root.join(name), libc::EIO)?;
        }
        Ok(())
    })
}

/// Redirects of files with data of their own are not followed, and marks of anything but files are ignored.
pub fn metacopy_ignored(b: &mut Bench) -> Result<(), String> {
    let base = b.tmpfs("layers")?;
    let l = b.layout_in(&base, 2)?;
    b.file(&l.lowers[1].join("secret"), "secret")?;
    for (layer, place) in [(&l.upper, "upper"), (&l.lowers[0], "lower")] {
        for (name, to) in [
            ("stale", "secret"),
            ("dangling", "/none"),
            ("corrupt", "/../x"),
        ] {
            let file = layer.join(format!("{place}-{name}"));
            b.file(&file, "own")?;
            b.works("setxattr", sys::setxattr(&file, REDIRECT, to.as_bytes(), 0))?;
        }
        let (dir, link, fifo) = (
            b.dir(&layer.join(format!("{place}-dir")))?,
            layer.join(format!("{place}-symlink")),
            layer.join(format!("{place}-fifo")),
        );
        b.file(
            &b.dir(&l.lowers[1].join(format!("{place}-dir")))?.join("f"),
            "below",
        )?;
        b.works("symlink", sys::symlink("target", &link))?;
        b.works("fifo", sys::mknod(&fifo, libc::S_IFIFO | 0o600, 0))?;
        for path in [&dir, &link, &fifo] {
            b.works("setxattr", sys::setxattr(path, MARK, b"", 0))?;
        }
    }
    let union = b.follows(&l);
    let look = |root: &Path| -> Result<(), String> {
        for place in ["upper", "lower"] {
            let at = |name: &str| root.join(format!("{place}-{name}"));
            for name in ["stale", "dangling", "corrupt"] {
                b.holds(&at(name), "own")?;
            }
            b.holds(&at("dir").join("f"), "below")?;
            must!(sys::readlink(at("symlink"))? == b"target", "the link")?;
            b.works("stat", sys::stat(at("fifo"), 0))?;
        }
        Ok(())
    };
    b.within(&union, &l.target, |root| {
        look(root)?;
        for place in ["upper", "lower"] {
            for name in ["stale", "dir", "fifo"] {
                let path = root.join(format!("{place}-{name}"));
                b.works("chmod", sys::chmod(&path, 0o755))?;
            }
            b.file(&root.join(format!("{place}-dir/new")), "new")?;
        }
        look(root)
    })?;
    b.within(&union, &l.target, look)
}

/// Random layers of files, directories and whiteouts with marks and redirects look the same as in overlayfs.
pub fn metacopy_random(b: &mut Bench) -> Result<(), String> {
    let l = b.layout(0)?;
    let (mut compared, mut read) = (0, 0);
    let rounds = crate::pace::many(80);
    for seed in 0..rounds {
        // Each has a file system of its own, as overlayfs remembers the ones that it has used.
        let base = b.tmpfs("layers")?;
        let mut dice = Dice::new(seed as u64 + 1);
        let mut layers = Vec::new();
        for number in 0..2 + dice.roll(4) {
            let layer = b.dir(&base.join(number.to_string()))?;
            scatter(b, &mut dice, &layer, number, 2)?;
            layers.push(layer);
        }
        let work = b.dir(&base.join("work"))?;
        let union = |fstype: &str| match layers.split_first() {
            Some((upper, lowers)) if seed % 2 == 0 => {
                Union::new(fstype).lowers(lowers).upper(upper, &work)
            }
            _ => Union::new(fstype).lowers(&layers),
        };
        let look = |union: Union| -> Result<walk::Tree, String> {
            union.mount(&l.target)?;
            let mut tree = walk::Tree::new();
            probe(&l.target, "", 3, &mut tree);
            b.umount(&l.target)?;
            Ok(tree)
        };
        let ours = look(b.following(union(b.fstype)))?;
        let theirs = look(metacopy::metacopy_on(union("overlay")))?;
        // In overlayfs one lower directory cannot belong to two directories of the upper layer.
        let stale: Vec<_> = theirs
            .iter()
            .filter(|(_, line)| line.contains("ESTALE"))
            .map(|(path, _)| path.clone())
            .collect();
        let names = ours.keys().chain(theirs.keys());
        let names = names.filter(|path| !stale.iter().any(|stale| path.starts_with(stale)));
        let wrong: Vec<_> = names
            .clone()
            .filter(|path| ours.get(*path) != theirs.get(*path))
            .map(|path| {
                format!(
                    "{path}: {:?}, overlayfs {:?}",
                    ours.get(path),
                    theirs.get(path)
                )
            })
            .collect();
        must!(wrong.is_empty(), "seed {seed}: the same tree: {wrong:#?}")?;
        compared += names.count();
        read += ours
            .values()
            .filter(|line| line.contains("own") || line.contains("EIO"))
            .count();
        b.umount(&base)?;
    }
    must!(
        compared > 6 * rounds && read > rounds / 2,
        "enough was compared: {compared}, {read} files"
    )
}

const NAMES: [&str; 3] = ["a", "b", "c"];

/// What every name is that there may be. No directory is listed: overlayfs cannot if a name cannot be looked up.
fn probe(dir: &Path, above: &str, depth: usize, tree: &mut walk::Tree) {
    for name in NAMES {
        let (path, below) = (dir.join(name), format!("{above}/{name}"));
        let line = match sys::stat(&path, libc::AT_SYMLINK_NOFOLLOW) {
            Err(Errno(libc::ENOENT)) => continue,
            Err(error) => error.to_string(),
            Ok(stat) if walk::kind(&stat) == libc::S_IFDIR => {
                if depth > 0 {
                    probe(&path, &below, depth - 1, tree);
                }
                "dir".to_owned()
            }
            Ok(_) => match std::fs::read(&path) {
                Ok(text) => walk::show(&text),
                Err(error) => Errno::from(error).to_string(),
            },
        };
        tree.insert(below, line);
    }
}

fn scatter(
    b: &Bench,
    dice: &mut Dice,
    dir: &Path,
    layer: usize,
    depth: usize,
) -> Result<(), String> {
    for name in NAMES {
        let path = dir.join(name);
        match dice.roll(12) {
            0 | 1 => continue,
            2 => {
                sys::mknod(&path, libc::S_IFCHR, 0)?;
                continue;
            }
            roll if roll > 8 && depth > 0 => {
                b.dir(&path)?;
                if dice.roll(6) == 0 {
                    sys::setxattr(&path, "trusted.overlay.opaque", b"y", 0)?;
                }
                scatter(b, dice, &path, layer, depth - 1)?;
            }
            roll => {
                b.file(&path, &format!("own {layer} {name}"))?;
                if roll > 4 {
                    sys::setxattr(&path, MARK, b"", 0)?;
                }
            }
        }
        if dice.roll(3) == 0 {
            let to = match dice.roll(4) {
                0 => NAMES[dice.roll(NAMES.len())].to_owned(),
                parts => (0..parts.min(2))
                    .map(|_| format!("/{}", NAMES[dice.roll(NAMES.len())]))
                    .collect(),
            };
            sys::setxattr(&path, REDIRECT, to.as_bytes(), 0)?;
        }
    }
    Ok(())
}
