// SPDX-License-Identifier: GPL-2.0-only
//! Reading files whose data overlayfs left in lower layers. The union must show of the same layers what overlayfs shows.

use std::path::{Path, PathBuf};

use crate::acl;
use crate::bench::{Bench, Layout};
use crate::copies::Copies;
use crate::errno::Errno;
use crate::metacopy::{self, KINDS};
use crate::mount::Union;
use crate::process::End;
use crate::sound;
use crate::sys;
use crate::walk;

/// Files whose attributes overlayfs has changed, that it has linked, renamed or moved, in the upper layer and in lower
/// ones, above layers with such files, have the data of the files beneath.
pub fn metacopy_read(b: &mut Bench) -> Result<(), String> {
    let base = b.tmpfs("layers")?;
    read(b, &base)
}

/// The same on ext4, which has extents.
pub fn metacopy_read_ext4(b: &mut Bench) -> Result<(), String> {
    let base = b.verity_ext4()?;
    read(b, &base)
}

fn read(b: &Bench, base: &Path) -> Result<(), String> {
    let first = b.layout_in(base, 2)?;
    fill(b, &first)?;
    b.in_overlayfs(&first, change)?;
    counted(&first.upper)?;
    compare(b, "one layer with marks", &first)?;
    let second = b.lay_on(&first, "second")?;
    b.in_overlayfs(&second, |root| again(root, ".new", ".2"))?;
    compare(b, "two layers with marks", &second)?;
    let third = b.lay_on(&second, "third")?;
    b.in_overlayfs(&third, |root| again(root, ".2", ".3"))?;
    compare(b, "three layers with marks", &third)
}

/// There must be enough to look at.
fn counted(upper: &Path) -> Result<(), String> {
    let tree = walk::walk(upper)?;
    let with = |name: &str| tree.values().filter(|line| line.contains(name)).count();
    let (marks, redirects) = (with(metacopy::MARK), with(metacopy::REDIRECT));
    must!(
        marks >= 25 && redirects >= 12,
        "overlayfs left {marks} marks and {redirects} redirects"
    )
}

/// A change that overlayfs makes to a file of the directory with its name.
type Change = fn(&Path) -> sys::Result<()>;

/// What overlayfs does to a file of each kind, in a directory for each.
const CHANGES: [(&str, Change); 12] = [
    ("chmod", |file| sys::chmod(file, 0o755)),
    ("chown", |file| sys::lchown(file, 7, 8)),
    ("utimes", |file| sys::utimens(file, (5, 6), (7, 8), 0)),
    ("setxattr", |file| sys::setxattr(file, "user.a", b"1", 0)),
    ("acl", |file| {
        let list = acl::encode("u:7,user:1000:6,g:4,m:6,o:4");
        sys::setxattr(file, acl::ACCESS, &list, 0)
    }),
    ("link", |file| sys::link(file, beside(file, ".new"), 0)),
    ("rename", |file| sys::rename(file, beside(file, ".new"), 0)),
    ("away", |file| {
        let name = file.file_name().unwrap_or_default();
        sys::rename(
            file,
            beside(&file.with_file_name("../other").join(name), ".new"),
            0,
        )
    }),
    ("fresh", |file| {
        let dir = file.with_file_name("../made");
        let _ = sys::mkdir(&dir, 0o755);
        sys::rename(file, dir.join(file.file_name().unwrap_or_default()), 0)
    }),
    ("parent", |file| sys::chmod(file, 0o600)),
    ("truncate", |file| sys::truncate(file, 10)),
    ("nothing", |_| Ok(())),
];

/// The same path with something at its end.
fn beside(file: &Path, end: &str) -> PathBuf {
    let mut name = file.as_os_str().to_owned();
    name.push(end);
    name.into()
}

/// Large files only where they make a difference.
fn has_kind(dir: &str, kind: &str) -> bool {
    kind != "big" || ["chmod", "rename", "truncate"].contains(&dir)
}

