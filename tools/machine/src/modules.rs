// SPDX-License-Identifier: GPL-2.0-only
//! Which modules of a kernel a machine needs, in the order they must be loaded.
//!
//! `modprobe --show-depends` of the build root would be a process for every list, and knows no module beside the tree.

use std::collections::{HashMap, HashSet};
use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};

/// The modules.dep of a kernel.
pub struct Dependencies {
    root: PathBuf,
    /// File and dependencies, by name of module.
    by_name: HashMap<String, (String, Vec<String>)>,
    builtin: HashSet<String>,
}

impl Dependencies {
    /// Reads the lists depmod left in `root`.
    pub fn read(root: &Path) -> Result<Self> {
        let path = root.join("modules.dep");
        let text =
            fs::read_to_string(&path).with_context(|| format!("reading {}", path.display()))?;
        let builtin = fs::read_to_string(root.join("modules.builtin")).unwrap_or_default();
        Ok(Self::parse(root, &text, &builtin))
    }

    fn parse(root: &Path, text: &str, builtin: &str) -> Self {
        let by_name = text.lines().filter_map(|line| {
            let (file, needs) = line.split_once(':')?;
            let needs = needs.split_whitespace().map(module_name).collect();
            Some((module_name(file), (file.to_owned(), needs)))
        });
        Self {
            root: root.to_owned(),
            by_name: by_name.collect(),
            builtin: builtin.lines().map(module_name).collect(),
        }
    }

    /// Adds a module that is not the kernel's own; the module itself lists its dependencies (`depends=a,b`).
    pub fn add(&mut self, path: &Path) -> Result<()> {
        let module = fs::read(path).with_context(|| format!("reading {}", path.display()))?;
        const KEY: &[u8] = b"\0depends=";
        let text = module
            .windows(KEY.len())
            .position(|window| window == KEY)
            .map_or(&[][..], |at| &module[at + KEY.len()..]);
        let names = String::from_utf8_lossy(text.split(|byte| *byte == 0).next().unwrap_or(&[]));
        let needs = names.split(',').filter(|name| !name.is_empty());
        let file = path.to_string_lossy().into_owned();
        let needs = needs.map(module_name).collect();
        self.by_name.insert(module_name(&file), (file, needs));
        Ok(())
    }

    /// The files of `wanted` and their dependencies, each after its own ones; built-in ones are left out.
    pub fn closure(&self, wanted: &[&str]) -> Result<Vec<PathBuf>> {
        let mut order = Vec::new();
        for name in wanted {
            self.visit(name, &mut order)?;
        }
        Ok(order
            .iter()
            .map(|name| self.root.join(&self.by_name[name].0))
            .collect())
    }

    /// The dependencies of the module in this file.
    pub fn needs(&self, file: &Path) -> Vec<PathBuf> {
        let needs = self.by_name.get(&module_name(&file.to_string_lossy()));
        let names = needs.into_iter().flat_map(|(_, needs)| needs);
        names
            .filter_map(|name| Some(self.root.join(&self.by_name.get(name)?.0)))
            .collect()
    }

    /// Whether it is built into the kernel.
    pub fn is_builtin(&self, name: &str) -> bool {
        self.builtin.contains(&module_name(name))
    }

    /// Whether the kernel has this module, built in or not.
    pub fn has(&self, name: &str) -> bool {
        let name = module_name(name);
        self.builtin.contains(&name) || self.by_name.contains_key(&name)
    }

    fn visit(&self, name: &str, order: &mut Vec<String>) -> Result<()> {
        let name = module_name(name);
        if order.contains(&name) || self.builtin.contains(&name) {
            return Ok(());
        }
        let Some((_, needs)) = self.by_name.get(&name) else {
            bail!(
                "the kernel in {} has no module {name}, built in or not",
                self.root.display()
            );
        };
        for need in needs {
            self.visit(need, order)?;
        }
        order.push(name);
        Ok(())
    }
}

/// `kernel/fs/ext4/ext4.ko.xz` is the module `ext4`; dashes and underscores are the same.
pub fn module_name(path: &str) -> String {
    let file = path.rsplit('/').next().unwrap_or(path);
    file.split(".ko").next().unwrap_or(file).replace('-', "_")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_needed_comes_first_and_once() {
        let text = "fs/ext4.ko: fs/jbd2.ko lib/crc-x.ko\nfs/jbd2.ko: lib/crc-x.ko\nlib/crc-x.ko:\n";
        let dependencies = Dependencies::parse(Path::new("/m"), text, "fs/tmpfs.ko\n");
        let files = dependencies.closure(&["ext4", "jbd2", "tmpfs"]).unwrap();
        assert_eq!(
            files,
            ["/m/lib/crc-x.ko", "/m/fs/jbd2.ko", "/m/fs/ext4.ko"].map(PathBuf::from)
        );
        assert!(dependencies.closure(&["nonesuch"]).is_err());
        assert!(
            ["ext4", "crc_x", "tmpfs"]
                .iter()
                .all(|name| dependencies.has(name))
        );
        assert!(!dependencies.has("nonesuch"));
    }

    #[test]
    fn a_module_tells_itself_what_it_needs() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("own-one.ko");
        fs::write(
            &path,
            b"\x7fELF\0license=GPL\0depends=jbd2,crc-x\0name=own_one\0",
        )
        .unwrap();
        let text = "fs/jbd2.ko: lib/crc-x.ko\nlib/crc-x.ko:\n";
        let mut dependencies = Dependencies::parse(Path::new("/m"), text, "");
        dependencies.add(&path).unwrap();
        let files = dependencies.closure(&["own_one"]).unwrap();
        let expected = ["/m/lib/crc-x.ko", "/m/fs/jbd2.ko"].map(PathBuf::from);
        assert_eq!(files[..2], expected);
        assert_eq!(
            dependencies.needs(&path),
            [files[1].clone(), files[0].clone()]
        );
        assert_eq!(files[2], path);
    }
}
