// SPDX-License-Identifier: GPL-2.0-only
use crate::prelude::*;

pub const SCENARIO: Scenario = Scenario {
    about: "the flags of chattr are told alike by both ioctls, by statx and by file_getattr",
    setup: |b| {
        b.upper();
        b.file("f", "text");
        b.dir("d");
    },
    steps: |r| {
        // As GETFLAGS has them, as FSGETXATTR has them.
        for (flag, xflag) in [(0x10, 0x8), (0x20, 0x10), (0x40, 0x80), (0x80, 0x40)] {
            for name in ["f", "d"] {
                let fd = r.open(name, O_RDONLY);
                let look = |r: &mut Run| {
                    r.get_flags(fd, flag);
                    r.get_xflags(fd, xflag);
                    let attr = sys::file_getattr(sys::HERE, name, 24, 0);
                    r.call(
                        format_args!("file_getattr of {name}"),
                        attr.map(|attr| attr.xflags & xflag),
                    );
                    let stat = sys::statx(sys::HERE, name, 0, 0).expect("statx");
                    // The file system may not tell of it, but then it must not say that it does.
                    r.note(format_args!(
                        "statx = {:#x} of {:#x}",
                        stat.stx_attributes & u64::from(flag & 0x70),
                        stat.stx_attributes_mask & u64::from(flag & 0x70)
                    ));
                };
                r.set_flags(fd, flag, flag);
                look(r);
                r.set_flags(fd, 0, flag);
                look(r);
                r.set_xflags(fd, xflag, xflag);
                look(r);
                r.set_xflags(fd, 0, xflag);
                let attr = sys::FileAttr {
                    xflags: xflag,
                    ..Default::default()
                };
                let result = sys::file_setattr(sys::HERE, name, attr, 24, 0);
                r.done(format_args!("file_setattr of {name}"), result);
                look(r);
                let result = sys::file_setattr(sys::HERE, name, Default::default(), 24, 0);
                r.done(format_args!("file_setattr of {name}, nothing"), result);
                look(r);
            }
        }
    },
    ..Scenario::DEFAULT
};
