// SPDX-License-Identifier: GPL-2.0-only

//! The options of a mount or remount, as they come in.

use crate::{
    logic::{
        layers::{check_remount, split_lowerdir, Escaped, LayerChange, MountedLayers, Role},
        options::{Builder, Config, Key, OptionError, Takes},
    },
    union::{
        layers::union::Union,
        mount::dirs::{MountDirs, OptionDir},
    },
    vfs::{
        fs_context::{FsContext, Value},
        path::Path,
        printk::Printable,
        xattr,
    },
};
use core::ffi::CStr;
use kernel::prelude::*;

/// The options given so far.
#[derive(Default)]
pub struct Options {
    builder: Builder,
    /// The directories.
    pub dirs: MountDirs,
    /// Of a remount: the names of the directories, which are not looked up. A layer's path may be
    /// hidden or gone by then, as at every shutdown.
    names: KVec<(Key, Role, KVec<u8>)>,
}

impl Options {
    /// Takes one.
    ///
    /// # Errors
    ///
    /// With a message, those of a wrong value; those of the lookup of a directory.
    pub fn take(&mut self, fc: &FsContext, key: Key, value: &Value<'_>) -> Result {
        let takes_dir = !matches!(key.takes(), Takes::Nothing | Takes::Word);
        if !(fc.is_reconfigure() && takes_dir) {
            let text = match value {
                Value::String(text) => text.to_bytes(),
                _ => &[],
            };
            self.builder.set(key, text).map_err(|e| refused(fc, e))?;
        }
        let wrong = match (key.takes(), value) {
            (Takes::Nothing, Value::Flag) | (Takes::Word, Value::String(_)) => return Ok(()),
            (Takes::Nothing, _) => "takes no value",
            (Takes::Word, _) => "needs a value (a string)",
            (_, Value::String(text)) => return self.take_names(fc, key, text),
            (Takes::Paths, _) => "takes a string; use lowerdir+ and datadir+ for descriptors",
            (_, Value::File(path)) => return self.take_path(fc, key, path),
            (_, Value::Flag | Value::Other) => "takes a path or a descriptor",
        };
        fc.error(fmt!("{}: {}", key.name(), wrong));
        Err(EINVAL)
    }

    fn take_names(&mut self, fc: &FsContext, key: Key, value: &CStr) -> Result {
        let value = value.to_bytes();
        match key.takes() {
            Takes::Paths => {
                for path in split_lowerdir(value) {
                    let (role, path) = path.map_err(|e| refused(fc, e))?;
                    if role == Role::Data {
                        self.builder.note_data_layer();
                    }
                    self.take_name(fc, key, role, collect(path.max_len(), path.bytes())?)?;
                }
                Ok(())
            }
            Takes::EscapedPath => {
                let path = Escaped::new(value).map_err(|e| refused(fc, e))?;
                let name = collect(path.max_len(), path.bytes())?;
                self.take_name(fc, key, Role::of(key), name)
            }
            _ if value.is_empty() => {
                fc.error(fmt!("{}: empty path", key.name()));
                Err(EINVAL)
            }
            _ => {
                let name = collect(value.len(), value.iter().copied())?;
                self.take_name(fc, key, Role::of(key), name)
            }
        }
    }

    fn take_name(&mut self, fc: &FsContext, key: Key, role: Role, name: KVec<u8>) -> Result {
        if fc.is_reconfigure() {
            return Ok(self.names.push((key, role, name), GFP_KERNEL_ACCOUNT)?);
        }
        self.dirs.add(key, role, OptionDir::lookup(fc, key, name)?)
    }

    fn take_path(&mut self, fc: &FsContext, key: Key, path: &Path) -> Result {
        let (role, name) = (Role::of(key), path.d_path()?);
        if fc.is_reconfigure() {
            return Ok(self.names.push((key, role, name), GFP_KERNEL_ACCOUNT)?);
        }
        self.dirs.add(
            key,
            role,
            OptionDir {
                option: key.name(),
                name,
                path: path.clone(),
            },
        )
    }

    /// Whether the mount may be one more of a union that is there.
    pub fn shares(&self) -> bool {
        self.builder.shares()
    }

    /// All of them together.
    ///
    /// # Errors
    ///
    /// With a message: `EINVAL` for options that do not go together; `EPERM` for those that would
    /// have no effect, because the caller cannot read the attributes that they are about.
    pub fn config(&self, fc: &FsContext) -> Result<Config> {
        let config = self.builder.build().map_err(|e| refused(fc, e))?;
        if !xattr::caller_may_list_trusted() {
            let needs = self.builder.needs_trusted();
            needs.map_err(|e| {
                refused(fc, e);
                EPERM
            })?;
        }
        Ok(config)
    }

    /// Of a remount: whether everything is as it is in the mounted union.
    ///
    /// # Errors
    ///
    /// `EINVAL`, with a message.
    pub fn check_unchanged(&self, fc: &FsContext, union: &Union) -> Result {
        let unchanged = union.config.unchanged(&self.builder);
        unchanged.map_err(|e| refused(fc, e))?;
        let given = self.names.iter();
        let given = given.map(|(key, role, name)| (*key, *role, &name[..]));
        check_remount(given, union).map_err(|change| {
            match change {
                LayerChange::Other(key, name) => fc.error(fmt!(
                    "{} \"{}\": cannot be changed by remount",
                    key.name(),
                    Printable(name)
                )),
                LayerChange::Missing => fc.error(fmt!(
                    "lowerdir: cannot be changed by remount (layers are missing)"
                )),
            }
            EINVAL
        })
    }
}

impl MountedLayers for Union {
    fn upper(&self) -> Option<&[u8]> {
        self.upper.as_ref().map(|upper| upper.name.to_bytes())
    }

    fn work(&self) -> Option<&[u8]> {
        self.upper.as_ref().map(|upper| upper.work_name.to_bytes())
    }

    fn lowers(&self) -> usize {
        self.lowers.len()
    }

    fn lower(&self, index: usize) -> Option<(Role, &[u8])> {
        let role = match index < self.data_from as usize {
            true => Role::Lower,
            false => Role::Data,
        };
        let lower = self.lowers.get(index)?;
        Some((role, lower.name.to_bytes()))
    }
}

fn refused(fc: &FsContext, error: OptionError) -> Error {
    fc.error(fmt!("{}", error.text));
    EINVAL
}

/// A path of at most `max_len` bytes, with room for the NUL that a lookup adds: one allocation for each
/// of what may be hundreds of layers.
fn collect(max_len: usize, path: impl Iterator<Item = u8>) -> Result<KVec<u8>> {
    let mut bytes = KVec::with_capacity(max_len.saturating_add(1), GFP_KERNEL_ACCOUNT)?;
    for byte in path {
        bytes.push(byte, GFP_KERNEL_ACCOUNT)?;
    }
    Ok(bytes)
}