/// The lower layers.
fn fill(b: &Bench, l: &Layout) -> Result<(), String> {
    let bottom = &l.lowers[1];
    for (dir, _) in CHANGES {
        b.dir(&bottom.join(dir))?;
        for (kind, ..) in KINDS.into_iter().filter(|(kind, ..)| has_kind(dir, kind)) {
            metacopy::make(&bottom.join(dir).join(kind), kind, &format!("{dir}/{kind}"))?;
        }
    }
    for dir in ["other", "exchange", "several", "sub/deep"] {
        b.dir(&bottom.join(dir))?;
    }
    b.dir(&l.lowers[0].join("several"))?;
    for kind in ["one", "page", "odd", "holes"] {
        metacopy::make(
            &bottom.join("exchange").join(kind),
            kind,
            &format!("exchange/{kind}"),
        )?;
        metacopy::make(&bottom.join("several").join(kind), kind, "hidden")?;
        metacopy::make(&bottom.join("sub/deep").join(kind), kind, "deep")?;
    }
    // In both layers, with other sizes: only the upper one counts.
    for (name, kind) in [
        ("one", "odd"),
        ("page", "holes"),
        ("odd", "page"),
        ("holes", "one"),
    ] {
        metacopy::make(&l.lowers[0].join("several").join(name), kind, "seen")?;
    }
    metacopy::program(&bottom.join("chmod/program")).map(drop)
}

fn change(root: &Path) -> Result<(), String> {
    for (dir, change) in CHANGES {
        for (kind, ..) in KINDS.into_iter().filter(|(kind, ..)| has_kind(dir, kind)) {
            let file = root.join(dir).join(kind);
            change(&file).map_err(|error| format!("overlayfs, {dir}/{kind}: {error}"))?;
        }
    }
    let at = |name: &str| root.join(name);
    let steps = || -> sys::Result<()> {
        sys::chmod(at("chmod/program"), 0o711)?;
        for kind in ["one", "page", "odd", "holes"] {
            sys::chmod(at("several").join(kind), 0o640)?;
        }
        for (one, other) in [
            ("exchange/one", "exchange/page"),
            ("exchange/odd", "sub/deep/odd"),
        ] {
            sys::rename(at(one), at(other), libc::RENAME_EXCHANGE)?;
        }
        // The directory goes away with its marked files, and another directory with files without mark.
        sys::rename(at("parent"), at("other/parent.new"), 0)?;
        sys::rename(at("nothing"), at("nothing.new"), 0)?;
        sys::rename(at("sub"), at("exchange/sub"), 0)?;
        // Marked after the move of the directory.
        sys::chmod(at("nothing.new/odd"), 0o604)?;
        sys::rename(at("exchange/sub/deep/page"), at("page.new"), 0)
    };
    steps().map_err(|error| format!("overlayfs: {error}"))
}

/// Once more, with the results in a lower layer.
fn again(root: &Path, from: &str, to: &str) -> Result<(), String> {
    let at = |name: &str| root.join(name);
    let steps = || -> sys::Result<()> {
        for kind in ["one", "odd", "holes"] {
            let renamed = at("rename").join(kind);
            sys::rename(beside(&renamed, from), beside(&renamed, to), 0)?;
            let away = at("other").join(kind);
            sys::rename(beside(&away, from), beside(&away, to), 0)?;
            sys::chmod(at("chmod").join(kind), 0o700)?;
            sys::setxattr(at("several").join(kind), "user.again", to.as_bytes(), 0)?;
            sys::lchown(at("made").join(kind), 1, 1)?;
        }
        let moved = at("other/parent");
        sys::rename(beside(&moved, from), beside(&moved, to), 0)?;
        sys::chmod(beside(&moved, to).join("odd"), 0o644)?;
        sys::rename(
            beside(&moved, to).join("page"),
            beside(&at("from-parent"), to),
            0,
        )?;
        metacopy_again(&beside(&moved, to))?;
        sys::link(at("link/odd.new"), beside(&at("link/odd"), to), 0)?;
        sys::rename(beside(&at("page"), from), beside(&at("page"), to), 0)?;
        sys::unlink(at("utimes").join(if to == ".2" { "one" } else { "odd" }))
    };
    steps().map_err(|error| format!("overlayfs, again: {error}"))
}

/// So that there is a `page` the next time.
fn metacopy_again(dir: &Path) -> sys::Result<()> {
    sys::rename(dir.join("one"), dir.join("page"), 0)?;
    sys::rename(dir.join("holes"), dir.join("one"), 0)?;
    sys::rename(dir.join("odd"), dir.join("holes"), 0)?;
    sys::link(dir.join("holes"), dir.join("odd"), 0)
}

