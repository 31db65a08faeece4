// SPDX-License-Identifier: GPL-2.0-only

use crate::bench::Bench;
use crate::scenario::Check;
use crate::sys;
use crate::walk;

pub const CHECK: Check = Check {
    about: "garbage in private attributes is an error, not a guess",
    run,
    ..Check::DEFAULT
};

fn run(b: &mut Bench) -> Result<(), String> {
    let l = b.layout(1)?;
    b.dir(&l.lowers[0].join("dir/sub"))?;
    let marks: &[(&str, &[u8])] = &[
        ("trusted.overlay.opaque", b"garbage"),
        ("trusted.overlay.redirect", b"/../../etc"),
        ("trusted.overlay.redirect", b""),
        ("trusted.overlay.redirect", b"a/b"),
        ("trusted.overlay.origin", b"\xfb"),
        ("trusted.overlay.origin", &[0xff; 200]),
        ("trusted.overlay.metacopy", b"garbage"),
        ("trusted.overlay.nlink", b"U+99999999999999999999"),
        ("trusted.overlay.impure", b"\0\0"),
        ("trusted.overlay.union.nonesuch", b"x"),
    ];
    for (name, value) in marks {
        let dir = b.dir(&l.upper.join("dir"))?;
        b.file(&l.upper.join("plain"), "text")?;
        b.works("setxattr", sys::setxattr(&dir, name, value, 0))?;
        b.works(
            "setxattr",
            sys::setxattr(l.upper.join("plain"), name, value, 0),
        )?;
        b.union(&l).mount(&l.target)?;
        // Whatever the answers are, they are answers: a crash would show on the console.
        let _ = sys::stat(l.target.join("dir"), 0);
        let _ = walk::list(&l.target);
        let _ = walk::list(&l.target.join("dir"));
        let _ = std::fs::read(l.target.join("plain"));
        let _ = sys::mkdir(l.target.join("dir/new"), 0o755);
        b.holds(&l.target.join("file"), "below")?;
        b.umount(&l.target)?;
        std::fs::remove_dir_all(&dir).map_err(|e| e.to_string())?;
        std::fs::remove_file(l.upper.join("plain")).map_err(|e| e.to_string())?;
    }
    Ok(())
}
