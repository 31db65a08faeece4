// SPDX-License-Identifier: GPL-2.0-only
use crate::prelude::*;

pub const SCENARIO: Scenario = Scenario {
    about: "ACLs set in a user namespace name its ids, which must be mapped",
    setup,
    steps: |r| {
        r.in_userns("0 1000 4\n", "0 1000 1\n5 500 1\n", |r| {
            for place in PLACES {
                for name in ["mapped", "foreign", "dir"] {
                    let path = format!("{place}/{name}");
                    r.set_acl(&path, "u:6,user:9:4,g:4,m:4,o:4");
                    r.set_acl(&path, "u:6,user:2:6,g:4,group:5:6,m:6,o:0");
                    r.get_acl(&path);
                }
                r.set_default_acl(&format!("{place}/dir"), "u:7,user:3:7,g:5,m:7,o:0");
                r.put(&format!("{place}/dir/new"), O_WRONLY | O_CREAT, "x");
            }
        });
        for place in PLACES {
            r.get_acl(&format!("{place}/mapped"));
            r.get_acl(&format!("{place}/dir/new"));
            r.as_who(OTHER, |r| {
                r.put(&format!("{place}/mapped"), O_WRONLY, "T");
            });
        }
    },
    layers: Some(|l| {
        l.absent("lower/foreign")?;
        l.in_upper("lower/mapped")
    }),
    not_on: &[("chroot", "no user namespace can be made in a chroot")],
    ..Scenario::DEFAULT
};

fn setup(b: &mut Builder) {
    in_places(b, |b, place| {
        b.file(&format!("{place}/mapped"), "text").owner(1000, 1000);
        b.file(&format!("{place}/foreign"), "text").mode(0o666);
        b.dir(&format!("{place}/dir")).owner(1000, 500);
    });
}
