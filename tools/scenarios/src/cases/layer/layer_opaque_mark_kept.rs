// SPDX-License-Identifier: GPL-2.0-only
use crate::prelude::*;

pub const SCENARIO: Scenario = Scenario {
    about: "an opaque directory stays so through chmod, chown, attributes, moves and changes of \
        its names",
    setup: |b| {
        for dir in ["made", "found", "place"] {
            b.lower(0).file(&format!("{dir}/hidden"), "below");
            b.file(&format!("{dir}/sub/hidden"), "below");
        }
        b.upper().opaque("found").xattr("user.a", b"1");
    },
    steps: |r| {
        r.remove_tree("made", Vec::pop);
        r.mkdir("made");
        r.remove_tree("place", Vec::pop);
        for dir in ["made", "found"] {
            r.chmod(dir, 0o700);
            r.chown(dir, 3, 4);
            r.setxattr(dir, "user.b", "2");
            r.removexattr(dir, "user.a");
            r.set_acl(dir, "u:7,user:9:5,g:5,m:5,o:0");
            r.utimens(dir, OLD);
            r.mkdir(&format!("{dir}/sub"));
            r.rename(dir, "place");
            r.see("place");
            r.rename("place", dir);
            r.see(dir);
            r.ls(&format!("{dir}/sub"));
            r.listxattr(dir);
            r.lstat(&format!("{dir}/hidden"));
        }
    },
    layers: Some(|l| {
        l.opaque("made")?;
        l.opaque("found")?;
        l.whiteout("place")
    }),
    not_on: shape::MAKES_LOWER,
    ..Scenario::DEFAULT
};
