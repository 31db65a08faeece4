// SPDX-License-Identifier: GPL-2.0-only
use std::path::Path;

use crate::bench::Bench;
use crate::scenario::Check;
use crate::sys;
use crate::walk;

pub const CHECK: Check = Check {
    about: "of three layers with every mixture of types under one name, the topmost decides and only directories merge",
    run,
    ..Check::DEFAULT
};

const TYPES: [&str; 6] = ["file", "dir", "symlink", "fifo", "whiteout", "nothing"];

fn make(path: &Path, kind: &str, layer: &str) -> Result<(), String> {
    let made = match kind {
        "file" => return std::fs::write(path, layer).map_err(|error| error.to_string()),
        "dir" => sys::mkdir(path, 0o755)
            .and_then(|()| sys::mknod(path.join(layer), libc::S_IFREG | 0o600, 0)),
        "symlink" => sys::symlink(layer, path),
        "fifo" => sys::mknod(path, libc::S_IFIFO | 0o600, 0),
        "whiteout" => sys::mknod(path, libc::S_IFCHR, 0),
        _ => Ok(()),
    };
    made.map_err(|error| format!("{kind}: {error}"))
}

/// What must be seen: a type, and the layers whose parts a directory shows.
fn expected(kinds: &[&str; 3]) -> (&'static str, Vec<&'static str>) {
    let mut parts = Vec::new();
    for (kind, layer) in kinds.iter().zip(["top", "middle", "bottom"]) {
        match *kind {
            "nothing" => {}
            "dir" => parts.push(layer),
            _ if !parts.is_empty() => break,
            "whiteout" => return ("nothing", parts),
            "file" => return ("file", parts),
            "symlink" => return ("symlink", parts),
            _ => return ("fifo", parts),
        }
    }
    parts.sort_unstable();
    (if parts.is_empty() { "nothing" } else { "dir" }, parts)
}

fn run(b: &mut Bench) -> Result<(), String> {
    let l = b.layout(2)?;
    let mut cases = Vec::new();
    for top in TYPES {
        for middle in TYPES {
            for bottom in TYPES {
                let name = format!("{top}-{middle}-{bottom}");
                make(&l.upper.join(&name), top, "top")?;
                make(&l.lowers[0].join(&name), middle, "middle")?;
                make(&l.lowers[1].join(&name), bottom, "bottom")?;
                cases.push((name, expected(&[top, middle, bottom])));
            }
        }
    }
    let lowers = b.lower_trees(&l)?;
    let union = b.union(&l);
    union.mount(&l.target)?;
    for (name, (kind, parts)) in &cases {
        let path = l.target.join(name);
        let found = match sys::stat(&path, libc::AT_SYMLINK_NOFOLLOW) {
            Ok(stat) => walk::kind_word(stat.st_mode),
            Err(_) => "nothing",
        };
        b.must(&format!("{name} is {kind}, not {found}"), found == *kind)?;
        if *kind != "dir" {
            continue;
        }
        let seen: Vec<_> = walk::list(&path)?
            .into_iter()
            .map(|entry| String::from_utf8_lossy(&entry.name).into_owned())
            .collect();
        b.must(
            &format!("{name} has {parts:?}, not {seen:?}"),
            seen == *parts,
        )?;
    }
    // Whatever it is, it goes, and something else of its name is new.
    for (name, (kind, parts)) in &cases {
        let path = l.target.join(name);
        for part in parts {
            b.works(name, sys::unlink(path.join(part)))?;
        }
        match *kind {
            "nothing" => {}
            "dir" => b.works(name, sys::rmdir(&path))?,
            _ => b.works(name, sys::unlink(&path))?,
        }
        b.works(name, sys::mkdir(&path, 0o755))?;
        b.must(&format!("{name} is new"), walk::list(&path)?.is_empty())?;
    }
    b.sound(&union, &l, &lowers).map(drop)
}
