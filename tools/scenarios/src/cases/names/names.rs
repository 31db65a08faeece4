// SPDX-License-Identifier: GPL-2.0-only
//! Names of any sort.

use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt;

use crate::prelude::*;

const DEPTH: usize = 1000;

/// A tree may be deeper than the longest path; it is used from inside.
pub fn names_beyond_path_max(b: &mut Builder) -> Steps {
    b.dir("lower");
    b.file("f", "text");
    steps(|r| {
        let root = r.root();
        let name = "n".repeat(250);
        let start = r.open(".", O_PATH);
        r.chdir("lower");
        for _ in 0..20 {
            if sys::mkdir(&name, 0o755)
                .and_then(|()| sys::chdir(&name))
                .is_err()
            {
                return r.note("nothing can be made here");
            }
        }
        r.put("x", O_WRONLY | O_CREAT, "deep");
        r.getcwd(&root);
        let fd = r.open("x", O_RDONLY);
        r.fd_name(fd, &root);
        let here = r.open(".", O_PATH);
        r.rename_at(start, "f", here, "f");
        r.cat("f");
        r.rename_at(here, "f", start, "g");
        r.unlink("x");
        r.read(fd, 10);
        for _ in 0..20 {
            if sys::chdir("..").and_then(|()| sys::rmdir(&name)).is_err() {
                return r.note("a directory stays");
            }
        }
        r.ls(".");
    })
    .upper_is(&["f", "g", "lower"])
}

/// Every byte but the slash and NUL is valid in a name, which can be listed, linked, renamed and deleted.
pub fn names_bytes(b: &mut Builder) -> Steps {
    b.lower(1).dir("d");
    b.lower(0).dir("d");
    steps(|r| {
        for byte in (1..=255u8).filter(|byte| !b"./".contains(byte)) {
            let path = |tail: &[u8]| [b"d/", &[byte][..], tail].concat();
            let (name, other) = (path(b""), path(b"\xff"));
            let (name, other) = (OsStr::from_bytes(&name), OsStr::from_bytes(&other));
            let answer = sys::open(name, O_WRONLY | O_CREAT | O_EXCL, 0o644)
                .and_then(sys::close)
                .and_then(|()| sys::link(name, other, 0))
                .and_then(|()| sys::setxattr(other, "user.a", &[byte], 0))
                .and_then(|()| sys::unlink(name))
                .and_then(|()| match byte % 3 {
                    0 => sys::rename(other, name, 0),
                    1 => sys::unlink(other).and_then(|()| sys::mkdir(other, 0o755)),
                    _ => sys::unlink(other).and_then(|()| sys::symlink(other, name)),
                });
            r.done(format_args!("byte {byte:#x}"), answer);
        }
        r.ls("d");
    })
}

/// Names that differ in case, or in how an accent is written, are different names in every layer.
pub fn names_case(b: &mut Builder) -> Steps {
    b.lower(1).file("d/name", "1");
    b.file("d/Name", "1");
    b.lower(0).file("d/NAME", "0");
    b.whiteout("d/Name");
    // They look the same: one letter, or a letter and its accent.
    b.file("d/\u{e9}", "one");
    b.upper().file("d/e\u{301}", "two");
    b.file("d/nAME", "upper");
    steps(|r| {
        for name in [
            "name", "Name", "NAME", "nAME", "naMe", "\u{e9}", "e\u{301}", "e",
        ] {
            r.cat(&format!("d/{name}"));
        }
        r.rename("d/name", "d/Name");
        r.rename("d/NAME", "d/name");
        r.unlink("d/\u{e9}");
        r.mkdir("d/naMe");
        r.mkdir("D");
        r.ls("d");
        r.ls(".");
    })
    .whiteout("d/\u{e9}")
    .in_upper("d/e\u{301}")
    .whiteout("d/NAME")
}

