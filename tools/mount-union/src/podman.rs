// SPDX-License-Identifier: GPL-2.0-only
//! What containers/storage, on which podman and buildah are built, expects of a `mount_program`.
//!
//! The interface was made for fuse-overlayfs, so options specific to it may be given. Unions are
//! unmounted lazily, and mounted again shortly after.

use std::time::{Duration, Instant};

use rustix::io::Errno;

use crate::failure::{Failure, Result};
use crate::options::Options;

/// How long to wait for an upper layer that is in use: that of a union that was unmounted lazily is free as soon as
/// the last process of the container has ended.
const PATIENCE: Duration = Duration::from_secs(3);
/// How often to look.
const INTERVAL: Duration = Duration::from_millis(50);

/// Converts options for fuse-overlayfs to those of a union.
pub fn adapt(options: &mut Options) -> Result<()> {
    refuse_other_owners(options)?;
    for word in options.misplaced.drain(..) {
        eprintln!("mount.union: option {word} does not apply to a union; ignored");
    }
    // fsync= is fuse-overlayfs's, too, with other values.
    for (key, value) in &mut options.others {
        if key == b"fsync" {
            match value.as_deref() {
                Some(b"0") => *value = Some(b"volatile".to_vec()),
                Some(b"1") => *value = Some(b"auto".to_vec()),
                _ => {}
            }
        }
    }
    Ok(())
}

/// Refuses options that change owners or modes of the layers' files: ignoring them would expose the
/// files.
pub fn refuse_other_owners(options: &Options) -> Result<()> {
    for (key, value) in &options.others {
        let (what, hint) = match &key[..] {
            b"squash_to_root" | b"squash_to_uid" | b"squash_to_gid" => (
                "the kernel maps each owner to another, and not all to one",
                "leave the option out; podman and buildah give it where --uidmap has a single id: map a range, or copy the files: _CONTAINERS_OVERLAY_DISABLE_IDMAP=yes",
            ),
            b"xattr_permissions" if value.as_deref() != Some(b"0") => (
                "owners and modes are those of the files",
                "leave force_mask out of storage.conf",
            ),
            _ => continue,
        };
        let key = String::from_utf8_lossy(key);
        return Err(
            Failure::mount(format!("option {key} is not supported: {what}")).with_hint(hint),
        );
    }
    Ok(())
}

/// Retries while a layer is in use, up to the limit.
pub fn patiently<T>(mut attempt: impl FnMut() -> Result<T>) -> Result<T> {
    let start = Instant::now();
    loop {
        match attempt() {
            Err(failure) if failure.errno() == Some(Errno::BUSY) && start.elapsed() < PATIENCE => {
                std::thread::sleep(INTERVAL);
            }
            result => return result,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::Form;
    use crate::failure::Status;

    fn parse(text: &str) -> Result<Options> {
        Options::parse(&[text.into()], Form::MountProgram)
    }

    #[test]
    fn what_is_for_others_is_passed_over() {
        let options = parse("lowerdir=/a,private,rslave,fsync=0,nodev").unwrap();
        assert!(options.misplaced.is_empty());
        assert_eq!(options.other(b"fsync"), Some(Some(&b"volatile"[..])));
        let options = parse("lowerdir=/a,fsync=strict,xattr_permissions=0").unwrap();
        assert_eq!(options.other(b"fsync"), Some(Some(&b"strict"[..])));
    }

    #[test]
    fn other_owners_are_refused_in_both_forms() {
        for option in [
            "squash_to_root",
            "squash_to_uid=0",
            "squash_to_gid=0",
            "xattr_permissions=2",
        ] {
            for form in [Form::MountProgram, Form::Helper] {
                let failure =
                    Options::parse(&[format!("lowerdir=/a,{option}").into()], form).unwrap_err();
                assert_eq!(failure.status(), Status::Mount, "{option}");
            }
        }
    }

    #[test]
    fn patience_is_for_what_is_busy() {
        let mut count = 0;
        let result: Result<()> = patiently(|| {
            count += 1;
            let errno = if count < 3 { Errno::BUSY } else { Errno::PERM };
            Err(Failure::mount("x").with_errno(errno))
        });
        assert_eq!((count, result.unwrap_err().errno()), (3, Some(Errno::PERM)));
    }
}
