// SPDX-License-Identifier: GPL-2.0-only
use crate::prelude::*;

pub const SCENARIO: Scenario = Scenario {
    about: "an ACL grants by user, then by any group, within its mask, and others get the rest",
    setup,
    steps: |r| {
        r.each_user(|r, who| {
            for place in PLACES {
                for (name, _) in ACLS {
                    let path = format!("{place}/{}.{name}", who.name);
                    r.access(&path, R_OK);
                    r.access(&path, X_OK);
                    r.put(&path, O_WRONLY, "T");
                    r.chmod(&path, 0o777);
                }
            }
        });
    },
    layers: Some(|l| {
        for place in ["lower", "merged"] {
            for name in ["other.named", "member.group", "other.others", "member.two"] {
                l.in_upper(&format!("{place}/{name}"))?;
            }
            for name in [
                "other.masked",
                "member.masked",
                "other.denied",
                "member.nobody",
            ] {
                l.absent(&format!("{place}/{name}"))?;
            }
        }
        Ok(())
    }),
    ..Scenario::DEFAULT
};

const ACLS: [(&str, &str); 7] = [
    ("named", "u:7,user:1002:6,g:0,m:7,o:0"),
    ("group", "u:7,g:0,group:501:2,m:2,o:0"),
    // The owning group and a named one: each right may come from another, all three from none.
    ("two", "u:7,g:4,group:501:3,m:7,o:0"),
    ("masked", "u:7,user:1002:7,g:7,group:501:7,m:4,o:0"),
    ("denied", "u:7,user:1002:0,g:7,m:7,o:7"),
    ("nobody", "u:0,user:1001:0,g:7,group:501:7,m:7,o:0"),
    ("others", "u:0,user:77:7,g:0,m:7,o:7"),
];

fn setup(b: &mut Builder) {
    in_places(b, |b, place| {
        for who in USERS {
            for (name, text) in ACLS {
                let digit = |field: usize| {
                    let entry = text.split(',').nth(field).expect("a field");
                    u32::from(entry.as_bytes()[entry.len() - 1] - b'0')
                };
                let last = text.split(',').count() - 1;
                // The group bits of the mode are the mask.
                let mode = digit(0) << 6 | digit(last - 1) << 3 | digit(last);
                let owner = if name == "nobody" { 1003 } else { 1000 };
                b.file(&format!("{place}/{}.{name}", who.name), "text")
                    .mode(mode)
                    .owner(owner, 500)
                    .xattr(acl::ACCESS, &acl::encode(text));
            }
        }
    });
}
