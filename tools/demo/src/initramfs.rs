// SPDX-License-Identifier: GPL-2.0-only
//! The initial ram disk: busybox, the sample init script, kernel modules, and the steps of the demonstration.

use std::collections::BTreeMap;
use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};

/// Modules that the boot needs before the root file system is there, besides the union itself.
const MODULES: [&str; 3] = ["virtio_blk", "erofs", "ext4"];

/// What the guest runs, by name.
const STEPS: [(&str, &str); 5] = [
    ("common", include_str!("../guest/common")),
    ("first", include_str!("../guest/first")),
    ("again", include_str!("../guest/again")),
    ("fresh", include_str!("../guest/fresh")),
    ("other", include_str!("../guest/other")),
];

/// Where the contents come from.
pub struct Sources<'a> {
    /// The build root, for its busybox.
    pub build_root: &'a Path,
    /// `lib/modules/ABI` of the kernel.
    pub modules: &'a Path,
    /// The kernel release.
    pub abi: &'a str,
    /// The init script.
    pub init: &'a Path,
    /// The union module; none when something of the kernel's own stands in for it.
    pub union: Option<&'a Path>,
    /// The file system type to mount.
    pub fs_type: &'a str,
}

/// Writes the initial ram disk to `path`.
pub fn build(path: &Path, sources: &Sources<'_>) -> Result<()> {
    let mut archive = Archive::default();
    for dir in ["bin", "sbin", "etc", "demo", "hooks"] {
        archive.dir(dir);
    }
    let read =
        |path: &Path| fs::read(path).with_context(|| format!("cannot read {}", path.display()));
    archive.file("init", 0o755, &read(sources.init)?);
    archive.file(
        "bin/busybox",
        0o755,
        &read(&sources.build_root.join("bin/busybox"))?,
    );
    archive.file("hooks/demo", 0o755, include_bytes!("../guest/hook"));
    for (name, text) in STEPS {
        archive.file(&format!("demo/{name}"), 0o644, text.as_bytes());
    }

    let mut names: Vec<&str> = MODULES.to_vec();
    let mut modules = Modules::read(sources.modules)?;
    if let Some(path) = sources.union {
        modules.add_union(path)?;
    }
    names.push(sources.fs_type);
    let folder = format!("lib/modules/{}", sources.abi);
    let mut dependencies = String::new();
    for (name, needs) in modules.closure(&names) {
        let file = modules.locate(&name);
        archive.file(&format!("{folder}/{name}"), 0o644, &read(&file)?);
        dependencies.push_str(&format!("{name}: {}\n", needs.join(" ")));
    }
    archive.file(
        &format!("{folder}/modules.dep"),
        0o644,
        dependencies.as_bytes(),
    );
    let loaded: Vec<_> = names
        .into_iter()
        .filter(|name| modules.find(name).is_some())
        .collect();
    archive.file(
        "etc/modules",
        0o644,
        format!("{}\n", loaded.join("\n")).as_bytes(),
    );

    fs::write(path, archive.finish()).with_context(|| format!("cannot write {}", path.display()))
}

/// The modules of a kernel and what each needs, by path below `lib/modules/ABI`.
struct Modules {
    folder: PathBuf,
    needs: BTreeMap<String, Vec<String>>,
    union: Option<PathBuf>,
}

/// Where the union module goes below `lib/modules/ABI`.
const UNION: &str = "updates/union.ko";

impl Modules {
    fn read(folder: &Path) -> Result<Self> {
        let path = folder.join("modules.dep");
        let text =
            fs::read_to_string(&path).with_context(|| format!("cannot read {}", path.display()))?;
        let needs = text
            .lines()
            .filter_map(|line| line.split_once(':'))
            .map(|(name, needs)| {
                (
                    name.to_owned(),
                    needs.split_whitespace().map(str::to_owned).collect(),
                )
            });
        Ok(Self {
            folder: folder.to_owned(),
            needs: needs.collect(),
            union: None,
        })
    }

