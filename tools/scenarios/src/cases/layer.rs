// SPDX-License-Identifier: GPL-2.0-only
//! How layers combine: merging, opaque directories, whiteouts.

use crate::prelude::*;

/// A merged directory has mode, owner, time and attributes of its topmost part, and keeps them when it is copied up.
pub fn layer_attributes_of_topmost(b: &mut Builder) -> Steps {
    b.lower(2)
        .dir("a")
        .mode(0o777)
        .owner(1, 1)
        .mtime(100, 1)
        .xattr("user.x", b"2");
    b.file("a/bottom", "x");
    b.lower(1)
        .dir("a")
        .mode(0o750)
        .owner(2, 2)
        .mtime(200, 2)
        .xattr("user.y", b"1");
    b.file("a/middle", "x");
    b.dir("b").mode(0o711).owner(3, 3).mtime(300, 3);
    b.lower(0)
        .dir("a")
        .mode(0o700)
        .owner(4, 4)
        .mtime(400, 4)
        .xattr("user.z", b"0");
    b.dir("b").mode(0o755).owner(5, 5).mtime(500, 5);
    b.upper()
        .dir("b")
        .mode(0o1777)
        .owner(6, 6)
        .mtime(600, 6)
        .xattr("user.upper", b"t");
    steps(|r| {
        for dir in ["a", "b"] {
            r.stat(dir);
            r.listxattr(dir);
        }
        r.chmod("a/bottom", 0o600);
        r.stat("a");
        r.listxattr("a");
        r.getxattr("a", "user.z");
        r.as_user(4, 4, |r| {
            r.ls("a");
            r.put("a/new", O_WRONLY | O_CREAT, "x");
        });
        r.as_user(1, 1, |r| {
            r.ls("a");
            r.put("b/new", O_WRONLY | O_CREAT, "x");
        });
        r.removexattr("a", "user.z");
        r.listxattr("a");
    })
    .layers(|l| {
        let stat = l.stat("a")?;
        if (stat.st_uid, stat.st_mode & 0o7777) == (4, 0o700) {
            Ok(())
        } else {
            Err("a must be the copy of the topmost part".into())
        }
    })
    .not_on(shape::MAPPED, shape::OTHER_OWNERS)
}

/// Real character devices among whiteouts, in every layer, are listed, and whiteouts are not.
pub fn layer_devices_and_whiteouts(b: &mut Builder) -> Steps {
    for number in 0..24u32 {
        let name = format!("d/{number:02}");
        b.lower(2).char_device(&name, 4, number);
        match number % 6 {
            0 => b.lower(1).whiteout(&name),
            1 => drop(b.lower(1).char_device(&name, 5, number + 1)),
            2 => b.upper().whiteout(&name),
            3 => drop(b.upper().char_device(&name, 0, number + 1)),
            4 => {
                b.lower(1).whiteout(&name);
                b.lower(0).char_device(&name, number, 0);
            }
            _ => {
                b.lower(0).whiteout(&name);
                b.upper().block_device(&name, 0, 0);
            }
        }
    }
    steps(|r| {
        r.ls("d");
        for name in r.names("d") {
            r.lstat(&format!("d/{name}"));
        }
        for number in 0..12 {
            let name = format!("d/{number:02}");
            r.unlink(&name);
            r.mknod(&name, libc::S_IFCHR, 0o600, 0, number + 1);
        }
        r.ls("d");
    })
    .in_upper("d/00")
    .whiteout("d/14")
    .absent("d/16")
}

/// An object hides one of another type in the layer beneath, and ends the merge with directories further down.
pub fn layer_kinds_on_kinds(b: &mut Builder) -> Steps {
    for (below, above, dir) in What::pairs(&What::ALL, &What::ALL) {
        let name = format!("{dir}/name");
        // A directory in the bottom layer shows only if nothing but directories is above it.
        b.lower(2).file(&format!("{name}/bottom"), "x");
        b.lower(1).object(below, &name);
        b.lower(0).object(above, &name);
        b.upper().dir(&format!("{dir}/upper"));
        b.lower(0).object(below, &format!("{dir}/upper"));
    }
    steps(|r| {
        for (_, _, dir) in What::pairs(&What::ALL, &What::ALL) {
            r.see(&format!("{dir}/name"));
            r.see(&format!("{dir}/upper"));
            r.lstat(&format!("{dir}/name/bottom"));
            r.ls(&dir);
        }
    })
    .absent("file-file/name")
}

