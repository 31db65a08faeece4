// SPDX-License-Identifier: GPL-2.0-only
use crate::prelude::*;

pub const SCENARIO: Scenario = Scenario {
    about: "in a sticky directory for all, links are followed for their owner and the directory's",
    setup,
    steps: |r| {
        for value in ["1", "0"] {
            r.with_sysctl("fs/protected_symlinks", value, |r| {
                for who in [OWNER, MEMBER, OTHER] {
                    r.as_who(who, |r| {
                        for place in PLACES {
                            for name in ["dirs", "members", "roots"] {
                                let path = format!("{place}/tmp/{name}");
                                r.cat(&path);
                                r.stat(&path);
                                r.truncate(&path, 4);
                                r.readlink(&path);
                                r.chmod(&path, 0o666);
                            }
                            r.cat(&format!("{place}/tmp/via/target"));
                        }
                    });
                }
            });
        }
    },
    layers: Some(|l| {
        l.in_upper("lower/tmp/target")?;
        l.absent("lower/tmp/roots")
    }),
    not_on: &[("chroot", "there is no /proc in it")],
    ..Scenario::DEFAULT
};

fn setup(b: &mut Builder) {
    in_places(b, |b, place| {
        b.dir(&format!("{place}/tmp")).mode(0o1777).owner(1000, 500);
        b.file(&format!("{place}/tmp/target"), "text")
            .mode(0o666)
            .owner(1003, 1003);
        b.symlink(&format!("{place}/tmp/dirs"), "target")
            .owner(1000, 500);
        b.symlink(&format!("{place}/tmp/members"), "target")
            .owner(1001, 1001);
        b.symlink(&format!("{place}/tmp/roots"), "target");
        b.symlink(&format!("{place}/tmp/via"), "../tmp")
            .owner(1001, 1001);
    });
}
