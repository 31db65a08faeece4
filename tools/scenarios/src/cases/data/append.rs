// SPDX-License-Identifier: GPL-2.0-only
//! Writes at the end.

use crate::prelude::*;

/// O_APPEND writes at the end of a lower file.
pub fn append_lower(b: &mut Builder) -> Steps {
    b.file("f", "begin");
    steps(|r| {
        let fd = r.open("f", O_WRONLY | O_APPEND);
        r.write(fd, "-end");
        r.lseek(fd, 0, SEEK_SET);
        r.write(fd, "!");
        r.lseek(fd, 0, SEEK_CUR);
        r.close(fd);
        r.cat("f");
    })
}

/// With O_APPEND all writes go to the end of the file at that moment, whatever offset they name.
pub fn data_append_pwrite(b: &mut Builder) -> Steps {
    b.file("f", "begin");
    steps(|r| {
        let one = r.open("f", O_RDWR | O_APPEND);
        let two = r.open("f", O_RDWR | O_APPEND);
        let plain = r.open("f", O_RDWR);
        r.pwrite(one, "1", 0);
        r.lseek(one, 0, SEEK_CUR);
        r.pwrite(two, "2", 2);
        r.write(one, "3");
        r.lseek(one, 0, SEEK_CUR);
        r.pwrite(plain, "4", 20);
        r.in_child(|r| r.write(two, "5"));
        r.pwritev2(one, &[Piece::Data(b"6"), Piece::Data(b"7")], 0, 0);
        r.ftruncate(plain, 3);
        r.write(one, "8");
        r.write(two, "9");
        r.read(two, 10);
        r.all_see(&[one, two, plain]);
    })
}

/// RWF_NOAPPEND writes at the offset it names though the file was opened with O_APPEND.
pub fn data_noappend(b: &mut Builder) -> Steps {
    /// Since Linux 6.9.
    const RWF_NOAPPEND: i32 = 0x20;
    b.file("lower", "0123456789");
    b.upper().file("upper", "0123456789");
    steps(|r| {
        for path in ["lower", "upper"] {
            let fd = r.open(path, O_RDWR | O_APPEND);
            r.pwritev2(fd, &[Piece::Data(b"AB")], 3, RWF_NOAPPEND);
            r.pwritev2(fd, &[Piece::Data(b"end")], 3, 0);
            r.pwritev2(fd, &[Piece::Data(b"CD")], 0, RWF_NOAPPEND | libc::RWF_DSYNC);
            r.cat(path);
        }
    })
}
