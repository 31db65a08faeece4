// SPDX-License-Identifier: GPL-2.0-only
use crate::prelude::*;

/// A path of `length` bytes to `name`, through a directory and out of it again.
fn long(length: usize, name: &str) -> String {
    let mut path = "d/../".repeat((length - name.len()) / 5);
    path += &"/".repeat(length - name.len() - path.len());
    path + name
}

pub const SCENARIO: Scenario = Scenario {
    about: "paths of 4095 bytes are good, of 4096 ENAMETOOLONG, for every call",
    setup: |b| {
        b.lower(1).file("f", "0123456789");
        b.file("d/x", "1");
        b.lower(0).file("d/y", "0");
    },
    steps: |r| {
        // Its links would part.
        r.hold();
        for length in [4095, 4096] {
            let path = |name: &str| long(length, name);
            assert_eq!(path("f").len(), length);
            r.note(format_args!("paths of {length} bytes"));
            r.done("stat", sys::stat(path("f"), 0).map(drop));
            r.done("open", sys::open(path("f"), O_RDWR, 0).and_then(sys::close));
            r.done(
                "create",
                sys::open(path("c"), O_RDWR | O_CREAT, 0o644).and_then(sys::close),
            );
            r.done("truncate", sys::truncate(path("f"), 4));
            r.done("chmod", sys::chmod(path("f"), 0o600));
            r.done("chown", sys::lchown(path("f"), 7, 8));
            r.done("setxattr", sys::setxattr(path("f"), "user.a", b"1", 0));
            r.done("access", sys::access(path("f"), W_OK));
            r.done("mkdir", sys::mkdir(path("m"), 0o755));
            r.done("rmdir", sys::rmdir(path("m")));
            r.done("symlink", sys::symlink("f", path("s")));
            r.done("readlink", sys::readlink(path("s")).map(drop));
            r.done("link from", sys::link(path("f"), format!("h{length}"), 0));
            r.done("link to", sys::link("f", path("k"), 0));
            r.done("rename from", sys::rename(path("k"), "k2", 0));
            r.done("rename to", sys::rename("k2", path("k3"), 0));
            r.done("mknod", sys::mknod(path("p"), libc::S_IFIFO | 0o600, 0));
            r.done("unlink", sys::unlink(path("p")));
            r.done("statfs", sys::statfs(path("d")).map(drop));
            r.done("chdir", sys::chdir(path(".")));
        }
        r.ls(".");
    },
    ..Scenario::DEFAULT
};
