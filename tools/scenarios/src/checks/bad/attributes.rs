// SPDX-License-Identifier: GPL-2.0-only
//! Private attributes and whiteouts that are invalid or wrong.

use std::path::Path;

use crate::bench::Bench;
use crate::errno::Errno;
use crate::sys;
use crate::walk;

/// Private attributes of any length are read as valid or refused with EIO, in every layer and on every type.
pub fn bad_lengths(b: &mut Bench) -> Result<(), String> {
    let l = b.layout(2)?;
    for layer in [&l.upper, &l.lowers[0], &l.lowers[1]] {
        let name = layer
            .file_name()
            .ok_or("a name")?
            .to_string_lossy()
            .into_owned();
        for attribute in ATTRIBUTES {
            let dir = b.dir(&layer.join(format!("{name}.{attribute}")))?;
            for (number, length) in LENGTHS.iter().enumerate() {
                // Text, a number, the head of a handle of overlayfs, bytes without any meaning.
                let fill = [b'y', b'0', 0xfb, 0xff][number % 4];
                let value = vec![fill; *length];
                let file = dir.join(format!("f{length}"));
                b.file(&file, "text")?;
                let sub = b.dir(&dir.join(format!("d{length}")))?;
                b.file(&sub.join("inside"), "inside")?;
                for path in [file, sub] {
                    let attribute = format!("trusted.overlay.{attribute}");
                    b.works("setxattr", sys::setxattr(&path, &attribute, &value, 0))?;
                }
            }
        }
    }
    b.union(&l).mount(&l.target)?;
    let fine = |what: &str, result: Result<Vec<u8>, Errno>| match result {
        Ok(data) => must!(data == b"text" || data == b"inside", "{what}: its own text"),
        Err(error) => must!(
            [libc::EIO, libc::ENOENT, libc::ENAMETOOLONG].contains(&error.0),
            "{what}: EIO, ENOENT or ENAMETOOLONG, not {error}"
        ),
    };
    let read = |path: &std::path::Path| {
        let fd = sys::open(path, libc::O_RDONLY, 0)?;
        let data = sys::read(fd, 100, None);
        sys::close(fd)?;
        data
    };
    let mut changed = 0;
    for dir in walk::list(&l.target)? {
        let dir = l
            .target
            .join(String::from_utf8_lossy(&dir.name).into_owned());
        let Ok(_) = walk::list(&dir) else { continue };
        for length in LENGTHS {
            let (file, sub) = (
                dir.join(format!("f{length}")),
                dir.join(format!("d{length}")),
            );
            fine(&file.to_string_lossy(), read(&file))?;
            fine(&sub.to_string_lossy(), read(&sub.join("inside")))?;
            changed += usize::from(sys::chmod(&file, 0o600).is_ok());
            let _ = sys::mkdir(sub.join("new"), 0o755);
            let _ = sys::rename(&sub, dir.join("renamed"), 0);
            let _ = sys::link(&file, dir.join("linked"), 0);
            let _ = sys::unlink(dir.join("linked"));
            let _ = walk::list(&dir.join("renamed"));
        }
    }
    must!(
        changed > 200,
        "many can be changed all the same, not {changed}"
    )?;
    b.umount(&l.target)?;
    b.union(&l).mount(&l.target)?;
    b.holds(&l.target.join("file"), "below")?;
    b.umount(&l.target)
}

const ATTRIBUTES: &[&str] = &[
    "opaque",
    "redirect",
    "origin",
    "impure",
    "nlink",
    "metacopy",
    "protattr",
    "whiteout",
    "union.ino",
    "union.",
    "overlay.opaque",
];

/// Lengths around all those that a decoder may expect, and around the sizes of its buffers.
const LENGTHS: &[usize] = &[0, 1, 2, 7, 8, 9, 10, 17, 21, 33, 64, 65, 256, 1000];