/// The layers must look as in overlayfs: with an upper layer, and all of them as lower ones.
fn compare(b: &Bench, what: &str, l: &Layout) -> Result<(), String> {
    let mut all = vec![l.upper.clone()];
    all.extend(l.lowers.iter().cloned());
    let read_only = |union: Union| union.lowers(&all);
    let lowers = b.lower_trees(l)?;
    for (how, theirs, ours) in [
        ("", b.overlayfs(l), b.follows(l)),
        (
            ", read-only",
            read_only(metacopy::metacopy_on(Union::new("overlay"))),
            read_only(b.following(b.new_union())),
        ),
    ] {
        let what = format!("{what}{how}");
        let mut expected = walk::Tree::new();
        let look = |root: &Path| metacopy::view(root);
        b.within(&theirs, &l.target, |root| {
            expected = look(root).map_err(|error| format!("{what}, overlayfs: {error}"))?;
            Ok(())
        })?;
        let mut unions = vec![ours.clone()];
        if b.is_union() && how.is_empty() {
            // The first records what directories list, and the second uses the records.
            unions.extend([
                ours.clone().option("fallthru", "on"),
                ours.option("fallthru", "on"),
            ]);
        }
        for union in unions {
            b.within(&union, &l.target, |root| {
                sound::consistent(root).map_err(|error| format!("{what}: {error}"))?;
                let found = look(root).map_err(|error| format!("{what}: {error}"))?;
                b.same(&what, &expected, &found)
            })?;
        }
    }
    for (number, before) in lowers.iter().enumerate() {
        let after = walk::walk(&l.lowers[number])?;
        b.same(&format!("{what}, lower layer {number}"), before, &after)?;
    }
    b.work_empty(l)
}

/// With hard links kept by overlayfs (`index=on`), every name has the data.
pub fn metacopy_read_index(b: &mut Bench) -> Result<(), String> {
    let base = b.verity_ext4()?;
    let l = b.layout_in(&base, 1)?;
    let bottom = &l.lowers[0];
    b.dir(&bottom.join("dir"))?;
    for kind in ["odd", "holes"] {
        let first = bottom.join(kind);
        metacopy::make(&first, kind, kind)?;
        for name in ["dir/second", "dir/third"] {
            let name = beside(&bottom.join(name), kind);
            b.works("link", sys::link(&first, name, 0))?;
        }
    }
    let indexed = b.overlayfs(&l).option("index", "on");
    b.within(&indexed, &l.target, |root| {
        for kind in ["odd", "holes"] {
            b.works("chmod", sys::chmod(root.join(kind), 0o600))?;
            let second = beside(&root.join("dir/second"), kind);
            b.works("rename", sys::rename(&second, beside(&second, ".new"), 0))?;
        }
        Ok(())
    })?;
    b.within(&b.follows(&l), &l.target, |root| {
        for (kind, size, data) in KINDS
            .into_iter()
            .filter(|k| ["odd", "holes"].contains(&k.0))
        {
            let mut expected = vec![0; size];
            expected[data.clone()].copy_from_slice(&metacopy::text(kind, data.len()));
            for name in [
                kind.into(),
                format!("dir/second{kind}.new"),
                format!("dir/third{kind}"),
            ] {
                b.has(&root.join(name), &expected)?;
            }
        }
        metacopy::view(root).map(drop)
    })
}

/// A program that overlayfs has made executable is executed, also while its mode changes; nobody writes to it then.
pub fn metacopy_exec(b: &mut Bench) -> Result<(), String> {
    let base = b.tmpfs("layers")?;
    let l = b.layout_in(&base, 1)?;
    let expected = metacopy::program(&l.lowers[0].join("program"))?;
    let waits = l.lowers[0].join("waits");
    std::fs::write(&waits, crate::elf::waits()).map_err(|error| error.to_string())?;
    b.in_overlayfs(&l, |root| {
        b.works("chmod", sys::chmod(root.join("program"), 0o755))?;
        b.works("chmod", sys::chmod(root.join("waits"), 0o755))
    })?;
    b.marked(&l.upper.join("waits"))?;
    b.within(&b.follows(&l), &l.target, |root| {
        let program = root.join("program").to_string_lossy().into_owned();
        let execute = || {
            crate::process::child(|| {
                crate::process::exec(&program, &[&program]);
                std::process::exit(99);
            })
        };
        must!(execute()? == expected, "it runs")?;
        let path = root.join("waits").to_string_lossy().into_owned();
        let pid = crate::process::background(|| {
            crate::process::exec(&path, &[&path]);
        })?;
        std::thread::sleep(std::time::Duration::from_millis(500));
        let busy = sys::open(&path, libc::O_WRONLY, 0);
        crate::process::kill(pid);
        let end = crate::process::wait(pid)?;
        must!(end == End::Signal(libc::SIGKILL), "it was running: {end:?}")?;
        b.works("chmod", sys::chmod(&path, 0o700))?;
        must!(busy == Err(Errno(libc::ETXTBSY)), "ETXTBSY, not {busy:?}")?;
        must!(execute()? == expected, "it runs again")
    })
}

