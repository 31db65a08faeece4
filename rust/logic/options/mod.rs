// SPDX-License-Identifier: GPL-2.0-only

//! Mount options: which there are, which values they take, which go together.
//!
//! The names are overlayfs's where the meaning is. A value that describes what the union always
//! does is accepted, so that mount scripts for overlayfs keep working; any other value is refused
//! by name.
//!
//! [`Builder`] collects options in any order and gives the immutable [`Config`]; the paths of the
//! layers are the caller's, [`super::layers`] takes their lists apart.

mod choice;
mod key;

pub use choice::{Fsync, Metacopy, Redirects, StatfsType, Uuid, Verity, Whiteouts};
pub use key::{Key, Takes};

use super::codec::XattrSpace;

/// An option is wrong; the text has its name, the reason and a remedy.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct OptionError {
    /// One line for the user, without a full stop.
    pub text: &'static str,
}

pub(super) const fn refuse<T>(text: &'static str) -> Result<T, OptionError> {
    Err(OptionError { text })
}

/// The options of a mounted union, which never change.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Config {
    /// Where private attributes live.
    pub xattr_space: XattrSpace,
    /// What a power cut may destroy.
    pub fsync: Fsync,
    /// Which identity to show.
    pub uuid: Uuid,
    /// What is done about redirects.
    pub redirects: Redirects,
    /// What is done about files whose data are in a layer beneath.
    pub metacopy: Metacopy,
    /// Whether the data of a large file come to the upper layer in parts.
    pub partial: bool,
    /// Whether these data are checked.
    pub verity: Verity,
    /// Which whiteouts lower layers have.
    pub whiteouts: Whiteouts,
    /// Which type of file system to show.
    pub statfs: StatfsType,
    /// Whether lookups rely on what a directory lists, and that is recorded in the upper layer.
    pub fallthru: bool,
    /// Whether the file systems of lower layers must be read-only, and stay so.
    pub hard_ro: bool,
}

/// Options collected so far.
#[derive(Clone, Copy, Default, PartialEq, Eq, Debug)]
pub struct Builder {
    lowerdir: bool,
    lowerdir_add: bool,
    datadir_add: bool,
    data_in_lowerdir: bool,
    upperdir: bool,
    workdir: bool,
    userxattr: bool,
    hard_ro: bool,
    share: bool,
    fsync: Option<Fsync>,
    uuid: Option<Uuid>,
    redirects: Option<Redirects>,
    metacopy: Option<Metacopy>,
    partial: Option<bool>,
    verity: Option<Verity>,
    whiteouts: Option<Whiteouts>,
    statfs: Option<StatfsType>,
    fallthru: Option<bool>,
}

impl Builder {
    /// No option given yet.
    pub const fn new() -> Self {
        Builder {
            lowerdir: false,
            lowerdir_add: false,
            datadir_add: false,
            data_in_lowerdir: false,
            upperdir: false,
            workdir: false,
            userxattr: false,
            hard_ro: false,
            share: false,
            fsync: None,
            uuid: None,
            redirects: None,
            metacopy: None,
            partial: None,
            verity: None,
            whiteouts: None,
            statfs: None,
            fallthru: None,
        }
    }

