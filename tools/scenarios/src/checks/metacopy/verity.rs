// SPDX-License-Identifier: GPL-2.0-only
//! Digests of fs-verity in the marks of files without data.

use std::path::Path;

use crate::bench::{Bench, Layout};
use crate::metacopy::{self, MARK, REDIRECT};
use crate::mount::Union;
use crate::sys;
use crate::walk;

/// Gives a file fs-verity.
fn seal(b: &Bench, path: &Path) -> Result<(), String> {
    let fd = b.works("open", sys::open(path, libc::O_RDONLY, 0))?;
    b.works("FS_IOC_ENABLE_VERITY", sys::enable_verity(fd))?;
    b.works("close", sys::close(fd))
}

/// The value of a mark with the digest that a file has.
fn mark_of(b: &Bench, path: &Path) -> Result<Vec<u8>, String> {
    let fd = b.works("open", sys::open(path, libc::O_RDONLY, 0))?;
    let (algorithm, digest) = b.works("FS_IOC_MEASURE_VERITY", sys::measure_verity(fd))?;
    b.works("close", sys::close(fd))?;
    let mut mark = vec![0, 4 + digest.len() as u8, 0, algorithm as u8];
    mark.extend(digest);
    Ok(mark)
}

/// Layers whose files are, by their names: sealed or plain in the lower layer, marked by overlayfs with or without
/// digest, and then replaced or not.
fn layers(b: &Bench) -> Result<Layout, String> {
    let ext4 = b.verity_ext4()?;
    let l = b.layout_in(&ext4, 1)?;
    let lower = &l.lowers[0];
    let sealed = ["right", "wrong", "unsealed", "touched"];
    for name in sealed.into_iter().chain(["plain"]) {
        metacopy::make(&lower.join(name), "odd", name)?;
    }
    for name in sealed {
        seal(b, &lower.join(name))?;
    }
    let on = b.overlayfs(&l).option("verity", "on");
    b.within(&on, &l.target, |root| {
        for name in ["right", "wrong", "unsealed", "plain"] {
            b.works("chmod", sys::chmod(root.join(name), 0o600))?;
        }
        Ok(())
    })?;
    b.in_overlayfs(&l, |root| {
        b.works("chmod", sys::chmod(root.join("touched"), 0o600))
    })?;
    for (name, length) in [
        ("right", 36),
        ("wrong", 36),
        ("unsealed", 36),
        ("touched", 0),
        ("plain", 0),
    ] {
        let mark = b.works(name, sys::getxattr(l.upper.join(name), MARK))?;
        must!(
            mark.len() == length,
            "{name}: a mark of {length} bytes, not {}",
            mark.len()
        )?;
    }
    must!(
        sys::getxattr(l.upper.join("right"), MARK)? == mark_of(b, &lower.join("right"))?,
        "the digest is that of the file"
    )?;
    for name in ["wrong", "unsealed"] {
        b.works("unlink", sys::unlink(lower.join(name)))?;
        metacopy::make(&lower.join(name), "odd", "somebody else")?;
    }
    seal(b, &lower.join("wrong"))?;
    Ok(l)
}

/// What reading a file of [`layers`] gives: the name that its data are of, or an error.
type Expected = [(&'static str, Option<&'static str>); 5];

const OFF: Expected = [
    ("right", Some("right")),
    ("wrong", Some("somebody else")),
    ("unsealed", Some("somebody else")),
    ("touched", Some("touched")),
    ("plain", Some("plain")),
];
const ON: Expected = [
    ("right", Some("right")),
    ("wrong", None),
    ("unsealed", None),
    ("touched", Some("touched")),
    ("plain", Some("plain")),
];
const REQUIRE: Expected = [
    ("right", Some("right")),
    ("wrong", None),
    ("unsealed", None),
    ("touched", None),
    ("plain", None),
];

const MODES: [(&str, Expected); 3] = [("off", OFF), ("on", ON), ("require", REQUIRE)];