/// Lower names of control letters and quotes are copied up, deleted, hidden and found again.
pub fn names_control(b: &mut Builder) -> Steps {
    /// Letters with a meaning in a shell, a mount option or a log line.
    const NAMES: [&str; 14] = [
        "new\nline",
        "tab\tstop",
        "bell\u{7}",
        "escape\u{1b}[31m",
        "delete\u{7f}",
        "return\r",
        " ",
        "'",
        "\"",
        "\\",
        "a:b",
        "a,b=c",
        "-rf",
        "%s%n",
    ];
    for name in NAMES {
        b.file(&format!("changed/{name}"), "text");
        b.file(&format!("deleted/{name}"), "text");
        b.file(&format!("in {name}/f"), "text");
        b.lower(1).file(&format!("hidden/{name}"), "text");
        b.lower(0).whiteout(&format!("hidden/{name}"));
        b.anywhere();
    }
    steps(|r| {
        for name in NAMES {
            r.chmod(&format!("changed/{name}"), 0o600);
            r.unlink(&format!("deleted/{name}"));
            r.put(&format!("in {name}/{name}"), O_WRONLY | O_CREAT, "new");
            r.stat(&format!("hidden/{name}"));
        }
        r.ls("changed");
        r.ls("deleted");
        r.ls("hidden");
    })
    .layers(|l| {
        for name in NAMES {
            l.in_upper(&format!("changed/{name}"))?;
            l.whiteout(&format!("deleted/{name}"))?;
        }
        Ok(())
    })
}

/// A file a thousand directories deep in a lower layer is copied up with all of them.
pub fn names_deep_lower(b: &mut Builder) -> Steps {
    b.file(&leaf("f"), "text");
    b.file(&leaf("g"), "text");
    steps(|r| {
        // The paths are too long to be shown.
        r.note(format_args!(
            "{:?}",
            slurp(&leaf("f")).map(|data| data.len())
        ));
        r.done("chmod", sys::chmod(leaf("f"), 0o600));
        r.done("unlink", sys::unlink(leaf("g")));
        r.done("mkdir", sys::mkdir(leaf("new"), 0o755));
        r.done("up", sys::rename(leaf("f"), "here", 0));
        r.done("down", sys::rename("here", leaf("new/there"), 0));
        r.done("chdir", sys::chdir(leaf("new")));
        r.ls(".");
        r.ls("..");
        r.stat(&"../".repeat(DEPTH));
    })
    .layers(|l| {
        l.whiteout(&leaf("g"))?;
        l.whiteout(&leaf("f"))?;
        l.in_upper(&leaf("new/there"))
    })
}

fn leaf(name: &str) -> String {
    format!("{}{name}", "d/".repeat(DEPTH))
}

/// A thousand directories, one in the other, are made, moved with their root, and removed again.
pub fn names_deep_upper(b: &mut Builder) -> Steps {
    b.dir("start");
    steps(|r| {
        let root = r.root();
        r.chdir("start");
        for depth in 0..DEPTH {
            if let Err(error) = sys::mkdir("d", 0o755).and_then(|()| sys::chdir("d")) {
                return r.note(format_args!("{error} at {depth}"));
            }
        }
        r.put("f", O_WRONLY | O_CREAT, "text");
        let bottom = r.open(".", O_PATH);
        r.done("fchdir", sys::chdir(&root));
        r.rename("start/d", "start/e");
        r.stat(&format!("start/e/{}f", "d/".repeat(DEPTH - 1)));
        r.rename("start/e", &format!("start/e/{}x", "d/".repeat(DEPTH - 1)));
        r.fchdir(bottom);
        r.stat("f");
        r.unlink("f");
        for depth in 1..DEPTH {
            if let Err(error) = sys::chdir("..").and_then(|()| sys::rmdir("d")) {
                return r.note(format_args!("{error} at {depth}"));
            }
        }
        r.chdir("..");
        r.rmdir("e");
        r.ls(".");
    })
    .upper_is(&["start"])
}

/// Names of 255 bytes are made, copied up, deleted and made again in every layer; every call refuses 256.
pub fn names_long(b: &mut Builder) -> Steps {
    for letter in ["f", "g", "h"] {
        b.file(&letter.repeat(255), "text");
    }
    b.file(&format!("{}/x", "d".repeat(255)), "text");
    b.lower(1).file(&"w".repeat(255), "hidden");
    b.lower(0).whiteout(&"w".repeat(255));
    b.upper().file(&"u".repeat(255), "text");
    steps(|r| {
        let name = |letter: &str| letter.repeat(255);
        r.chmod(&name("f"), 0o600);
        r.unlink(&name("g"));
        r.rename(&name("h"), &name("n"));
        r.link(&name("f"), &name("l"));
        r.put(&name("w"), O_WRONLY | O_CREAT, "new");
        r.rename(&name("u"), &name("g"));
        r.unlink(&format!("{}/x", name("d")));
        r.rmdir(&name("d"));
        r.mkdir(&name("d"));
        let long = "f".repeat(256);
        for path in [
            long.clone(),
            format!("{}/{long}", name("d")),
            format!("{long}/x"),
        ] {
            r.stat(&path);
            r.put(&path, O_WRONLY | O_CREAT, "x");
            r.mkdir(&path);
            r.rmdir(&path);
            r.unlink(&path);
            r.symlink("x", &path);
            r.mkfifo(&path, 0o600);
            r.rename(&name("f"), &path);
            r.rename(&path, "x");
            r.rename2(&path, &name("f"), RENAME_EXCHANGE);
            r.link(&name("f"), &path);
            r.chmod(&path, 0o600);
            r.truncate(&path, 0);
            r.setxattr(&path, "user.a", "1");
            r.readlink(&path);
        }
        r.ls(".");
    })
    .layers(|l| {
        l.whiteout(&"h".repeat(255))?;
        l.opaque(&"d".repeat(255))
    })
}

