// SPDX-License-Identifier: GPL-2.0-only
use crate::bench::Bench;
use crate::errno::Errno;
use crate::scenario::Check;
use crate::sys;
use crate::walk;

pub const CHECK: Check = Check {
    about: "a mark of opaqueness counts on directories, with values that have a meaning; no other value shows what is hidden",
    run,
    ..Check::DEFAULT
};

const MARK: &str = "trusted.overlay.opaque";

fn run(b: &mut Bench) -> Result<(), String> {
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
    for place in ["top", "lower"] {
        for (number, (value, names)) in values.iter().enumerate() {
            let name = format!("{place}{number}");
            b.file(&b.dir(&l.lowers[1].join(&name))?.join("old"), "old")?;
            let above = if place == "top" {
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
            b.must(
                &format!(
                    "{place}, value {:?}: {names:?}, not {seen:?}",
                    value.escape_ascii().to_string()
                ),
                right,
            )?;
            b.holds(&l.target.join("file"), "below")?;
            b.umount(&l.target)?;
            std::fs::remove_dir_all(&dir).map_err(|error| error.to_string())?;
        }
    }
    // On anything else it means nothing.
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
    let lowers = b.lower_trees(&l)?;
    let union = b.union(&l);
    union.mount(&l.target)?;
    b.holds(&l.target.join("file"), "below")?;
    b.must(
        "the link",
        sys::readlink(l.target.join("symlink"))? == b"target",
    )?;
    b.works("chmod", sys::chmod(l.target.join("fifo"), 0o640))?;
    b.file(&l.target.join("file"), "changed")?;
    b.sound(&union, &l, &lowers).map(drop)
}