/// Reading is refused with EIO if the data do not have the digest, or if none is there that is required; the attributes
/// can be read and changed.
pub fn verity_read(b: &mut Bench) -> Result<(), String> {
    let l = layers(b)?;
    let next = b.lay_on(&l, "next")?;
    for (layers, place) in [(&l, "upper"), (&next, "lower")] {
        for (mode, expected) in MODES {
            let union = b.follows(layers).option("verity", mode);
            b.within(&union, &l.target, |root| {
                for (name, data) in expected {
                    let (what, path) = (format!("{place}, {mode}, {name}"), root.join(name));
                    let stat = b.works(&what, sys::stat(&path, 0))?;
                    must!(
                        stat.st_size == 70_000 && stat.st_mode & 0o777 == 0o600,
                        "{what}: stat"
                    )?;
                    // Each time, not only at first.
                    for _ in 0..2 {
                        match data {
                            Some(of) => b.has(&path, &metacopy::text(of, 70_000))?,
                            None => {
                                b.fails(&what, sys::open(&path, libc::O_RDONLY, 0), libc::EIO)?
                            }
                        }
                    }
                }
                if b.is_union() && mode != "off" {
                    let call = || sys::open(root.join("wrong"), libc::O_RDONLY, 0);
                    b.fails_and_says("wrong", call, libc::EIO, &["union:", "wrong", "digest"])?;
                    let call = || sys::open(root.join("unsealed"), libc::O_RDONLY, 0);
                    b.fails_and_says("unsealed", call, libc::EIO, &["union:", "unsealed"])?;
                }
                Ok(())
            })
            .map_err(|error| format!("{place}, {mode}: {error}"))?;
        }
    }
    Ok(())
}

/// No way to the data and no copy of them goes around the digest; a copy has no mark, and needs none.
pub fn verity_copy_up(b: &mut Bench) -> Result<(), String> {
    b.union_only("overlayfs checks at the open")?;
    for place in ["upper", "lower"] {
        let l = layers(b)?;
        let l = match place {
            "upper" => l,
            _ => b.lay_on(&l, "next")?,
        };
        let union = b.follows(&l).option("verity", "require");
        b.within(&union, &l.target, |root| {
            for name in ["wrong", "unsealed", "touched", "plain"] {
                let (what, path) = (format!("{place}, {name}"), root.join(name));
                let calls: [(&str, fn(&Path) -> sys::Result<()>); 4] = [
                    ("open", |f| sys::open(f, libc::O_RDWR, 0).map(drop)),
                    ("truncate", |f| sys::truncate(f, 100)),
                    ("truncate up", |f| sys::truncate(f, 100_000)),
                    ("write", |f| {
                        let fd = sys::open(f, libc::O_WRONLY | libc::O_APPEND, 0)?;
                        let result = sys::write(fd, b"new", None);
                        sys::close(fd)?;
                        result.map(drop)
                    }),
                ];
                for (call, make) in calls {
                    b.fails(&format!("{what}: {call}"), make(&path), libc::EIO)?;
                }
                let chmod = sys::chmod(&path, 0o600);
                match place {
                    "upper" => b.works(&what, chmod)?,
                    // Copied as a whole.
                    _ => {
                        let is = chmod.is_ok() || chmod == Err(crate::errno::Errno(libc::EIO));
                        must!(is, "{what}: chmod: {chmod:?}")?;
                        b.fails(&what, sys::open(&path, libc::O_RDONLY, 0), libc::EIO)?;
                    }
                }
            }
            let path = root.join("right");
            let fd = b.works("open", sys::open(&path, libc::O_WRONLY, 0))?;
            b.works("write", sys::write(fd, b"new", Some(60_000)))?;
            b.works("close", sys::close(fd))?;
            let mut expected = metacopy::text("right", 70_000);
            expected[60_000..60_003].copy_from_slice(b"new");
            b.has(&path, &expected)?;
            b.unmarked(&l.upper.join("right"))?;
            // Nobody looks for the data of a file that gets new ones.
            let cut = sys::open(root.join("wrong"), libc::O_WRONLY | libc::O_TRUNC, 0);
            if let Ok(fd) = cut {
                b.works("write", sys::write(fd, b"mine", None))?;
                b.works("close", sys::close(fd))?;
                b.holds(&root.join("wrong"), "mine")?;
            }
            Ok(())
        })?;
        b.within(&union, &l.target, |root| {
            let tail = std::fs::read(root.join("right")).map_err(|error| error.to_string())?;
            must!(&tail[60_000..60_003] == b"new", "the change is there again")
        })?;
        let plain = Union::new("overlay")
            .lowers(&l.lowers)
            .upper(&l.upper, &l.work);
        if place == "upper" {
            b.within(&plain, &l.target, |root| {
                let data = std::fs::read(root.join("right")).map_err(|error| error.to_string())?;
                must!(&data[60_000..60_003] == b"new", "in overlayfs, too")
            })?;
        }
        for mounted in [&l.target, &b.base().join("ext4")] {
            let _ = sys::umount(mounted, 0);
        }
    }
    Ok(())
}

