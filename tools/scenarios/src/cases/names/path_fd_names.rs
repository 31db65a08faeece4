// SPDX-License-Identifier: GPL-2.0-only
use crate::prelude::*;

pub const SCENARIO: Scenario = Scenario {
    about: "/proc names an open file by its path in the union, before and after copy-up, renaming and deletion",
    setup: |b| {
        b.file("d/f", "text");
        b.file("d/g", "text");
        b.upper().dir("u");
    },
    steps: |r| {
        let root = r.root();
        let lower = r.open("d/f", O_RDONLY);
        let path = r.open("d/g", O_PATH);
        let dir = r.open("u", O_RDONLY);
        let nameless = r.open("u", O_RDWR | O_TMPFILE);
        for fd in [lower, path, dir] {
            r.fd_name(fd, &root);
        }
        let named = sys::descriptor_path(nameless.raw());
        let deleted = named.is_ok_and(|name| name.to_string_lossy().ends_with(" (deleted)"));
        r.expect("a file without a name is shown as deleted", deleted);
        let map = sys::Map::new(lower.raw(), 4, PROT_READ, MAP_PRIVATE);
        let maps = std::fs::read_to_string("/proc/self/maps").unwrap_or_default();
        r.expect(
            "maps name it so",
            maps.lines().any(|line| line.ends_with("/d/f")),
        );
        drop(map);
        r.chmod("d/f", 0o600);
        r.fd_name(lower, &root);
        r.rename("d/f", "u/f");
        r.fd_name(lower, &root);
        r.rename("u", "v");
        r.fd_name(lower, &root);
        r.fd_name(dir, &root);
        r.unlink("v/f");
        r.unlink("d/g");
        r.put("d/g", O_WRONLY | O_CREAT, "another");
        r.fd_name(lower, &root);
        r.fd_name(path, &root);
        r.rmdir("v");
        r.fd_name(dir, &root);
    },
    layers: Some(|l| l.whiteout("d/f")),
    ..Scenario::DEFAULT
};
