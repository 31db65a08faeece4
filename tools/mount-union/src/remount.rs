// SPDX-License-Identifier: GPL-2.0-only
//! Changing a mounted union: `-o remount`.
//!
//! mount(8) repeats the options that the mount has, and those of /etc/fstab, layers included.
//! Unchanged options are omitted, because the listed name of a layer may no longer lead to it.
//! Flags of the mount (`nodev`, ...) are changed afterwards.

use std::ffi::{OsStr, OsString};
use std::os::unix::ffi::{OsStrExt, OsStringExt};

use rustix::mount::{MountAttrFlags, MountFlags};

use crate::cli::Request;
use crate::escape;
use crate::failure::{Failure, Result, shown};
use crate::fs_context::FsContext;
use crate::mount;
use crate::mountinfo::{self, Mount};
use crate::options::Options;

/// Flags of a mount in their three spellings.
const FLAGS: [(&str, MountAttrFlags, MountFlags); 7] = [
    ("ro", MountAttrFlags::MOUNT_ATTR_RDONLY, MountFlags::RDONLY),
    (
        "nosuid",
        MountAttrFlags::MOUNT_ATTR_NOSUID,
        MountFlags::NOSUID,
    ),
    ("nodev", MountAttrFlags::MOUNT_ATTR_NODEV, MountFlags::NODEV),
    (
        "noexec",
        MountAttrFlags::MOUNT_ATTR_NOEXEC,
        MountFlags::NOEXEC,
    ),
    (
        "noatime",
        MountAttrFlags::MOUNT_ATTR_NOATIME,
        MountFlags::NOATIME,
    ),
    (
        "nodiratime",
        MountAttrFlags::MOUNT_ATTR_NODIRATIME,
        MountFlags::NODIRATIME,
    ),
    (
        "nosymfollow",
        MountAttrFlags::MOUNT_ATTR_NOSYMFOLLOW,
        MountFlags::NOSYMFOLLOW,
    ),
];

/// Remounts the union at the request's directory.
pub fn remount(request: &Request, options: &Options) -> Result<()> {
    let subject = shown(&request.dir);
    if request.fake {
        request.say(format_args!("{subject}: would remount"));
        return Ok(());
    }
    let mount = find(&request.dir)?;
    let mut changes = options.clone();
    changes.forget_unchanged(&Options::shown(&mount.fs_options));
    if !options.mapping.is_empty() {
        // The kernel has no paths of layers that are id-mapped mounts, so they cannot be compared.
        // Data-only layers are not mapped.
        changes.lowers.clear();
        changes.upper = None;
        changes.work = None;
    }

    if !options.upper_fs.is_empty() {
        eprintln!(
            "mount.union: {subject}: options upper.* are ignored: the file system of the upper layer stays as it was mounted"
        );
    }
    let mut context = FsContext::pick(&request.fs_type(), &request.dir)?;
    mount::configure(&mut context, request, &changes)?;
    mount::name_layers(&context, &changes)?;
    context.reconfigure()?;
    change_mount(&request.dir, &mount, options)?;
    request.say(format_args!("{subject}: remounted"));
    Ok(())
}

/// Whether the arguments of `-o` ask for a remount.
pub fn is_wanted(arguments: &[OsString]) -> bool {
    arguments
        .iter()
        .flat_map(|text| text.as_bytes().split(|&byte| byte == b','))
        .any(|option| option == b"remount")
}

/// The arguments of `-o` with the necessary escapes: mount(8) repeats the kernel's listing, in which
/// a comma in the name of a layer can look like the end of an option.
pub fn escaped(dir: &OsStr, arguments: &[OsString]) -> Result<Vec<OsString>> {
    let listed = find(dir)?.fs_options;
    let escaped = arguments
        .iter()
        .map(|text| OsString::from_vec(escape_listed(text.as_bytes(), &listed)));
    Ok(escaped.collect())
}

/// Escapes each option of `listed` in `text`. If two fit, it is the longer one.
fn escape_listed(text: &[u8], listed: &[Vec<u8>]) -> Vec<u8> {
    let ends = |rest: &[u8]| matches!(rest.first(), None | Some(b','));
    let mut escaped = Vec::new();
    let mut rest = text;
    while !rest.is_empty() {
        let option = listed
            .iter()
            .filter(|option| rest.strip_prefix(&option[..]).is_some_and(ends))
            .max_by_key(|option| option.len());
        let length = match option {
            Some(option) => {
                escaped.extend(escape::for_parsing(option));
                option.len()
            }
            None => {
                let length = rest.iter().position(|&byte| byte == b',');
                let length = length.unwrap_or(rest.len());
                escaped.extend_from_slice(&rest[..length]);
                length
            }
        };
        rest = &rest[length..];
        if let [b',', after @ ..] = rest {
            escaped.push(b',');
            rest = after;
        }
    }
    escaped
}

/// What is mounted at `dir`.
fn find(dir: &OsStr) -> Result<Mount> {
    mountinfo::mounted_at(dir)?.ok_or_else(|| {
        Failure::mount(format!("{}: not a mount point", shown(&dir)))
            .with_hint("name the directory at which the union is mounted")
    })
}

/// Changes the flags of the mount that the options name; the others stay.
fn change_mount(dir: &OsStr, mount: &Mount, options: &Options) -> Result<()> {
    let set = options.attributes();
    let mut clear = options.clear.0;
    if options.read_only == Some(false) {
        clear |= MountAttrFlags::MOUNT_ATTR_RDONLY;
    }
    if set.is_empty() && clear.is_empty() {
        return Ok(());
    }
    let flags = new_flags(&mount.options, set, clear);
    rustix::mount::mount_remount(dir.as_bytes(), flags | MountFlags::BIND, c"").map_err(|errno| {
        Failure::mount(format!(
            "{}: cannot change the flags of the mount: {errno}",
            shown(&dir)
        ))
    })
}

