// SPDX-License-Identifier: GPL-2.0-only
//! Partial files that keep their map in a file of the private directory, and lower files that were exchanged.

use std::fs::File;
use std::os::fd::AsRawFd;
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};

use crate::bench::{Bench, Layout};
use crate::changes::{as_user, with};
use crate::mount::Union;
use crate::sys;
use crate::union::{accept, settle, settled};

const MARK: &str = "trusted.overlay.metacopy";
/// Bytes of a lower file whose map does not fit into the attribute.
const LARGE: u64 = 3 << 30;
/// Where it has data.
const DATA: [u64; 3] = [0, 1_000_000_007, LARGE - 4];

fn text(error: std::io::Error) -> String {
    error.to_string()
}

fn partial(b: &Bench, l: &Layout) -> Union {
    b.union(l).option("partial", "on")
}

fn make_large(path: &Path) -> Result<(), String> {
    let file = File::create(path).map_err(text)?;
    file.set_len(LARGE).map_err(text)?;
    for at in DATA {
        file.write_all_at(b"old!", at).map_err(text)?;
    }
    Ok(())
}

fn write(path: &Path, at: u64) -> sys::Result<()> {
    with(path, libc::O_WRONLY, |fd| {
        sys::write(fd, b"new", Some(at as i64))?;
        sys::fsync(fd)
    })
}

fn reads(path: &Path, at: u64, expected: &[u8]) -> Result<(), String> {
    let mut found = vec![0; expected.len()];
    let file = File::open(path).map_err(text)?;
    file.read_exact_at(&mut found, at).map_err(text)?;
    must!(found == expected, "at {at}: {found:?}, not {expected:?}")
}

fn sidecars(l: &Layout) -> Result<Vec<PathBuf>, String> {
    let dir = l.work.join("union/partial");
    if !dir.exists() {
        return Ok(Vec::new());
    }
    let entries = std::fs::read_dir(dir).map_err(text)?;
    entries
        .map(|entry| Ok(entry.map_err(text)?.path()))
        .collect()
}

/// The map of a large file is beside the work directory: small writes copy little, all is there when it is mounted
/// again, and nothing is left of files that are removed, replaced or settled.
pub fn partial_sidecar(b: &mut Bench) -> Result<(), String> {
    b.union_only("overlayfs has no such files")?;
    let l = b.layout(1)?;
    for name in ["large", "removed", "replaced", "settled"] {
        make_large(&l.lowers[0].join(name))?;
    }
    let large = l.target.join("large");
    partial(b, &l).mount(&l.target)?;
    b.works("write", write(&large, DATA[1] + 1))?;
    must!(sidecars(&l)?.len() == 1, "{:?}", sidecars(&l)?)?;
    let stat = b.works("stat", sys::stat(l.upper.join("large"), 0))?;
    must!(
        stat.st_blocks * 512 <= 131_072,
        "{} blocks are copied for 3 bytes",
        stat.st_blocks
    )?;
    for name in ["removed", "replaced", "settled"] {
        b.works("write", write(&l.target.join(name), DATA[0]))?;
    }
    b.umount(&l.target)?;
    partial(b, &l).mount(&l.target)?;
    reads(&large, DATA[1], b"onew")?;
    reads(&large, DATA[0], b"old!")?;
    reads(&large, DATA[2], b"old!")?;
    b.works("write", write(&large, DATA[2]))?;
    must!(sidecars(&l)?.len() == 4, "{:?}", sidecars(&l)?)?;
    // One that was read, and two that were not.
    reads(&l.target.join("removed"), DATA[0], b"new!")?;
    let fd = b.works("open", sys::open(l.target.join("removed"), libc::O_RDWR, 0))?;
    b.works("unlink", sys::unlink(l.target.join("removed")))?;
    must!(sidecars(&l)?.len() == 3, "{:?}", sidecars(&l)?)?;
    b.works("write", sys::write(fd, b"new", Some(DATA[1] as i64)))?;
    b.works("fsync", sys::fsync(fd))?;
    b.works("close", sys::close(fd))?;
    std::fs::write(l.target.join("other"), b"other").map_err(text)?;
    b.works(
        "rename",
        sys::rename(l.target.join("other"), l.target.join("replaced"), 0),
    )?;
    must!(sidecars(&l)?.len() == 2, "{:?}", sidecars(&l)?)?;
    b.works("truncate", sys::truncate(l.target.join("settled"), 100_000))?;
    b.works(
        "settle",
        with(&l.target.join("settled"), libc::O_RDONLY, settle),
    )?;
    must!(sidecars(&l)?.len() == 1, "{:?}", sidecars(&l)?)?;
    b.umount(&l.target)?;

    partial(b, &l).mount(&l.target)?;
    reads(&large, DATA[2], b"new!")?;
    reads(&large, DATA[1], b"onew")?;
    b.works("truncate", sys::truncate(&large, 1))?;
    b.works("settle", with(&large, libc::O_RDONLY, settle))?;
    // What a crash leaves goes with the guard; what is not ours stays.
    let (left, foreign) = (
        l.work.join("union/partial/0123456789abcdef"),
        l.work.join("union/partial/note"),
    );
    for path in [&left, &foreign] {
        std::fs::write(path, b"left").map_err(text)?;
    }
    let root = File::open(&l.target).map_err(text)?;
    b.works("settled", settled(root.as_raw_fd()))?;
    drop(root);
    must!(sidecars(&l)? == [foreign.clone()], "{:?}", sidecars(&l)?)?;
    b.umount(&l.target)?;
    b.works("unlink", sys::unlink(&foreign))
}

