// SPDX-License-Identifier: GPL-2.0-only
//! Data-only layers, as images of composefs have them: files without data in a layer, the data of all of them, under
//! names made of digests, in another that is no part of the tree.

use std::path::{Path, PathBuf};

use crate::bench::{Bench, Layout};
use crate::errno::Errno;
use crate::metacopy::{self, MARK, REDIRECT};
use crate::mount::{Api, Union};
use crate::mountinfo;
use crate::sound;
use crate::sys;
use crate::walk;

/// Layers as of an image.
struct Image {
    /// The topmost lower layer has the tree; the work directory and the upper layer are empty.
    l: Layout,
    /// The data-only layers.
    data: Vec<PathBuf>,
}

/// The files of an image: path, path of the data, kind.
const FILES: [(&str, &str, &str); 6] = [
    ("etc/one", "0a/one-digest", "one"),
    ("etc/page", "0a/page-digest", "page"),
    ("usr/odd", "3c/odd-digest", "odd"),
    ("usr/share/holes", "3c/holes-digest", "holes"),
    ("big", "ff/big-digest", "big"),
    ("usr/program", "ff/program-digest", "odd"),
];

/// Makes an image by overlayfs: data are moved from where their digests are to names of the tree.
fn image(b: &Bench, base: &Path) -> Result<Image, String> {
    let made = b.layout_in(&b.dir(&base.join("made"))?, 1)?;
    let data = &made.lowers[0];
    for (path, digest, kind) in FILES {
        let file = data.join(digest);
        b.dir(file.parent().unwrap_or(data))?;
        metacopy::make(&file, kind, path)?;
    }
    metacopy::program(&data.join(FILES[5].1))?;
    b.in_overlayfs(&made, |root| {
        for (path, digest, _) in FILES {
            let file = root.join(path);
            b.dir(file.parent().unwrap_or(root))?;
            b.works("rename", sys::rename(root.join(digest), &file, 0))?;
            b.works(
                "setxattr",
                sys::setxattr(&file, "user.of", path.as_bytes(), 0),
            )?;
            b.works("chmod", sys::chmod(&file, 0o755))?;
        }
        b.file(&root.join("etc/own"), "own")
    })?;
    for (path, digest, _) in FILES {
        let file = made.upper.join(path);
        b.marked(&file)?;
        let to = b.works("getxattr", sys::getxattr(&file, REDIRECT))?;
        must!(
            to == format!("/{digest}").as_bytes(),
            "a redirect to the digest"
        )?;
        // An image has no whiteouts of the digests.
        b.works("unlink", sys::unlink(made.upper.join(digest)))?;
    }
    for dir in ["0a", "3c", "ff"] {
        b.works("rmdir", sys::rmdir(made.upper.join(dir)))?;
    }
    let data = made.lowers.clone();
    let mut l = b.layout_in(base, 0)?;
    l.lowers.push(made.upper);
    Ok(Image { l, data })
}

impl Image {
    /// The lower layers and the upper one in the type under test.
    fn union(&self, b: &Bench) -> Union {
        self.with_data(b.following(b.new_union().lowers(&self.l.lowers)))
            .upper(&self.l.upper, &self.l.work)
    }

    /// The same in overlayfs.
    fn overlayfs(&self) -> Union {
        let union = Union::new("overlay").lowers(&self.l.lowers);
        self.with_data(metacopy::metacopy_on(union))
            .upper(&self.l.upper, &self.l.work)
    }

    /// Adds the data-only layers.
    fn with_data(&self, union: Union) -> Union {
        self.data.iter().fold(union, Union::data)
    }

    /// The tree must look as in overlayfs.
    fn compare(&self, b: &Bench, what: &str) -> Result<(), String> {
        let mut expected = walk::Tree::new();
        b.within(&self.overlayfs(), &self.l.target, |root| {
            expected = metacopy::view(root)?;
            // Before their data are opened the blocks of files are a guess.
            expected = metacopy::view(root)?;
            Ok(())
        })?;
        b.within(&self.union(b), &self.l.target, |root| {
            sound::consistent(root)?;
            metacopy::view(root).map_err(|error| format!("{what}: {error}"))?;
            let found = metacopy::view(root)?;
            b.same(what, &expected, &found)
        })
    }
}

