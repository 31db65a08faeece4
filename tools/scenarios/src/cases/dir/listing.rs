// SPDX-License-Identifier: GPL-2.0-only
//! The contents of a listing.

use crate::prelude::*;

/// An open directory lists itself and its parent once each, with their numbers, before and after either is copied up.
pub fn dir_dots(b: &mut Builder) -> Steps {
    every_dir(b, 3);
    for dir in DIRS {
        b.dir(&format!("{dir}/sub/sub"));
    }
    b.lower(1).file("merged/sub/x", "x");
    b.lower(0).file("merged/sub/sub/y", "y");
    b.upper().opaque("lower/sub2");
    steps(|r| {
        let root = r.open(".", O_RDONLY | O_DIRECTORY);
        let mut open = Vec::new();
        for dir in DIRS.into_iter().chain(["lower/sub2"]) {
            let parent = if dir == "lower/sub2" { "lower" } else { "." };
            open.push((
                r.open(dir, O_RDONLY | O_DIRECTORY),
                dir.to_owned(),
                parent.to_owned(),
            ));
        }
        for dir in ["lower", "merged"] {
            let (sub, subsub) = (format!("{dir}/sub"), format!("{dir}/sub/sub"));
            let fd = r.open(&sub, O_RDONLY | O_DIRECTORY);
            open.push((fd, sub.clone(), dir.to_owned()));
            open.push((r.open(&subsub, O_RDONLY | O_DIRECTORY), subsub, sub));
        }
        let dots = |r: &mut Run| {
            for (fd, own, parent) in &open {
                r.dots(*fd, own, parent);
            }
            // The parent of the root is not part of the tree.
            let _ = sys::lseek(root.raw(), 0, SEEK_SET);
            let all = shown(&pieces(root, 4096));
            let two = all.iter().filter(|name| name.starts_with('.')).count() == 2;
            r.expect("the root has two", two);
        };
        dots(r);
        // Copies up the innermost directory with its parents, then just the attributes of one.
        r.put("lower/sub/sub/new", O_WRONLY | O_CREAT, "x");
        r.put("merged/sub/new", O_WRONLY | O_CREAT, "x");
        dots(r);
        r.chmod("merged/sub/sub", 0o700);
        r.chown("lower/sub", 5, 5);
        dots(r);
    })
    .in_upper("lower/sub/sub")
    .in_upper("merged/sub/sub")
}

/// A process that received the descriptor of a directory that it may not open or search lists all of it, like the first
/// reader.
pub fn dir_listed_by_other(b: &mut Builder) -> Steps {
    for layer in 0..2 {
        b.lower(layer).dir("shut").mode(0o700);
        b.dir("readable").mode(0o744);
        for dir in ["shut", "readable"] {
            b.file(&format!("{dir}/of-{layer}"), "x").mode(0o600);
            b.dir(&format!("{dir}/dir{layer}")).mode(0);
            b.symlink(&format!("{dir}/link{layer}"), "nowhere");
            b.char_device(&format!("{dir}/char{layer}"), 1, 3).mode(0);
            b.file(&format!("{dir}/gone{layer}"), "x");
        }
    }
    // Only looking at them tells these whiteouts from devices.
    b.lower(0).whiteout("shut/gone1");
    b.upper().dir("shut").mode(0o700);
    b.whiteout("shut/gone0");
    steps(|r| {
        for dir in ["shut", "readable"] {
            let fd = r.open(dir, O_RDONLY | O_DIRECTORY);
            r.as_who(OTHER, |r| {
                r.try_open(dir, O_RDONLY | O_DIRECTORY);
                r.types(fd);
                r.lstat(&format!("{dir}/of-0"));
            });
            // In a directory with objects that were copied up, each is looked up.
            for name in ["of-1", "dir1", "link0", "char0"] {
                r.chown(&format!("{dir}/{name}"), 5, 5);
            }
            r.as_who(OTHER, |r| r.types(fd));
            let half = r.open(dir, O_RDONLY | O_DIRECTORY);
            let mut all = piece(half, 32);
            // A listing begun by one process and ended by another.
            r.as_who(OTHER, |r| {
                all.extend(pieces(half, 32));
                r.note(format_args!("{:?}", shown(&all)));
            });
        }
    })
    .in_upper("shut/char0")
    .absent("readable/of-0")
}

