// SPDX-License-Identifier: GPL-2.0-only
//! Mounting unions, by either interface, and unmounting whatever a case left behind.

use std::fmt;
use std::path::{Path, PathBuf};

use crate::errno::Errno;
use crate::shape::Api;
use crate::sys;

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

/// Why a mount failed.
#[derive(Clone, Debug)]
pub struct Failure {
    /// The answer of the kernel.
    pub errno: Errno,
    /// The call it answered.
    pub call: String,
    /// What the kernel wrote to the log of the fs_context.
    pub log: Vec<String>,
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.call, self.errno)?;
        for line in &self.log {
            write!(f, "; kernel: {line}")?;
        }
        Ok(())
    }
}

impl From<Failure> for String {
    fn from(failure: Failure) -> Self {
        failure.to_string()
    }
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
        match self.api {
            Api::Mount => self.mount_string(target),
            Api::Strings | Api::Fds => {
                let context = sys::fsopen(&self.fstype).map_err(|errno| Failure {
                    errno,
                    call: format!("fsopen({})", self.fstype),
                    log: Vec::new(),
                })?;
                let result = self.configure(context, target);
                let log = read_log(context);
                let _ = sys::close(context);
                result.map_err(|(errno, call)| Failure { errno, call, log })
            }
        }
    }

    fn mount_string(&self, target: &Path) -> Result<(), Failure> {
        let data = self.data_string();
        let flags = if self.read_only { libc::MS_RDONLY } else { 0 };
        sys::mount("union", target, &self.fstype, flags, data.as_bytes()).map_err(|errno| Failure {
            errno,
            call: format!("mount({}, {data})", self.fstype),
            log: Vec::new(),
        })
    }

    /// The options as one string for mount(2), lower layers joined to one `lowerdir`.
    pub fn data_string(&self) -> String {
        let mut lowers = Vec::new();
        let mut words = Vec::new();
        for (key, value) in &self.options {
            match value {
                Value::Layer(path) if key == "lowerdir+" => {
                    lowers.push(escape(&path.to_string_lossy(), ":\\,"));
                }
                Value::Layer(path) => {
                    words.push(format!("{key}={}", escape(&path.to_string_lossy(), "\\,")));
                }
                Value::Text(text) => words.push(format!("{key}={text}")),
                Value::Flag => words.push(key.clone()),
            }
        }
        if !lowers.is_empty() {
            words.insert(0, format!("lowerdir={}", lowers.join(":")));
        }
        words.join(",")
    }

    fn configure(&self, context: i32, target: &Path) -> Result<(), (Errno, String)> {
        for (key, value) in &self.options {
            let result = match value {
                Value::Flag => sys::fsconfig_flag(context, key),
                Value::Text(text) => sys::fsconfig_string(context, key, text),
                Value::Layer(path) if self.api == Api::Fds => {
                    sys::open(path, libc::O_PATH | libc::O_DIRECTORY, 0).and_then(|fd| {
                        let result = sys::fsconfig_fd(context, key, fd);
                        sys::close(fd).and(result)
                    })
                }
                // As overlayfs has it: a backslash escapes in these two, and is a letter in `lowerdir+`.
                Value::Layer(path) if key != "lowerdir+" => {
                    sys::fsconfig_string(context, key, escape(&path.to_string_lossy(), "\\"))
                }
                Value::Layer(path) => sys::fsconfig_string(context, key, path),
            };
            result.map_err(|errno| (errno, format!("fsconfig({key}, {value:?})")))?;
        }
        if self.read_only {
            sys::fsconfig_flag(context, "ro").map_err(|errno| (errno, "fsconfig(ro)".into()))?;
        }
        sys::fsconfig_create(context).map_err(|errno| (errno, "fsconfig(CMD_CREATE)".into()))?;
        let mount = sys::fsmount(context, 0).map_err(|errno| (errno, "fsmount".into()))?;
        let result = sys::move_mount(mount, target);
        let _ = sys::close(mount);
        result.map_err(|errno| (errno, "move_mount".into()))
    }
}

