// SPDX-License-Identifier: GPL-2.0-only
//! Why the kernel lacks a file system type, according to /lib/modules and /sys, and a remedy.

use std::fs;
use std::path::Path;

/// The remedy for a file system type that the running kernel lacks.
pub fn missing(fs_type: &str) -> String {
    let uname = rustix::system::uname();
    let release = uname.release().to_string_lossy();
    advice(fs_type, &release, Path::new("/lib/modules"), signed_only())
}

/// The same for a kernel of this release, with modules in `modules`; `signed`: it loads only signed
/// ones.
fn advice(fs_type: &str, release: &str, modules: &Path, signed: bool) -> String {
    let dependencies = |kernel: &str| fs::read_to_string(modules.join(kernel).join("modules.dep"));
    let has = |kernel: &str| dependencies(kernel).is_ok_and(|list| lists(&list, fs_type));
    // Without a list, as in a container, it is not known.
    if dependencies(release).is_err() || has(release) {
        return match signed {
            true => format!(
                "the kernel has no such file system, and takes signed modules only (Secure Boot, lockdown or \
                 module.sig_enforce=1): is {fs_type}.ko signed with a key that it knows? See secure-boot.rst"
            ),
            false => format!(
                "the kernel has no such file system; load its module first (modprobe {fs_type})"
            ),
        };
    }
    let none = format!("there is no {fs_type}.ko for the running kernel, {release}");
    let mut others: Vec<_> = fs::read_dir(modules)
        .into_iter()
        .flatten()
        .flatten()
        .filter_map(|entry| entry.file_name().into_string().ok())
        .filter(|kernel| has(kernel))
        .collect();
    others.sort();
    match (others.is_empty(), fs_type) {
        (false, _) => format!(
            "{none}, but one for {}: start the machine with that kernel",
            others.join(", ")
        ),
        (true, "union") => {
            format!("{none}; install union-modules-{release} or union-dkms, or build it")
        }
        (true, _) => none,
    }
}

/// Whether a modules.dep has the module of a file system, compressed or not.
fn lists(dependencies: &str, fs_type: &str) -> bool {
    dependencies
        .lines()
        .filter_map(|line| line.split(':').next()?.rsplit('/').next())
        .filter_map(|file| file.strip_prefix(fs_type)?.strip_prefix(".ko"))
        .any(|rest| rest.is_empty() || rest.starts_with('.'))
}

/// Whether the kernel loads only modules signed with a known key.
fn signed_only() -> bool {
    let says = |path: &str, words: &[&str]| {
        fs::read_to_string(path).is_ok_and(|text| words.iter().any(|word| text.contains(word)))
    };
    says("/sys/module/module/parameters/sig_enforce", &["Y"])
        || says(
            "/sys/kernel/security/lockdown",
            &["[integrity]", "[confidentiality]"],
        )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_running_kernel_decides() {
        let modules =
            std::env::temp_dir().join(format!("mount-union-modules-{}", std::process::id()));
        let lay = |kernel: &str, list: &str| {
            fs::create_dir_all(modules.join(kernel)).unwrap();
            fs::write(modules.join(kernel).join("modules.dep"), list).unwrap();
        };
        lay("1-old", "kernel/fs/overlayfs/overlay.ko.xz:\n");
        lay(
            "2-new",
            "kernel/fs/x.ko:\nupdates/union.ko.xz: kernel/fs/x.ko\n",
        );
        lay("3-dkms", "updates/dkms/union.ko:\nkernel/reunion.ko:\n");
        let say = |fs_type, release, signed| advice(fs_type, release, &modules, signed);

        let old = say("union", "1-old", true);
        assert!(
            old.contains("no union.ko for the running kernel, 1-old"),
            "{old}"
        );
        assert!(old.contains("one for 2-new, 3-dkms: start"), "{old}");
        assert!(say("union", "2-new", false).contains("modprobe union"));
        assert!(say("union", "3-dkms", true).contains("takes signed modules only"));
        assert!(say("union", "4-container", false).contains("modprobe union"));
        assert_eq!(
            say("f2fs", "2-new", false),
            "there is no f2fs.ko for the running kernel, 2-new"
        );

        fs::remove_dir_all(modules.join("2-new")).unwrap();
        fs::remove_dir_all(modules.join("3-dkms")).unwrap();
        assert!(say("union", "1-old", false).contains("install union-modules-1-old or union-dkms"));
        fs::remove_dir_all(&modules).unwrap();
    }
}