/// Names of 255 bytes that differ only in the last byte are distinguished in all layers.
pub fn dir_long_names_of_layers(b: &mut Builder) -> Steps {
    for layer in 0..5 {
        b.lower(layer);
        for last in 0..8 {
            // Some are in all layers, some in one.
            if last < 3 || last == layer + 3 {
                b.file(&long(last), format!("of {layer}"));
            }
        }
    }
    // A whiteout hides one below it, and not its neighbours.
    b.lower(2).whiteout(&long(7));
    b.lower(1).dir(&long(9));
    b.upper().whiteout(&long(1));
    b.symlink(&long(8), "x");
    steps(|r| {
        let fd = r.open("d", O_RDONLY | O_DIRECTORY);
        let list = |r: &mut Run, size| {
            let _ = sys::lseek(fd.raw(), 0, SEEK_SET);
            for entry in shown(&pieces(fd, size)) {
                r.note(format_args!(
                    "{} bytes, ..{}",
                    entry.len(),
                    &entry[entry.len() - 1..]
                ));
            }
        };
        list(r, 280);
        for last in 0..10 {
            r.done(last, sys::chmod(long(last), 0o600));
        }
        list(r, 600);
        r.done("unlink", sys::unlink(long(2)));
        r.done("rename", sys::rename(long(0), long(1), 0));
        list(r, 4096);
        r.note(String::from_utf8_lossy(
            &slurp(&long(1)).unwrap_or_default(),
        ));
    })
    .layers(|l| {
        l.whiteout(&long(0))?;
        l.in_upper(&long(1))?;
        l.whiteout(&long(2))
    })
}

fn long(last: usize) -> String {
    format!("d/{}{last}", "n".repeat(254))
}

/// A name of another type in each layer is listed once, with the topmost type. A directory shows only the layers above
/// the first object that ends the merge.
pub fn dir_name_in_every_layer(b: &mut Builder) -> Steps {
    const LAYERS: usize = 6;
    /// As many types as a name can have in a layer; prime to the number of layers.
    const MAKES: usize = 7;
    for name in 0..MAKES {
        for layer in 0..LAYERS {
            let path = format!("d/{name}");
            if layer == 0 {
                b.upper();
            } else {
                b.lower(layer - 1);
            }
            match (name + layer * 3) % MAKES {
                0 => drop(b.file(&path, format!("of {layer}"))),
                1 => drop(b.symlink(&path, &format!("to-{layer}"))),
                2 => drop(b.fifo(&path)),
                3 => drop(b.char_device(&path, 1, layer as u32)),
                4 => b.whiteout(&path),
                make => {
                    if make == 5 {
                        b.opaque(&path);
                    } else {
                        b.dir(&path);
                    }
                    b.file(&format!("{path}/in-{layer}"), "x");
                }
            }
            // Directories in all layers, one of them opaque, and one that is no directory.
            let path = format!("d/dir{name}");
            match layer {
                _ if layer == name => drop(b.opaque(&path)),
                4 if name % 2 == 1 => b.whiteout(&path),
                _ => drop(b.dir(&path)),
            }
            if layer != 4 || name % 2 == 0 || layer == name {
                b.file(&format!("{path}/same"), format!("of {layer}"));
                b.file(&format!("{path}/in-{layer}"), "x");
            }
        }
    }
    steps(|r| {
        let fd = r.open("d", O_RDONLY | O_DIRECTORY);
        r.types(fd);
        for name in r.names("d") {
            let path = format!("d/{name}");
            r.see(&path);
            r.listed_number("d", &name);
            if name.starts_with("dir") {
                r.cat(&format!("{path}/same"));
            }
        }
        // A copied-up object is still listed once, with its type.
        for name in r.names("d") {
            r.chown(&format!("d/{name}"), 3, 3);
        }
        r.types(fd);
        for name in 0..MAKES {
            r.remove_tree(&format!("d/{name}"), Vec::pop);
            let _ = sys::unlink(format!("d/{name}"));
        }
        r.types(fd);
    })
    .whiteout("d/0")
}

/// A chain of O_PATH descriptors leads to a directory and cannot list it; opened from there it is listed, and other
/// types never are.
pub fn dir_path_descriptor(b: &mut Builder) -> Steps {
    every_dir(b, 3);
    for dir in DIRS {
        b.dir(&format!("{dir}/sub"));
        b.file(&format!("{dir}/sub/x"), "x");
    }
    steps(|r| {
        for dir in DIRS {
            let root = r.open(".", O_PATH);
            let outer = r.open_at(root, dir, O_PATH | O_DIRECTORY);
            let inner = r.open_at(outer, "sub", O_PATH | O_NOFOLLOW);
            for fd in [root, outer, inner] {
                r.getdents(fd, 4096);
                r.lseek(fd, 0, SEEK_SET);
                let twin = r.dup(fd);
                r.getdents(twin, 4096);
                r.fsync(fd);
            }
            for fd in [outer, inner] {
                let list = r.open_at(fd, ".", O_RDONLY | O_DIRECTORY);
                r.again(list);
                let list = r.reopen(fd, O_RDONLY);
                r.again(list);
            }
            r.open_at(outer, "00", O_RDONLY | O_DIRECTORY);
            let file = r.open_at(outer, "00", O_RDONLY);
            r.getdents(file, 4096);
            let file = r.open_at(outer, "00", O_PATH);
            r.getdents(file, 4096);
            r.open_at(outer, ".", O_RDWR | O_DIRECTORY);
        }
    })
    .absent("lower/sub")
}

