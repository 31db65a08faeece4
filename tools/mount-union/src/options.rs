// SPDX-License-Identifier: GPL-2.0-only
//! The meaning of the options after `-o`.
//!
//! An option is for mount(8) and its like (ignored here), for the mount (`nodev`), for every file system (`ro`,
//! `sync`), names a layer, is for the file system of the upper layer (`upper.size=`), or is passed on to the
//! union.

use std::ffi::OsString;
use std::os::unix::ffi::OsStrExt;

use rustix::mount::MountAttrFlags;

use crate::cli::Form;
use crate::escape;
use crate::failure::{Failure, Result, shown};
use crate::idmap::{IdMap, Mapping};
use crate::podman;

/// The result of all `-o` arguments together.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Options {
    /// Change a mounted union.
    pub remount: bool,
    /// `ro` or `rw`, whichever came last.
    pub read_only: Option<bool>,
    /// Flags of the mount to set.
    pub set: Attributes,
    /// Flags of the mount to clear; matters only to remount.
    pub clear: Attributes,
    /// Flags that every file system understands, such as `sync`.
    pub flags: Vec<&'static str>,
    /// Lower layers, topmost first.
    pub lowers: Vec<Vec<u8>>,
    /// Data-only layers, topmost first.
    pub data: Vec<Vec<u8>>,
    /// The upper layer.
    pub upper: Option<Vec<u8>>,
    /// The work directory.
    pub work: Option<Vec<u8>>,
    /// `uidmapping` and `gidmapping`.
    pub mapping: Mapping,
    /// Options for the file system of the upper layer (`upper.*`).
    pub upper_fs: UpperOptions,
    /// Everything else: for the union itself.
    pub others: Vec<(Vec<u8>, Option<Vec<u8>>)>,
    /// Words that do not concern a union: an error for users, ignored for a mount program.
    pub misplaced: Vec<String>,
}

/// Flags of a mount.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Attributes(pub MountAttrFlags);

impl Default for Attributes {
    fn default() -> Self {
        Self(MountAttrFlags::empty())
    }
}

/// The options that begin with `upper.`.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct UpperOptions {
    /// `upper.type`: the file system on the device; detected unless given.
    pub fs_type: Option<String>,
    /// `upper.dir`: the directory in it that holds `upper` and `work`.
    pub dir: Option<Vec<u8>>,
    /// The others go to that file system, without their prefix.
    pub others: Vec<(Vec<u8>, Option<Vec<u8>>)>,
}

impl UpperOptions {
    /// Whether none was given.
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }
}

