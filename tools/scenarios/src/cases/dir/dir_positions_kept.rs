// SPDX-License-Identifier: GPL-2.0-only
use crate::prelude::*;

/// Names with the position of each.
type Places = Vec<(String, i64)>;

fn places(dir: &[sys::Dirent]) -> Places {
    let name = |entry: &sys::Dirent| String::from_utf8_lossy(&entry.name).into_owned();
    let before = std::iter::once(0).chain(dir.iter().map(|entry| entry.next));
    dir.iter().map(name).zip(before).collect()
}

pub const SCENARIO: Scenario = Scenario {
    about: "the position of an entry is its own for as long as it is there, whatever comes and goes \
        around it, and also when the directory was closed meanwhile",
    setup: |b| every_dir(b, 60),
    steps: |r| {
        let mut all = Vec::new();
        for dir in DIRS {
            let fd = r.open(dir, O_RDONLY | O_DIRECTORY);
            all.push(places(&pieces(fd, 4096)));
            r.close(fd);
        }
        for dir in DIRS {
            for number in 0..60 {
                let path = format!("{dir}/{number:02}");
                // Every fourth stays as it is, and every fourth is changed.
                let _ = match number % 4 {
                    0 => Ok(()),
                    1 => sys::chmod(&path, 0o600),
                    2 => sys::unlink(&path),
                    _ => sys::rename(&path, format!("{path}-renamed"), 0),
                };
                let new = format!("{dir}/new{number}");
                let made = sys::open(new, O_WRONLY | O_CREAT, 0o644).and_then(sys::close);
                if made.is_err() {
                    r.done(format_args!("new {number}"), made);
                }
            }
        }
        for (dir, before) in DIRS.into_iter().zip(all) {
            let fd = r.open(dir, O_RDONLY | O_DIRECTORY);
            let now = shown(&pieces(fd, 4096));
            let stay: Places = before
                .into_iter()
                .filter(|(name, _)| now.contains(name))
                .collect();
            let mut wrong = Vec::new();
            for (at, (name, place)) in stay.iter().enumerate() {
                let _ = sys::lseek(fd.raw(), *place, SEEK_SET);
                let mut rest = shown(&pieces(fd, 4096));
                rest.retain(|name| stay.iter().any(|(stays, _)| stays == name));
                let mut expected: Vec<_> = stay[at..].iter().map(|(name, _)| name).collect();
                expected.sort();
                if rest.iter().ne(expected) {
                    wrong.push(name);
                }
            }
            r.note(format_args!("{} stay; wrong from {wrong:?}", stay.len()));
            r.close(fd);
            r.ls(dir);
        }
    },
    not_on: &[
        ("rotate", "positions are those of the same layers"),
        ("rotate-ext4", "positions are those of the same layers"),
    ],
    ..Scenario::DEFAULT
};