    /// Adds one option. Of an option that names layers only the presence counts here; the caller
    /// handles its value. A refused option changes nothing.
    ///
    /// A word may be repeated with the same value. A path may not, because it would be ambiguous.
    pub fn set(&mut self, key: Key, value: &[u8]) -> Result<(), OptionError> {
        match key {
            Key::Lowerdir if self.lowerdir_add || self.datadir_add => refuse(
                "lowerdir: cannot follow lowerdir+ or datadir+, use these for every layer",
            ),
            Key::Lowerdir => once(&mut self.lowerdir, "lowerdir: given twice"),
            Key::LowerdirAdd if self.lowerdir => {
                refuse("lowerdir+: cannot follow lowerdir, use lowerdir+ for every layer")
            }
            Key::LowerdirAdd if self.datadir_add => {
                refuse("lowerdir+: cannot follow datadir+, data-only layers come last")
            }
            Key::LowerdirAdd => {
                self.lowerdir_add = true;
                Ok(())
            }
            Key::DatadirAdd if self.lowerdir => refuse(
                "datadir+: cannot follow lowerdir, use lowerdir+ for every layer, or write data-only \
                 layers after \"::\" in lowerdir",
            ),
            Key::DatadirAdd => {
                self.datadir_add = true;
                Ok(())
            }
            Key::Upperdir => once(&mut self.upperdir, "upperdir: given twice"),
            Key::Workdir => once(&mut self.workdir, "workdir: given twice"),
            Key::Userxattr => {
                self.userxattr = true;
                Ok(())
            }
            Key::HardRo => {
                self.hard_ro = true;
                Ok(())
            }
            Key::Share => {
                self.share = true;
                Ok(())
            }
            Key::Volatile => self.set_fsync(Fsync::Volatile),
            Key::Fsync => match value {
                b"auto" => self.set_fsync(Fsync::Auto),
                b"strict" => self.set_fsync(Fsync::Strict),
                b"volatile" => self.set_fsync(Fsync::Volatile),
                _ => refuse("fsync: must be auto, strict or volatile"),
            },
            Key::Uuid => match value {
                b"auto" => self.set_uuid(Uuid::Auto),
                b"on" => self.set_uuid(Uuid::On),
                b"null" => self.set_uuid(Uuid::Null),
                b"off" => self.set_uuid(Uuid::Off),
                _ => refuse("uuid: must be auto, on, null or off"),
            },
            // With overlayfs's "off" redirects are followed, too, unless the kernel is built otherwise.
            Key::RedirectDir => match value {
                b"on" => self.set_redirects(Redirects::Make),
                b"off" | b"follow" => self.set_redirects(Redirects::Follow),
                b"nofollow" => self.set_redirects(Redirects::Refuse),
                _ => refuse("redirect_dir: must be off, follow, nofollow or on"),
            },
            Key::Metacopy => match value {
                b"on" => self.set_metacopy(Metacopy::On),
                b"off" => self.set_metacopy(Metacopy::Off),
                _ => refuse("metacopy: must be on or off"),
            },
            Key::Partial => match value {
                b"on" => self.set_partial(true),
                b"off" => self.set_partial(false),
                _ => refuse("partial: must be on or off"),
            },
            Key::Verity => match value {
                b"off" => self.set_verity(Verity::Off),
                b"on" => self.set_verity(Verity::On),
                b"require" => self.set_verity(Verity::Require),
                _ => refuse("verity: must be off, on or require"),
            },
            Key::Whiteout => match value {
                b"overlay" => self.set_whiteouts(Whiteouts::Overlay),
                b"aufs" => self.set_whiteouts(Whiteouts::Aufs),
                _ => refuse("whiteout: must be overlay or aufs"),
            },
            Key::Statfs => match value {
                b"union" => self.set_statfs(StatfsType::Union),
                b"fuse" => self.set_statfs(StatfsType::Fuse),
                _ => refuse("statfs: must be union or fuse"),
            },
            Key::Fallthru => match value {
                b"on" => self.set_fallthru(true),
                b"off" => self.set_fallthru(false),
                _ => refuse("fallthru: must be on or off"),
            },
            Key::DefaultPermissions => Ok(()),
            _ => fixed(key, value),
        }
    }

    /// Takes note of a data-only layer in the list of `lowerdir`, which the caller splits.
    pub fn note_data_layer(&mut self) {
        self.data_in_lowerdir = true;
    }

    const fn has_data_layers(&self) -> bool {
        self.datadir_add || self.data_in_lowerdir
    }

    fn set_fsync(&mut self, fsync: Fsync) -> Result<(), OptionError> {
        same(
            &mut self.fsync,
            fsync,
            "fsync, volatile: contradict each other, leave one out",
        )
    }

    fn set_uuid(&mut self, uuid: Uuid) -> Result<(), OptionError> {
        same(
            &mut self.uuid,
            uuid,
            "uuid: given twice with different values",
        )
    }

    fn set_redirects(&mut self, redirects: Redirects) -> Result<(), OptionError> {
        same(
            &mut self.redirects,
            redirects,
            "redirect_dir: given twice with different values",
        )
    }

    fn set_partial(&mut self, partial: bool) -> Result<(), OptionError> {
        same(
            &mut self.partial,
            partial,
            "partial: given twice with different values",
        )
    }

    fn set_metacopy(&mut self, metacopy: Metacopy) -> Result<(), OptionError> {
        same(
            &mut self.metacopy,
            metacopy,
            "metacopy: given twice with different values",
        )
    }

    fn set_verity(&mut self, verity: Verity) -> Result<(), OptionError> {
        same(
            &mut self.verity,
            verity,
            "verity: given twice with different values",
        )
    }

    fn set_statfs(&mut self, statfs: StatfsType) -> Result<(), OptionError> {
        same(
            &mut self.statfs,
            statfs,
            "statfs: given twice with different values",
        )
    }