/// An opaque mark has effect on directories, with valid values; no other value shows hidden names.
pub fn bad_opaque(b: &mut Bench) -> Result<(), String> {
    let l = b.layout(2)?;
    let long = [b'y'; 300];
    let values: [(&[u8], &[&str]); 8] = [
        (b"y", &["new"]),
        (b"x", &["new", "old"]),
        (b"n", &[]),
        (b"", &[]),
        (b"Y", &[]),
        (b"yy", &[]),
        (b"y\0", &[]),
        (&long, &[]),
    ];
    for place in ["upper", "lower"] {
        for (number, (value, names)) in values.iter().enumerate() {
            let name = format!("{place}{number}");
            b.file(&b.dir(&l.lowers[1].join(&name))?.join("old"), "old")?;
            let above = if place == "upper" {
                &l.upper
            } else {
                &l.lowers[0]
            };
            let dir = b.dir(&above.join(&name))?;
            b.file(&dir.join("new"), "new")?;
            b.works("setxattr", sys::setxattr(&dir, MARK, value, 0))?;
            b.union(&l).mount(&l.target)?;
            let seen = walk::list(&l.target.join(&name)).map(|entries| {
                let names = entries
                    .into_iter()
                    .map(|entry| entry.name.escape_ascii().to_string());
                names.collect::<Vec<_>>()
            });
            let right = match &seen {
                Ok(seen) if names.is_empty() => *seen == ["new", "old"],
                Ok(seen) => seen == names,
                Err(error) => names.is_empty() && *error == Errno(libc::EIO),
            };
            must!(
                right,
                "{place}, value {:?}: {names:?}, not {seen:?}",
                value.escape_ascii().to_string()
            )?;
            b.holds(&l.target.join("file"), "below")?;
            b.umount(&l.target)?;
            std::fs::remove_dir_all(&dir).map_err(|error| error.to_string())?;
        }
    }
    // On anything else it has no effect.
    b.works(
        "setxattr",
        sys::setxattr(l.lowers[0].join("file"), MARK, b"y", 0),
    )?;
    b.works("symlink", sys::symlink("target", l.upper.join("symlink")))?;
    b.works(
        "mkfifo",
        sys::mknod(l.upper.join("fifo"), libc::S_IFIFO | 0o600, 0),
    )?;
    for name in ["symlink", "fifo"] {
        b.works(
            "setxattr",
            sys::setxattr(l.upper.join(name), MARK, b"garbage", 0),
        )?;
    }
    let (union, lowers) = b.mounted(&l)?;
    b.holds(&l.target.join("file"), "below")?;
    must!(
        sys::readlink(l.target.join("symlink"))? == b"target",
        "the link"
    )?;
    b.works("chmod", sys::chmod(l.target.join("fifo"), 0o640))?;
    b.file(&l.target.join("file"), "changed")?;
    b.sound(&union, &l, &lowers).map(drop)
}

const MARK: &str = "trusted.overlay.opaque";

/// Redirects that dangle, form circles or lead out of the layers reach nothing outside and do no harm.
pub fn bad_redirects(b: &mut Bench) -> Result<(), String> {
    let l = b.layout(2)?;
    for name in ["target", "one", "two", "deep/er"] {
        b.file(&b.dir(&l.lowers[1].join(name))?.join("inside"), name)?;
    }
    // Objects that must not be reached.
    let outside = b.dir(&l.lowers[1].with_file_name("outside"))?;
    b.file(&outside.join("secret"), "secret")?;
    b.file(&l.lowers[1].join("plain"), "plain")?;
    b.works(
        "symlink",
        sys::symlink("../outside", l.lowers[1].join("out")),
    )?;
    b.works(
        "symlink",
        sys::symlink("target", l.lowers[1].join("symlink")),
    )?;
    b.works(
        "whiteout",
        sys::mknod(l.lowers[0].join("target"), libc::S_IFCHR, 0),
    )?;
    let long = [b'l'; 5000];
    let deep = b"/deep/er/".repeat(400);
    let values: [&[u8]; 22] = [
        b"/none",
        b"none",
        b"/target",
        b"target",
        b"/plain",
        b"plain",
        b"/symlink",
        b"/out",
        b"out",
        b"..",
        b".",
        b"/",
        b"//",
        b"/..",
        b"/../outside",
        b"../outside",
        b"/deep/../../outside",
        b"/deep/er/",
        b"",
        b"\0",
        &long,
        &deep,
    ];
    for value in values {
        let show = String::from_utf8_lossy(&value[..value.len().min(30)]).into_owned();
        for above in [&l.upper, &l.lowers[0]] {
            let dir = b.dir(&above.join("dir"))?;
            b.file(&dir.join("own"), "own")?;
            if sys::setxattr(&dir, REDIRECT, value, 0).is_err() {
                // Too long for the file system.
                continue;
            }
            b.union(&l).mount(&l.target)?;
            let path = l.target.join("dir");
            match walk::list(&path) {
                Ok(names) => {
                    let secret = names.iter().any(|entry| entry.name == b"secret");
                    must!(!secret, "{show:?} leads out of the layer")?;
                    let own = names.iter().any(|entry| entry.name == b"own");
                    must!(own, "{show:?} hides the directory's own file")?;
                }
                Err(error) => must!(
                    [libc::EIO, libc::ENAMETOOLONG, libc::EINVAL].contains(&error.0),
                    "{show:?}: EIO or ENAMETOOLONG or EINVAL, not {error}"
                )?,
            }
            must!(sys::stat(path.join("secret"), 0).is_err(), "no secret")?;
            let _ = sys::mkdir(path.join("new"), 0o755);
            let _ = sys::rmdir(path.join("new"));
            let _ = sys::unlink(path.join("inside"));
            let _ = sys::rename(&path, l.target.join("moved"), 0);
            b.umount(&l.target)?;
            for name in ["dir", "moved"] {
                // The directory, or the whiteout of one.
                let _ = sys::unlink(l.upper.join(name));
                let _ = std::fs::remove_dir_all(l.upper.join(name));
                let _ = std::fs::remove_dir_all(l.lowers[0].join(name));
            }
        }
    }
    // Two that point to each other, and one to itself.
    for (name, to) in [("one", "/two"), ("two", "/one"), ("self", "/self")] {
        let dir = b.dir(&l.lowers[0].join(name))?;
        b.works("setxattr", sys::setxattr(&dir, REDIRECT, to.as_bytes(), 0))?;
    }
    b.union(&l).mount(&l.target)?;
    b.holds(&l.target.join("one/inside"), "two")?;
    b.holds(&l.target.join("two/inside"), "one")?;
    let own = walk::list(&l.target.join("self")).map(|names| names.len());
    must!(
        matches!(own, Ok(0) | Err(Errno(libc::EIO))),
        "an empty directory, not {own:?}"
    )?;
    b.umount(&l.target)
}