/// An empty directory lists itself and its parent.
pub fn readdir_empty(b: &mut Builder) -> Steps {
    b.dir("d");
    steps(|r| {
        let fd = r.open("d", O_RDONLY | O_DIRECTORY);
        let mut names: Vec<_> = sys::getdents(fd.raw(), 4096)
            .unwrap_or_default()
            .into_iter()
            .map(|entry| {
                (
                    String::from_utf8_lossy(&entry.name).into_owned(),
                    entry.kind == DT_DIR,
                )
            })
            .collect();
        names.sort();
        r.note(format_args!("{names:?}"));
        r.expect(
            "then nothing",
            sys::getdents(fd.raw(), 4096) == Ok(Vec::new()),
        );
        r.expect(
            "a buffer too small is refused",
            sys::getdents(fd.raw(), 4096).is_ok(),
        );
        r.lseek(fd, 0, SEEK_SET);
        let result = sys::getdents(fd.raw(), 1).map(|entries| entries.len());
        r.call("getdents into one byte", result);
    })
}

/// A big directory is listed completely in many calls.
pub fn readdir_large(b: &mut Builder) -> Steps {
    for n in 0..400 {
        b.file(&format!("d/file-with-a-long-name-{n:04}"), "");
    }
    steps(|r| {
        for n in (0..400).step_by(7) {
            sys::unlink(format!("d/file-with-a-long-name-{n:04}")).expect("unlink");
        }
        let fd = r.open("d", O_RDONLY | O_DIRECTORY);
        let mut names = Vec::new();
        let mut calls = 0;
        while let Ok(more) = sys::getdents(fd.raw(), 1024) {
            if more.is_empty() {
                break;
            }
            calls += 1;
            names.extend(more.into_iter().map(|entry| entry.name));
        }
        r.expect("it took many calls", calls > 10);
        let count = names.len();
        names.sort();
        names.dedup();
        r.note(format_args!("{count} entries, {} names", names.len()));
        r.ls("d");
    })
}

/// A directory lists the names of all layers once each.
pub fn readdir_merged(b: &mut Builder) -> Steps {
    b.lower(2).file("d/a", "2");
    b.file("d/bottom", "2");
    b.dir("d/sub");
    b.file("d/sub/x", "2");
    b.lower(1).file("d/a", "1");
    b.file("d/middle", "1");
    b.lower(0).file("d/b", "0");
    b.dir("d/sub");
    b.file("d/sub/y", "0");
    b.upper().file("d/b", "upper");
    b.file("d/upper", "upper");
    steps(|r| {
        r.ls("d");
        r.ls("d/sub");
        r.cat("d/a");
        r.cat("d/b");
        r.put("d/new", O_WRONLY | O_CREAT, "x");
        r.unlink("d/a");
        r.unlink("d/b");
        r.ls("d");
    })
    .whiteout("d/a")
    .whiteout("d/b")
}

/// A rewound directory shows what has changed.
pub fn readdir_rewind(b: &mut Builder) -> Steps {
    b.file("d/a", "a");
    b.file("d/b", "b");
    steps(|r| {
        let fd = r.open("d", O_RDONLY | O_DIRECTORY);
        let names = |fd: Fd| {
            let mut names = Vec::new();
            while let Ok(more) = sys::getdents(fd.raw(), 4096) {
                if more.is_empty() {
                    break;
                }
                names.extend(
                    more.into_iter()
                        .map(|entry| String::from_utf8_lossy(&entry.name).into_owned()),
                );
            }
            names.sort();
            names
        };
        r.note(format_args!("{:?}", names(fd)));
        r.put("d/new", O_WRONLY | O_CREAT, "x");
        r.unlink("d/a");
        r.lseek(fd, 0, SEEK_SET);
        r.note(format_args!("{:?}", names(fd)));
        r.rename("d/b", "d/c");
        r.lseek(fd, 0, SEEK_SET);
        r.note(format_args!("{:?}", names(fd)));
    })
}