/// Reconfigures a mounted file system: options, `ro` and `rw` among them, as fsconfig takes them.
pub fn reconfigure(target: &Path, options: &[(&str, Option<&str>)]) -> Result<(), Failure> {
    let context = sys::fspick(target).map_err(|errno| Failure {
        errno,
        call: format!("fspick({})", target.display()),
        log: Vec::new(),
    })?;
    let set = |key: &str, value: Option<&str>| match value {
        Some(value) => sys::fsconfig_string(context, key, value),
        None => sys::fsconfig_flag(context, key),
    };
    let result = options
        .iter()
        .try_for_each(|(key, value)| {
            set(key, *value).map_err(|errno| (errno, format!("fsconfig({key}, {value:?})")))
        })
        .and_then(|()| {
            sys::fsconfig_reconfigure(context)
                .map_err(|errno| (errno, "fsconfig(CMD_RECONFIGURE)".to_owned()))
        });
    let log = read_log(context);
    let _ = sys::close(context);
    result.map_err(|(errno, call)| Failure { errno, call, log })
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

/// The messages of an fs_context, one line each, with their level (`e `, `w `, `i `) in front.
fn read_log(context: i32) -> Vec<String> {
    let mut log = Vec::new();
    while let Ok(line) = sys::read(context, 8192, None) {
        if line.is_empty() {
            break;
        }
        log.push(String::from_utf8_lossy(&line).trim_end().to_owned());
    }
    log
}

/// One line of /proc/self/mountinfo.
#[derive(Clone, Debug)]
pub struct Mounted {
    /// Number of the file system's device, `MAJOR:MINOR`.
    pub device: String,
    /// Where.
    pub target: PathBuf,
    /// Type.
    pub fstype: String,
    /// Options of the mount.
    pub options: String,
    /// Options of the super block, as show_options prints them, with the escapes of /proc files.
    pub super_options: String,
}

impl Mounted {
    /// The options of the super block one by one, without those escapes.
    pub fn super_options(&self) -> Vec<(String, Option<String>)> {
        let words = self.super_options.split(',');
        words
            .map(|word| match word.split_once('=') {
                Some((key, value)) => (key.to_owned(), Some(unescape_octal(value))),
                None => (word.to_owned(), None),
            })
            .collect()
    }
}

/// Every mount there is.
pub fn mounts() -> Vec<Mounted> {
    let text = std::fs::read_to_string("/proc/self/mountinfo").unwrap_or_default();
    text.lines()
        .filter_map(|line| {
            let (left, right) = line.split_once(" - ")?;
            let left: Vec<&str> = left.split(' ').collect();
            let right: Vec<&str> = right.split(' ').collect();
            Some(Mounted {
                device: (*left.get(2)?).to_owned(),
                target: unescape_octal(left.get(4)?).into(),
                options: (*left.get(5)?).to_owned(),
                fstype: (*right.first()?).to_owned(),
                super_options: (*right.get(2)?).to_owned(),
            })
        })
        .collect()
}

/// The mount on top at `target`.
pub fn mounted_at(target: &Path) -> Option<Mounted> {
    mounts().into_iter().rfind(|mount| mount.target == target)
}

/// Undoes the `\040` of /proc files.
fn unescape_octal(text: &str) -> String {
    let mut bytes = Vec::new();
    let mut rest = text.as_bytes();
    while let [first, tail @ ..] = rest {
        if let [b'\\', a, b, c, tail @ ..] = rest
            && let Ok(digits) = std::str::from_utf8(&[*a, *b, *c])
            && let Ok(byte) = u8::from_str_radix(digits, 8)
        {
            bytes.push(byte);
            rest = tail;
            continue;
        }
        bytes.push(*first);
        rest = tail;
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

/// Unmounts everything mounted at or below `base`, newest first; gives what refused to go and was only detached.
pub fn unmount_below(base: &Path) -> Vec<String> {
    let mut refused = Vec::new();
    for mount in mounts().into_iter().rev() {
        if !mount.target.starts_with(base) {
            continue;
        }
        if let Err(error) = sys::umount(&mount.target, 0) {
            refused.push(format!(
                "umount of {} ({}): {error}",
                mount.target.display(),
                mount.fstype
            ));
            let _ = sys::umount(&mount.target, libc::MNT_DETACH);
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
    }

    #[test]
    fn octal_of_proc_files() {
        assert_eq!(unescape_octal(r"a\040b\134c"), r"a b\c");
    }
}
