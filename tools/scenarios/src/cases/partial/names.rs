// SPDX-License-Identifier: GPL-2.0-only
//! Names and attributes of a large file of which some pieces have been written.

use crate::prelude::*;

/// A file with another mode, owner, time and attribute has the same data, and can be written.
pub fn part_attributes(b: &mut Builder) -> Steps {
    const CHANGES: [fn(&mut Run, &str) -> bool; 5] = [
        |r, path| r.chmod(path, 0o640),
        |r, path| r.chown(path, 7, 8),
        |r, path| r.utimens(path, (1_100_000_000, 5)),
        |r, path| r.setxattr(path, "user.a", "value"),
        |r, path| r.removexattr(path, "user.a"),
    ];
    partial::each(b, Middle::Hole, |r, layout| {
        for (number, change) in CHANGES.into_iter().enumerate() {
            change(r, layout.name());
            r.whole(layout.name());
            r.with(layout.name(), O_RDWR, |r, fd| {
                r.write_ranges(fd, 2, &partial::WRITES[number..=number]);
            });
        }
        r.listxattr(layout.name());
        r.utimens(layout.name(), (1_100_000_000, 5));
        r.stat(layout.name());
    })
}

/// A file whose attributes were changed first, which copies no data, is written then.
pub fn part_attributes_first(b: &mut Builder) -> Steps {
    partial::each_unwritten(b, Middle::Zeros, |r, layout| {
        r.chmod(layout.name(), 0o600);
        r.whole(layout.name());
        layout.write(r);
        r.whole(layout.name());
        r.with(layout.name(), O_RDWR, |r, fd| {
            r.write_ranges(fd, 2, partial::WRITES);
        });
    })
}

/// A second name of a file has the same data, whichever is written.
pub fn part_link(b: &mut Builder) -> Steps {
    partial::each(b, Middle::Hole, |r, layout| {
        let link = format!("link to {}", layout.name());
        r.link(layout.name(), &link);
        r.whole(&link);
        r.with(&link, O_RDWR, |r, fd| {
            r.write_ranges(fd, 2, &partial::WRITES[..5]);
        });
        r.whole(layout.name());
        r.with(layout.name(), O_RDWR, |r, fd| {
            r.write_ranges(fd, 3, &partial::WRITES[5..]);
        });
        r.whole(&link);
        r.unlink(layout.name());
        r.whole(&link);
    })
}

/// A file is renamed, within its directory and into another one, and written under each name.
pub fn part_rename(b: &mut Builder) -> Steps {
    b.dir("d");
    partial::each(b, Middle::Zeros, |r, layout| {
        let (near, far) = (
            format!("new-{}", layout.name()),
            format!("d/{}", layout.name()),
        );
        r.with(layout.name(), O_RDWR, |r, fd| {
            r.rename(layout.name(), &near);
            r.write_ranges(fd, 2, &partial::WRITES[..5]);
        });
        r.whole(&near);
        r.rename(&near, &far);
        r.whole(&far);
        r.with(&far, O_RDWR, |r, fd| {
            r.write_ranges(fd, 3, &partial::WRITES[5..]);
        });
        r.whole(&far);
    })
}

/// A file is exchanged with another one, and the other is renamed over it while it is open.
pub fn part_replaced(b: &mut Builder) -> Steps {
    partial::each(b, Middle::Hole, |r, layout| {
        let other = format!("other-{}", layout.name());
        r.put(&other, O_WRONLY | O_CREAT, "the other file");
        r.rename2(layout.name(), &other, RENAME_EXCHANGE);
        r.whole(&other);
        r.rename2(layout.name(), &other, RENAME_EXCHANGE);
        r.with(layout.name(), O_RDWR, |r, fd| {
            r.rename(&other, layout.name());
            r.all_of(fd);
            r.write_ranges(fd, 2, partial::WRITES);
            r.all_of(fd);
        });
    })
}

/// A file that is deleted while it is open stays readable and writable.
pub fn part_unlink_open(b: &mut Builder) -> Steps {
    partial::each(b, Middle::Hole, |r, layout| {
        r.with(layout.name(), O_RDONLY, |r, reader| {
            r.with(layout.name(), O_RDWR, |r, fd| {
                r.unlink(layout.name());
                r.all_of(reader);
                r.write_ranges(fd, 2, partial::WRITES);
                r.all_of(reader);
                r.ftruncate(fd, 205_850);
                r.ftruncate(fd, partial::SIZE as i64);
                r.all_of(reader);
                r.fstat(reader);
            });
        });
    })
}

/// The first write of all is one after the file has been deleted.
pub fn part_unlink_first(b: &mut Builder) -> Steps {
    partial::each_unwritten(b, Middle::Hole, |r, layout| {
        r.with(layout.name(), O_RDONLY, |r, reader| {
            r.with(layout.name(), O_RDWR, |r, fd| {
                r.unlink(layout.name());
                r.write_ranges(fd, 2, partial::WRITES);
                r.all_of(fd);
                r.all_of(reader);
            });
        });
    })
}
