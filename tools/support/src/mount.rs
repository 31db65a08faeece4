// SPDX-License-Identifier: GPL-2.0-only
//! Mounting unions, by either interface, and unmounting the leftovers of a case.

use std::ffi::CString;
use std::os::fd::AsFd;
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};

use rustix::fs::{CWD, Mode, OFlags};
use rustix::mount::{self, MountFlags, UnmountFlags};

use crate::errno::Errno;
use crate::fs_context::FsContext;
use crate::mountinfo;

pub use crate::fs_context::Failure;

/// How a union is mounted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Api {
    /// mount(2) with a data string.
    Mount,
    /// fsconfig(2) with strings, one `lowerdir+` for each layer.
    Strings,
    /// fsconfig(2) with file descriptors.
    Fds,
}

/// mount(2), with a failure that says what could not be mounted.
pub fn mount(
    source: impl AsRef<Path>,
    target: impl AsRef<Path>,
    fs_type: &str,
    flags: MountFlags,
    data: &str,
) -> Result<(), Failure> {
    let (source, target) = (source.as_ref(), target.as_ref());
    let failed = |errno| {
        let (source, target) = (source.display(), target.display());
        Failure::new(
            format!("mount({source}, {target}, {fs_type}, {data})"),
            errno,
        )
    };
    let data = CString::new(data).map_err(|_| failed(rustix::io::Errno::INVAL))?;
    mount::mount(source, target, fs_type, flags, data.as_c_str()).map_err(failed)
}

/// Makes a directory and mounts a fresh tmpfs on it.
pub fn tmpfs(target: impl AsRef<Path>, data: &str) -> std::io::Result<()> {
    std::fs::create_dir_all(&target)?;
    mount("tmpfs", target, "tmpfs", MountFlags::empty(), data).map_err(std::io::Error::other)
}

/// A union to be mounted: options as given to the kernel, in order.
#[derive(Clone, Debug)]
pub struct Union {
    fstype: String,
    api: Api,
    options: Vec<(String, Value)>,
    read_only: bool,
}

#[derive(Clone, Debug)]
enum Value {
    Flag,
    Text(String),
    Layer(PathBuf),
}

impl Union {
    /// A union of the given type without layers, to be mounted through fsconfig with strings.
    pub fn new(fstype: &str) -> Self {
        Self {
            fstype: fstype.to_owned(),
            api: Api::Strings,
            options: Vec::new(),
            read_only: false,
        }
    }

    /// The kernel's overlayfs without layers, to look at those of a union: it follows marks of files without data,
    /// as the union does by default.
    pub fn overlayfs() -> Self {
        Self::new("overlay").option("metacopy", "on")
    }

    /// Chooses the interface.
    pub fn api(mut self, api: Api) -> Self {
        self.api = api;
        self
    }

    /// Adds a lower layer below those added before.
    pub fn lower(mut self, path: impl Into<PathBuf>) -> Self {
        self.options
            .push(("lowerdir+".into(), Value::Layer(path.into())));
        self
    }

    /// Adds lower layers, the topmost first.
    pub fn lowers<P: Into<PathBuf>>(self, paths: impl IntoIterator<Item = P>) -> Self {
        paths.into_iter().fold(self, Self::lower)
    }

    /// Adds a data-only layer below those added before.
    pub fn data(mut self, path: impl Into<PathBuf>) -> Self {
        self.options
            .push(("datadir+".into(), Value::Layer(path.into())));
        self
    }

    /// Sets the upper layer and its work directory.
    pub fn upper(mut self, upper: impl Into<PathBuf>, work: impl Into<PathBuf>) -> Self {
        self.options
            .push(("upperdir".into(), Value::Layer(upper.into())));
        self.options
            .push(("workdir".into(), Value::Layer(work.into())));
        self
    }

    /// Adds any option with a value.
    pub fn option(mut self, key: &str, value: &str) -> Self {
        self.options.push((key.into(), Value::Text(value.into())));
        self
    }

    /// Adds any option without a value.
    pub fn flag(mut self, key: &str) -> Self {
        self.options.push((key.into(), Value::Flag));
        self
    }

    /// Asks for a read-only super block.
    pub fn read_only(mut self) -> Self {
        self.read_only = true;
        self
    }