/// What a plain word means.
enum Word {
    Ignored,
    Remount,
    ReadOnly(bool),
    Set(MountAttrFlags),
    Clear(MountAttrFlags),
    /// Passed to the file system under this name.
    Flag(&'static str),
    /// `user` and similar words: imply these flags unless overridden by a later option.
    Implies(MountAttrFlags),
    /// An operation of mount(8) without a file system.
    NotHere,
}

fn word(name: &[u8]) -> Option<Word> {
    use MountAttrFlags as Attr;
    let nosuid_nodev = Attr::MOUNT_ATTR_NOSUID | Attr::MOUNT_ATTR_NODEV;
    Some(match name {
        b"defaults" | b"auto" | b"noauto" | b"nofail" | b"_netdev" | b"nouser" | b"nousers"
        | b"noowner" | b"nogroup" | b"silent" | b"loud" | b"nomand" | b"mand" | b"noiversion"
        | b"iversion" | b"_rnetdev" => Word::Ignored,
        b"remount" => Word::Remount,
        b"ro" => Word::ReadOnly(true),
        b"rw" => Word::ReadOnly(false),
        b"nosuid" => Word::Set(Attr::MOUNT_ATTR_NOSUID),
        b"suid" => Word::Clear(Attr::MOUNT_ATTR_NOSUID),
        b"nodev" => Word::Set(Attr::MOUNT_ATTR_NODEV),
        b"dev" => Word::Clear(Attr::MOUNT_ATTR_NODEV),
        b"noexec" => Word::Set(Attr::MOUNT_ATTR_NOEXEC),
        b"exec" => Word::Clear(Attr::MOUNT_ATTR_NOEXEC),
        b"nodiratime" => Word::Set(Attr::MOUNT_ATTR_NODIRATIME),
        b"diratime" => Word::Clear(Attr::MOUNT_ATTR_NODIRATIME),
        b"nosymfollow" => Word::Set(Attr::MOUNT_ATTR_NOSYMFOLLOW),
        b"symfollow" => Word::Clear(Attr::MOUNT_ATTR_NOSYMFOLLOW),
        b"noatime" => Word::Set(Attr::MOUNT_ATTR_NOATIME),
        b"strictatime" => Word::Set(Attr::MOUNT_ATTR_STRICTATIME),
        // A mount has relatime if neither of the other two is set.
        b"relatime" | b"atime" => {
            Word::Clear(Attr::MOUNT_ATTR_NOATIME | Attr::MOUNT_ATTR_STRICTATIME)
        }
        b"nostrictatime" | b"norelatime" => Word::Clear(Attr::MOUNT_ATTR_STRICTATIME),
        b"sync" => Word::Flag("sync"),
        b"async" => Word::Flag("async"),
        b"dirsync" => Word::Flag("dirsync"),
        b"lazytime" => Word::Flag("lazytime"),
        b"nolazytime" => Word::Flag("nolazytime"),
        b"user" | b"users" => Word::Implies(nosuid_nodev | Attr::MOUNT_ATTR_NOEXEC),
        b"owner" | b"group" => Word::Implies(nosuid_nodev),
        b"bind" | b"rbind" | b"move" | b"shared" | b"rshared" | b"private" | b"rprivate"
        | b"slave" | b"rslave" | b"unbindable" | b"runbindable" | b"loop" => Word::NotHere,
        _ => return None,
    })
}

/// Keys for mount(8), systemd or users.
fn is_comment(key: &[u8]) -> bool {
    key.starts_with(b"x-")
        || key.starts_with(b"X-")
        || matches!(key, b"comment" | b"helper" | b"uhelper")
}

impl Options {
    /// Parses the arguments of all `-o`, in order, as they are meant in this form of the command line.
    pub fn parse(arguments: &[OsString], form: Form) -> Result<Self> {
        let mut options = Self::default();
        for argument in arguments {
            let parts = escape::split_options(argument.as_bytes()).map_err(|problem| {
                Failure::usage(format!("options '{}': {problem}", shown(&argument)))
                    .with_hint("write \\\" for a quote that is part of a path")
            })?;
            for part in parts {
                options.add(part)?;
            }
        }
        match form {
            Form::Helper => {
                options.refuse_misplaced()?;
                podman::refuse_other_owners(&options)?;
            }
            Form::MountProgram => podman::adapt(&mut options)?,
        }
        Ok(options)
    }

    /// The options of a mounted union as the kernel lists them. Invalid ones are omitted.
    pub fn shown(list: &[Vec<u8>]) -> Self {
        let mut options = Self::default();
        for option in list {
            let _ = options.add(&escape::for_parsing(option));
        }
        options
    }

    /// Removes the options in `shown`, which the mounted union already has.
    pub fn forget_unchanged(&mut self, shown: &Self) {
        // The kernel compares them as one list: lower layers alone would be without the others.
        let same_data = self.data == shown.data;
        if same_data && self.lowers == shown.lowers {
            self.lowers.clear();
        }
        if same_data {
            self.data.clear();
        }
        if self.upper == shown.upper {
            self.upper = None;
        }
        if self.work == shown.work {
            self.work = None;
        }
        self.others.retain(|option| !shown.others.contains(option));
    }

    fn add(&mut self, option: &[u8]) -> Result<()> {
        let (key, value) = match option.iter().position(|&byte| byte == b'=') {
            Some(at) => (&option[..at], Some(escape::unquote(&option[at + 1..]))),
            None => (option, None),
        };
        if is_comment(key) {
            return Ok(());
        }
        if key == b"user" && value.is_some() {
            return self.add(b"user");
        }
        match (value, word(key)) {
            (None, Some(word)) => {
                self.add_word(key, word);
                Ok(())
            }
            (Some(value), _) => self.add_pair(key, value),
            (None, None) if needs_value(key) => Err(Failure::usage(format!(
                "option {} needs a value",
                String::from_utf8_lossy(key)
            ))
            .with_hint(format!(
                "write it as {}=VALUE",
                String::from_utf8_lossy(key)
            ))),
            (None, None) => self.add_other(key, None),
        }
    }