/// A symbolic link to a directory above a directory replaces it, and nothing merges through the link.
pub fn layer_link_on_directory(b: &mut Builder) -> Steps {
    b.lower(1).file("d/below", "x");
    b.file("target/t", "x");
    b.file("e/below", "x");
    b.lower(0).symlink("d", "target");
    b.upper().symlink("e", "d");
    b.file("target/u", "x");
    steps(|r| {
        r.ls("d");
        r.ls("e");
        r.lstat("d/below");
        r.put("d/new", O_WRONLY | O_CREAT, "x");
        r.rmdir("d");
        r.unlink("d");
        r.ls("e");
        r.mkdir("d");
        r.ls("e");
        r.put("e/more", O_WRONLY | O_CREAT, "x");
        r.unlink("e");
        r.lstat("e");
        r.ls("target");
    })
    .opaque("d")
    .whiteout("e")
    .in_upper("target/new")
}

/// Whiteouts in an opaque directory hide nothing: their names are free, and the directory can be removed.
pub fn layer_opaque_and_whiteouts(b: &mut Builder) -> Steps {
    b.lower(1).file("d/f", "below");
    b.file("d/sub/g", "below");
    b.lower(0).opaque("d");
    b.whiteout("d/f");
    b.upper().opaque("e");
    b.whiteout("e/x");
    b.whiteout("e/y");
    b.opaque("e/inner");
    b.whiteout("e/inner/z");
    b.lower(1).file("e/x", "below");
    b.file("e/inner/z", "below");
    steps(|r| {
        for dir in ["d", "e", "e/inner"] {
            r.see(dir);
        }
        for name in ["d/f", "d/sub", "e/x", "e/inner/z"] {
            r.mkdir(name);
            r.see(name);
        }
        r.rmdir("e/x");
        r.rename("e/inner/z", "e/x");
        r.make(What::File, "e/y");
        r.rename("e/y", "e/inner/z");
        r.unlink("e/inner/z");
        r.rmdir("e/inner");
        r.lstat("e/inner");
        r.rmdir("e/x");
        r.rmdir("e");
        r.lstat("e");
        r.mkdir("e");
        r.see("e");
    })
    .opaque("e")
    .upper_is(&["d", "d/f", "d/sub", "e"])
}

/// An opaque directory at each level of five layers hides what is beneath it and merges with what is above.
pub fn layer_opaque_at_each_level(b: &mut Builder) -> Steps {
    for level in (0..4).rev() {
        b.lower(level);
        for opaque in 0..5 {
            let dir = format!("d{opaque}");
            if level == opaque {
                b.opaque(&dir);
            }
            b.file(&format!("{dir}/level{level}"), "x");
            b.file(&format!("{dir}/all"), format!("{level}"));
            b.file(&format!("{dir}/sub/level{level}"), "x");
        }
    }
    b.upper().opaque("d4");
    b.file("d4/upper", "x");
    steps(|r| {
        for opaque in 0..5 {
            let dir = format!("d{opaque}");
            r.see(&dir);
            r.ls(&format!("{dir}/sub"));
            r.cat(&format!("{dir}/all"));
            for level in 0..4 {
                r.lstat(&format!("{dir}/level{level}"));
            }
            // Hidden names can be made anew.
            r.mkdir(&format!("{dir}/level3"));
            r.see(&format!("{dir}/level3"));
            r.unlink(&format!("{dir}/level0"));
            r.put(&format!("{dir}/all"), O_WRONLY | O_CREAT, "new");
        }
        r.rename("d4/all", "d3/all");
        r.remove_tree("d2", Vec::pop);
        r.ls(".");
    })
    .opaque("d4")
    .not_opaque("d0")
    .absent("d4/level0")
    .whiteout("d1/level0")
    .not_opaque("d0/level3")
    .whiteout("d2")
}

/// A directory stays opaque through chmod, chown, changes of attributes, moves and changes of its names.
pub fn layer_opaque_mark_kept(b: &mut Builder) -> Steps {
    for dir in ["made", "found", "place"] {
        b.lower(0).file(&format!("{dir}/hidden"), "below");
        b.file(&format!("{dir}/sub/hidden"), "below");
    }
    b.upper().opaque("found").xattr("user.a", b"1");
    steps(|r| {
        r.remove_tree("made", Vec::pop);
        r.mkdir("made");
        r.remove_tree("place", Vec::pop);
        for dir in ["made", "found"] {
            r.chmod(dir, 0o700);
            r.chown(dir, 3, 4);
            r.setxattr(dir, "user.b", "2");
            r.removexattr(dir, "user.a");
            r.set_acl(dir, "u:7,user:9:5,g:5,m:5,o:0");
            r.utimens(dir, OLD);
            r.mkdir(&format!("{dir}/sub"));
            r.rename(dir, "place");
            r.see("place");
            r.rename("place", dir);
            r.see(dir);
            r.ls(&format!("{dir}/sub"));
            r.listxattr(dir);
            r.lstat(&format!("{dir}/hidden"));
        }
    })
    .opaque("made")
    .opaque("found")
    .whiteout("place")
}