/// A map that is lost, damaged or another file's is an error of the file; without a place for it granules grow.
pub fn partial_sidecar_lost(b: &mut Bench) -> Result<(), String> {
    b.union_only("overlayfs has no such files")?;
    let l = b.layout(1)?;
    let names = ["removed", "zeros", "short", "open", "exchanged", "with"];
    let mut maps = Vec::new();
    for name in names {
        make_large(&l.lowers[0].join(name))?;
        partial(b, &l).mount(&l.target)?;
        b.works("write", write(&l.target.join(name), DATA[0]))?;
        b.umount(&l.target)?;
        let new = sidecars(&l)?.into_iter().find(|path| !maps.contains(path));
        maps.push(new.ok_or_else(|| format!("{name} has no map"))?);
    }
    let [removed, zeros, short, open, exchanged, with] = &maps[..] else {
        unreachable!("one each");
    };
    b.works("unlink", sys::unlink(removed))?;
    let file = File::options().write(true).open(zeros).map_err(text)?;
    file.write_all_at(&[0; 40], 0).map_err(text)?;
    drop(file);
    b.works("truncate", sys::truncate(short, 4097))?;
    b.works("chmod", sys::chmod(open, 0o666))?;
    b.works(
        "exchange",
        sys::rename(exchanged, with, libc::RENAME_EXCHANGE),
    )?;
    partial(b, &l).mount(&l.target)?;
    for name in names {
        let path = l.target.join(name);
        b.fails(name, sys::open(&path, libc::O_RDONLY, 0), libc::EIO)?;
        b.works("unlink", sys::unlink(&path))?;
    }
    b.umount(&l.target)?;

    // Whose owner has put something else there.
    let l = b.layout(1)?;
    make_large(&l.lowers[0].join("large"))?;
    std::fs::write(l.work.join("union"), b"taken").map_err(text)?;
    partial(b, &l).mount(&l.target)?;
    b.works("write", write(&l.target.join("large"), DATA[0]))?;
    b.umount(&l.target)?;
    let mark = sys::getxattr(l.upper.join("large"), MARK);
    must!(mark.as_deref() == Ok(b"P"), "its mark is {mark:?}")?;
    b.within(&partial(b, &l), &l.target, |root| {
        reads(&root.join("large"), DATA[0], b"new!")?;
        reads(&root.join("large"), DATA[2], b"old!")
    })
}

/// A file with its attributes and data as cp -a copies it; where it has no data, there is a hole.
fn copy(from: &Path, to: &Path) -> Result<(), String> {
    let stat = sys::stat(from, 0).map_err(|e| format!("{}: {e}", from.display()))?;
    let (old, new) = (File::open(from), File::create(to));
    let (old, new) = (old.map_err(text)?, new.map_err(text)?);
    new.set_len(stat.st_size as u64).map_err(text)?;
    let mut at = 0;
    while let Ok(start) = sys::lseek(old.as_raw_fd(), at, libc::SEEK_DATA) {
        at = sys::lseek(old.as_raw_fd(), start, libc::SEEK_HOLE).map_err(|e| e.to_string())?;
        let mut bytes = vec![0; (at - start) as usize];
        old.read_exact_at(&mut bytes, start as u64).map_err(text)?;
        new.write_all_at(&bytes, start as u64).map_err(text)?;
    }
    with_attributes(from, to)
}

