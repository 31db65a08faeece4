// SPDX-License-Identifier: GPL-2.0-only
use std::path::Path;

use crate::bench::Bench;
use crate::mount::Union;
use crate::scenario::Check;
use crate::sys;
use crate::walk;

pub const CHECK: Check = Check {
    about: "what stands in the way of an absolute redirect hides and leads on as in overlayfs",
    run,
    ..Check::DEFAULT
};

const REDIRECT: &str = "trusted.overlay.redirect";
const OPAQUE: &str = "trusted.overlay.opaque";

/// What the topmost of three lower layers has at `/a`, where the redirect `/a/b` leads along.
type Way = fn(&Bench, &Path) -> Result<(), String>;

const WAYS: [(&str, Way, &[&str]); 8] = [
    ("nothing", |_, _| Ok(()), &["f2", "f3"]),
    (
        "a directory",
        |b, a| b.file(&b.dir(&a.join("b"))?.join("f1"), "1"),
        &["f1", "f2", "f3"],
    ),
    (
        "an opaque directory",
        |b, a| {
            b.file(&b.dir(&a.join("b"))?.join("f1"), "1")?;
            Ok(sys::setxattr(a, OPAQUE, b"y", 0)?)
        },
        &["f1"],
    ),
    (
        "an opaque directory, empty",
        |b, a| Ok(sys::setxattr(b.dir(a)?, OPAQUE, b"y", 0)?),
        &[],
    ),
    (
        "a whiteout",
        |_, a| Ok(sys::mknod(a, libc::S_IFCHR, 0)?),
        &[],
    ),
    ("a file", |b, a| b.file(a, "file"), &[]),
    (
        "a directory that was moved",
        |b, a| {
            b.file(&b.dir(&a.join("b"))?.join("f1"), "1")?;
            Ok(sys::setxattr(a, REDIRECT, b"/old", 0)?)
        },
        &["f1", "old2"],
    ),
    (
        "a directory that was moved, empty",
        |b, a| Ok(sys::setxattr(b.dir(a)?, REDIRECT, b"old", 0)?),
        &["old2"],
    ),
];

fn run(b: &mut Bench) -> Result<(), String> {
    let l = b.layout(0)?;
    let below = b.tmpfs("layers")?;
    for (number, (what, way, names)) in WAYS.into_iter().enumerate() {
        let layers: Vec<_> = ["1", "2", "3", "upper", "work"]
            .iter()
            .map(|name| b.dir(&below.join(number.to_string()).join(name)))
            .collect::<Result<_, _>>()?;
        way(b, &layers[0].join("a")).map_err(|error| format!("{what}: {error}"))?;
        b.file(&b.dir(&layers[1].join("a/b"))?.join("f2"), "2")?;
        b.file(&b.dir(&layers[1].join("old/b"))?.join("old2"), "2")?;
        b.file(&b.dir(&layers[2].join("a/b"))?.join("f3"), "3")?;
        let x = b.dir(&layers[3].join("x"))?;
        b.works("setxattr", sys::setxattr(&x, REDIRECT, b"/a/b", 0))?;
        for fstype in ["overlay", b.fstype] {
            Union::new(fstype)
                .lowers(&layers[..3])
                .upper(&layers[3], &layers[4])
                .option("redirect_dir", "follow")
                .mount(&l.target)?;
            let found = walk::outline(&l.target.join("x"));
            let found: Vec<_> = found
                .keys()
                .map(|name| name.trim_start_matches('/'))
                .collect();
            let what = format!("{fstype}, {what}: x has {names:?}, not {found:?}");
            b.must(&what, found == names)?;
            b.umount(&l.target)?;
        }
    }
    Ok(())
}
