// SPDX-License-Identifier: GPL-2.0-only
//! Set-id bits and capabilities of files whose data overlayfs left in lower layers.

use std::path::Path;

use crate::bench::Bench;
use crate::copies::Copies;
use crate::metacopy::{self, At, CAPABILITY, Change, NET_RAW, allocate, done, open};
use crate::sys::{self, Map};
use crate::walk;

/// Set-id bits and capabilities are kept and lost as on a plain file, whoever writes.
pub fn metacopy_rights(b: &mut Bench) -> Result<(), String> {
    b.union_only("overlayfs copies the data when a file is opened, and loses its time")?;
    let cases = CHANGES_OF_RIGHTS;
    let cases_of = |at| Copies::all(b).iter().map(move |copies| (at, *copies));
    for (at, copies) in [At::Upper, At::Lower].into_iter().flat_map(cases_of) {
        let base = b.tmpfs(&format!("{at:?}-{copies:?}"))?;
        let plain = b.dir(&base.join("plain"))?;
        let mut l = b.layout_in(&base, 1)?;
        let fill = |root: &Path| -> Result<(), String> {
            for user in [0, 1000] {
                for (name, _) in cases {
                    let file = root.join(format!("{name}-{user}"));
                    metacopy::make(&file, "odd", name)?;
                    b.works("chmod", sys::chmod(&file, 0o6777))?;
                    b.works("setcap", sys::setxattr(&file, CAPABILITY, &NET_RAW, 0))?;
                }
            }
            Ok(())
        };
        let touch = |root: &Path| -> Result<(), String> {
            for entry in walk::list(root)? {
                let file = root.join(String::from_utf8_lossy(&entry.name).into_owned());
                b.works("setxattr", sys::setxattr(&file, "user.b", b"2", 0))?;
            }
            Ok(())
        };
        fill(&plain)?;
        touch(&plain)?;
        fill(&l.lowers[0])?;
        b.in_overlayfs(&l, touch)?;
        if at == At::Lower {
            l = b.lay_on(&l, "next")?;
        }
        let union = copies.of(b, b.follows(&l));
        union.mount(&l.target)?;
        for user in [0, 1000] {
            for (name, change) in cases {
                let name = format!("{name}-{user}");
                let run = |path: &Path| {
                    if user != 0 {
                        sys::become_user(user, user, &[])?;
                    }
                    let answer = change(path);
                    if user != 0 {
                        sys::become_root()?;
                    }
                    answer
                };
                let (found, expected) = (run(&l.target.join(&name)), run(&plain.join(&name)));
                must!(found == expected, "{name} is {expected:?}, not {found:?}")?;
            }
        }
        let tree = walk::walk(&plain)?;
        b.same(
            &format!("{at:?}, {copies:?}"),
            &tree,
            &walk::walk(&l.target)?,
        )?;
        b.umount(&l.target)?;
        b.within(&union, &l.target, |root| {
            b.same(
                &format!("{at:?}, {copies:?}, mounted again"),
                &tree,
                &walk::walk(root)?,
            )
        })?;
        b.settle_all(&union, &l)?;
        b.within(&b.overlayfs(&l), &l.target, |root| {
            b.same(
                &format!("{at:?}, {copies:?}, as overlayfs"),
                &tree,
                &walk::walk(root)?,
            )
        })?;
    }
    Ok(())
}

const CHANGES_OF_RIGHTS: [(&str, Change); 8] = [
    ("write", |f| {
        open(f, libc::O_WRONLY, |fd| sys::write(fd, b"new", Some(5)))
    }),
    ("write_nothing", |f| {
        open(f, libc::O_WRONLY, |fd| sys::write(fd, b"", Some(5)))
    }),
    ("truncate", |f| done(sys::truncate(f, 100))),
    ("truncate_zero", |f| done(sys::truncate(f, 0))),
    ("open_truncate", |f| {
        open(f, libc::O_WRONLY | libc::O_TRUNC, |_| Ok(0))
    }),
    ("allocate", |f| allocate(f, 0, 0, 100_000)),
    ("shared_map", |f| {
        open(f, libc::O_RDWR, |fd| {
            let access = libc::PROT_READ | libc::PROT_WRITE;
            let mut map = Map::new(fd, 4096, access, libc::MAP_SHARED)?;
            map.store(10, b"new");
            done(map.sync())
        })
    }),
    ("chown", |f| done(sys::lchown(f, 1000, 1000))),
];