const REDIRECT: &str = "trusted.overlay.redirect";

/// Of three layers with every mixture of types under one name, the topmost decides and only directories merge.
pub fn bad_types(b: &mut Bench) -> Result<(), String> {
    let l = b.layout(2)?;
    let mut cases = Vec::new();
    for upper in TYPES {
        for middle in TYPES {
            for bottom in TYPES {
                let name = format!("{upper}-{middle}-{bottom}");
                make(&l.upper.join(&name), upper, "upper")?;
                make(&l.lowers[0].join(&name), middle, "middle")?;
                make(&l.lowers[1].join(&name), bottom, "bottom")?;
                cases.push((name, expected(&[upper, middle, bottom])));
            }
        }
    }
    let (union, lowers) = b.mounted(&l)?;
    for (name, (kind, parts)) in &cases {
        let path = l.target.join(name);
        let found = match sys::stat(&path, libc::AT_SYMLINK_NOFOLLOW) {
            Ok(stat) => walk::kind_word(stat.st_mode),
            Err(_) => "nothing",
        };
        must!(found == *kind, "{name} is {kind}, not {found}")?;
        if *kind != "dir" {
            continue;
        }
        let seen: Vec<_> = walk::list(&path)?
            .into_iter()
            .map(|entry| String::from_utf8_lossy(&entry.name).into_owned())
            .collect();
        must!(seen == *parts, "{name} has {parts:?}, not {seen:?}")?;
    }
    // Any of them can be removed, and a different object of its name is new.
    for (name, (kind, parts)) in &cases {
        let path = l.target.join(name);
        for part in parts {
            b.works(name, sys::unlink(path.join(part)))?;
        }
        match *kind {
            "nothing" => {}
            "dir" => b.works(name, sys::rmdir(&path))?,
            _ => b.works(name, sys::unlink(&path))?,
        }
        b.works(name, sys::mkdir(&path, 0o755))?;
        must!(walk::list(&path)?.is_empty(), "{name} is new")?;
    }
    b.sound(&union, &l, &lowers).map(drop)
}

const TYPES: [&str; 6] = ["file", "dir", "symlink", "fifo", "whiteout", "nothing"];

fn make(path: &Path, kind: &str, layer: &str) -> Result<(), String> {
    let made = match kind {
        "file" => return std::fs::write(path, layer).map_err(|error| error.to_string()),
        "dir" => sys::mkdir(path, 0o755)
            .and_then(|()| sys::mknod(path.join(layer), libc::S_IFREG | 0o600, 0)),
        "symlink" => sys::symlink(layer, path),
        "fifo" => sys::mknod(path, libc::S_IFIFO | 0o600, 0),
        "whiteout" => sys::mknod(path, libc::S_IFCHR, 0),
        _ => Ok(()),
    };
    made.map_err(|error| format!("{kind}: {error}"))
}