/// Two unions of the same lower layer share its page cache for files without data: what one has read is in memory for
/// the other.
pub fn metacopy_shared_cache(b: &mut Bench) -> Result<(), String> {
    let base = b.verity_ext4()?;
    let l = b.layout_in(&base, 1)?;
    metacopy::make(&l.lowers[0].join("f"), "odd", "f")?;
    b.in_overlayfs(&l, |root| {
        b.works("chmod", sys::chmod(root.join("f"), 0o600))
    })?;
    b.syncfs(&base)?;
    b.within(&b.follows(&l), &l.target, |root| {
        let pages = |path: &Path| -> Result<usize, String> {
            let fd = sys::open(path, libc::O_RDONLY, 0)?;
            let map = sys::Region::new(fd, 0, 70_000, libc::PROT_READ, libc::MAP_SHARED)?;
            let there = map.resident()?.into_iter().filter(|page| *page).count();
            map.unmap()?;
            sys::close(fd)?;
            Ok(there)
        };
        std::fs::write("/proc/sys/vm/drop_caches", "1").map_err(|error| error.to_string())?;
        let before = pages(&l.lowers[0].join("f"))?;
        b.has(&root.join("f"), &metacopy::text("f", 70_000))?;
        let after = pages(&l.lowers[0].join("f"))?;
        must!(
            before == 0 && after == 18,
            "reading through the union fills the cache of the lower file: {before}, {after} pages"
        )
    })
}

/// The data and the size are those of the file beneath, whatever the size of the file with the mark.
pub fn metacopy_other_size(b: &mut Bench) -> Result<(), String> {
    b.union_only("overlayfs shows the size of the file with the mark")?;
    Copies::all(b)
        .iter()
        .try_for_each(|copies| other_size(b, *copies))
}

fn other_size(b: &Bench, copies: Copies) -> Result<(), String> {
    let base = b.tmpfs(&format!("layers-{copies:?}"))?;
    let l = b.layout_in(&base, 2)?;
    for (name, size) in [("empty", 0), ("short", 3), ("long", 100_000)] {
        metacopy::make(&l.lowers[1].join(name), "odd", name)?;
        for layer in [&l.upper, &l.lowers[0]] {
            let file = layer.join(name);
            b.file(&file, "")?;
            b.works("truncate", sys::truncate(&file, size))?;
            b.works("setxattr", sys::setxattr(&file, metacopy::MARK, b"", 0))?;
        }
    }
    let read_only = b.new_union().lowers(&l.lowers);
    for (what, union) in [("upper", b.follows(&l)), ("lower", read_only)] {
        b.within(&union, &l.target, |root| {
            for name in ["empty", "short", "long"] {
                let path = root.join(name);
                let size = b.works("stat", sys::stat(&path, 0))?.st_size;
                must!(size == 70_000, "{what}, {name}: size 70000, not {size}")?;
                b.has(&path, &metacopy::text(name, 70_000))?;
            }
            metacopy::view(root).map(drop)
        })?;
    }
    // What is written replaces what the file with the mark had.
    b.within(&copies.of(b, b.follows(&l)), &l.target, |root| {
        for name in ["empty", "short", "long"] {
            let path = root.join(name);
            let fd = b.works("open", sys::open(&path, libc::O_WRONLY, 0))?;
            b.works("write", sys::write(fd, b"new", Some(50_000)))?;
            b.works("close", sys::close(fd))?;
            let mut expected = metacopy::text(name, 70_000);
            expected[50_000..50_003].copy_from_slice(b"new");
            b.has(&path, &expected)?;
            b.settle(&path)?;
            b.has(&path, &expected)?;
            b.has(&l.upper.join(name), &expected)?;
            b.unmarked(&l.upper.join(name))?;
        }
        Ok(())
    })
}
