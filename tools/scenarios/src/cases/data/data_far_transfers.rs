// SPDX-License-Identifier: GPL-2.0-only
use crate::prelude::*;

const FAR: i64 = (5 << 30) + 4096;

pub const SCENARIO: Scenario = Scenario {
    about: "pipes, ranges and vectors reach places beyond 4 GiB of lower and copied-up files",
    setup: |b| {
        b.sparse("from", FAR as u64 + 10, &[(FAR as u64, b"0123456789")]);
        b.sparse("to", FAR as u64 + 10, &[(FAR as u64, b"..........")]);
    },
    steps: |r| {
        let from = r.open("from", O_RDONLY);
        let old = r.open("to", O_RDONLY);
        let to = r.open("to", O_RDWR);
        let (reader, writer) = r.pipe();
        r.splice_at(from, Some(FAR + 2), writer, None, 4);
        r.splice_at(reader, None, to, Some(FAR + 5), 100);
        r.pread(old, 20, FAR);
        r.lseek(to, FAR - 1, SEEK_SET);
        r.sendfile_at(to, from, FAR + 8, 100);
        r.lseek(to, 0, SEEK_CUR);
        r.copy_file_range(from, FAR, to, FAR + 8, 10);
        r.pwritev2(to, &[Piece::Data(b"a"), Piece::Data(b"b")], FAR + 3, 0);
        r.preadv2(old, &[Space::Bytes(4), Space::Bytes(100)], FAR - 2, 0);
        r.lseek(old, -4, SEEK_END);
        r.read(old, 10);
        r.truncate("to", FAR + 3);
        r.lseek(old, 0, SEEK_END);
        r.truncate("to", 1 << 32);
        r.fstat(old);
        r.fstat(to);
    },
    layers: Some(|l| {
        l.absent("from")?;
        if l.stat("to")?.st_blocks > 1000 {
            return Err("the copy must be sparse".into());
        }
        Ok(())
    }),
    ..Scenario::DEFAULT
};
