// SPDX-License-Identifier: GPL-2.0-only
//! Trees of lower layers.

use std::collections::BTreeSet;
use std::fs::{self, File};
use std::io::Write;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};

/// The directory most rows work in: three below the root.
pub const DIR: &str = "a/b/c";

/// The contents of lower layers.
#[derive(Clone, Copy)]
pub struct Tree {
    /// Its name: rows with the same tree of the same size can share it.
    pub name: &'static str,
    /// Fills a layer: where, the number of the layer (0 is the topmost) of how many, entries.
    pub fill: fn(&Path, usize, usize, usize) -> Result<()>,
    /// Whether it is so large that the disks must give back their memory afterwards.
    pub large: bool,
}

/// Nothing.
pub const EMPTY: Tree = Tree {
    name: "empty",
    fill: |_, _, _, _| Ok(()),
    large: false,
};

/// [`DIR`] in every layer: the lowest has all the files, which are empty, those above one each.
pub const DIRECTORY: Tree = Tree {
    name: "directory",
    fill: |layer, index, count, entries| filled(layer, index, count, entries, b""),
    large: false,
};

/// The same with files of 4 KiB.
pub const DIRECTORY_4K: Tree = Tree {
    name: "directory of 4 KiB files",
    fill: |layer, index, count, entries| filled(layer, index, count, entries, &[b'x'; 4096]),
    large: false,
};

/// A file of a MiB beside the large one.
pub const OTHER: &str = "other";

/// One file of so many MiB, and a smaller one.
pub const LARGE_FILE: Tree = Tree {
    name: "large file",
    fill: |layer, _, _, mib| {
        fs::write(layer.join(OTHER), vec![b'o'; 1 << 20])?;
        large_file(layer, mib)
    },
    large: true,
};

/// Restores a plain [`DIRECTORY`] to the contents of the lower layers: names change, files do not.
pub fn repair(plain: &Path, lowers: &[PathBuf]) -> Result<()> {
    let mut missing = BTreeSet::new();
    for lower in lowers {
        for entry in fs::read_dir(lower.join(DIR))? {
            missing.insert(entry?.file_name());
        }
    }
    let dir = plain.join(DIR);
    for entry in fs::read_dir(&dir)?.collect::<Vec<_>>() {
        let entry = entry?;
        if !missing.remove(&entry.file_name()) {
            fs::remove_file(entry.path())?;
        }
    }
    for name in missing {
        File::create(dir.join(name))?;
    }
    Ok(())
}

fn filled(layer: &Path, index: usize, count: usize, entries: usize, data: &[u8]) -> Result<()> {
    let dir = layer.join(DIR);
    fs::create_dir_all(&dir)?;
    if index + 1 < count {
        File::create(dir.join(format!("layer{index}")))?;
        return Ok(());
    }
    for number in 0..entries {
        let path = dir.join(format!("f{number}"));
        File::create(&path)
            .and_then(|mut file| file.write_all(data))
            .with_context(|| format!("writing {}", path.display()))?;
    }
    Ok(())
}

/// A file of so many MiB, none of them zeros.
pub fn large_file(layer: &Path, mib: usize) -> Result<()> {
    let chunk: Vec<u8> = (0..1 << 20).map(|at: u32| (at % 251) as u8 + 1).collect();
    let mut file = File::create(layer.join("file"))?;
    for _ in 0..mib {
        file.write_all(&chunk).context("writing a large file")?;
    }
    // It will be read, or written to in one place; its other blocks must not disturb the
    // measurement.
    file.sync_all()?;
    Ok(())
}

/// At most `limit` numbers below `count`, evenly spread.
pub fn spread(count: usize, limit: usize) -> impl Iterator<Item = usize> {
    (0..count).step_by(count.div_ceil(limit).max(1))
}

/// A source tree of so many files of 1 to 16 KiB, fifty a directory; `edition` is in every file.
pub fn sources(at: &Path, files: std::ops::Range<usize>, edition: &str) -> Result<()> {
    for number in files {
        let dir = at.join(format!("src/part{}", number / 50));
        fs::create_dir_all(&dir)?;
        let line = format!("{edition} {number}: int function_{number}(struct thing *thing);\n");
        let size = 1024 * (1 + number * 7 % 16);
        let text = line.repeat(size.div_ceil(line.len()));
        fs::write(dir.join(format!("file{number}.c")), text)?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_plain_directory_is_repaired() {
        let base = tempfile::tempdir().unwrap();
        let lowers = ["0", "1"].map(|name| base.path().join(name));
        let plain = base.path().join("plain");
        for (index, lower) in lowers.iter().enumerate() {
            (DIRECTORY.fill)(lower, index, 2, 3).unwrap();
            (DIRECTORY.fill)(&plain, index, 2, 3).unwrap();
        }
        let dir = plain.join(DIR);
        fs::remove_file(dir.join("f1")).unwrap();
        fs::write(dir.join("own"), "").unwrap();
        repair(&plain, &lowers).unwrap();
        let names = fs::read_dir(dir).unwrap().map(|e| e.unwrap().file_name());
        let names: BTreeSet<_> = names.collect();
        assert_eq!(names, ["f0", "f1", "f2", "layer0"].map(Into::into).into());
    }

    #[test]
    fn few_of_many_are_spread_evenly() {
        assert_eq!(spread(5, 100).collect::<Vec<_>>(), [0, 1, 2, 3, 4]);
        assert_eq!(spread(10, 4).collect::<Vec<_>>(), [0, 3, 6, 9]);
        assert_eq!(spread(100_000, 1000).count(), 1000);
    }
}
