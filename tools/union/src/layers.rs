// SPDX-License-Identifier: GPL-2.0-only
//! The lower layers of a union, as /proc/self/mountinfo names them.

use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, anyhow};
use mount_union::escape;
use union_support::mountinfo::{self, Mount};

/// The unions that are mounted.
pub fn unions() -> Result<Vec<Mount>> {
    let mounts = mountinfo::read().context(mountinfo::LIST)?;
    Ok(mounts
        .into_iter()
        .filter(|mount| mount.fs_type == "union")
        .collect())
}

/// The union a path is in.
pub fn union_of(path: &Path) -> Result<Mount> {
    let path = std::fs::canonicalize(path).with_context(|| path.display().to_string())?;
    let mounts = mountinfo::read().context(mountinfo::LIST)?;
    let mount = mounts
        .into_iter()
        .filter(|mount| path.starts_with(&mount.target))
        // Among several at the same place, the last one is visible.
        .max_by_key(|mount| mount.target.as_os_str().len())
        .with_context(|| format!("{}: no mount contains it", path.display()))?;
    must_be_union(&mount, &path)?;
    Ok(mount)
}

/// The mount with this number, in which `path` is, must be a union.
pub fn check_mount(id: u64, path: &Path) -> Result<()> {
    let mounts = mountinfo::read().context(mountinfo::LIST)?;
    match mounts.iter().find(|mount| mount.id == id) {
        Some(mount) => must_be_union(mount, path),
        // It was unmounted lazily; the calls tell whether it is one.
        None => Ok(()),
    }
}

fn must_be_union(mount: &Mount, path: &Path) -> Result<()> {
    match mount.fs_type.as_str() {
        "union" => Ok(()),
        other => Err(anyhow!("{}: on {other}, not on a union", path.display())),
    }
}

/// The paths of the lower layers of the union a directory is in, topmost first.
pub fn of(dir: &Path) -> Result<Vec<String>> {
    lowers(&union_of(dir)?.fs_options)
}

/// The paths of lower layers among the options that the kernel lists, without data-only layers. Only
/// a list of paths has backslashes before special characters.
fn lowers(options: &[Vec<u8>]) -> Result<Vec<String>> {
    let mut layers = Vec::new();
    for option in options {
        if let Some(path) = option.strip_prefix(b"lowerdir+=") {
            layers.push(path.to_vec());
        } else if let Some(list) = option.strip_prefix(b"lowerdir=") {
            let list = escape::split_layers(list).map_err(|error| anyhow!(error))?;
            layers.extend(list.lowers);
        }
    }
    let text = |path: Vec<u8>| {
        PathBuf::from(std::ffi::OsStr::from_bytes(&path))
            .display()
            .to_string()
    };
    Ok(layers.into_iter().map(text).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn special_characters_belong_to_the_paths() {
        let of = |options: &[&str]| {
            let options: Vec<_> = options
                .iter()
                .map(|text| text.as_bytes().to_vec())
                .collect();
            lowers(&options).unwrap()
        };
        assert_eq!(
            of(&[
                "rw",
                "lowerdir+=/l,1",
                r"lowerdir+=/l:2\",
                r#"lowerdir+=/"3"#,
                "datadir+=/data"
            ]),
            ["/l,1", r"/l:2\", r#"/"3"#]
        );
        assert_eq!(
            of(&["ro", r"lowerdir=/l\,1:/l\:2\\:/l 3::/data", "upperdir=/u"]),
            ["/l,1", r"/l:2\", "/l 3"]
        );
    }
}
