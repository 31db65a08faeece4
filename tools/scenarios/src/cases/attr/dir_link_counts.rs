// SPDX-License-Identifier: GPL-2.0-only
use crate::prelude::*;

pub const SCENARIO: Scenario = Scenario {
    about: "the link count of a directory is right, or the 1 of nobody knows",
    setup: |b| {
        b.dir("lower/one");
        b.dir("lower/two");
        b.dir("gone/one");
        b.lower(1).dir("merged/below");
        b.lower(0).dir("merged/above");
    },
    steps: |r| {
        let check = |r: &mut Run, dir: &str| {
            let subdirs = r
                .names(dir)
                .iter()
                .filter(|name| {
                    sys::stat(format!("{dir}/{name}"), libc::AT_SYMLINK_NOFOLLOW)
                        .is_ok_and(|stat| stat.st_mode & libc::S_IFMT == libc::S_IFDIR)
                })
                .count() as u64;
            let links = sys::stat(dir, 0).map_or(0, |stat| sys::links(&stat));
            // A wrong 2 would make find(1) and the like skip what is below.
            r.expect(
                format!("link count of {dir}"),
                links == 1 || links == 2 + subdirs,
            );
        };
        for dir in [".", "lower", "gone", "merged"] {
            check(r, dir);
        }
        r.mkdir("new");
        r.mkdir("new/a");
        r.mkdir("new/b");
        check(r, "new");
        r.rename("new/a", "new/b/a");
        check(r, "new");
        check(r, "new/b");
        r.rmdir("new/b/a");
        check(r, "new/b");
        r.mkdir("lower/three");
        check(r, "lower");
        r.rmdir("lower/one");
        check(r, "lower");
        r.rmdir("gone/one");
        check(r, "gone");
        r.chmod("merged", 0o700);
        r.mkdir("merged/top");
        check(r, "merged");
        r.rename("new", "merged/new");
        check(r, "merged");
        check(r, ".");
    },
    ..Scenario::DEFAULT
};