    fn add_word(&mut self, key: &[u8], word: Word) {
        match word {
            Word::Ignored => {}
            Word::Remount => self.remount = true,
            Word::ReadOnly(read_only) => self.read_only = Some(read_only),
            Word::Set(flags) => self.set_attributes(flags),
            Word::Clear(flags) => self.clear_attributes(flags),
            Word::Flag(name) => self.flags.push(name),
            Word::Implies(flags) => self.set_attributes(flags),
            Word::NotHere => self
                .misplaced
                .push(String::from_utf8_lossy(key).into_owned()),
        }
    }

    fn refuse_misplaced(&self) -> Result<()> {
        let Some(word) = self.misplaced.first() else {
            return Ok(());
        };
        Err(
            Failure::usage(format!("option {word} does not apply to a union")).with_hint(
                "use mount(8) without -t union for bind mounts, moves, propagation and loop devices",
            ),
        )
    }

    /// The value of an option for the union: `Some(None)` if it has none, `None` if it was not given.
    pub fn other(&self, key: &[u8]) -> Option<Option<&[u8]>> {
        let found = self.others.iter().rev().find(|(name, _)| name == key)?;
        Some(found.1.as_deref())
    }

    fn set_attributes(&mut self, flags: MountAttrFlags) {
        let atime = MountAttrFlags::MOUNT_ATTR_NOATIME | MountAttrFlags::MOUNT_ATTR_STRICTATIME;
        if flags.intersects(atime) {
            self.clear_attributes(atime);
        }
        self.set.0.insert(flags);
        self.clear.0.remove(flags);
    }

    fn clear_attributes(&mut self, flags: MountAttrFlags) {
        self.set.0.remove(flags);
        self.clear.0.insert(flags);
    }

    fn add_pair(&mut self, key: &[u8], value: &[u8]) -> Result<()> {
        match key {
            b"lowerdir" => {
                let layers = escape::split_layers(value).map_err(|problem| {
                    Failure::usage(format!("option lowerdir={}: {problem}", String::from_utf8_lossy(value)))
                        .with_hint("layers are separated by ':'; write '\\:' for a colon that is part of a path")
                })?;
                self.lowers.extend(layers.lowers);
                self.data.extend(layers.data);
            }
            b"lowerdir+" => self.lowers.push(path(key, value)?),
            b"datadir+" => self.data.push(path(key, value)?),
            b"upperdir" => self.upper = Some(path(key, value)?),
            b"workdir" => self.work = Some(path(key, value)?),
            b"uidmapping" => self.mapping.uids = Some(id_map(key, value)?),
            b"gidmapping" => self.mapping.gids = Some(id_map(key, value)?),
            b"upper.type" => {
                let value = path(key, value)?;
                self.upper_fs.fs_type = Some(String::from_utf8_lossy(&value).into_owned());
            }
            b"upper.dir" => self.upper_fs.dir = Some(path(key, value)?),
            _ => self.add_other(key, Some(escape::unescape(value)))?,
        }
        Ok(())
    }

    fn add_other(&mut self, key: &[u8], value: Option<Vec<u8>>) -> Result<()> {
        let Some(option) = key.strip_prefix(b"upper.") else {
            self.others.push((key.to_vec(), value));
            return Ok(());
        };
        if let Some(Word::Set(_) | Word::Clear(_)) = word(option) {
            let (key, option) = (
                String::from_utf8_lossy(key),
                String::from_utf8_lossy(option),
            );
            return Err(Failure::usage(format!(
                "option {key}: {option} is a flag of a mount, not an option of a file system"
            ))
            .with_hint(format!("give it to the union: -o {option}")));
        }
        self.upper_fs.others.push((option.to_vec(), value));
        Ok(())
    }

    /// Refuses meaningless combinations in a new mount. To be called after the kernel has seen the
    /// other options: a mistyped `upperdir` must not lead to an error about `workdir`.
    pub fn check(&self) -> Result<()> {
        if self.upper.is_some() && self.work.is_none() {
            return Err(Failure::usage("upperdir is given without workdir")
                .with_hint("name an empty directory on the same file system: -o workdir=DIR"));
        }
        if self.work.is_some() && self.upper.is_none() {
            return Err(Failure::usage("workdir is given without upperdir")
                .with_hint("name the upper layer: -o upperdir=DIR"));
        }
        if self.upper.is_some() && !self.upper_fs.is_empty() {
            return Err(
                Failure::usage("options upper.* and upperdir exclude each other").with_hint(
                    "upper.* describe an upper layer that SPEC names; leave out upperdir and workdir",
                ),
            );
        }
        Ok(())
    }