/// The positions of an open directory can be used again.
pub fn readdir_seek(b: &mut Builder) -> Steps {
    for n in 0..50 {
        b.file(&format!("d/{n:02}"), "");
    }
    steps(|r| {
        r.put("d/new", O_WRONLY | O_CREAT, "x");
        r.unlink("d/07");
        let fd = r.open("d", O_RDONLY | O_DIRECTORY);
        let some = |fd: Fd| sys::getdents(fd.raw(), 256).unwrap_or_default();
        let first = some(fd);
        let position = sys::lseek(fd.raw(), 0, SEEK_CUR);
        let second = some(fd);
        let third = some(fd);
        r.expect("there is more than one buffer", !third.is_empty());
        let back = position.and_then(|position| sys::lseek(fd.raw(), position, SEEK_SET));
        r.expect("seeking back works", back.is_ok());
        r.expect("the same names come again", some(fd) == second);
        let middle = second.first().map_or(0, |entry| entry.next);
        r.expect(
            "seeking to d_off works",
            sys::lseek(fd.raw(), middle, SEEK_SET).is_ok(),
        );
        r.expect("the next name follows", some(fd).first() == second.get(1));
        r.lseek(fd, 0, SEEK_SET);
        r.expect("rewinding starts again", some(fd) == first);
    })
}

/// A file in the middle layer ends the merge.
pub fn readdir_shadow_below(b: &mut Builder) -> Steps {
    b.lower(2).file("d/bottom", "bottom");
    b.lower(1).file("d", "a file");
    b.lower(0).file("d/first", "first");
    steps(|r| {
        r.ls("d");
        r.stat("d/bottom");
        r.unlink("d/first");
        r.rmdir("d");
        r.lstat("d");
    })
    .whiteout("d")
}

/// An object of an upper layer hides one of a lower layer, whatever types the two have.
pub fn readdir_shadowed(b: &mut Builder) -> Steps {
    b.lower(1).dir("x");
    b.file("x/inside", "hidden");
    b.file("y", "hidden file");
    b.symlink("z", "y");
    b.lower(0).file("x", "file over directory");
    b.dir("y");
    b.file("y/inside", "directory over file");
    b.dir("z");
    steps(|r| {
        r.ls(".");
        r.cat("x");
        r.stat("x/inside");
        r.ls("y");
        r.ls("z");
        r.unlink("x");
        r.lstat("x");
        r.unlink("y/inside");
        r.rmdir("y");
        r.lstat("y");
        r.mkdir("x");
        r.ls("x");
    })
    .whiteout("y")
    .opaque("x")
}

/// d_type and d_ino agree with stat.
pub fn readdir_types(b: &mut Builder) -> Steps {
    b.dir("d/dir");
    b.file("d/file", "x");
    b.symlink("d/link", "x");
    b.fifo("d/fifo");
    b.char_device("d/char", 1, 3);
    b.block_device("d/block", 7, 9);
    b.upper().file("d/upper", "x");
    steps(|r| {
        r.chmod("d/file", 0o600);
        r.put("d/new", O_WRONLY | O_CREAT, "x");
        r.ls("d");
        let fd = r.open("d", O_RDONLY | O_DIRECTORY);
        let mut entries = sys::getdents(fd.raw(), 32768).unwrap_or_default();
        entries.sort_by(|one, two| one.name.cmp(&two.name));
        for entry in entries {
            let name = String::from_utf8_lossy(&entry.name).into_owned();
            if name != ".." {
                let (_, ino) = r.identity(&format!("d/{name}"));
                r.expect(format!("d_ino of {name} is st_ino"), ino == entry.ino);
            }
        }
    })
}

/// Entries are deleted while the directory is read.
pub fn readdir_unlink(b: &mut Builder) -> Steps {
    for n in 0..120 {
        b.file(&format!("d/{n:03}"), "");
    }
    steps(|r| {
        let fd = r.open("d", O_RDONLY | O_DIRECTORY);
        let mut deleted = 0;
        while let Ok(more) = sys::getdents(fd.raw(), 512) {
            if more.is_empty() {
                break;
            }
            for entry in more {
                let name = String::from_utf8_lossy(&entry.name).into_owned();
                if name != "." && name != ".." && sys::unlink(format!("d/{name}")).is_ok() {
                    deleted += 1;
                }
            }
        }
        r.note(format_args!("{deleted} deleted"));
        r.ls("d");
        r.rmdir("d");
    })
    .whiteout("d")
}
