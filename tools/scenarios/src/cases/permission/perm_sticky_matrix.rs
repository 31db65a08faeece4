// SPDX-License-Identifier: GPL-2.0-only
use crate::prelude::*;

pub const SCENARIO: Scenario = Scenario {
    about: "in a sticky directory names are for the owner of the directory and of the object",
    setup,
    steps: |r| {
        // 1000 owns the directory, 1001 the objects, 1002 nothing.
        for (who, number) in [(OTHER, 0), (MEMBER, 1), (OWNER, 2)] {
            r.as_who(who, |r| {
                for place in PLACES {
                    let path = |name: &str| format!("{place}/tmp/{name}{number}");
                    let out = format!("{place}/out");
                    r.unlink(&path("file"));
                    r.rmdir(&path("dir"));
                    r.rename(&path("moves"), &format!("{out}/moves{number}"));
                    r.rename(&format!("{out}/in{number}"), &path("target"));
                    r.rename2(
                        &format!("{out}/exchange{number}"),
                        &path("exchange"),
                        RENAME_EXCHANGE,
                    );
                    r.put(&path("new"), O_WRONLY | O_CREAT, "mine");
                }
            });
        }
        for place in PLACES {
            r.ls(&format!("{place}/tmp"));
            r.ls(&format!("{place}/out"));
        }
    },
    layers: Some(|l| {
        for name in ["file0", "dir0", "moves0", "target0", "exchange0"] {
            l.absent(&format!("lower/tmp/{name}"))?;
        }
        l.absent("lower/out/in0")?;
        l.absent("merged/tmp/file0")?;
        l.whiteout("lower/tmp/file1")?;
        l.whiteout("lower/tmp/dir2")?;
        l.in_upper("merged/out/exchange2")
    }),
    ..Scenario::DEFAULT
};

fn setup(b: &mut Builder) {
    in_places(b, |b, place| {
        b.dir(&format!("{place}/tmp")).mode(0o1777).owner(1000, 500);
        b.dir(&format!("{place}/out")).mode(0o777);
        for number in 0..3 {
            b.dir(&format!("{place}/tmp/dir{number}")).owner(1001, 1001);
            for name in [
                "tmp/file",
                "tmp/moves",
                "tmp/target",
                "tmp/exchange",
                "out/in",
                "out/exchange",
            ] {
                b.file(&format!("{place}/{name}{number}"), name)
                    .owner(1001, 1001);
            }
        }
    });
}
