// SPDX-License-Identifier: GPL-2.0-only
use crate::prelude::*;

pub const SCENARIO: Scenario = Scenario {
    about: "CAP_DAC_OVERRIDE opens and makes anything, but changes no attributes of others",
    setup,
    steps: |r| {
        let try_all = |r: &mut Run, by: &str| {
            for place in PLACES {
                let path = format!("{place}/shut/file");
                r.cat(&path);
                r.try_open(&path, O_RDWR);
                r.try_open(&path, O_RDONLY | O_TRUNC);
                r.access(&path, X_OK);
                r.chmod(&path, 0o777);
                r.utimens(&path, (5, 5));
                r.touch(&path);
                r.setxattr(&path, "user.a", by);
                r.set_acl(&path, "u:7,g:7,o:7");
                r.ls(&format!("{place}/shut"));
                r.put(&format!("{place}/shut/{by}"), O_WRONLY | O_CREAT, by);
                r.unlink(&format!("{place}/shut/for_{by}"));
                r.access(&format!("{place}/shut"), X_OK);
            }
        };
        // Uid 0 is a user like others then, and all is another's.
        r.without(
            &[cap::DAC_OVERRIDE, cap::DAC_READ_SEARCH, cap::FOWNER],
            |r| {
                try_all(r, "root");
            },
        );
        r.with_only(OTHER, &[cap::DAC_OVERRIDE], |r| try_all(r, "other"));
        for place in PLACES {
            r.ls(&format!("{place}/shut"));
        }
    },
    layers: Some(|l| {
        l.absent("lower/shut/root")?;
        l.absent("lower/shut/for_root")?;
        l.whiteout("lower/shut/for_other")
    }),
    ..Scenario::DEFAULT
};

fn setup(b: &mut Builder) {
    in_places(b, |b, place| {
        b.dir(&format!("{place}/shut")).mode(0).owner(1000, 500);
        b.file(&format!("{place}/shut/file"), "text")
            .mode(0)
            .owner(1000, 500);
        b.file(&format!("{place}/shut/for_root"), "text");
        b.file(&format!("{place}/shut/for_other"), "text");
    });
}
