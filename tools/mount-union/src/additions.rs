// SPDX-License-Identifier: GPL-2.0-only
//! Options that are added by default, because the union would be useless without them.

use std::os::unix::fs::MetadataExt;

use crate::cli::Form;
use crate::options::Options;

/// The inode number of the first user namespace of a machine (`USER_NS_INIT_INO` of linux/nsfs.h).
const FIRST_USER_NAMESPACE: u64 = 0xEFFF_FFFD;

/// An option, and why it is added.
#[derive(Debug, PartialEq, Eq)]
pub struct Addition {
    /// Its name.
    pub key: &'static str,
    /// Its value, if it takes one.
    pub value: Option<&'static str>,
    /// One phrase.
    pub why: &'static str,
}

impl std::fmt::Display for Addition {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self.value {
            Some(value) => write!(f, "{}={value}", self.key),
            None => f.write_str(self.key),
        }
    }
}

/// Where a union is mounted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum UserNamespace {
    /// In the machine's own user namespace.
    First,
    /// In a nested one, whose root cannot use `trusted.*` attributes.
    Inner,
}

impl UserNamespace {
    /// The namespace of this process. Without /proc, early in an initramfs, only the first one
    /// exists.
    pub fn current() -> Self {
        match std::fs::metadata("/proc/self/ns/user") {
            Ok(data) if data.ino() != FIRST_USER_NAMESPACE => Self::Inner,
            _ => Self::First,
        }
    }
}

/// The options to add to a new mount of this type. A given option is never added, whatever its
/// value.
pub fn additions(
    options: &Options,
    fs_type: &str,
    form: Form,
    namespace: UserNamespace,
) -> Vec<Addition> {
    let mut additions = Vec::new();
    if namespace == UserNamespace::Inner {
        additions.push(Addition {
            key: "userxattr",
            value: None,
            why: "in a user namespace there are no trusted.* attributes",
        });
    }
    // Overlayfs has no such option.
    if form == Form::MountProgram && fs_type == "union" {
        additions.push(Addition {
            key: "whiteout",
            value: Some("aufs"),
            why: "containers/storage unpacks layers for a mount program with the whiteouts of AUFS",
        });
        additions.push(Addition {
            key: "share",
            value: None,
            why: "containers/storage unmounts lazily, and leaves mounts in namespaces of containers",
        });
        additions.push(Addition {
            key: "statfs",
            value: Some("fuse"),
            why: "containers/storage takes what is not of this type for not mounted",
        });
        additions.push(Addition {
            key: "partial",
            value: Some("off"),
            why: "containers/storage reads the upper layer of a container as a lower one, to commit it",
        });
        additions.push(Addition {
            key: "redirect_dir",
            value: Some("follow"),
            why: "containers/storage makes layers of the files in an upper layer, without what is below",
        });
    }
    additions.retain(|addition| options.other(addition.key.as_bytes()).is_none());
    additions
}

#[cfg(test)]
mod tests {
    use super::*;
    use Form::{Helper, MountProgram};
    use UserNamespace::{First, Inner};

    #[test]
    fn what_is_added() {
        let added = |text: &str, fs_type: &str, form, namespace| {
            let options = Options::parse(&[text.into()], form).unwrap();
            let additions = additions(&options, fs_type, form, namespace);
            additions
                .iter()
                .map(ToString::to_string)
                .collect::<Vec<_>>()
                .join(" ")
        };
        assert_eq!(added("lowerdir=/a", "union", Helper, First), "");
        assert_eq!(added("lowerdir=/a", "union", Helper, Inner), "userxattr");
        assert_eq!(
            added("lowerdir=/a", "union", MountProgram, First),
            "whiteout=aufs share statfs=fuse partial=off redirect_dir=follow"
        );
        assert_eq!(
            added("lowerdir=/a", "union", MountProgram, Inner),
            "userxattr whiteout=aufs share statfs=fuse partial=off redirect_dir=follow"
        );
        assert_eq!(added("lowerdir=/a", "overlay", MountProgram, First), "");
        let given = "lowerdir=/a,userxattr,whiteout=overlay,share,statfs=union,partial=on,redirect_dir=nofollow";
        assert_eq!(added(given, "union", MountProgram, Inner), "");
    }
}