    /// Adds the union module, whose needs its own text tells (`depends=a,b`).
    fn add_union(&mut self, path: &Path) -> Result<()> {
        let module = fs::read(path)
            .with_context(|| format!("cannot read {}; build it with make", path.display()))?;
        let key = b"\0depends=";
        let depends = module
            .windows(key.len())
            .position(|window| window == key)
            .map_or("", |at| {
                let rest = &module[at + key.len()..];
                std::str::from_utf8(rest.split(|&byte| byte == 0).next().unwrap_or(rest))
                    .unwrap_or("")
            });
        let needs = depends
            .split(',')
            .filter_map(|name| self.find(name))
            .collect();
        self.needs.insert(UNION.to_owned(), needs);
        self.union = Some(path.to_owned());
        Ok(())
    }

    /// The path of the module called `name`; none if it is built into the kernel.
    fn find(&self, name: &str) -> Option<String> {
        let wanted = name.replace('-', "_");
        self.needs
            .keys()
            .find(|path| {
                let file = path.rsplit('/').next().unwrap_or(path);
                file.split('.').next().unwrap_or(file).replace('-', "_") == wanted
            })
            .cloned()
    }

    fn locate(&self, path: &str) -> PathBuf {
        match &self.union {
            Some(union) if path == UNION => union.clone(),
            _ => self.folder.join(path),
        }
    }

    /// The named modules and all that they need. modules.dep lists needs in full.
    fn closure(&self, names: &[&str]) -> BTreeMap<String, Vec<String>> {
        let mut found = BTreeMap::new();
        for path in names.iter().filter_map(|name| self.find(name)) {
            let needs = self.needs.get(&path).cloned().unwrap_or_default();
            for need in &needs {
                found.insert(
                    need.clone(),
                    self.needs.get(need).cloned().unwrap_or_default(),
                );
            }
            found.insert(path, needs);
        }
        found
    }
}

/// A cpio archive in the format the kernel unpacks.
#[derive(Default)]
struct Archive {
    bytes: Vec<u8>,
    inode: u32,
    dirs: Vec<String>,
}

impl Archive {
    fn dir(&mut self, name: &str) {
        if !self.dirs.iter().any(|dir| dir == name) {
            self.dirs.push(name.to_owned());
            self.entry(name, 0o040_755, &[]);
        }
    }

    fn file(&mut self, name: &str, mode: u32, content: &[u8]) {
        for (at, _) in name.match_indices('/') {
            self.dir(&name[..at]);
        }
        self.entry(name, 0o100_000 | mode, content);
    }

    fn entry(&mut self, name: &str, mode: u32, content: &[u8]) {
        self.inode += 1;
        let (length, name_length) = (content.len() as u32, name.len() as u32 + 1);
        let fields = [
            self.inode,
            mode,
            0,
            0,
            1,
            0,
            length,
            0,
            0,
            0,
            0,
            name_length,
            0,
        ];
        self.bytes.extend_from_slice(b"070701");
        for field in fields {
            write!(self.bytes, "{field:08x}").expect("writing to memory cannot fail");
        }
        self.bytes.extend_from_slice(name.as_bytes());
        self.bytes.push(0);
        self.align();
        self.bytes.extend_from_slice(content);
        self.align();
    }

    fn align(&mut self) {
        self.bytes.resize(self.bytes.len().next_multiple_of(4), 0);
    }

    fn finish(mut self) -> Vec<u8> {
        self.entry("TRAILER!!!", 0, &[]);
        self.bytes
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn archives_are_aligned_and_have_their_folders() {
        let mut archive = Archive::default();
        archive.file("a/b/c", 0o644, b"x");
        archive.file("a/d", 0o755, b"yz");
        let bytes = archive.finish();
        assert_eq!(bytes.len() % 4, 0);
        assert_eq!(
            bytes
                .windows(6)
                .filter(|window| window == b"070701")
                .count(),
            5
        );
    }

    #[test]
    fn needed_modules_come_along() {
        let needs = [
            ("k/ext4.ko", vec!["k/jbd2.ko"]),
            ("k/jbd2.ko", vec![]),
            ("k/virtio-rng.ko.xz", vec![]),
        ];
        let modules = Modules {
            folder: "/m".into(),
            needs: needs
                .map(|(name, needs)| (name.into(), needs.into_iter().map(String::from).collect()))
                .into(),
            union: None,
        };
        assert_eq!(
            modules
                .closure(&["ext4", "builtin"])
                .into_keys()
                .collect::<Vec<_>>(),
            ["k/ext4.ko", "k/jbd2.ko"]
        );
        assert_eq!(
            modules.find("virtio_rng").as_deref(),
            Some("k/virtio-rng.ko.xz")
        );
    }
}