    fn set_whiteouts(&mut self, whiteouts: Whiteouts) -> Result<(), OptionError> {
        same(
            &mut self.whiteouts,
            whiteouts,
            "whiteout: given twice with different values",
        )
    }

    fn set_fallthru(&mut self, on: bool) -> Result<(), OptionError> {
        same(
            &mut self.fallthru,
            on,
            "fallthru: given twice with different values",
        )
    }

    /// Whether the mount may be another one of a mounted union. It is no property of the union.
    pub const fn shares(&self) -> bool {
        self.share
    }

    /// The configuration for a new mount, if the options go together.
    pub fn build(&self) -> Result<Config, OptionError> {
        if !self.lowerdir && !self.lowerdir_add {
            return refuse(match self.has_data_layers() {
                true => "lowerdir+: missing, data-only layers alone make no tree",
                false => "lowerdir: missing, a union needs at least one lower layer",
            });
        }
        match (self.upperdir, self.workdir) {
            (true, false) => {
                return refuse(
                    "workdir: missing, name an empty directory on the file system of upperdir",
                )
            }
            (false, true) => {
                return refuse("workdir: has no effect without upperdir, leave it out")
            }
            (false, false) if self.uuid == Some(Uuid::On) => {
                return refuse("uuid=on: there is no upperdir to record it in, leave it out")
            }
            _ => (),
        }
        let redirects = self.effective_redirects()?;
        let metacopy = self.effective_metacopy()?;
        if self.partial == Some(true) && metacopy == Metacopy::Off {
            return refuse(
                "partial=on: not with metacopy=off (which userxattr and redirect_dir=nofollow imply), \
                 leave one out",
            );
        }
        let verity = self.verity.unwrap_or_default();
        if verity != Verity::Off && metacopy == Metacopy::Off && !self.has_data_layers() {
            return refuse(
                "verity: has no effect with metacopy=off (which userxattr and redirect_dir=nofollow \
                 imply) and no data-only layer, leave it out",
            );
        }
        Ok(Config {
            xattr_space: if self.userxattr {
                XattrSpace::User
            } else {
                XattrSpace::Trusted
            },
            fsync: self.fsync.unwrap_or_default(),
            uuid: self.uuid.unwrap_or_default(),
            redirects,
            metacopy,
            // It takes the same mark.
            partial: self.partial.unwrap_or(metacopy == Metacopy::On),
            verity,
            whiteouts: self.whiteouts.unwrap_or_default(),
            statfs: self.statfs.unwrap_or_default(),
            fallthru: self.fallthru.unwrap_or(true),
            hard_ro: self.hard_ro,
        })
    }

    /// What of these options has no effect for somebody who cannot read attributes in `trusted.`,
    /// which takes `CAP_SYS_ADMIN` in the initial user namespace.
    pub fn needs_trusted(&self) -> Result<(), OptionError> {
        if self.userxattr {
            return Ok(());
        }
        if self.redirects == Some(Redirects::Make) {
            return refuse(
                "redirect_dir=on: redirects are attributes trusted.*, which nobody can set in a user \
                 namespace, leave the option out",
            );
        }
        if self.metacopy == Some(Metacopy::On) {
            return refuse(
                "metacopy=on: the mark is an attribute trusted.*, which nobody can read in a user \
                 namespace, leave the option out",
            );
        }
        if self.partial == Some(true) {
            return refuse(
                "partial=on: the mark is an attribute trusted.*, which nobody can read in a user \
                 namespace, leave the option out",
            );
        }
        if self.has_data_layers() {
            return refuse(
                "datadir+, \"::\": what leads to data-only layers are attributes trusted.*, which \
                 nobody can read in a user namespace, use userxattr",
            );
        }
        if self.verity.is_some_and(|verity| verity != Verity::Off) {
            return refuse(
                "verity: digests are in attributes trusted.*, which nobody can read in a user \
                 namespace, leave the option out",
            );
        }
        Ok(())
    }

    /// Whether directories are renamed by redirects.
    fn effective_redirects(&self) -> Result<Redirects, OptionError> {
        match self.redirects {
            Some(Redirects::Make) if self.userxattr => refuse(
                "redirect_dir=on: not with userxattr, because the owner of a directory could have made \
                 the redirect, leave one out",
            ),
            None if self.userxattr => Ok(Redirects::Follow),
            given => Ok(given.unwrap_or_default()),
        }
    }