    /// Mounts it.
    pub fn mount(&self, target: &Path) -> Result<(), Failure> {
        if self.api == Api::Mount {
            let flags = match self.read_only {
                true => MountFlags::RDONLY,
                false => MountFlags::empty(),
            };
            return mount("union", target, &self.fstype, flags, &self.data_string());
        }
        let context = FsContext::open(&self.fstype)?;
        for (key, value) in &self.options {
            let key = key.as_bytes();
            match value {
                Value::Flag => context.set_flag(key)?,
                Value::Text(text) => context.set_string(key, text.as_bytes())?,
                Value::Layer(path) if self.api == Api::Fds => {
                    let flags = OFlags::PATH | OFlags::DIRECTORY | OFlags::CLOEXEC;
                    let open = rustix::fs::openat(CWD, path, flags, Mode::empty());
                    let fd = open.map_err(|errno| {
                        Failure::new(format!("open({})", path.display()), errno)
                    })?;
                    context.set_fd(key, fd.as_fd())?;
                }
                // As in overlayfs: a backslash escapes in these two, and is an ordinary byte in
                // `lowerdir+` and `datadir+`.
                Value::Layer(path) if !key.ends_with(b"+") => {
                    let path = escape(&path.to_string_lossy(), "\\");
                    context.set_string(key, path.as_bytes())?;
                }
                Value::Layer(path) => context.set_string(key, path.as_os_str().as_bytes())?,
            }
        }
        if self.read_only {
            context.set_flag(b"ro")?;
        }
        context.mount(target)
    }

    /// The options as one string for mount(2), the layers that are only read joined to one `lowerdir`.
    pub fn data_string(&self) -> String {
        let mut lowers = Vec::new();
        let mut data = Vec::new();
        let mut words = Vec::new();
        for (key, value) in &self.options {
            match value {
                Value::Layer(path) if key == "lowerdir+" => {
                    lowers.push(escape(&path.to_string_lossy(), ":\\,"));
                }
                Value::Layer(path) if key == "datadir+" => {
                    data.push(escape(&path.to_string_lossy(), ":\\,"));
                }
                Value::Layer(path) => {
                    words.push(format!("{key}={}", escape(&path.to_string_lossy(), "\\,")));
                }
                Value::Text(text) => words.push(format!("{key}={text}")),
                Value::Flag => words.push(key.clone()),
            }
        }
        if !lowers.is_empty() {
            let lists = std::iter::once(lowers.join(":")).chain(data);
            let list = lists.collect::<Vec<_>>().join("::");
            words.insert(0, format!("lowerdir={list}"));
        }
        words.join(",")
    }
}

/// Reconfigures a mounted file system: options, `ro` and `rw` among them, as fsconfig takes them.
pub fn reconfigure(target: &Path, options: &[(&str, Option<&str>)]) -> Result<(), Failure> {
    let context = FsContext::pick(target)?;
    for (key, value) in options {
        match value {
            Some(value) => context.set_string(key.as_bytes(), value.as_bytes())?,
            None => context.set_flag(key.as_bytes())?,
        }
    }
    context.reconfigure()
}

/// Puts a backslash before each of `special`.
pub fn escape(text: &str, special: &str) -> String {
    let mut escaped = String::new();
    for letter in text.chars() {
        if special.contains(letter) {
            escaped.push('\\');
        }
        escaped.push(letter);
    }
    escaped
}

/// umount(2).
pub fn unmount(target: impl AsRef<Path>) -> rustix::io::Result<()> {
    mount::unmount(target.as_ref(), UnmountFlags::empty())
}

/// Unmounts everything mounted at or below `base`, newest first; returns the mounts that were busy and only detached.
pub fn unmount_below(base: &Path) -> Vec<String> {
    let mut refused = Vec::new();
    for mounted in mountinfo::read().unwrap_or_default().into_iter().rev() {
        let target = &mounted.target;
        if !target.starts_with(base) {
            continue;
        }
        if let Err(errno) = unmount(target) {
            let (error, place) = (Errno::from(errno), target.display());
            refused.push(format!("umount of {place} ({}): {error}", mounted.fs_type));
            let _ = mount::unmount(target, UnmountFlags::DETACH);
        }
    }
    refused
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn layers_become_one_escaped_option() {
        let union = Union::new("union")
            .lower("/a:b")
            .lower("/c,d")
            .upper("/u:", "/w")
            .flag("userxattr");
        assert_eq!(
            union.data_string(),
            r"lowerdir=/a\:b:/c\,d,upperdir=/u:,workdir=/w,userxattr"
        );
        let union = Union::new("union").lower("/a").data("/:").data("/e");
        assert_eq!(union.data_string(), r"lowerdir=/a::/\:::/e");
    }
}
