// SPDX-License-Identifier: GPL-2.0-only
use crate::prelude::*;

pub const SCENARIO: Scenario = Scenario {
    about: "a descriptor does what it was opened for, root's too, and what it refuses copies nothing",
    setup,
    steps: |r| {
        for place in PLACES {
            let path = format!("{place}/file");
            let source = r.open("source", O_RDONLY);
            for flags in [O_RDONLY, O_PATH] {
                let fd = r.open(&path, flags);
                r.write(fd, "T");
                r.pwrite(fd, "T", 0);
                r.ftruncate(fd, 0);
                r.fallocate(fd, 0, 0, 100);
                r.copy_file_range(source, 0, fd, 0, 4);
                r.ficlone(fd, source);
                r.sendfile(fd, source, 4);
                r.splice(source, fd, 4);
                r.mmap(fd, 4, PROT_READ | PROT_WRITE, MAP_SHARED);
                r.posix_lock(fd, F_WRLCK, 0, 0);
                if flags == O_PATH {
                    r.read(fd, 4);
                    r.fchmod(fd, 0o600);
                    r.fchown(fd, 1000, 1000);
                    r.fsetxattr(fd, "user.a", "1");
                    r.futimens(fd, (5, 5));
                    r.flock(fd, LOCK_EX);
                    r.fsync(fd);
                }
                r.close(fd);
            }
            let fd = r.open(&path, O_WRONLY);
            r.read(fd, 4);
            r.mmap(fd, 4, PROT_READ, MAP_PRIVATE);
            r.copy_file_range(fd, 0, source, 0, 4);
            r.posix_lock(fd, F_RDLCK, 0, 0);
            r.close(fd);
            // Neither place would be the end.
            let fd = r.open(&path, O_WRONLY | O_APPEND);
            r.copy_file_range(source, 0, fd, 0, 4);
            r.close(fd);
            let dir = r.open(place, O_RDONLY | O_DIRECTORY);
            r.write(dir, "T");
            r.ftruncate(dir, 0);
            r.fallocate(dir, 0, 0, 100);
        }
    },
    layers: Some(|l| upper_gained(l, setup, &[])),
    ..Scenario::DEFAULT
};

fn setup(b: &mut Builder) {
    b.file("source", "source");
    in_places(b, |b, place| {
        b.file(&format!("{place}/file"), "text").mode(0o666);
    });
}
