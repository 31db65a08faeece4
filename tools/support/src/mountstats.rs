// SPDX-License-Identifier: GPL-2.0-only
//! /proc/self/mountstats: the statistics of mounted unions.

use std::ffi::OsString;
use std::io;
use std::os::unix::ffi::OsStringExt;
use std::path::PathBuf;

use crate::octal;

/// Where the kernel lists them.
pub const LIST: &str = "/proc/self/mountstats";

/// The words of the kernel's lines, and their names here.
const FIGURES: [(&str, &str); 2] = [
    ("fallthrus", "directories bytes merged"),
    ("records", "count bytes loaded recorded refused"),
];

/// The statistics of one mount: line, name and value of each.
pub type Figures = Vec<(&'static str, &'static str, u64)>;

/// The mounts of type `union`, with the statistics of each.
pub fn read() -> io::Result<Vec<(PathBuf, Figures)>> {
    Ok(parse(&std::fs::read(LIST)?))
}

fn parse(text: &[u8]) -> Vec<(PathBuf, Figures)> {
    let mut all: Vec<(PathBuf, Figures)> = Vec::new();
    let mut in_union = false;
    for line in text.split(|&byte| byte == b'\n') {
        let Some(figures) = line.strip_prefix(b"\t") else {
            let place = place(line);
            in_union = place.is_some();
            all.extend(place.map(|place| (place, Vec::new())));
            continue;
        };
        let (Some((_, known)), true) = (all.last_mut(), in_union) else {
            continue;
        };
        let figures = String::from_utf8_lossy(figures);
        for (word, names) in FIGURES {
            let Some(rest) = figures
                .strip_prefix(word)
                .and_then(|rest| rest.strip_prefix(':'))
            else {
                continue;
            };
            let numbers = rest
                .split(|c: char| !c.is_ascii_digit())
                .filter_map(|n| n.parse().ok());
            known.extend(
                names
                    .split(' ')
                    .zip(numbers)
                    .map(|(name, value)| (word, name, value)),
            );
        }
    }
    all
}

/// Where the union of this line is mounted: `device D mounted on PLACE with fstype union`.
fn place(line: &[u8]) -> Option<PathBuf> {
    let words: Vec<&[u8]> = line.split(|&byte| byte == b' ').collect();
    let at = words
        .windows(2)
        .position(|two| two == [&b"mounted"[..], b"on"])?;
    let rest = words.get(at + 2..)?;
    let [place, b"with", b"fstype", b"union", ..] = rest else {
        return None;
    };
    Some(OsString::from_vec(octal::decode(place)).into())
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::path::Path;

    const TEXT: &[u8] = b"\
device proc mounted on /proc with fstype proc
device union mounted on /m\\040n with fstype union \n\
\tfallthrus: 12 directories, 48216 bytes, 3 merged
\trecords: 9 in 21504 bytes, 8 loaded, 3 recorded, 1 refused
device nfs mounted on /n with fstype nfs statvers=1.1
\tfallthrus: 7 of somebody else
device union mounted on /o with fstype union \n\
\tfallthrus: 0 directories, 0 bytes, 0 merged
\tlater: 5 things
";

    #[test]
    fn figures_are_found() {
        let all = parse(TEXT);
        assert_eq!(all.len(), 2);
        assert_eq!(all[0].0, Path::new("/m n"));
        assert_eq!(
            all[0].1,
            [
                ("fallthrus", "directories", 12),
                ("fallthrus", "bytes", 48216),
                ("fallthrus", "merged", 3),
                ("records", "count", 9),
                ("records", "bytes", 21504),
                ("records", "loaded", 8),
                ("records", "recorded", 3),
                ("records", "refused", 1),
            ]
        );
        assert_eq!(all[1].1.len(), 3);
    }
}
