// SPDX-License-Identifier: GPL-2.0-only
//! The initial ram disk: busybox, the sample scripts, kernel modules, and the steps of the demonstration.

use std::fs;
use std::path::Path;

use anyhow::{Context, Result};
use union_machine::cpio::Archive;
use union_machine::modules::{Dependencies, module_name};
use union_machine::paths::{Kernel, Places};

/// Modules that the boot needs before the root file system is there, besides the union itself.
const MODULES: [&str; 3] = ["virtio_blk", "erofs", "ext4"];

/// What the guest runs, by name.
const STEPS: [(&str, &str); 5] = [
    ("common", include_str!("../../demo/common")),
    ("first", include_str!("../../demo/first")),
    ("again", include_str!("../../demo/again")),
    ("fresh", include_str!("../../demo/fresh")),
    ("other", include_str!("../../demo/other")),
];

/// Builds it, for a kernel and the file system type to mount.
pub fn build(places: &Places, kernel: &Kernel, fs_type: &str) -> Result<Vec<u8>> {
    let mut archive = Archive::default();
    for dir in ["bin", "sbin", "etc", "demo", "hooks", "scripts"] {
        archive.directory(dir);
    }
    let read = |path: &Path| fs::read(path).with_context(|| format!("reading {}", path.display()));
    let init = read(&places.repo.join("samples/boot/init"))?;
    archive.file("init", 0o755, &init);
    let scripts = places.repo.join("tools/boot/initramfs-tools/scripts");
    for name in ["union", "union-settings", "union-fstab"] {
        archive.file(
            &format!("scripts/{name}"),
            0o644,
            &read(&scripts.join(name))?,
        );
    }
    let busybox = read(&places.root().join("bin/busybox"))?;
    archive.file("bin/busybox", 0o755, &busybox);
    archive.file("hooks/demo", 0o755, include_bytes!("../../demo/hook"));
    for (name, text) in STEPS {
        archive.file(&format!("demo/{name}"), 0o644, text.as_bytes());
    }

    let mut modules = Dependencies::read(&kernel.modules)?;
    if fs_type == "union"
        && let Some(path) = places.module(kernel, "union.ko")?
    {
        modules.add(&path)?;
    }
    let mut names = MODULES.to_vec();
    names.push(fs_type);
    let folder = format!("lib/modules/{}", kernel.abi);
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

    Ok(archive.finish())
}

fn file_name(path: &Path) -> String {
    let name = path.file_name().unwrap_or_default();
    name.to_string_lossy().into_owned()
}
