// SPDX-License-Identifier: GPL-2.0-only
//! openat2(2).

use crate::prelude::*;

/// openat2 with RESOLVE_BENEATH or IN_ROOT does not leave the directory, whatever layer its parts are from.
pub fn open_how_beneath(b: &mut Builder) -> Steps {
    b.file("outside", "no");
    b.lower(1).file("box/outside", "inside");
    b.symlink("box/out", "../outside");
    b.symlink("box/absolute", "/outside");
    b.lower(0).file("box/sub/f", "text");
    b.symlink("box/sub/up", "../outside");
    b.symlink("box/sub/far", "../../outside");
    b.upper().symlink("box/hop", "sub/up");
    steps(|r| {
        let dir = r.open("box", O_PATH);
        for resolve in [libc::RESOLVE_BENEATH, libc::RESOLVE_IN_ROOT] {
            for path in [
                "outside",
                "out",
                "absolute",
                "hop",
                "sub/up",
                "sub/far",
                "sub/../outside",
                "..",
                "../box/outside",
                "/outside",
                "sub/../../outside",
                ".",
                "/",
            ] {
                let fd = r.open_how(Some(dir), path, O_RDONLY, resolve);
                if fd.raw() >= 0 {
                    r.read(fd, 10);
                }
            }
            let fd = r.open_how(Some(dir), "sub/up", O_RDWR | O_TRUNC, resolve);
            r.write(fd, "inside again");
            r.open_how(Some(dir), "../made", O_WRONLY | O_CREAT, resolve);
            r.open_how(
                Some(dir),
                "sub/../made",
                O_WRONLY | O_CREAT | O_EXCL,
                resolve,
            );
        }
        r.open_how(
            Some(dir),
            "f",
            O_RDONLY,
            libc::RESOLVE_BENEATH | libc::RESOLVE_IN_ROOT,
        );
        r.cat("outside");
    })
    .absent("outside")
}

/// openat2 with RESOLVE_CACHED finds a file that was just looked up, never makes one, and otherwise returns EAGAIN or
/// the right result.
pub fn open_how_cached(b: &mut Builder) -> Steps {
    b.file("d/lower", "text");
    b.file("d/gone", "text");
    b.symlink("l", "d/lower");
    b.upper().file("d/upper", "text");
    steps(|r| {
        r.unlink("d/gone");
        for path in ["d/lower", "d/upper"] {
            r.opens(path, O_RDONLY);
            r.open_how(None, path, O_RDONLY, RESOLVE_CACHED);
            r.open_how(None, path, O_RDWR, RESOLVE_CACHED);
            r.open_how(None, path, O_PATH, RESOLVE_CACHED);
        }
        for path in ["d/lower", "d/upper", "l", "d/gone", "d/none"] {
            r.opens(path, O_RDONLY);
            // Whether a link or a missing name is found in the cache is up to the file system.
            let answer = sys::openat2(libc::AT_FDCWD, path, O_RDONLY, RESOLVE_CACHED);
            let truth = match path {
                "d/gone" | "d/none" => matches!(answer, Err(Errno(libc::ENOENT))),
                _ => answer.is_ok(),
            };
            let unknown = answer == Err(Errno(libc::EAGAIN));
            r.expect(
                format_args!("{path}: the truth or EAGAIN"),
                truth || unknown,
            );
            for flags in [O_CREAT, O_TRUNC, O_CREAT | O_EXCL] {
                r.open_how(None, path, O_WRONLY | flags, RESOLVE_CACHED);
            }
        }
        r.open_how(None, "d", O_RDWR | O_TMPFILE, RESOLVE_CACHED);
        r.ls("d");
    })
    .absent("d/lower")
    .not_on(
        &["over-overlay"],
        "what an overlayfs shows may have to be asked for, which EAGAIN says",
    )
    .not_on(shape::FORGETFUL, shape::FORGOTTEN)
}

/// openat2 with RESOLVE_NO_XDEV treats a union of many file systems as one, but not a mount on it.
pub fn open_how_mounts(b: &mut Builder) -> Steps {
    b.file("lower/f", "text");
    b.lower(1).file("merged/deep", "1");
    b.lower(0).file("merged/f", "0");
    b.upper().file("upper/f", "text");
    b.anywhere().dir("mnt");
    steps(|r| {
        r.with_own_mounts(|r| {
            r.mount_bind("lower", "mnt");
            let inside = r.open("mnt", O_PATH);
            for path in [
                "lower/f",
                "merged/f",
                "merged/deep",
                "upper/f",
                "upper/../lower/f",
                "mnt/f",
                "mnt",
                "mnt/..",
            ] {
                r.open_how(None, path, O_RDONLY, libc::RESOLVE_NO_XDEV);
            }
            r.open_how(None, "lower/new", O_WRONLY | O_CREAT, libc::RESOLVE_NO_XDEV);
            r.open_how(Some(inside), "f", O_RDWR, libc::RESOLVE_NO_XDEV);
            r.open_how(Some(inside), "..", O_RDONLY, libc::RESOLVE_NO_XDEV);
            r.open_how(Some(inside), "../upper/f", O_RDONLY, libc::RESOLVE_NO_XDEV);
            r.umount("mnt");
        });
    })
}

/// openat2 with RESOLVE_NO_SYMLINKS or NO_MAGICLINKS refuses links of every layer, and O_CREAT through them.
pub fn open_how_symlinks(b: &mut Builder) -> Steps {
    b.file("d/f", "text");
    b.symlink("to-dir", "d");
    b.symlink("to-file", "d/f");
    b.symlink("dangling", "d/new");
    b.upper().symlink("above", "d");
    steps(|r| {
        let fd = r.open("d", O_RDONLY | O_DIRECTORY);
        let magic = format!("{}/f", fd.proc_path());
        for resolve in [0, libc::RESOLVE_NO_SYMLINKS, libc::RESOLVE_NO_MAGICLINKS] {
            for path in ["d/f", "to-file", "to-dir/f", "above/f", "dangling", &magic] {
                r.open_how(None, path, O_RDONLY, resolve);
            }
            r.open_how(None, "to-file", O_PATH | O_NOFOLLOW, resolve);
            r.open_how(None, "dangling", O_WRONLY | O_CREAT, resolve);
            r.open_how(None, "above/made", O_WRONLY | O_CREAT, resolve);
            r.unlink("d/new");
            r.unlink("d/made");
        }
    })
    .absent("to-dir")
}
