// SPDX-License-Identifier: GPL-2.0-only
use crate::prelude::*;

fn shown(r: &mut Run, what: &str, map: sys::Region, path: &str) {
    let start = format!("{:x}-", map.address());
    let maps = std::fs::read_to_string("/proc/self/maps").unwrap_or_default();
    let line = maps.lines().find(|line| line.starts_with(&start));
    let mut words = line.unwrap_or_default().split_whitespace().skip(3);
    let (device, inode) = (words.next().unwrap_or(""), words.next().unwrap_or(""));
    let name = words.collect::<Vec<_>>().join(" ");
    let root = std::env::current_dir().unwrap_or_default();
    let name = name.strip_prefix(&*root.to_string_lossy()).unwrap_or("?");
    r.note(format_args!("{what}: {name}"));
    if !path.is_empty() {
        let (dev, ino) = r.identity(path);
        let dev = format!("{:02x}:{:02x}", libc::major(dev), libc::minor(dev));
        r.expect("device", device == dev);
        r.expect("inode", inode == ino.to_string());
    }
}

pub const SCENARIO: Scenario = Scenario {
    about: "/proc/PID/maps shows path, device and inode of the file as stat shows them, before and after copy-up",
    setup: |b| {
        b.file("d/lower", vec![b'.'; PAGE]);
        b.file("d/changed", vec![b'.'; PAGE]);
        b.file("d/copied", vec![b'.'; PAGE]);
        b.upper().file("upper", vec![b'.'; PAGE]);
    },
    steps: |r| {
        r.chmod("d/copied", 0o600);
        for name in ["d/lower", "d/changed", "d/copied", "upper"] {
            let fd = r.open(name, O_RDONLY);
            let map = r.map(fd, PAGE, PROT_READ, MAP_PRIVATE);
            r.close(fd);
            shown(r, "mapped", map, name);
            if name == "d/changed" {
                r.chmod(name, 0o600);
                shown(r, "after copy-up", map, name);
            }
            r.rename(name, "d/renamed");
            shown(r, "renamed", map, "d/renamed");
            r.unlink("d/renamed");
            shown(r, "unlinked", map, "");
        }
        let fd = r.open("new", O_RDWR | O_CREAT);
        r.write(fd, "new");
        let map = r.map(fd, PAGE, PROT_RW, MAP_SHARED);
        shown(r, "a new file, shared", map, "new");
    },
    not_on: &[(
        "top:btrfs",
        "btrfs itself shows another device number there",
    )],
    ..Scenario::DEFAULT
};
