// SPDX-License-Identifier: GPL-2.0-only
use crate::prelude::*;

pub const SCENARIO: Scenario = Scenario {
    about: "CAP_FOWNER stands for the owner, whom uid 0 alone does not replace",
    setup,
    steps: |r| {
        let try_all = |r: &mut Run, by: &str| {
            for place in PLACES {
                let path = format!("{place}/file");
                r.chmod(&path, 0o4644);
                r.utimens(&path, (5, 5));
                r.touch(&path);
                r.set_acl(&path, "u:6,user:7:4,g:4,m:4,o:4");
                r.removexattr(&path, acl::ACCESS);
                r.chown(&path, u32::MAX, 501);
                r.try_open(&path, O_RDONLY | libc::O_NOATIME);
                r.cat(&path);
                r.setxattr(&format!("{place}/tmp"), "user.a", by);
                r.rename(&format!("{place}/tmp/moves"), &format!("{place}/tmp/{by}"));
                r.unlink(&format!("{place}/tmp/for_{by}"));
            }
        };
        r.without(&[cap::FOWNER], |r| try_all(r, "root"));
        r.with_only(OTHER, &[cap::FOWNER], |r| try_all(r, "other"));
        for place in PLACES {
            r.stat(&format!("{place}/file"));
            r.ls(&format!("{place}/tmp"));
        }
    },
    layers: Some(|l| {
        l.absent("lower/tmp/for_root")?;
        l.whiteout("lower/tmp/for_other")?;
        l.in_upper("lower/tmp/other")
    }),
    ..Scenario::DEFAULT
};

fn setup(b: &mut Builder) {
    in_places(b, |b, place| {
        b.file(&format!("{place}/file"), "text").owner(1000, 500);
        b.dir(&format!("{place}/tmp")).mode(0o1777).owner(1000, 500);
        for name in ["moves", "for_root", "for_other"] {
            b.file(&format!("{place}/tmp/{name}"), "text")
                .owner(1000, 500);
        }
    });
}