fn with_attributes(from: &Path, to: &Path) -> Result<(), String> {
    let attributes = || -> sys::Result<()> {
        let stat = sys::stat(from, 0)?;
        for name in sys::listxattr(from)? {
            sys::setxattr(to, &name, &sys::getxattr(from, &name)?, 0)?;
        }
        sys::chmod(to, stat.st_mode & 0o7777)?;
        let time = (stat.st_mtime, stat.st_mtime_nsec);
        sys::utimens(to, time, time, 0)
    };
    attributes().map_err(|e| format!("attributes of {}: {e}", to.display()))
}

/// A directory with files, whiteouts and directories in it.
fn copy_all(from: &Path, to: &Path) -> Result<(), String> {
    std::fs::create_dir_all(to).map_err(text)?;
    for entry in std::fs::read_dir(from).map_err(text)? {
        let entry = entry.map_err(text)?;
        let (from, to) = (entry.path(), to.join(entry.file_name()));
        let kind = entry.file_type().map_err(text)?;
        if kind.is_dir() {
            copy_all(&from, &to)?;
        } else if kind.is_file() {
            copy(&from, &to)?;
        } else {
            sys::mknod(&to, libc::S_IFCHR, 0).map_err(|e| format!("whiteout: {e}"))?;
        }
    }
    with_attributes(from, to)
}

/// A file that was put back, or copied within the layer, does not take the map of another for its own; one that was
/// copied with the whole layer has its map there.
pub fn partial_sidecar_copied(b: &mut Bench) -> Result<(), String> {
    b.union_only("overlayfs has no such files")?;
    let l = b.layout(1)?;
    let large = l.target.join("large");
    make_large(&l.lowers[0].join("large"))?;
    let backup = l.lowers[0].with_file_name("backup");
    partial(b, &l).mount(&l.target)?;
    b.works("write", write(&large, DATA[0]))?;
    b.umount(&l.target)?;
    copy(&l.upper.join("large"), &backup)?;
    partial(b, &l).mount(&l.target)?;
    b.works("write", write(&large, DATA[2]))?;
    b.umount(&l.target)?;
    std::fs::remove_file(l.upper.join("large")).map_err(text)?;
    copy(&backup, &l.upper.join("large"))?;
    partial(b, &l).mount(&l.target)?;
    // It has no data where the map has got a granule since.
    b.fails("put back", sys::open(&large, libc::O_RDONLY, 0), libc::EIO)?;
    b.works("unlink", sys::unlink(&large))?;
    b.umount(&l.target)?;
    must!(sidecars(&l)?.len() == 1, "{:?}", sidecars(&l)?)?;

    let l = b.layout(1)?;
    let (large, moved) = (l.target.join("large"), l.target.join("moved"));
    make_large(&l.lowers[0].join("large"))?;
    partial(b, &l).mount(&l.target)?;
    b.works("write", write(&large, DATA[0]))?;
    b.works("rename", sys::rename(&large, &moved, 0))?;
    b.umount(&l.target)?;
    copy(&l.upper.join("moved"), &l.upper.join("twin"))?;
    let twin = l.target.join("twin");
    partial(b, &l).mount(&l.target)?;
    b.fails("the copy", sys::open(&twin, libc::O_RDONLY, 0), libc::EIO)?;
    reads(&moved, DATA[0], b"new!")?;
    b.works("unlink", sys::unlink(&twin))?;
    b.umount(&l.target)?;
    must!(sidecars(&l)?.len() == 1, "{:?}", sidecars(&l)?)?;

    let other = l.upper.with_file_name("other");
    let copied = Layout {
        lowers: l.lowers.clone(),
        upper: other.join("upper"),
        work: other.join("work"),
        target: l.target.clone(),
    };
    copy_all(&l.upper, &copied.upper)?;
    copy_all(&l.work, &copied.work)?;
    for layout in [&copied, &l, &copied] {
        partial(b, layout).mount(&l.target)?;
        reads(&moved, DATA[0], b"new!")?;
        reads(&moved, DATA[1], b"old!")?;
        b.works("write", write(&moved, DATA[2]))?;
        reads(&moved, DATA[2], b"new!")?;
        b.umount(&l.target)?;
    }
    // Now it is its own in the copy, too.
    copy(&copied.upper.join("moved"), &copied.upper.join("twin"))?;
    b.within(&partial(b, &copied), &l.target, |_| {
        b.fails("its copy", sys::open(&twin, libc::O_RDONLY, 0), libc::EIO)?;
        reads(&moved, DATA[2], b"new!")
    })
}

