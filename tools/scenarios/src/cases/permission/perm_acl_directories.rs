// SPDX-License-Identifier: GPL-2.0-only
use crate::prelude::*;

pub const SCENARIO: Scenario = Scenario {
    about: "ACLs of directories let named users and groups search, list and change, within the mask",
    setup: |b| {
        in_places(b, |b, place| {
            for (name, mode, text) in ACLS {
                b.dir(&format!("{place}/{name}"))
                    .mode(mode)
                    .owner(1000, 1000)
                    .xattr(acl::ACCESS, &acl::encode(text));
                for file in ["f", "g", "h"] {
                    b.file(&format!("{place}/{name}/{file}"), "text");
                }
            }
        });
    },
    steps: |r| {
        r.each_user(|r, who| {
            for place in PLACES {
                for (name, ..) in ACLS {
                    let dir = format!("{place}/{name}");
                    r.ls(&dir);
                    r.cat(&format!("{dir}/f"));
                    r.mkdir(&format!("{dir}/{}", who.name));
                    r.rename(&format!("{dir}/g"), &format!("{dir}/of_{}", who.name));
                    r.try_open(&dir, O_RDWR | O_TMPFILE);
                    r.chmod(&format!("{dir}/h"), 0o777);
                    r.access(&dir, X_OK);
                }
            }
        });
        for (name, ..) in ACLS {
            r.get_acl(&format!("lower/{name}"));
        }
    },
    layers: Some(|l| {
        l.in_upper("lower/change/of_member")?;
        l.absent("lower/masked")?;
        l.absent("lower/look")
    }),
    ..Scenario::DEFAULT
};

const ACLS: [(&str, u32, &str); 4] = [
    ("change", 0o070, "u:0,g:0,group:500:7,m:7,o:0"),
    ("search", 0o710, "u:7,user:1002:1,g:0,group:501:1,m:1,o:0"),
    ("masked", 0o050, "u:0,user:1001:7,user:1002:7,g:7,m:5,o:0"),
    ("look", 0o441, "u:4,user:1002:4,g:0,m:4,o:1"),
];
