// SPDX-License-Identifier: GPL-2.0-only
use crate::prelude::*;

pub const SCENARIO: Scenario = Scenario {
    about: "root of a user namespace has capabilities over what it maps: owner and group for data, owner for attributes",
    setup,
    steps: |r| {
        r.in_userns("0 1000 4\n", "0 1000 1\n5 500 1\n", |r| {
            for place in PLACES {
                for (uid, gid) in OWNERS {
                    let path = format!("{place}/{uid}.{gid}");
                    r.cat(&path);
                    r.put(&path, O_WRONLY, "T");
                    r.truncate(&path, 2);
                    r.try_open(&path, O_RDONLY | libc::O_NOATIME);
                    r.chmod(&path, 0o640);
                    r.utimens(&path, (5, 5));
                    r.touch(&path);
                    r.setxattr(&path, "user.a", "1");
                    r.exec(&path, &[]);
                    let dir = format!("{path}.dir");
                    r.ls(&dir);
                    r.mkdir(&format!("{dir}/new"));
                    r.unlink(&format!("{dir}/f"));
                }
            }
        });
    },
    layers: Some(|l| {
        for unmapped in ["0.0", "2000.500"] {
            l.absent(&format!("lower/{unmapped}"))?;
            l.absent(&format!("merged/{unmapped}"))?;
            l.absent(&format!("lower/{unmapped}.dir"))?;
        }
        l.in_upper("lower/1001.500")
    }),
    not_on: &[("chroot", "no user namespace can be made in a chroot")],
    ..Scenario::DEFAULT
};

const OWNERS: [(u32, u32); 5] = [(0, 0), (1000, 7), (1001, 500), (1001, 7), (2000, 500)];

fn setup(b: &mut Builder) {
    in_places(b, |b, place| {
        for (uid, gid) in OWNERS {
            let path = format!("{place}/{uid}.{gid}");
            b.file(&path, "text").mode(0o200).owner(uid, gid);
            b.dir(&format!("{path}.dir")).mode(0o500).owner(uid, gid);
            b.file(&format!("{path}.dir/f"), "text").owner(uid, gid);
        }
    });
}
