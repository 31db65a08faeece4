// SPDX-License-Identifier: GPL-2.0-only
use crate::bench::Bench;
use crate::errno::Errno;
use crate::scenario::Check;
use crate::sys;
use crate::walk;

pub const CHECK: Check = Check {
    about: "redirects that lead nowhere, round in circles or out of the layers reach nothing outside and harm nothing",
    run,
    ..Check::DEFAULT
};

const REDIRECT: &str = "trusted.overlay.redirect";

fn run(b: &mut Bench) -> Result<(), String> {
    let l = b.layout(2)?;
    for name in ["target", "one", "two", "deep/er"] {
        b.file(&b.dir(&l.lowers[1].join(name))?.join("inside"), name)?;
    }
    // What must not be reached.
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
                    b.must(&format!("{show:?} leads out of the layer"), !secret)?;
                    let own = names.iter().any(|entry| entry.name == b"own");
                    b.must(&format!("{show:?} hides the directory's own file"), own)?;
                }
                Err(error) => b.must(
                    &format!("{show:?}: EIO or ENAMETOOLONG or EINVAL, not {error}"),
                    [libc::EIO, libc::ENAMETOOLONG, libc::EINVAL].contains(&error.0),
                )?,
            }
            b.must("no secret", sys::stat(path.join("secret"), 0).is_err())?;
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
    b.must(
        &format!("an empty directory, not {own:?}"),
        matches!(own, Ok(0) | Err(Errno(libc::EIO))),
    )?;
    b.umount(&l.target)
}
