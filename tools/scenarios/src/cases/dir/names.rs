// SPDX-License-Identifier: GPL-2.0-only
//! Names, paths and links.

use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt;

use crate::prelude::*;

/// Many files are made, changed and deleted.
pub fn many_files(b: &mut Builder) -> Steps {
    for n in 0..60 {
        b.file(&format!("d{}/f{n}", n % 4), format!("text {n}"));
    }
    steps(|r| {
        for n in 0..60 {
            let path = format!("d{}/f{n}", n % 4);
            match n % 6 {
                0 => drop(r.unlink(&path)),
                1 => drop(r.put(&path, O_WRONLY, "T")),
                2 => drop(r.rename(&path, &format!("d{}/r{n}", (n + 1) % 4))),
                3 => drop(r.chmod(&path, 0o600)),
                4 => drop(r.link(&path, &format!("d{}/l{n}", (n + 2) % 4))),
                _ => {}
            }
        }
        for n in 0..100 {
            r.put(&format!("d1/n{n}"), O_WRONLY | O_CREAT, "new");
        }
        for n in (0..100).step_by(2) {
            r.unlink(&format!("d1/n{n}"));
        }
        for dir in ["d0", "d1", "d2", "d3"] {
            r.ls(dir);
        }
    })
}

/// Names are bytes, not text.
pub fn names_not_text(b: &mut Builder) -> Steps {
    b.dir("d");
    steps(|r| {
        let name = OsStr::from_bytes(b"d/\xff\xfe\x80");
        let made = sys::open(name, O_WRONLY | O_CREAT, 0o644).and_then(sys::close);
        r.done("creating a name that is not text", made);
        r.ls("d");
        let renamed = sys::rename(name, OsStr::from_bytes(b"d/\xc3\x28"), 0);
        r.done("renaming it", renamed);
        r.ls("d");
    })
}

/// Long names and names with odd letters.
pub fn names_odd(b: &mut Builder) -> Steps {
    b.file(".wh.name", "an ordinary name here");
    b.file("white space", "text");
    b.file("comma,colon:back\\slash", "text");
    b.file("ünïcödé", "text");
    steps(|r| {
        let long = "n".repeat(255);
        let too_long = "n".repeat(256);
        r.put(&long, O_WRONLY | O_CREAT, "x");
        r.put(&too_long, O_WRONLY | O_CREAT, "x");
        r.lstat(&too_long);
        r.mkdir(&too_long);
        r.rename(&long, &too_long);
        r.put("new\nline", O_WRONLY | O_CREAT, "x");
        r.put(".wh..wh..opq", O_WRONLY | O_CREAT, "x");
        r.put(".wh.name", O_WRONLY, "X");
        r.chmod("white space", 0o600);
        r.rename("comma,colon:back\\slash", "moved,here");
        r.unlink("ünïcödé");
        r.unlink(&long);
        r.ls(".");
    })
    .in_upper(".wh..wh..opq")
    .not_on(&["aufs"], shape::NO_SUCH_NAMES)
}

/// Paths through objects that are no directories, and empty paths.
pub fn path_errors(b: &mut Builder) -> Steps {
    b.file("f", "text");
    b.dir("d");
    b.symlink("l", "f");
    steps(|r| {
        for path in [
            "f/x", "f/", "f/.", "f/..", "l/x", "l/", "none/..", "", "d/../f", "d/.", "d//",
        ] {
            r.stat(path);
        }
        r.stat(&"x/".repeat(3000));
        r.chdir("f");
        r.chdir("d");
        r.stat("../f");
        r.put("here", O_WRONLY | O_CREAT, "x");
        r.ls(".");
    })
}

/// Chains, loops and dangling links.
pub fn symlink_chain(b: &mut Builder) -> Steps {
    b.file("end", "the end");
    b.symlink("l0", "end");
    for n in 1..12 {
        b.symlink(&format!("l{n}"), &format!("l{}", n - 1));
    }
    b.symlink("loop", "loop");
    b.symlink("dangling", "made-through-link");
    steps(|r| {
        r.cat("l11");
        r.stat("l11");
        r.cat("loop");
        r.stat("loop");
        r.lstat("loop");
        r.stat("dangling");
        r.put("dangling", O_WRONLY | O_CREAT, "made");
        r.cat("made-through-link");
        r.put("l11", O_WRONLY, "THE");
        r.cat("end");
        r.chmod("l5", 0o600);
        r.stat("end");
    })
    .absent("l5")
    .in_upper("end")
}

/// Writing through a lower link changes its target alone.
pub fn symlink_write_through(b: &mut Builder) -> Steps {
    b.file("d/f", "text");
    b.symlink("l", "d/f");
    steps(|r| {
        r.put("l", O_WRONLY, "T");
        r.truncate("l", 2);
        r.cat("d/f");
        r.lstat("l");
        r.unlink("l");
        r.cat("d/f");
    })
    .whiteout("l")
    .in_upper("d/f")
}