/// What must be shown: a type, and the layers whose parts a directory has.
fn expected(kinds: &[&str; 3]) -> (&'static str, Vec<&'static str>) {
    let mut parts = Vec::new();
    for (kind, layer) in kinds.iter().zip(["upper", "middle", "bottom"]) {
        match *kind {
            "nothing" => {}
            "dir" => parts.push(layer),
            _ if !parts.is_empty() => break,
            "whiteout" => return ("nothing", parts),
            "file" => return ("file", parts),
            "symlink" => return ("symlink", parts),
            _ => return ("fifo", parts),
        }
    }
    parts.sort_unstable();
    (if parts.is_empty() { "nothing" } else { "dir" }, parts)
}

/// Whiteouts in places where no union puts them hide what is below, if anything, and are never shown themselves.
pub fn bad_whiteouts(b: &mut Bench) -> Result<(), String> {
    let l = b.layout(3)?;
    let [first, middle, bottom] = [&l.lowers[0], &l.lowers[1], &l.lowers[2]];
    for (layer, name) in [
        (first, "d"),
        (middle, "d"),
        (bottom, "d"),
        (middle, "o"),
        (bottom, "o"),
    ] {
        b.dir(&layer.join(name))?;
    }
    b.file(&bottom.join("d/hidden"), "below")?;
    b.file(&bottom.join("d/seen"), "seen")?;
    b.file(&bottom.join("o/hidden"), "below")?;
    b.works(
        "opaque",
        sys::setxattr(middle.join("o"), "trusted.overlay.opaque", b"y", 0),
    )?;
    for (what, path) in [
        ("in the root of the bottom layer", bottom.join("bottom")),
        ("in the bottom layer", bottom.join("d/bottom")),
        ("with nothing below", middle.join("nothing")),
        (
            "in an opaque directory, of a hidden name",
            middle.join("o/hidden"),
        ),
        ("in an opaque directory, of no name", middle.join("o/none")),
        ("over a file", middle.join("d/hidden")),
        ("over a whiteout", first.join("nothing")),
        ("over a directory", l.upper.join("dir")),
    ] {
        b.works(what, whiteout(&path))?;
    }
    // One more link, attributes, a mode and an owner make no difference.
    b.works(
        "link",
        sys::link(bottom.join("bottom"), bottom.join("again"), 0),
    )?;
    b.works("chmod", sys::chmod(middle.join("nothing"), 0o777))?;
    b.works("chown", sys::lchown(middle.join("nothing"), 7, 7))?;
    b.works(
        "setxattr",
        sys::setxattr(middle.join("d/hidden"), "trusted.overlay.opaque", b"y", 0),
    )?;
    b.works(
        "setxattr",
        sys::setxattr(middle.join("d/hidden"), "trusted.foreign", b"x", 0),
    )?;
    let (union, lowers) = b.mounted(&l)?;
    let seen: Vec<String> = walk::walk(&l.target)?.into_keys().collect();
    must!(
        seen == [".", "d", "d/seen", "file", "o"],
        "only what is not hidden: {seen:?}"
    )?;
    for name in [
        "bottom", "again", "nothing", "d/bottom", "d/hidden", "o/hidden", "o/none", "dir",
    ] {
        let path = l.target.join(name);
        b.fails(name, sys::stat(&path, 0), libc::ENOENT)?;
        b.fails(name, sys::unlink(&path), libc::ENOENT)?;
        b.works(name, sys::mkdir(&path, 0o755))?;
        must!(walk::list(&path)?.is_empty(), "an empty directory")?;
        b.works(name, sys::rmdir(&path))?;
        b.file(&path, "new")?;
    }
    // Directories with nothing but whiteouts below are empty to the user.
    for name in ["o/hidden", "o/none"] {
        b.works(name, sys::unlink(l.target.join(name)))?;
    }
    b.works("rmdir", sys::rmdir(l.target.join("o")))?;
    b.sound(&union, &l, &lowers).map(drop)
}

fn whiteout(path: &Path) -> sys::Result<()> {
    sys::mknod(path, libc::S_IFCHR, 0)
}