/// A tree of files without data shows those of the data-only layer, and not the layer itself; what is changed in it
/// comes to the upper layer, and overlayfs shows the same before and after.
pub fn data_only(b: &mut Bench) -> Result<(), String> {
    let base = b.tmpfs("layers")?;
    look_and_change(b, &base)
}

/// The same on ext4.
pub fn data_only_ext4(b: &mut Bench) -> Result<(), String> {
    let base = b.verity_ext4()?;
    look_and_change(b, &base)
}

fn look_and_change(b: &Bench, base: &Path) -> Result<(), String> {
    let image = image(b, base)?;
    image.compare(b, "an image")?;
    let lowers = b.lower_trees(&image.l)?;
    let data = walk::walk(&image.data[0])?;
    // overlayfs changes attributes, which makes files without data in the upper layer.
    b.within(&image.overlayfs(), &image.l.target, |root| {
        b.works("chmod", sys::chmod(root.join("etc/page"), 0o600))?;
        b.works(
            "rename",
            sys::rename(root.join("big"), root.join("usr/big"), 0),
        )
    })?;
    b.marked(&image.l.upper.join("usr/big"))?;
    image.compare(b, "an image and an upper layer")?;
    b.within(&image.union(b), &image.l.target, |root| {
        let names: Vec<_> = walk::list(root)?
            .into_iter()
            .map(|entry| entry.name)
            .collect();
        must!(
            names == [&b"etc"[..], b"usr"],
            "only the tree is listed: {names:?}"
        )?;
        b.fails("the data", sys::stat(root.join("3c"), 0), libc::ENOENT)?;
        // A name of the data-only layer is free.
        b.file(&b.dir(&root.join("3c"))?.join("odd-digest"), "new")?;
        // From the upper and from the lower layer.
        for (path, kind) in [
            ("usr/big", "big"),
            ("usr/odd", "usr/odd"),
            ("etc/page", "etc/page"),
        ] {
            let file = root.join(path);
            let mut expected = std::fs::read(&file).map_err(|error| error.to_string())?;
            let fd = b.works(kind, sys::open(&file, libc::O_WRONLY, 0))?;
            b.works("write", sys::write(fd, b"changed", Some(100)))?;
            b.works("close", sys::close(fd))?;
            expected[100..107].copy_from_slice(b"changed");
            b.has(&file, &expected)?;
            b.settle(&file)?;
            b.has(&file, &expected)?;
            b.unmarked(&image.l.upper.join(path))?;
        }
        let holes = root.join("usr/share/holes");
        b.works("chmod", sys::chmod(&holes, 0o604))?;
        b.works("rename", sys::rename(&holes, root.join("renamed"), 0))?;
        b.works(
            "link",
            sys::link(root.join("etc/one"), root.join("linked"), 0),
        )?;
        b.works("unlink", sys::unlink(root.join("usr/program")))
    })?;
    image.compare(b, "after changes")?;
    b.same(
        "the lower layer",
        &lowers[0],
        &walk::walk(&image.l.lowers[0])?,
    )?;
    b.same("the data", &data, &walk::walk(&image.data[0])?)?;
    b.work_empty(&image.l)
}

/// Data are looked up in the order of the layers: an ordinary one beneath, then the data-only ones, the topmost first;
/// paths are those of the layers, without symbolic links.
pub fn data_only_order(b: &mut Bench) -> Result<(), String> {
    let base = b.tmpfs("layers")?;
    let mut image = image(b, &base)?;
    let ordinary = b.dir(&base.join("ordinary"))?;
    let (first, second) = (b.dir(&base.join("first"))?, b.dir(&base.join("second"))?);
    b.file(&b.dir(&first.join("0a"))?.join("page-digest"), "first")?;
    b.file(&b.dir(&second.join("0a"))?.join("page-digest"), "second")?;
    b.file(&second.join("0a/one-digest"), "second")?;
    b.file(&b.dir(&second.join("3c"))?.join("odd-digest"), "second")?;
    b.file(&b.dir(&ordinary.join("3c"))?.join("odd-digest"), "ordinary")?;
    image.l.lowers.push(ordinary);
    image.data.splice(0..0, [first, second]);
    let union = image.union(b);
    let look = |root: &Path| -> Result<(), String> {
        b.holds(&root.join("etc/page"), "first")?;
        b.holds(&root.join("etc/one"), "second")?;
        b.holds(&root.join("usr/odd"), "ordinary")?;
        b.has(&root.join("big"), &metacopy::text("big", 3 << 20))
    };
    b.within(&union, &image.l.target, |root| {
        look(root)?;
        let shown = mountinfo::listed_at(root)
            .ok_or("not mounted")?
            .shown_options;
        let datas = shown.matches("datadir+=").count();
        must!(datas == 3, "the data-only layers are shown: {shown}")
    })?;
    for api in [Api::Mount, Api::Fds] {
        b.within(&image.union(b).api(api), &image.l.target, look)?;
    }
    Ok(())
}

