// SPDX-License-Identifier: GPL-2.0-only
use crate::prelude::*;

/// What copies the file up without changing its data.
const CHANGES: [(&str, fn(&mut Run, &str)); 6] = [
    ("chmod", |r, f| {
        r.chmod(f, 0o600);
    }),
    ("chown", |r, f| {
        r.chown(f, 7, 8);
    }),
    ("times", |r, f| {
        r.utimens(f, (1_100_000_000, 5));
    }),
    ("attribute", |r, f| {
        r.setxattr(f, "user.a", "value");
    }),
    ("link", |r, f| {
        r.link(f, &format!("{f}-link"));
    }),
    ("rename", |r, f| {
        r.rename(f, &format!("{f}-new"));
    }),
];

pub const SCENARIO: Scenario = Scenario {
    about: "descriptors of every kind from before a copy-up that changed no data go on with the copy",
    setup: |b| {
        for (name, _) in CHANGES {
            b.file(name, "0123456789");
        }
    },
    steps: |r| {
        for (name, change) in CHANGES {
            let reader = r.open(name, O_RDONLY);
            let writer = r.open(name, O_RDWR);
            let append = r.open(name, O_RDWR | O_APPEND);
            let same = r.dup(writer);
            let path = r.open(name, O_PATH);
            r.read(reader, 2);
            r.lseek(writer, 4, SEEK_SET);
            change(r, name);
            r.read(reader, 2);
            r.write(same, "AB");
            r.write(append, "end");
            r.write(writer, "C");
            r.all_see(&[reader, writer, append, same]);
            let again = r.reopen(path, O_RDONLY);
            r.all_see(&[again]);
            r.fstat(path);
        }
    },
    layers: Some(|l| {
        l.in_upper("chmod")?;
        l.whiteout("rename")
    }),
    ..Scenario::DEFAULT
};
