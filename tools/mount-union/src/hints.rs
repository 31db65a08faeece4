// SPDX-License-Identifier: GPL-2.0-only
//! Remedies for error numbers of the kernel.

use std::borrow::Cow;

use rustix::io::Errno;

use crate::kernel_module;

/// For failures that the kernel did not explain in the context.
pub const SEE_DMESG: &str = "the kernel's reason is in its log; see dmesg";

/// For an option that the kernel does not know.
pub const UNKNOWN: &str = "see mount.union(8) for the options; those for the file system of the upper layer begin with \
                           upper. (upper.size=); -s ignores what the kernel does not know";

/// fsopen(2) of this type failed.
pub fn open(fs_type: &str, errno: Errno) -> Option<Cow<'static, str>> {
    match errno {
        Errno::NODEV => Some(kernel_module::missing(fs_type).into()),
        _ => privilege(errno).map(Into::into),
    }
}

/// A system call that mounts failed.
fn privilege(errno: Errno) -> Option<&'static str> {
    match errno {
        Errno::PERM => Some(
            "mounting needs root, or CAP_SYS_ADMIN in the user namespace that owns the mount namespace; \
             where /etc/fstab says user or users, mount -i DIR",
        ),
        Errno::NOSYS => Some("a kernel of 5.2 or later is needed"),
        _ => None,
    }
}

/// fspick(2) failed.
pub fn pick(errno: Errno) -> Option<&'static str> {
    match errno {
        Errno::INVAL => {
            Some("nothing is mounted at this very directory; name the mount point itself")
        }
        _ => privilege(errno),
    }
}

/// An option was refused.
pub fn option(key: &str, errno: Errno) -> Option<&'static str> {
    let layer = matches!(
        key,
        "lowerdir" | "lowerdir+" | "datadir+" | "upperdir" | "workdir"
    );
    match errno {
        Errno::NOENT if layer => {
            Some("the directory does not exist; create it or correct the path")
        }
        Errno::NOTDIR if layer => {
            Some("a layer must be a directory; mount an image first and give its mount point")
        }
        Errno::ROFS if key == "upperdir" => {
            Some("the upper layer must be writable; remount its file system rw")
        }
        Errno::INVAL if key == "upperdir" || key == "workdir" => Some(
            "the upper layer must be a writable local file system with extended attributes and whiteouts",
        ),
        Errno::INVAL if layer => {
            Some("the directory cannot be a layer; see the kernel's message or dmesg")
        }
        Errno::NAMETOOLONG => Some("the path is too long for the kernel"),
        Errno::PERM => {
            Some("this option needs more privilege; for mounts in a user namespace try userxattr")
        }
        Errno::INVAL => Some("see mount.union(8) for the values that this option takes"),
        _ => None,
    }
}

/// Making the file system failed after all options were accepted.
pub fn create(fs_type: &str, errno: Errno) -> Option<&'static str> {
    if !matches!(fs_type, "union" | "overlay") {
        return match errno {
            Errno::INVAL => Some(
                "the device has no such file system; format it, or give its type by upper.type=",
            ),
            Errno::BUSY => Some("the device is in use"),
            Errno::ROFS | Errno::ACCESS => {
                Some("the device is read-only; an upper layer must be writable")
            }
            _ => None,
        };
    }
    match errno {
        Errno::BUSY => Some(
            "upperdir or workdir is in use by another mount; unmount that one, or give each union an upper layer of its own",
        ),
        Errno::LOOP => Some("two layers overlap: neither may be the other or lie inside it"),
        Errno::XDEV => Some("workdir must be on the same mount as upperdir"),
        Errno::ROFS => Some("the file system of upperdir is read-only; remount it rw"),
        Errno::STALE => {
            Some("the upper layer was made over other lower layers; mount it with those")
        }
        Errno::PERM | Errno::ACCESS => {
            Some("root is needed, and write access to upperdir and workdir")
        }
        Errno::NOSPC => Some("the file system of upperdir is full"),
        _ => None,
    }
}

/// Changing a mounted file system failed.
pub fn reconfigure(errno: Errno) -> Option<&'static str> {
    match errno {
        Errno::BUSY => Some("files are open for writing; close them before changing to read-only"),
        Errno::ROFS => Some("the union has no writable upper layer"),
        Errno::INVAL => Some(
            "a remount changes ro, rw and the flags of the mount; for the rest unmount, and mount again",
        ),
        _ => None,
    }
}
