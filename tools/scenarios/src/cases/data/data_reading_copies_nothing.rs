// SPDX-License-Identifier: GPL-2.0-only
use crate::prelude::*;

pub const SCENARIO: Scenario = Scenario {
    about: "nothing that reads copies anything up",
    setup: |b| {
        b.file("d/f", vec![b'x'; 20_000]).xattr("user.a", b"1");
        b.symlink("d/link", "f");
        b.upper().dir("u");
    },
    steps: |r| {
        let fd = r.open("d/f", O_RDONLY);
        let direct = r.open("d/link", O_RDONLY | O_DIRECT);
        let (reader, writer) = r.pipe();
        let (near, _far) = r.socketpair();
        let new = r.open("u/new", O_RDWR | O_CREAT);
        r.read(fd, 10);
        r.pread(fd, 10, 10_000);
        r.preadv2(fd, &[Space::Bytes(10), Space::Bytes(10)], 0, 0);
        r.pread_aligned(direct, 4096, 0, 4096);
        r.sendfile(near, fd, 100);
        r.splice_at(fd, None, writer, None, 100);
        r.read(reader, 100);
        r.copy_file_range(fd, 0, new, 0, 100);
        r.sendfile_at(new, fd, 0, 100);
        r.clone_range(fd, 0, 4096, new, 4096);
        r.ftruncate(new, 100);
        r.dedupe_range(fd, 100, 4096, fd, 100);
        let shared = r.mmap(fd, 20_000, PROT_READ, MAP_SHARED);
        r.mapped("shared mapping", &shared);
        let map = r.mmap(fd, 20_000, PROT_READ | PROT_WRITE, MAP_PRIVATE);
        r.mapped("private mapping", &map);
        r.data_map(fd);
        let _ = sys::fiemap(fd.raw(), 0, u64::MAX, 1);
        r.fsync(fd);
        r.fadvise(fd, libc::POSIX_FADV_WILLNEED);
        r.done("readahead", sys::readahead(fd.raw(), 0, 10_000));
        r.getxattr("d/f", "user.a");
        r.access("d/f", R_OK);
        let aio = r.aio();
        let mut buffer = [0; 10];
        let request = vec![Control::read(fd.raw(), &mut buffer, 0)];
        r.submit(&aio, "read", request);
        let mut ring = r.ring();
        let request = Request::read(fd.raw(), &mut buffer, 0).in_worker();
        r.uring(&mut ring, vec![("read", request)]);
        r.bytes("read", &buffer);
        r.reopen(fd, O_RDONLY);
    },
    allow: &[Allow {
        line: "FIDEDUPERANGE",
        why: "files that are not in the upper layer are not compared: EPERM",
    }],
    layers: Some(|l| l.upper_is(&["u", "u/new"])),
    not_on: &[
        ("squashfs", shape::NO_DIRECT[0].1),
        ("iso9660", shape::NO_DIRECT[1].1),
        ("xfs-ext4", shape::SHARES_NO_BLOCKS[0].1),
        ("xfs-erofs-10", shape::SHARES_NO_BLOCKS[1].1),
        ("btrfs-erofs", shape::SHARES_NO_BLOCKS[2].1),
        ("remount-xfs", shape::SHARES_NO_BLOCKS[3].1),
    ],
    ..Scenario::DEFAULT
};