/// Data that are missing make open(2) fail and nothing else, until they are there; what leads to them through a
/// symbolic link or another mount, and what is no file, is as if missing.
pub fn data_only_missing(b: &mut Bench) -> Result<(), String> {
    b.union_only("overlayfs passes the errors of the lookup on")?;
    let base = b.tmpfs("layers")?;
    let l = b.layout_in(&base, 1)?;
    let data = b.dir(&base.join("data"))?;
    let mark = |name: &str, to: &str| -> Result<(), String> {
        let file = l.lowers[0].join(name);
        b.file(&file, "")?;
        b.works("truncate", sys::truncate(&file, 6))?;
        b.works("setxattr", sys::setxattr(&file, MARK, b"", 0))?;
        b.works("setxattr", sys::setxattr(&file, REDIRECT, to.as_bytes(), 0))
    };
    for (name, to) in [
        ("missing", "/dir/later"),
        ("deep", "/no/such/directory"),
        ("dir", "/dir"),
        ("fifo", "/fifo"),
        ("device", "/null"),
        ("symlink", "/symlink"),
        ("through-symlink", "/way/f"),
        ("mounted", "/mounted/f"),
        ("mounted-on", "/file"),
        ("through-file", "/f/f"),
        ("long", &format!("/{}", "x".repeat(250))),
    ] {
        mark(name, to)?;
    }
    mark("good", "/dir/f")?;
    b.dir(&data.join("dir"))?;
    b.file(&data.join("dir/f"), "secret")?;
    b.file(&data.join("f"), "secret")?;
    b.file(&data.join("file"), "secret")?;
    b.works("symlink", sys::symlink("dir/f", data.join("symlink")))?;
    b.works("symlink", sys::symlink("dir", data.join("way")))?;
    b.works(
        "fifo",
        sys::mknod(data.join("fifo"), libc::S_IFIFO | 0o600, 0),
    )?;
    let null = sys::makedev(1, 3);
    b.works(
        "device",
        sys::mknod(data.join("null"), libc::S_IFCHR | 0o600, null),
    )?;
    let other = b.dir(&data.join("mounted"))?;
    b.works("mount", sys::mount("tmpfs", &other, "tmpfs", 0, b""))?;
    b.file(&other.join("f"), "secret")?;
    let union = b.new_union().lowers(&l.lowers).data(&data);
    let union = union.upper(&l.upper, &l.work);
    b.within(&union, &l.target, |root| {
        let names: Vec<_> = walk::list(root)?
            .into_iter()
            .map(|entry| String::from_utf8_lossy(&entry.name).into_owned())
            // The mount over it is not in the layer, but the file beneath is.
            .filter(|name| name != "good" && name != "mounted-on")
            .collect();
        must!(names.len() == 10, "all are listed: {names:?}")?;
        for name in &names {
            let path = root.join(name);
            let stat = b.works(name, sys::stat(&path, 0))?;
            must!(
                stat.st_size == 6,
                "{name}: its own size, not {}",
                stat.st_size
            )?;
            b.works(name, sys::access(&path, libc::R_OK))?;
            b.fails(name, sys::open(&path, libc::O_RDONLY, 0), libc::EIO)?;
            b.fails(name, sys::truncate(&path, 3), libc::EIO)?;
            let open = |flags| {
                sys::open(&path, flags, 0).and_then(|fd| {
                    let result = sys::write(fd, b"new", None);
                    sys::close(fd).and(result)
                })
            };
            b.fails(name, open(libc::O_WRONLY), libc::EIO)?;
            must!(
                sys::stat(l.upper.join(name), 0).is_err(),
                "{name} is not copied up"
            )?;
        }
        let call = || sys::open(root.join("missing"), libc::O_RDONLY, 0);
        b.fails_and_says("missing", call, libc::EIO, &["union:", "/dir/later"])?;
        b.holds(&root.join("good"), "secret")?;
        b.holds(&root.join("mounted-on"), "secret")?;
        // Files that are not there yet may come.
        b.file(&data.join("dir/later"), "come")?;
        b.holds(&root.join("missing"), "come")?;
        let size = b.works("stat", sys::stat(root.join("missing"), 0))?.st_size;
        must!(size == 4, "the size of the data: {size}")?;
        // Without its data a file can still be removed, and be replaced by another.
        b.works("unlink", sys::unlink(root.join("deep")))?;
        b.file(&root.join("deep"), "new")?;
        b.file(&root.join("other"), "other")?;
        b.works(
            "rename",
            sys::rename(root.join("other"), root.join("fifo"), 0),
        )?;
        let cut = sys::open(root.join("dir"), libc::O_WRONLY | libc::O_TRUNC, 0);
        must!(
            cut.is_ok() || cut == Err(Errno(libc::EIO)),
            "nothing of the data is needed, or EIO: {cut:?}"
        )?;
        cut.map_or(Ok(()), |fd| Ok(sys::close(fd)?))
    })?;
    b.umount(&other)
}