fn new_flags(current: &[String], set: MountAttrFlags, clear: MountAttrFlags) -> MountFlags {
    let mut flags = MountFlags::empty();
    for (name, attribute, flag) in FLAGS {
        let now = current.iter().any(|option| option == name);
        flags.set(
            flag,
            set.contains(attribute) || (now && !clear.contains(attribute)),
        );
    }
    // Without an option for access times the kernel keeps its setting; relatime must be given to
    // replace noatime.
    if set.contains(MountAttrFlags::MOUNT_ATTR_STRICTATIME) {
        flags.insert(MountFlags::STRICTATIME);
    } else if !flags.contains(MountFlags::NOATIME) {
        let strict = !current
            .iter()
            .any(|option| option == "relatime" || option == "noatime");
        let keep_strict = strict && !clear.contains(MountAttrFlags::MOUNT_ATTR_STRICTATIME);
        flags.insert(if keep_strict {
            MountFlags::STRICTATIME
        } else {
            MountFlags::RELATIME
        });
    }
    flags
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn flags(current: &[&str], text: &str) -> MountFlags {
        let options = Options::parse(&[text.into()], crate::cli::Form::Helper).unwrap();
        let current: Vec<_> = current.iter().map(|&option| option.to_owned()).collect();
        new_flags(&current, options.attributes(), options.clear.0)
    }

    #[test]
    fn ambiguous_options_get_their_escapes() {
        let escape = |text: &[u8]| {
            let listed = [&b"lowerdir+=a,b"[..], b"lowerdir+=a", br"upperdir=u\,v"];
            let text = escape_listed(text, &listed.map(<[u8]>::to_vec));
            String::from_utf8(text).unwrap()
        };
        assert_eq!(
            escape(b"ro,lowerdir+=a,b,lowerdir+=c"),
            r"ro,lowerdir+=a\,b,lowerdir+=c"
        );
        assert_eq!(escape(b"lowerdir+=a,b"), r"lowerdir+=a\,b");
        assert_eq!(
            escape(b"lowerdir+=a,bc,xlowerdir+=a,b,lowerdir+=a"),
            "lowerdir+=a,bc,xlowerdir+=a,b,lowerdir+=a"
        );
        // The kernel has escaped it.
        assert_eq!(escape(br"rw,upperdir=u\,v,x"), r"rw,upperdir=u\,v,x");
    }

    proptest! {
        /// mount(8) gives the options that the kernel lists: nothing is to be changed then.
        #[test]
        fn what_the_kernel_lists_is_unchanged(
            paths in prop::collection::vec(prop::collection::vec(byte(), 1..20), 3..6),
            data in prop::collection::vec(prop::collection::vec(byte(), 1..20), 0..3),
            one_by_one: bool,
        ) {
            let (upper, work, lowers) = (&paths[0], &paths[1], &paths[2..]);
            let key = |key: &str, value: &[u8]| [key.as_bytes(), value].concat();
            let mut listing: Vec<_> = match one_by_one {
                true => {
                    let data = data.iter().map(|path| key("datadir+=", path));
                    let lowers = lowers.iter().map(|path| key("lowerdir+=", path));
                    lowers.chain(data).collect()
                }
                false => {
                    let lowers: Vec<_> = lowers.iter().map(|path| listed(path)).collect();
                    let lists = std::iter::once(lowers.join(&b':'));
                    let lists: Vec<_> = lists.chain(data.iter().map(|path| listed(path))).collect();
                    vec![key("lowerdir=", &lists.join(&b"::"[..]))]
                }
            };
            listing.extend([key("upperdir=", &listed(upper)), key("workdir=", &listed(work))]);

            let given = escape_listed(&listing.join(&b','), &listing);
            let mut options =
                Options::parse(&[OsString::from_vec(given)], crate::cli::Form::Helper).unwrap();
            prop_assert_eq!(&options.lowers, lowers);
            prop_assert_eq!(&options.data, &data);
            options.forget_unchanged(&Options::shown(&listing));
            prop_assert_eq!(options, Options::default());
        }
    }

    fn byte() -> impl Strategy<Value = u8> {
        prop_oneof![
            prop_oneof![Just(b':'), Just(b','), Just(b'\\'), Just(b'"'), Just(b'0')],
            1u8..=255
        ]
    }

    /// A path as the kernel lists it, except by `lowerdir+` and `datadir+`.
    fn listed(path: &[u8]) -> Vec<u8> {
        let escaped = path.iter().flat_map(|&byte| {
            let backslash = b":,\\".contains(&byte).then_some(b'\\');
            backslash.into_iter().chain([byte])
        });
        escaped.collect()
    }

    #[test]
    fn unmentioned_flags_stay() {
        assert_eq!(
            flags(&["rw", "nodev", "relatime"], "noexec"),
            MountFlags::NODEV | MountFlags::NOEXEC | MountFlags::RELATIME
        );
        assert_eq!(
            flags(&["rw", "nodev", "noatime"], "dev"),
            MountFlags::NOATIME
        );
        assert_eq!(flags(&["rw", "noatime"], "relatime"), MountFlags::RELATIME);
        assert_eq!(
            flags(&["rw"], "nosuid"),
            MountFlags::NOSUID | MountFlags::STRICTATIME
        );
        assert_eq!(
            flags(&["ro", "relatime"], "ro"),
            MountFlags::RDONLY | MountFlags::RELATIME
        );
    }
}