/// The administrator may say that an exchanged lower file has the same data; nobody else, and not of another size.
pub fn partial_accepted(b: &mut Bench) -> Result<(), String> {
    b.union_only("overlayfs has no such files")?;
    let l = b.layout(1)?;
    let names = ["same", "longer", "damaged", "untouched"];
    let lower = |name: &str| l.lowers[0].join(name);
    let make = |name: &str| -> Result<(), String> {
        std::fs::write(lower(name), [b'o'; 200_000]).map_err(text)?;
        b.works("utimens", sys::utimens(lower(name), (5, 0), (5, 0), 0))
    };
    for name in names {
        make(name)?;
    }
    partial(b, &l).mount(&l.target)?;
    for name in &names[..3] {
        b.works("write", write(&l.target.join(name), 100_000))?;
    }
    b.umount(&l.target)?;
    for name in &names[..3] {
        b.works("unlink", sys::unlink(lower(name)))?;
        make(name)?;
    }
    std::fs::write(lower("longer"), [b'o'; 200_001]).map_err(text)?;
    b.works(
        "setxattr",
        sys::setxattr(
            l.upper.join("damaged"),
            "trusted.overlay.union.part",
            b"damaged",
            0,
        ),
    )?;
    partial(b, &l).mount(&l.target)?;
    let same = l.target.join("same");
    b.fails("open", sys::open(&same, libc::O_RDONLY, 0), libc::EIO)?;
    let root = File::open(&l.target).map_err(text)?;
    let accept = |name: &str| accept(root.as_raw_fd(), name);
    b.fails("of a user", as_user(1000, || accept("same"))?, libc::EPERM)?;
    for (name, errno) in [
        ("longer", libc::ERANGE),
        ("damaged", libc::EIO),
        ("dir", libc::EINVAL),
        ("none", libc::ENOENT),
        ("a/b", libc::EINVAL),
    ] {
        b.fails(name, accept(name), errno)?;
    }
    b.works("untouched", accept("untouched"))?;
    b.works("accept", accept("same"))?;
    b.works("again", accept("same"))?;
    reads(&same, 99_999, b"onewo")?;
    drop(root);
    b.umount(&l.target)?;
    b.within(&partial(b, &l), &l.target, |_| {
        reads(&same, 99_999, b"onewo")?;
        b.works("write", write(&same, 3))?;
        reads(&same, 2, b"onewo")
    })
}

/// While nobody writes, the rest of a file of which little is missing comes to the upper layer by itself; of one of which
/// much is missing it does not.
pub fn partial_background(b: &mut Bench) -> Result<(), String> {
    b.union_only("overlayfs has no such files")?;
    let l = b.layout(1)?;
    for (name, size) in [("small", 300_000), ("half", 4 << 20), ("large", 4 << 20)] {
        std::fs::write(l.lowers[0].join(name), vec![b'o'; size]).map_err(text)?;
    }
    partial(b, &l).mount(&l.target)?;
    let times = |name: &str| {
        b.works("stat", sys::stat(l.target.join(name), 0))
            .map(|stat| stat.st_mtime)
    };
    b.works("write", write(&l.target.join("small"), 99_999))?;
    std::fs::OpenOptions::new()
        .write(true)
        .open(l.target.join("half"))
        .and_then(|file| file.write_all_at(&vec![b'n'; 3 << 20], 0))
        .map_err(text)?;
    b.works("write", write(&l.target.join("large"), 99_999))?;
    let (small, half) = (times("small")?, times("half")?);
    let is_partial = |name: &str| sys::getxattr(l.upper.join(name), MARK).is_ok();
    let started = std::time::Instant::now();
    while is_partial("small") || is_partial("half") {
        must!(
            started.elapsed().as_secs() < 300,
            "small {}, half {}: still partial",
            is_partial("small"),
            is_partial("half")
        )?;
        std::thread::sleep(std::time::Duration::from_secs(1));
    }
    must!(is_partial("large"), "a large file is left as it is")?;
    must!(
        times("small")? == small && times("half")? == half,
        "the times stay"
    )?;
    for root in [&l.target, &l.upper] {
        reads(&root.join("small"), 99_998, b"onewo")?;
        reads(&root.join("half"), (3 << 20) - 1, b"no")?;
    }
    b.umount(&l.target)?;
    b.within(&partial(b, &l), &l.target, |root| {
        reads(&root.join("half"), (4 << 20) - 1, b"o")?;
        reads(&root.join("large"), 99_998, b"onewo")
    })
}
