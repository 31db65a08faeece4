// SPDX-License-Identifier: GPL-2.0-only
//! Trees of lower layers.

use std::fs::{self, File};
use std::io::Write;
use std::path::Path;

use anyhow::{Context, Result};

/// The directory most rows work in: three below the root.
pub const DIR: &str = "a/b/c";

/// The directory in every layer: the lowest has all the files, those above one each.
pub fn directory(layer: &Path, index: usize, count: usize, entries: usize) -> Result<()> {
    filled(layer, index, count, entries, b"")
}

/// The same with files of 4 KiB.
pub fn directory_4k(layer: &Path, index: usize, count: usize, entries: usize) -> Result<()> {
    filled(layer, index, count, entries, &[b'x'; 4096])
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
pub fn large_file(layer: &Path, _: usize, _: usize, mib: usize) -> Result<()> {
    let chunk: Vec<u8> = (0..1 << 20).map(|at: u32| (at % 251) as u8 + 1).collect();
    let mut file = File::create(layer.join("file"))?;
    for _ in 0..mib {
        file.write_all(&chunk).context("writing a large file")?;
    }
    // It will be read, or written to in one place; the rest of it is not to be in anybody's way.
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
    fn few_of_many_are_spread_evenly() {
        assert_eq!(spread(5, 100).collect::<Vec<_>>(), [0, 1, 2, 3, 4]);
        assert_eq!(spread(10, 4).collect::<Vec<_>>(), [0, 3, 6, 9]);
        assert_eq!(spread(100_000, 1000).count(), 1000);
    }
}
