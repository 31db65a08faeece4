// SPDX-License-Identifier: GPL-2.0-only
//! Where things are: the checkout, the cache, one kernel of the cache.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};
use serde::Deserialize;

use crate::architecture::Architecture;
use crate::modules::Dependencies;

/// The checkout and the cache.
pub struct Places {
    /// The checkout this program belongs to.
    pub repo: PathBuf,
    /// The cache that scripts/setup fills.
    pub cache: PathBuf,
}

impl Places {
    /// Looks for the checkout above the current directory, then above this program.
    pub fn find() -> Result<Self> {
        let current = std::env::current_dir().context("the current directory")?;
        let program = std::env::current_exe().context("the path of this program")?;
        let repo = current
            .ancestors()
            .chain(program.ancestors())
            .find(|dir| dir.join("scripts/enter").is_file() && dir.join("tools/vm").is_dir())
            .context(
                "no checkout of union mounts found above the current directory; go into one",
            )?;
        Ok(Self {
            repo: repo.to_owned(),
            cache: cache_dir()?,
        })
    }

    /// Where logs of runs go.
    pub fn log_dir(&self) -> Result<PathBuf> {
        let dir = self.repo.join("out/log");
        fs::create_dir_all(&dir).with_context(|| format!("making {}", dir.display()))?;
        Ok(dir)
    }

    /// The build root, which scripts/enter runs commands in.
    pub fn root(&self) -> PathBuf {
        std::env::var_os("UNION_ROOT").map_or_else(|| self.cache.join("root"), PathBuf::from)
    }

    /// Where disk images are kept.
    pub fn images(&self) -> Result<PathBuf> {
        let dir = self.cache.join("images");
        fs::create_dir_all(&dir).with_context(|| format!("making {}", dir.display()))?;
        Ok(dir)
    }

    /// A kernel of the cache: the named one, or the default.
    pub fn kernel(&self, abi: Option<&str>) -> Result<Kernel> {
        let kernels = self.cache.join("kernels");
        let abi = match abi {
            Some(abi) => abi.to_owned(),
            None => fs::read_to_string(kernels.join("default"))
                .context("no kernel is in the cache yet; run scripts/setup")?
                .trim()
                .to_owned(),
        };
        let dir = kernels.join(&abi);
        let image = dir.join("vmlinuz");
        if !image.is_file() {
            let known: Vec<_> = fs::read_dir(&kernels)
                .into_iter()
                .flatten()
                .flatten()
                .filter(|entry| entry.path().join("vmlinuz").is_file())
                .map(|entry| entry.file_name().to_string_lossy().into_owned())
                .collect();
            bail!(
                "kernel {abi} is not in the cache ({} is missing); there are {known:?}; \
                 KERNEL={abi} scripts/setup fetches it",
                image.display()
            );
        }
        let architecture = Architecture::of_release(&abi);
        let mut needs = Needs::read(&dir.join("machine.json"))?;
        if !architecture.native() {
            // Even on a machine whose own processor is not emulated.
            needs.slowness *= 2;
        }
        Ok(Kernel {
            architecture,
            needs,
            modules: dir.join("modules/lib/modules").join(&abi),
            image,
            abi,
        })
    }

    /// The module for a kernel; none if the kernel has it built in.
    pub fn module(&self, kernel: &Kernel, name: &str) -> Result<Option<PathBuf>> {
        if Dependencies::read(&kernel.modules)?.is_builtin(name) {
            return Ok(None);
        }
        let path = self.repo.join("out").join(&kernel.abi).join(name);
        if !path.is_file() {
            bail!(
                "{} is missing; build it with make, or try the scenarios themselves with --fstype overlay",
                path.display()
            );
        }
        Ok(Some(path))
    }
}

/// One kernel of the cache.
pub struct Kernel {
    /// Its release.
    pub abi: String,
    /// Its processor.
    pub architecture: Architecture,
    /// The boot image.
    pub image: PathBuf,
    /// The directory with modules.dep.
    pub modules: PathBuf,
    /// Its requirements for a machine.
    pub needs: Needs,
}

/// The requirements of a kernel for a machine, if they are unusual; the kernels with checkers bring a file with them.
#[derive(Debug, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Needs {
    /// Factor for time limits, compared with a packaged kernel.
    pub slowness: u32,
    /// Memory, as QEMU takes it.
    pub memory: String,
    /// Words of the kernel command line.
    pub words: String,
}

impl Default for Needs {
    fn default() -> Self {
        Self {
            slowness: 1,
            memory: "2G".into(),
            words: String::new(),
        }
    }
}

impl Needs {
    fn read(path: &Path) -> Result<Self> {
        match fs::read(path) {
            Ok(text) => {
                serde_json::from_slice(&text).with_context(|| format!("in {}", path.display()))
            }
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(Self::default()),
            Err(error) => Err(error).with_context(|| format!("reading {}", path.display())),
        }
    }
}

fn cache_dir() -> Result<PathBuf> {
    let variable = |name| std::env::var_os(name).filter(|value| !value.is_empty());
    if let Some(dir) = variable("UNION_CACHE") {
        return Ok(dir.into());
    }
    if let Some(dir) = variable("XDG_CACHE_HOME") {
        return Ok(Path::new(&dir).join("union"));
    }
    let home =
        variable("HOME").context("neither UNION_CACHE nor XDG_CACHE_HOME nor HOME is set")?;
    Ok(Path::new(&home).join(".cache/union"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_kernel_says_what_it_needs() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("machine.json");
        assert_eq!(Needs::read(&path).unwrap(), Needs::default());
        fs::write(&path, r#"{"slowness": 4, "words": "a=b"}"#).unwrap();
        let needs = Needs::read(&path).unwrap();
        assert_eq!((needs.slowness, &*needs.memory), (4, "2G"));
        assert_eq!(needs.words, "a=b");
        fs::write(&path, r#"{"slownes": 4}"#).unwrap();
        assert!(Needs::read(&path).is_err());
    }
}
