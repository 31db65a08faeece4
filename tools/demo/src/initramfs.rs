// SPDX-License-Identifier: GPL-2.0-only
//! The initial ram disk: busybox, the sample scripts, kernel modules, and the steps of the demonstration.

use std::fs;
use std::path::Path;

use anyhow::{Context, Result};
use union_vm::cpio::Archive;
use union_vm::modules::{Dependencies, module_name};

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
    /// The checkout, with the scripts that mount the union.
    pub repo: &'a Path,
    /// The union module; none when something of the kernel's own stands in for it.
    pub union: Option<&'a Path>,
    /// The file system type to mount.
    pub fs_type: &'a str,
}

/// Writes the initial ram disk to `path`.
pub fn build(path: &Path, sources: &Sources<'_>) -> Result<()> {
    let mut archive = Archive::default();
    for dir in ["bin", "sbin", "etc", "demo", "hooks", "scripts"] {
        archive.directory(dir);
    }
    let read =
        |path: &Path| fs::read(path).with_context(|| format!("cannot read {}", path.display()));
    archive.file(
        "init",
        0o755,
        &read(&sources.repo.join("samples/boot/init"))?,
    );
    for name in ["union", "union-settings", "union-fstab"] {
        let script = sources
            .repo
            .join("tools/boot/initramfs-tools/scripts")
            .join(name);
        archive.file(&format!("scripts/{name}"), 0o644, &read(&script)?);
    }
    archive.file(
        "bin/busybox",
        0o755,
        &read(&sources.build_root.join("bin/busybox"))?,
    );
    archive.file("hooks/demo", 0o755, include_bytes!("../guest/hook"));
    for (name, text) in STEPS {
        archive.file(&format!("demo/{name}"), 0o644, text.as_bytes());
    }

    let mut modules = Dependencies::read(sources.modules)?;
    if let Some(path) = sources.union {
        modules
            .add(path)
            .context("the union's module; build it with make")?;
    }
    let mut names = MODULES.to_vec();
    names.push(sources.fs_type);
    let folder = format!("lib/modules/{}", sources.abi);
    let (mut loaded, mut dependencies) = (String::new(), String::new());
    for file in modules.closure(&names)? {
        let name = file_name(&file);
        archive.file(&format!("{folder}/{name}"), 0o644, &read(&file)?);
        let needs: Vec<_> = modules.needs(&file).iter().map(|p| file_name(p)).collect();
        dependencies += &format!("{name}: {}\n", needs.join(" "));
        loaded += &format!("{}\n", module_name(&name));
    }
    let list = format!("{folder}/modules.dep");
    archive.file(&list, 0o644, dependencies.as_bytes());
    archive.file("etc/modules", 0o644, loaded.as_bytes());

    fs::write(path, archive.finish()).with_context(|| format!("cannot write {}", path.display()))
}

fn file_name(path: &Path) -> String {
    let name = path.file_name().unwrap_or_default();
    name.to_string_lossy().into_owned()
}