    /// The flags for fsmount(2).
    pub fn attributes(&self) -> MountAttrFlags {
        let mut flags = self.set.0;
        if self.read_only == Some(true) {
            flags |= MountAttrFlags::MOUNT_ATTR_RDONLY;
        }
        flags
    }
}

fn id_map(key: &[u8], value: &[u8]) -> Result<IdMap> {
    IdMap::parse(value).map_err(|problem| {
        let (key, value) = (String::from_utf8_lossy(key), String::from_utf8_lossy(value));
        Failure::usage(format!("option {key}={value}: {problem}"))
            .with_hint("write it as STORED:SHOWN:COUNT, and more such ranges after a colon")
    })
}

/// Whether it is one of those that the kernel does not get as they are given.
fn needs_value(key: &[u8]) -> bool {
    matches!(
        key,
        b"lowerdir"
            | b"lowerdir+"
            | b"datadir+"
            | b"upperdir"
            | b"workdir"
            | b"uidmapping"
            | b"gidmapping"
            | b"upper.type"
            | b"upper.dir"
    )
}

fn path(key: &[u8], value: &[u8]) -> Result<Vec<u8>> {
    if value.is_empty() {
        let key = String::from_utf8_lossy(key);
        return Err(Failure::usage(format!("option {key} has an empty value"))
            .with_hint(format!("write it as {key}=VALUE, or leave it out")));
    }
    Ok(escape::unescape(value))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::failure::Status;
    use proptest::prelude::*;

    fn parse(text: &str) -> Result<Options> {
        Options::parse(&[text.into()], Form::Helper)
    }

    #[test]
    fn words_go_where_they_belong() {
        let options = parse("ro,nodev,noatime,sync,defaults,x-systemd.automount,comment=hi,_netdev,userxattr,index=on").unwrap();
        assert_eq!(options.read_only, Some(true));
        assert_eq!(
            options.set.0,
            MountAttrFlags::MOUNT_ATTR_NODEV | MountAttrFlags::MOUNT_ATTR_NOATIME
        );
        assert_eq!(options.flags, ["sync"]);
        assert_eq!(
            options.others,
            [
                (b"userxattr".to_vec(), None),
                (b"index".to_vec(), Some(b"on".to_vec()))
            ]
        );
    }

    #[test]
    fn the_last_of_contrary_words_counts() {
        let options = parse("ro,rw,nodev,dev,noatime,strictatime").unwrap();
        assert_eq!(options.read_only, Some(false));
        assert_eq!(options.attributes(), MountAttrFlags::MOUNT_ATTR_STRICTATIME);
        assert!(options.clear.0.contains(MountAttrFlags::MOUNT_ATTR_NODEV));
        assert_eq!(
            parse("noatime,relatime").unwrap().attributes(),
            MountAttrFlags::empty()
        );
        assert_eq!(
            parse("user,exec").unwrap().attributes(),
            MountAttrFlags::MOUNT_ATTR_NOSUID | MountAttrFlags::MOUNT_ATTR_NODEV
        );
    }

    #[test]
    fn layers_of_all_spellings() {
        let options = parse(r"lowerdir=/a\:x:/b,lowerdir+=/c:d,upperdir=/u\,v,workdir=/w").unwrap();
        assert_eq!(options.lowers, [&b"/a:x"[..], b"/b", b"/c:d"]);
        assert_eq!(options.upper.as_deref(), Some(&b"/u,v"[..]));
        assert_eq!(options.work.as_deref(), Some(&b"/w"[..]));
        assert!(options.data.is_empty());
        let options = parse(r"lowerdir=/a::/d\,e,datadir+=/f:g").unwrap();
        assert_eq!(options.lowers, [b"/a"]);
        assert_eq!(options.data, [&b"/d,e"[..], b"/f:g"]);
    }

    #[test]
    fn options_for_the_upper_layer() {
        let options = parse("upper.size=10%,upper.type=ext4,upper.dir=a/b,upper.noquota").unwrap();
        assert_eq!(options.upper_fs.fs_type.as_deref(), Some("ext4"));
        assert_eq!(options.upper_fs.dir.as_deref(), Some(&b"a/b"[..]));
        assert_eq!(
            options.upper_fs.others,
            [
                (b"size".to_vec(), Some(b"10%".to_vec())),
                (b"noquota".to_vec(), None)
            ]
        );
    }

    #[test]
    fn selinux_contexts_keep_their_commas() {
        let options = parse(r#"context="system_u:object_r:t:s0:c1,c2",ro"#).unwrap();
        assert_eq!(
            options.others,
            [(
                b"context".to_vec(),
                Some(b"system_u:object_r:t:s0:c1,c2".to_vec())
            )]
        );
    }

    #[test]
    fn what_is_shown_need_not_be_said_again() {
        let shown = [
            &b"rw"[..],
            b"lowerdir+=/a",
            b"lowerdir+=/b,c",
            b"upperdir=/upper",
            b"workdir=/work",
            b"uuid=on",
        ]
        .map(<[u8]>::to_vec);
        let mut options =
            parse(r"remount,ro,lowerdir=/a:/b\,c,upperdir=/upper,workdir=/other,uuid=on,index=off")
                .unwrap();
        options.forget_unchanged(&Options::shown(&shown));
        assert!(options.lowers.is_empty() && options.upper.is_none());
        assert_eq!(options.work.as_deref(), Some(&b"/other"[..]));
        assert_eq!(options.others, [(b"index".to_vec(), Some(b"off".to_vec()))]);
    }

    #[test]
    fn data_only_layers_are_compared_with_the_lower_ones() {
        let shown = [&b"lowerdir+=/a"[..], b"datadir+=/d,e"].map(<[u8]>::to_vec);
        let changed = |text: &str| {
            let mut options = parse(text).unwrap();
            options.forget_unchanged(&Options::shown(&shown));
            (options.lowers, options.data)
        };
        let none = (vec![], vec![]);
        assert_eq!(changed(r"lowerdir=/a::/d\,e"), none);
        assert_eq!(changed("ro"), none);
        // The lower layers may be what is mounted at DIR.
        assert_eq!(changed(r"datadir+=/d\,e"), none);
        let lower = vec![b"/a".to_vec()];
        assert_eq!(changed("lowerdir=/a"), (lower.clone(), vec![]));
        assert_eq!(changed("lowerdir=/a::/x"), (lower, vec![b"/x".to_vec()]));
    }

    #[test]
    fn nonsense_is_refused() {
        for (text, status) in [
            ("upperdir=/u", Status::Usage),
            ("workdir=/w", Status::Usage),
            ("lowerdir", Status::Usage),
            ("lowerdir=", Status::Usage),
            ("lowerdir=/a:", Status::Usage),
            ("upperdir=,workdir=/w", Status::Usage),
            ("upperdir,workdir=/w", Status::Usage),
            ("uidmapping", Status::Usage),
            ("upper.type", Status::Usage),
            ("upper.dir=", Status::Usage),
            ("upper.noatime", Status::Usage),
            ("upper.suid", Status::Usage),
            ("bind", Status::Usage),
            ("private", Status::Usage),
            ("lowerdir=/a::/b:/c", Status::Usage),
            ("lowerdir=/a::", Status::Usage),
            ("datadir+", Status::Usage),
            ("datadir+=", Status::Usage),
            ("upperdir=/u,workdir=/w,upper.size=1", Status::Usage),
            ("context=\"a", Status::Usage),
        ] {
            let result = parse(text).and_then(|options| options.check());
            assert_eq!(result.unwrap_err().status(), status, "{text}");
        }
    }

    proptest! {
        #[test]
        fn any_text_is_parsed_without_panic(text in "[ -~]{0,80}") {
            let _ = parse(&text);
        }

        #[test]
        fn any_number_of_layers(count in 1usize..2000) {
            let text = (0..count).map(|n| format!("/layers/{n}")).collect::<Vec<_>>().join(":");
            prop_assert_eq!(parse(&format!("lowerdir={text}")).unwrap().lowers.len(), count);
        }
    }
}