/// Many processes open a file for the first time together.
pub fn data_only_together(b: &mut Bench) -> Result<(), String> {
    let base = b.tmpfs("layers")?;
    let image = image(b, &base)?;
    for round in 0..crate::pace::many(10) {
        let expected = metacopy::text("usr/odd", 70_000);
        b.within(&image.union(b), &image.l.target, |root| {
            b.crowd(12, |number| {
                for turn in 0..3 {
                    let stat = sys::stat(root.join("usr/odd"), 0).expect("stat");
                    assert_eq!(stat.st_size, 70_000);
                    assert!(std::fs::read(root.join("usr/odd")).expect("read") == expected);
                    if number == 11 && turn == 0 {
                        let _ = std::fs::write("/proc/sys/vm/drop_caches", "2");
                    }
                    if number == 10 && round % 2 == 1 {
                        sys::chmod(root.join("usr/odd"), 0o700).expect("chmod");
                    }
                }
            })
        })?;
    }
    Ok(())
}

/// Files of a lower layer find their data also with metacopy=off and with userxattr, files of the upper layer do not.
pub fn data_only_off(b: &mut Bench) -> Result<(), String> {
    let base = b.tmpfs("layers")?;
    let image = image(b, &base)?;
    b.within(&image.overlayfs(), &image.l.target, |root| {
        b.works("chmod", sys::chmod(root.join("etc/page"), 0o600))
    })?;
    let union = image.with_data(b.new_union().lowers(&image.l.lowers));
    let union = union
        .upper(&image.l.upper, &image.l.work)
        .option("metacopy", "off");
    b.within(&union, &image.l.target, |root| {
        b.has(&root.join("usr/odd"), &metacopy::text("usr/odd", 70_000))?;
        b.fails("upper", sys::stat(root.join("etc/page"), 0), libc::EPERM)
    })?;
    // The same marks in user.*.
    let l = b.layout_in(&b.dir(&base.join("user"))?, 1)?;
    for (layer, name) in [(&l.lowers[0], "lower"), (&l.upper, "upper")] {
        let file = layer.join(name);
        b.file(&file, "own")?;
        b.works(
            "setxattr",
            sys::setxattr(&file, "user.overlay.metacopy", b"", 0),
        )?;
        let to = b"/3c/odd-digest";
        b.works(
            "setxattr",
            sys::setxattr(&file, "user.overlay.redirect", to, 0),
        )?;
    }
    let union = image
        .with_data(b.new_union().lowers(&l.lowers))
        .flag("userxattr");
    b.within(&union.upper(&l.upper, &l.work), &l.target, |root| {
        b.has(&root.join("lower"), &metacopy::text("usr/odd", 70_000))?;
        b.fails("upper", sys::stat(root.join("upper"), 0), libc::EPERM)
    })
}
