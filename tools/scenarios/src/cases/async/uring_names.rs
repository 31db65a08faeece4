// SPDX-License-Identifier: GPL-2.0-only
use crate::prelude::*;

pub const SCENARIO: Scenario = Scenario {
    about: "io_uring makes, renames, links and removes names in merged directories",
    setup: |b| {
        b.lower(0).file("d/lower", "text");
        b.file("d/gone", "text");
        b.file("d/moved", "text");
        b.dir("d/empty");
        b.upper().file("d/upper", "text");
        b.upper().whiteout("d/whited");
    },
    steps: |r| {
        let mut ring = r.ring();
        let requests: Vec<(&str, Request<'_>)> = vec![
            ("mkdir", Request::mkdir("d/new")),
            ("mkdir of what is there", Request::mkdir("d/empty")),
            ("mkdir over a whiteout", Request::mkdir("d/whited")),
            ("symlink", Request::symlink("lower", "d/symlink")),
            ("link", Request::link("d/lower", "d/linked")),
            ("unlink of a lower file", Request::unlink("d/gone", 0)),
            ("unlink of a directory", Request::unlink("d/empty", 0)),
            ("rmdir", Request::unlink("d/empty", libc::AT_REMOVEDIR)),
            (
                "rmdir of a full one",
                Request::unlink("d", libc::AT_REMOVEDIR),
            ),
            (
                "rename of a lower file",
                Request::rename("d/moved", "d/new/here", 0),
            ),
            (
                "rename onto what is there",
                Request::rename("d/upper", "d/lower", RENAME_NOREPLACE),
            ),
            (
                "exchange",
                Request::rename("d/upper", "d/lower", RENAME_EXCHANGE),
            ),
            ("rename of nothing", Request::rename("d/none", "d/some", 0)),
        ];
        // One at a time: what is asked for together is done in any order.
        for request in requests {
            r.uring(&mut ring, vec![request]);
        }
        r.ls("d");
        r.ls("d/new");
        r.readlink("d/symlink");
    },
    layers: Some(|l| {
        l.whiteout("d/gone")?;
        l.whiteout("d/empty")?;
        l.whiteout("d/moved")?;
        l.opaque("d/whited")
    }),
    not_on: &[
        (
            "rotate",
            "the names of a lower file part when one of them is copied up",
        ),
        (
            "rotate-ext4",
            "the names of a lower file part when one of them is copied up",
        ),
    ],
    ..Scenario::DEFAULT
};
