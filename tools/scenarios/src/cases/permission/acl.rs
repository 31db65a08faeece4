// SPDX-License-Identifier: GPL-2.0-only
//! ACLs.

use crate::prelude::*;

/// ACLs are changed by the owner alone, however much they grant to others.
pub fn perm_acl_changes(b: &mut Builder) -> Steps {
    in_places(b, |b, place| {
        let all = acl::encode("u:7,user:1001:7,g:7,group:1002:7,m:7,o:7");
        b.file(&format!("{place}/file"), "text")
            .mode(0o777)
            .owner(1000, 500)
            .xattr(acl::ACCESS, &all);
        b.dir(&format!("{place}/dir"))
            .mode(0o777)
            .owner(1000, 500)
            .xattr(acl::ACCESS, &all);
        b.file(&format!("{place}/bare"), "text")
            .mode(0o777)
            .owner(1000, 500);
    });
    steps(|r| {
        for who in [MEMBER, OTHER, OWNER] {
            r.as_who(who, |r| {
                for place in PLACES {
                    for name in ["file", "dir", "bare"] {
                        let path = format!("{place}/{name}");
                        if who.name != "owner" || name == "file" {
                            r.set_acl(&path, "u:7,user:1002:7,g:7,m:7,o:7");
                            r.removexattr(&path, acl::ACCESS);
                            r.set_default_acl(&path, "u:7,g:7,o:7");
                            r.removexattr(&path, acl::DEFAULT);
                        }
                        // It has no mask, which every ACL with a named user needs.
                        r.set_acl(&path, "u:7,user:5:7,g:7,o:7");
                        r.get_acl(&path);
                    }
                }
            });
        }
    })
    .upper_gained(&["lower", "lower/file", "merged/file"])
}

/// ACLs of directories let named users and groups search, list and change, within the mask.
pub fn perm_acl_directories(b: &mut Builder) -> Steps {
    const ACLS: [(&str, u32, &str); 4] = [
        ("change", 0o070, "u:0,g:0,group:500:7,m:7,o:0"),
        ("search", 0o710, "u:7,user:1002:1,g:0,group:501:1,m:1,o:0"),
        ("masked", 0o050, "u:0,user:1001:7,user:1002:7,g:7,m:5,o:0"),
        ("look", 0o441, "u:4,user:1002:4,g:0,m:4,o:1"),
    ];
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
    steps(|r| {
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
    })
    .in_upper("lower/change/of_member")
    .absent("lower/masked")
    .absent("lower/look")
}

/// An ACL grants by user, then by any group, within its mask, and others get the rest.
pub fn perm_acl_grants(b: &mut Builder) -> Steps {
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
    steps(|r| {
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
    })
    .layers(|l| {
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
    })
}

/// A default ACL, and not the umask, decides on new rights, also over a whiteout.
pub fn perm_default_acl_places(b: &mut Builder) -> Steps {
    const NAMES: [&str; 4] = ["file", "masked", "dir", "fifo"];
    let default = acl::encode("u:7,user:1001:7,g:5,m:7,o:1");
    let dir = |b: &mut Builder, path: &str| {
        b.dir(path).mode(0o777).xattr(acl::DEFAULT, &default);
    };
    dir(b.lower(0), "lower");
    for name in NAMES {
        dir(b.lower(0), "white");
        b.file(&format!("white/{name}"), "old");
        dir(b.upper(), "white");
        b.whiteout(&format!("white/{name}"));
    }
    dir(b.upper(), "upper");
    steps(|r| {
        for dir in ["lower", "white", "upper"] {
            let path = |name: &str| format!("{dir}/{name}");
            r.as_who(OTHER, |r| {
                r.with_umask(0o077, |r| {
                    r.open_mode(&path("file"), O_WRONLY | O_CREAT, 0o664);
                    r.open_mode(&path("masked"), O_WRONLY | O_CREAT, 0o604);
                    r.mkdir_mode(&path("dir"), 0o775);
                    r.mkfifo(&path("fifo"), 0o666);
                });
            });
            for name in NAMES {
                r.stat(&path(name));
                r.get_acl(&path(name));
            }
            r.as_who(MEMBER, |r| {
                r.put(&path("file"), O_WRONLY, "T");
                r.put(&path("masked"), O_WRONLY, "T");
                r.mkdir(&path("dir/sub"));
            });
        }
    })
    .opaque("white/dir")
}
