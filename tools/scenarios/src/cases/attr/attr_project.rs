// SPDX-License-Identifier: GPL-2.0-only
use crate::prelude::*;

pub const SCENARIO: Scenario = Scenario {
    about: "project ids and extent sizes are set, inherited and refused as by the upper layer's file system",
    setup: |b| {
        b.upper();
        b.file("f", "");
        b.dir("d");
    },
    steps: |r| {
        const INHERIT: u64 = 0x200;
        let look = |r: &mut Run, name: &str| {
            let fd = r.open(name, O_RDONLY);
            let attr = sys::fsgetxattr(fd.raw());
            let told = attr
                .map(|attr| format!("{:#x} {} {}", attr.xflags, attr.project, attr.extent_size));
            r.call(format_args!("FSGETXATTR of {name}"), told);
            r.close(fd);
        };
        for name in ["f", "d"] {
            let fd = r.open(name, O_RDONLY);
            for (xflags, project, extent_size) in [
                (0, 42, 0),
                (INHERIT, 43, 0),
                (0x800, 43, 65536),
                (0x1000, 43, 65536),
            ] {
                let attr = sys::FileAttr {
                    xflags,
                    project,
                    extent_size,
                };
                let result = sys::fssetxattr(fd.raw(), attr);
                r.done(format_args!("FSSETXATTR of {name}, {attr:?}"), result);
                look(r, name);
            }
        }
        let dir = r.open("d", O_RDONLY);
        let attr = sys::FileAttr {
            xflags: INHERIT,
            project: 44,
            extent_size: 0,
        };
        r.done("the directory's project", sys::fssetxattr(dir.raw(), attr));
        r.put("d/new", O_WRONLY | O_CREAT, "x");
        r.mkdir("d/sub");
        look(r, "d/new");
        look(r, "d/sub");
        // What is of another project does not come in.
        r.link("f", "d/linked");
        r.rename("f", "d/moved");
    },
    ..Scenario::DEFAULT
};