    /// Redirects lead to the data of a file that was renamed, so where they are not followed, files
    /// without data are not shown unless somebody asks for them.
    fn effective_metacopy(&self) -> Result<Metacopy, OptionError> {
        let refuses_redirects = self.redirects == Some(Redirects::Refuse);
        match self.metacopy {
            Some(Metacopy::On) if self.userxattr => refuse(
                "metacopy=on: not with userxattr, because the owner of a file could have made the \
                 mark, leave one out",
            ),
            Some(Metacopy::On) if refuses_redirects => {
                refuse("metacopy=on: needs redirects, leave it or redirect_dir=nofollow out")
            }
            Some(given) => Ok(given),
            None if self.userxattr || refuses_redirects => Ok(Metacopy::Off),
            None => Ok(Metacopy::default()),
        }
    }
}

impl Config {
    /// Whether a directory with lower parts gets a redirect when it is renamed.
    pub fn makes_redirects(&self) -> bool {
        self.redirects == Redirects::Make
    }

    /// A number that is equal for two configurations if and only if they are the same.
    pub fn word(self) -> u64 {
        let Config {
            xattr_space,
            fsync,
            uuid,
            redirects,
            metacopy,
            partial,
            verity,
            whiteouts,
            statfs,
            fallthru,
            hard_ro,
        } = self;
        let digits = [
            xattr_space as u64,
            fsync as u64,
            uuid as u64,
            redirects as u64,
            metacopy as u64,
            partial.into(),
            verity as u64,
            whiteouts as u64,
            statfs as u64,
            fallthru.into(),
            hard_ro.into(),
        ];
        // No enumeration has sixteen values.
        digits
            .into_iter()
            .fold(0, |word, digit| word << 4 | digit & 0xf)
    }

    /// Whether the options given to a remount leave everything as it is. An option not given stays
    /// as it is; whether the layers are the same is for the caller to find out.
    pub fn unchanged(&self, other: &Builder) -> Result<(), OptionError> {
        if other.userxattr && self.xattr_space != XattrSpace::User {
            return refuse("userxattr: cannot be changed by remount");
        }
        if other.hard_ro && !self.hard_ro {
            return refuse("hard_ro: cannot be changed by remount");
        }
        if other.fsync.is_some_and(|fsync| fsync != self.fsync) {
            return refuse("fsync, volatile: cannot be changed by remount");
        }
        if other.uuid.is_some_and(|uuid| uuid != self.uuid) {
            return refuse("uuid: cannot be changed by remount");
        }
        if other.redirects.is_some_and(|r| r != self.redirects) {
            return refuse("redirect_dir: cannot be changed by remount");
        }
        if other.metacopy.is_some_and(|m| m != self.metacopy) {
            return refuse("metacopy: cannot be changed by remount");
        }
        if other.partial.is_some_and(|partial| partial != self.partial) {
            return refuse("partial: cannot be changed by remount");
        }
        if other.verity.is_some_and(|verity| verity != self.verity) {
            return refuse("verity: cannot be changed by remount");
        }
        if other.statfs.is_some_and(|statfs| statfs != self.statfs) {
            return refuse("statfs: cannot be changed by remount");
        }
        if other.whiteouts.is_some_and(|w| w != self.whiteouts) {
            return refuse("whiteout: cannot be changed by remount");
        }
        if other.fallthru.is_some_and(|on| on != self.fallthru) {
            return refuse("fallthru: cannot be changed by remount");
        }
        Ok(())
    }
}

fn once(given: &mut bool, twice: &'static str) -> Result<(), OptionError> {
    if core::mem::replace(given, true) {
        return refuse(twice);
    }
    Ok(())
}

fn same<T: PartialEq>(
    field: &mut Option<T>,
    value: T,
    text: &'static str,
) -> Result<(), OptionError> {
    if field.as_ref().is_some_and(|given| *given != value) {
        return refuse(text);
    }
    *field = Some(value);
    Ok(())
}

/// Options of overlayfs that choose what is no choice here. **The seam for later features**: each
/// moves a value from "not supported" to accepted.
fn fixed(key: Key, value: &[u8]) -> Result<(), OptionError> {
    match (key, value) {
        (Key::Index | Key::NfsExport, b"off") | (Key::Xino, b"auto" | b"on") => Ok(()),

        (Key::Index, b"on") => refuse("index=on: not supported, leave the option out"),
        (Key::NfsExport, b"on") => refuse("nfs_export=on: not supported, leave the option out"),
        (Key::Xino, b"off") => {
            refuse("xino=off: inode numbers are always constant, leave the option out")
        }

        (Key::Index, _) => refuse("index: must be on or off"),
        (Key::NfsExport, _) => refuse("nfs_export: must be on or off"),
        (Key::Xino, _) => refuse("xino: must be on, off or auto"),
        // The other options are handled by the caller.
        _ => Ok(()),
    }
}