/// A whiteout at one level and a file or directory at another: the topmost of the two decides.
pub fn layer_whiteout_at_each_level(b: &mut Builder) -> Steps {
    for level in (0..4).rev() {
        b.lower(level);
        for whiteout in 0..4 {
            for object in (0..4).filter(|object| *object != whiteout) {
                let name = format!("w{whiteout}o{object}");
                if level == whiteout {
                    b.whiteout(&name);
                    b.whiteout(&format!("{name}.d"));
                } else if level == object {
                    b.file(&name, &name);
                    b.file(&format!("{name}.d/f"), &name);
                }
            }
        }
    }
    steps(|r| {
        r.ls(".");
        for whiteout in 0..4 {
            for object in (0..4).filter(|object| *object != whiteout) {
                let name = format!("w{whiteout}o{object}");
                r.see(&name);
                r.see(&format!("{name}.d"));
                r.mkdir(&format!("{name}.d"));
                r.unlink(&name);
                r.put(&name, O_WRONLY | O_CREAT | O_EXCL, "new");
                r.unlink(&name);
            }
        }
        r.ls(".");
    })
    .layers(|l| {
        // A name that is hidden in a lower layer needs nothing more. A visible one needs a whiteout.
        l.absent("w0o1")?;
        l.whiteout("w1o0")?;
        l.in_upper("w0o3.d")?;
        l.absent("w3o2.d")
    })
}

/// An opaque directory of a lower layer ends the merge.
pub fn opaque_below(b: &mut Builder) -> Steps {
    b.lower(2).file("d/bottom", "bottom");
    b.file("d/sub/bottom", "bottom");
    b.lower(1).opaque("d");
    b.file("d/middle", "middle");
    b.lower(0).file("d/first", "first");
    steps(|r| {
        r.ls("d");
        r.lstat("d/bottom");
        r.lstat("d/sub");
        r.mkdir("d/sub");
        r.ls("d/sub");
        r.listxattr("d");
    })
    .in_upper("d/sub")
}

/// An opaque directory of the upper layer hides all lower ones.
pub fn opaque_upper(b: &mut Builder) -> Steps {
    b.lower(0).file("d/f", "below");
    b.file("e/f", "below");
    b.upper().opaque("d");
    b.file("d/g", "upper");
    b.dir("e");
    steps(|r| {
        r.ls("d");
        r.ls("e");
        r.put("d/f", O_WRONLY | O_CREAT | O_EXCL, "new");
        r.unlink("d/f");
        r.unlink("d/g");
        r.rmdir("d");
        r.lstat("d");
    })
    .whiteout("d")
}

/// A whiteout of a lower layer hides what is below it.
pub fn whiteout_below(b: &mut Builder) -> Steps {
    b.lower(2).file("f", "bottom");
    b.file("d/x", "x");
    b.file("kept", "kept");
    b.lower(1).whiteout("f");
    b.whiteout("d");
    b.lower(0).file("g", "g");
    steps(|r| {
        r.ls(".");
        r.lstat("f");
        r.lstat("d");
        r.put("f", O_WRONLY | O_CREAT | O_EXCL, "new");
        r.mkdir("d");
        r.ls("d");
        r.unlink("f");
        r.lstat("f");
        r.cat("kept");
    })
    .absent("kept")
}

/// A name hidden and made again within the layers.
pub fn whiteout_remade(b: &mut Builder) -> Steps {
    b.lower(2).file("f", "oldest");
    b.file("d/old", "old");
    b.lower(1).whiteout("f");
    b.whiteout("d");
    b.lower(0).file("f", "newest");
    b.opaque("d");
    b.file("d/new", "new");
    steps(|r| {
        r.cat("f");
        r.ls("d");
        r.lstat("d/old");
        r.unlink("f");
        r.lstat("f");
        r.put("f", O_WRONLY | O_CREAT, "again");
        r.unlink("d/new");
        r.rmdir("d");
        r.lstat("d");
    })
    .whiteout("d")
}
