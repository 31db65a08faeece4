// SPDX-License-Identifier: GPL-2.0-only
use crate::prelude::*;

pub const SCENARIO: Scenario = Scenario {
    about: "in a user namespace owners show as it maps them, others as the overflow ids",
    setup,
    steps: |r| {
        let look = |r: &mut Run| {
            for place in PLACES {
                for (uid, gid) in OWNERS {
                    let path = format!("{place}/{uid}.{gid}");
                    r.stat(&path);
                    r.get_acl(&path);
                }
                r.lstat(&format!("{place}/link"));
            }
        };
        r.in_userns(UIDS, GIDS, look);
        for (uid, gid) in OWNERS {
            r.utimens(&format!("merged/{uid}.{gid}"), (5, 5));
        }
        r.in_userns(UIDS, GIDS, look);
    },
    layers: Some(|l| {
        l.absent("lower")?;
        l.in_upper("merged/2000.7")
    }),
    not_on: &[("chroot", "no user namespace can be made in a chroot")],
    ..Scenario::DEFAULT
};

const UIDS: &str = "0 1000 4\n";
const GIDS: &str = "0 1000 1\n5 500 1\n";
const OWNERS: [(u32, u32); 5] = [(0, 0), (1000, 1000), (1001, 500), (1001, 7), (2000, 7)];

fn setup(b: &mut Builder) {
    in_places(b, |b, place| {
        for (uid, gid) in OWNERS {
            b.file(&format!("{place}/{uid}.{gid}"), "text")
                .mode(0o666)
                .owner(uid, gid)
                .xattr(
                    acl::ACCESS,
                    &acl::encode("u:6,user:1002:6,user:3000:4,g:6,group:500:4,m:6,o:6"),
                );
        }
        b.symlink(&format!("{place}/link"), "x").owner(2000, 500);
    });
}