/// Metadata and names change under verity=require without the data, and overlayfs then reads the same.
pub fn verity_metadata(b: &mut Bench) -> Result<(), String> {
    let l = layers(b)?;
    let union = b.follows(&l).option("verity", "require");
    let mut tree = walk::Tree::new();
    let look = |root: &Path| -> Result<walk::Tree, String> {
        let dir = root.join("dir");
        b.has(&dir.join("moved"), &metacopy::text("right", 70_000))?;
        walk::walk(&dir)
    };
    b.within(&union, &l.target, |root| {
        b.dir(&root.join("dir"))?;
        b.works("chown", sys::lchown(root.join("right"), 3, 4))?;
        b.works(
            "setxattr",
            sys::setxattr(root.join("right"), "user.a", b"1", 0),
        )?;
        b.works(
            "rename",
            sys::rename(root.join("right"), root.join("dir/moved"), 0),
        )?;
        tree = look(root)?;
        Ok(())
    })?;
    for verity in ["off", "on", "require"] {
        for union in [b.follows(&l), b.overlayfs(&l)] {
            b.within(&union.option("verity", verity), &l.target, |root| {
                b.same(verity, &tree, &look(root)?)
            })?;
        }
    }
    Ok(())
}

/// Files of data-only layers are checked when they are first opened.
pub fn verity_data_only(b: &mut Bench) -> Result<(), String> {
    let ext4 = b.verity_ext4()?;
    let l = b.layout_in(&ext4, 1)?;
    let data = b.dir(&ext4.join("data"))?;
    for name in ["right", "wrong", "plain"] {
        metacopy::make(&data.join(name), "odd", name)?;
        if name != "plain" {
            seal(b, &data.join(name))?;
        }
    }
    let right = mark_of(b, &data.join("right"))?;
    for (name, mark) in [
        ("right", &right[..]),
        ("wrong", &right),
        ("plain", &right),
        ("none", b""),
    ] {
        let file = l.lowers[0].join(name);
        b.file(&file, "")?;
        b.works("truncate", sys::truncate(&file, 70_000))?;
        b.works("setxattr", sys::setxattr(&file, MARK, mark, 0))?;
        let to = format!("/{}", if name == "none" { "right" } else { name });
        b.works("setxattr", sys::setxattr(&file, REDIRECT, to.as_bytes(), 0))?;
    }
    for (mode, readable) in [
        ("off", &["none", "plain", "right", "wrong"][..]),
        ("on", &["none", "right"]),
        ("require", &["right"]),
    ] {
        // Data-only layers need no metacopy=on.
        for metacopy in ["on", "off"] {
            let mut union = b.new_union().lowers(&l.lowers).option("metacopy", metacopy);
            if metacopy == "on" {
                union = union.option("redirect_dir", "on");
            }
            let union = union.data(&data).option("verity", mode);
            b.within(&union, &l.target, |root| {
                for name in ["none", "plain", "right", "wrong"] {
                    let (path, what) = (
                        root.join(name),
                        format!("{mode}, metacopy={metacopy}, {name}"),
                    );
                    b.works(&what, sys::stat(&path, 0))?;
                    match readable.contains(&name) {
                        true => {
                            let of = if name == "none" { "right" } else { name };
                            b.has(&path, &metacopy::text(of, 70_000))?;
                        }
                        false => b.fails(&what, sys::open(&path, libc::O_RDONLY, 0), libc::EIO)?,
                    }
                }
                Ok(())
            })?;
        }
    }
    Ok(())
}