/// A directory takes twenty thousand names, lists each once while half of them go, and can be emptied.
pub fn names_many(b: &mut Builder) -> Steps {
    /// So many take seconds, so fewer on a slow kernel; more would test nothing new.
    const COUNT: usize = 20_000;
    for n in 0..200 {
        b.file(&format!("d/{}", n * 100), "below");
    }
    steps(|r| {
        let count = many(COUNT);
        let mut made = 0;
        for n in 0..count {
            made += usize::from(sys::mknod(format!("d/{n}"), libc::S_IFREG | 0o600, 0).is_ok());
        }
        r.note(format_args!("made {made}"));
        let names = r.names("d");
        r.note(format_args!("listed {}", names.len()));
        let fd = r.open("d", O_RDONLY | O_DIRECTORY);
        let first = sys::getdents(fd.raw(), 4096).expect("a beginning");
        let mut gone = 0;
        for n in (1..count).step_by(2) {
            gone += usize::from(sys::unlink(format!("d/{n}")).is_ok());
        }
        r.note(format_args!("deleted {gone}"));
        // Whether the listing still shows deleted names is up to the file system; it must show the others.
        let mut seen: Vec<Vec<u8>> = first.into_iter().map(|entry| entry.name).collect();
        while let Ok(more) = sys::getdents(fd.raw(), 32768) {
            if more.is_empty() {
                break;
            }
            seen.extend(more.into_iter().map(|entry| entry.name));
        }
        let total = seen.len();
        seen.sort();
        seen.dedup();
        r.expect("no name came twice", seen.len() == total);
        let missed = (0..count)
            .step_by(2)
            .filter(|n| seen.binary_search(&n.to_string().into_bytes()).is_err());
        r.note(format_args!("missed {}", missed.count()));
        let left = r.names("d").len();
        r.note(format_args!("left {left}"));
        r.rmdir("d");
        // Those of the lower layer, too, which all exist on a slow kernel.
        for n in (0..COUNT).step_by(2) {
            gone += usize::from(sys::unlink(format!("d/{n}")).is_ok());
        }
        r.note(format_args!("deleted {gone}"));
        r.ls("d");
        r.rmdir("d");
    })
    .upper_is(&["d"])
}

/// Names that look private, of this or another union file system, are names like all others.
pub fn names_private(b: &mut Builder) -> Steps {
    /// Names that this or another union file system uses internally.
    const NAMES: [&str; 15] = [
        "#1",
        "#0000000e",
        "work",
        "index",
        "incompat",
        "upper",
        "...",
        "..x",
        ".wh.x",
        ".wh..wh..opq",
        ".wh..wh.plnk",
        ".wh.",
        ".wh..wh.aufs",
        ".fuse_hidden0001",
        "x",
    ];
    for name in NAMES {
        b.file(name, "text");
        b.file(&format!("deleted/{name}"), "text");
        b.file(&format!("dirs/{name}/x"), "text");
        b.upper().file(&format!("upper-only/{name}"), "text");
        b.anywhere();
    }
    steps(|r| {
        for name in NAMES {
            r.put(name, O_WRONLY, "T");
            r.unlink(&format!("deleted/{name}"));
            r.stat(&format!("deleted/{name}"));
            r.rename(&format!("dirs/{name}/x"), &format!("dirs/{name}/{name}"));
            r.mkdir(&format!("made-{name}"));
            r.mkdir(&format!("made-{name}/{name}"));
            r.rename(&format!("upper-only/{name}"), &format!("deleted/{name}"));
        }
        r.unlink("deleted/x");
        r.mkdir("deleted/x");
        r.ls(".");
        r.ls("deleted");
        r.ls("dirs/.wh.x");
    })
    .layers(|l| {
        for name in NAMES {
            l.in_upper(name)?;
        }
        l.not_opaque("dirs/#1")?;
        l.opaque("deleted/x")
    })
    .not_on(&["aufs"], shape::NO_SUCH_NAMES)
}
