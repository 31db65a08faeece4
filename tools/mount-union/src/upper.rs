// SPDX-License-Identifier: GPL-2.0-only
//! The upper layer that SPEC names: a device, a directory, or a new tmpfs.
//!
//! Devices and memory are mounted without being attached to any directory. The union keeps
//! references, so nothing is left when the union is unmounted.

use std::ffi::OsStr;
use std::fmt;
use std::fs::File;
use std::io::Read;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::os::unix::ffi::{OsStrExt, OsStringExt};
use std::os::unix::fs::FileTypeExt;
use std::path::{Path, PathBuf};

use rustix::fs::{CWD, Gid, Mode, OFlags, Uid, XattrFlags};
use rustix::io::Errno;
use rustix::mount::MountAttrFlags;

use crate::cli::Request;
use crate::failure::{Failure, Result, shown};
use crate::fs_context::FsContext;
use crate::mount::Directory;
use crate::options::UpperOptions;

/// An upper layer and its work directory.
pub struct UpperLayer {
    /// The layer.
    pub dir: Directory,
    /// The work directory.
    pub work: Directory,
    /// Keeps a detached mount alive until the union has its own.
    mount: Option<OwnedFd>,
}

impl UpperLayer {
    /// An upper layer in two existing directories.
    pub fn of_directories(upper: Vec<u8>, work: Vec<u8>) -> Self {
        Self {
            dir: Directory::Path(upper),
            work: Directory::Path(work),
            mount: None,
        }
    }

    /// Keeps the mount both are on alive.
    pub fn keep(&mut self, mount: OwnedFd) {
        self.mount = Some(mount);
    }

    /// The mount of both, if it is detached.
    pub fn mount(&self) -> Option<&OwnedFd> {
        self.mount.as_ref()
    }
}

/// What SPEC names.
#[derive(Debug, PartialEq, Eq)]
pub enum Spec {
    /// A block device with a writable file system.
    Device(PathBuf),
    /// A directory that holds, or will hold, `upper` and `work`.
    Directory(PathBuf),
    /// A new tmpfs.
    Tmpfs,
}

impl fmt::Display for Spec {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Device(path) => write!(f, "the file system on {}", path.display()),
            Self::Directory(path) => write!(f, "the directory {}", path.display()),
            Self::Tmpfs => write!(f, "a new tmpfs"),
        }
    }
}

/// Finds out what SPEC names. If lower layers were given by name, and no directory for the upper
/// layer (`required` is false), a directory or any other word that names no device is only a label,
/// and the union has no upper layer.
pub fn recognise(spec: Option<&OsStr>, required: bool) -> Result<Option<Spec>> {
    let Some(spec) = spec else { return Ok(None) };
    if spec == "tmpfs" {
        return Ok(Some(Spec::Tmpfs));
    }
    let path = by_tag(spec).unwrap_or_else(|| spec.into());
    match std::fs::metadata(&path) {
        Ok(data) if data.file_type().is_block_device() => Ok(Some(Spec::Device(path))),
        Ok(data) if data.is_dir() && required => Ok(Some(Spec::Directory(path))),
        // The name of a device is not a label: if the device is missing, this is an error, not a
        // union without an upper layer.
        Err(error) if path.starts_with("/dev") || required && path.is_absolute() => {
            Err(Failure::mount(format!("upper layer {}: {error}", path.display()))
                .with_hint("name a block device, a directory, or tmpfs"))
        }
        _ if required => Err(Failure::mount(format!("no upper layer: '{}' is neither a device nor a directory", shown(&spec)))
            .with_hint("name a block device, a directory, or tmpfs; or name the layers by lowerdir= and upperdir=")),
        _ => Ok(None),
    }
}

/// The udev link of a device named by `LABEL=x` and similar words. mount(8) resolves these itself.
fn by_tag(spec: &OsStr) -> Option<PathBuf> {
    let text = spec.to_str()?;
    [
        ("LABEL=", "label"),
        ("UUID=", "uuid"),
        ("PARTLABEL=", "partlabel"),
        ("PARTUUID=", "partuuid"),
    ]
    .iter()
    .find_map(|(tag, folder)| {
        Some(
            Path::new("/dev/disk")
                .join(format!("by-{folder}"))
                .join(text.strip_prefix(tag)?),
        )
    })
}

/// Refuses options that do not fit to what SPEC names.
pub fn check(spec: &Spec, options: &UpperOptions) -> Result<()> {
    match spec {
        Spec::Tmpfs if options.fs_type.is_some() => {
            Err(Failure::usage("option upper.type is for devices").with_hint("leave it out"))
        }
        Spec::Directory(_) if options.fs_type.is_some() || !options.others.is_empty() => {
            Err(Failure::usage(
                "options upper.* other than upper.dir are for a device or tmpfs, not for a directory",
            )
            .with_hint("mount the file system of the upper layer with these options"))
        }
        _ => Ok(()),
    }
}

/// There are options for the file system of the upper layer, but SPEC is only a label.
pub fn no_file_system() -> Failure {
    Failure::usage("options upper.* are given, but no file system for the upper layer").with_hint(
        "name a block device or tmpfs in the place of SPEC: mount -t union tmpfs DIR -o ...",
    )
}

/// SPEC and `upperdir` both name an upper layer.
pub fn two_upper_layers(spec: &Spec) -> Failure {
    Failure::usage(format!("{spec} and upperdir both are to be the upper layer")).with_hint(
        "leave out upperdir and workdir; or name another SPEC, such as union, and directories that are mounted",
    )
}

/// Mounts what needs to be mounted and makes `upper` and `work` on first use. A new `upper` gets the attributes of
/// `model`, the topmost lower layer, because it is the upper layer that lends its attributes to the root of the union.
pub fn prepare(
    spec: &Spec,
    options: &UpperOptions,
    model: &Directory,
    request: &Request,
) -> Result<UpperLayer> {
    request.say(format_args!("the upper layer is {spec}"));
    check(spec, options)?;
    let mount = match spec {
        Spec::Device(device) => Some(mount_device(device, options)?),
        Spec::Tmpfs => Some(new_mount(
            "tmpfs",
            OsStr::new("tmpfs"),
            options,
            &[("mode", "0755")],
        )?),
        Spec::Directory(_) => None,
    };

    let named = |error: Errno| Failure::mount(format!("upper layer on {spec}: {error}"));
    let base = match (&mount, spec) {
        (Some(mount), _) => open_dir(mount.as_fd(), OsStr::new(".")).map_err(named)?,
        (None, Spec::Directory(path)) => open_dir(CWD, path.as_os_str()).map_err(named)?,
        (None, _) => unreachable!("devices and tmpfs are mounted above"),
    };
    let base = match &options.dir {
        Some(dir) => open_below(&base, OsStr::from_bytes(dir), spec)?,
        None => base,
    };
    make_upper(base.as_fd(), model, spec)?;
    make_dir(base.as_fd(), "work", 0o700).map_err(named)?;
    let upper = open_inside(base.as_fd(), OsStr::new("upper"), spec)?;
    let work = open_inside(base.as_fd(), OsStr::new("work"), spec)?;

    // A directory keeps its path, so that /proc/mounts shows it; a detached mount has no path.
    if let Spec::Directory(path) = spec {
        let path = options
            .dir
            .as_ref()
            .map_or_else(|| path.clone(), |dir| path.join(OsStr::from_bytes(dir)));
        let inside = |name: &str| path.join(name).into_os_string().into_vec();
        return Ok(UpperLayer::of_directories(inside("upper"), inside("work")));
    }
    let open = |fd, name: &str| Directory::Open {
        fd,
        name: format!("{name} on {spec}"),
    };
    Ok(UpperLayer {
        dir: open(upper, "upper"),
        work: open(work, "work"),
        mount,
    })
}

fn mount_device(device: &Path, options: &UpperOptions) -> Result<OwnedFd> {
    let mount = |fs_type: &str| new_mount(fs_type, device.as_os_str(), options, &[]);
    let known = match &options.fs_type {
        Some(fs_type) => Some(fs_type.clone()),
        None => recognise_file_system(&read_start(device)?).map(str::to_owned),
    };
    if let Some(fs_type) = known {
        return mount(&fs_type);
    }
    let all = std::fs::read_to_string("/proc/filesystems").unwrap_or_default();
    all.lines()
        .filter_map(|line| line.strip_prefix('\t'))
        .find_map(|fs_type| mount(fs_type).ok())
        .ok_or_else(|| {
            Failure::mount(format!(
                "upper layer {}: no file system found on it",
                device.display()
            ))
            .with_hint(
                "format the device, for instance with mkfs.ext4, or name its type by upper.type=",
            )
        })
}

fn new_mount(
    fs_type: &str,
    source: &OsStr,
    options: &UpperOptions,
    defaults: &[(&str, &str)],
) -> Result<OwnedFd> {
    let context = FsContext::open_upper(fs_type, &format!("upper layer {}", shown(&source)))?;
    context.set_string(b"source", source.as_bytes())?;
    for (key, value) in defaults {
        context.set_string(key.as_bytes(), value.as_bytes())?;
    }
    for (key, value) in &options.others {
        match value {
            Some(value) => context.set_string(key, value)?,
            None => context.set_flag(key)?,
        }
    }
    context.create(MountAttrFlags::empty())
}

/// Bytes of the device that contain the magic numbers of file systems.
fn read_start(device: &Path) -> Result<Vec<u8>> {
    let failed = |error: std::io::Error| {
        Failure::mount(format!("upper layer {}: {error}", device.display()))
    };
    let mut start = Vec::new();
    File::open(device)
        .map_err(failed)?
        .take(68 << 10)
        .read_to_end(&mut start)
        .map_err(failed)?;
    Ok(start)
}

/// The type according to the first bytes of a device.
fn recognise_file_system(start: &[u8]) -> Option<&'static str> {
    let has = |at: usize, magic: &[u8]| start.get(at..at + magic.len()) == Some(magic);
    if has(1080, &[0x53, 0xef]) {
        Some("ext4")
    } else if has(0, b"XFSB") {
        Some("xfs")
    } else if has(0x10040, b"_BHRfS_M") {
        Some("btrfs")
    } else if has(1024, &[0x10, 0x20, 0xf5, 0xf2]) {
        Some("f2fs")
    } else {
        None
    }
}

fn open_dir(at: BorrowedFd<'_>, path: &OsStr) -> rustix::io::Result<OwnedFd> {
    rustix::fs::openat(
        at,
        path,
        OFlags::RDONLY | OFlags::DIRECTORY | OFlags::CLOEXEC,
        Mode::empty(),
    )
}

/// Opens the directory `name` of what SPEC names. The contents of that file system must not choose
/// what is used of this machine instead: a symbolic link is not followed.
fn open_inside(at: BorrowedFd<'_>, name: &OsStr, spec: &Spec) -> Result<OwnedFd> {
    rustix::fs::openat(
        at,
        name,
        OFlags::RDONLY | OFlags::DIRECTORY | OFlags::NOFOLLOW | OFlags::CLOEXEC,
        Mode::empty(),
    )
    .map_err(|errno| match errno {
        Errno::NOTDIR | Errno::LOOP => Failure::mount(format!(
            "upper layer on {spec}: '{}' is not a directory",
            shown(name)
        ))
        .with_hint("a symbolic link is not followed there; name the place by upper.dir=, or by upperdir= and workdir="),
        errno => Failure::mount(format!("upper layer on {spec}: '{}': {errno}", shown(name))),
    })
}

/// Opens `path` below `base`, making the directories that are missing.
fn open_below(base: &OwnedFd, path: &OsStr, spec: &Spec) -> Result<OwnedFd> {
    let failed = |errno: Errno| {
        Failure::mount(format!(
            "upper layer on {spec}: option upper.dir={}: {errno}",
            shown(path)
        ))
    };
    let mut at = open_dir(base.as_fd(), OsStr::new(".")).map_err(failed)?;
    for part in Path::new(path).components() {
        match part {
            std::path::Component::Normal(name) => {
                make_dir(at.as_fd(), name, 0o755).map_err(failed)?;
                at = open_inside(at.as_fd(), name, spec)?;
            }
            std::path::Component::RootDir | std::path::Component::CurDir => {}
            _ => return Err(failed(Errno::INVAL).with_hint("'..' is not followed there")),
        }
    }
    Ok(at)
}

fn make_dir(at: BorrowedFd<'_>, name: impl AsRef<OsStr>, mode: u32) -> rustix::io::Result<()> {
    match rustix::fs::mkdirat(at, name.as_ref(), Mode::from_raw_mode(mode)) {
        Err(Errno::EXIST) | Ok(()) => Ok(()),
        Err(errno) => Err(errno),
    }
}

/// Makes `upper` with the owner, mode and extended attributes of `model`. It appears under its name only when
/// complete, so an interrupted first use is simply repeated.
fn make_upper(base: BorrowedFd<'_>, model: &Directory, spec: &Spec) -> Result<()> {
    let failed = |errno: Errno| {
        Failure::mount(format!(
            "upper layer: cannot make its directory 'upper': {errno}"
        ))
        .with_hint("the upper layer must be writable")
    };
    match rustix::fs::statat(base, "upper", rustix::fs::AtFlags::SYMLINK_NOFOLLOW) {
        Ok(_) => return Ok(()),
        Err(Errno::NOENT) => {}
        Err(errno) => return Err(failed(errno)),
    }
    let model = model.open()?;
    make_dir(base, "upper.new", 0o700).map_err(failed)?;
    let new = open_inside(base, OsStr::new("upper.new"), spec)?;
    let make = || -> rustix::io::Result<()> {
        let status = rustix::fs::fstat(&model)?;
        rustix::fs::fchown(
            &new,
            Some(Uid::from_raw(status.st_uid)),
            Some(Gid::from_raw(status.st_gid)),
        )?;
        rustix::fs::fchmod(&new, Mode::from_raw_mode(status.st_mode & 0o7777))?;
        copy_xattrs(&model, &new)?;
        rustix::fs::renameat(base, "upper.new", base, "upper")
    };
    make().map_err(failed)
}

/// Copies extended attributes, except those with a meaning for a union.
fn copy_xattrs(from: &OwnedFd, to: &OwnedFd) -> rustix::io::Result<()> {
    let mut names = vec![0; 64 << 10];
    let length = match rustix::fs::flistxattr(from, &mut names) {
        Ok(length) => length,
        Err(Errno::OPNOTSUPP) => return Ok(()),
        Err(errno) => return Err(errno),
    };
    let private: [&[u8]; 2] = [b"trusted.overlay.", b"user.overlay."];
    let mut value = vec![0; 64 << 10];
    for name in names[..length]
        .split(|&byte| byte == 0)
        .filter(|name| !name.is_empty())
    {
        if private.iter().any(|prefix| name.starts_with(prefix)) {
            continue;
        }
        let length = rustix::fs::fgetxattr(from, name, &mut value[..])?;
        match rustix::fs::fsetxattr(to, name, &value[..length], XattrFlags::empty()) {
            // The upper layer may lack support, for instance for ACLs; the mount continues.
            Ok(()) | Err(Errno::OPNOTSUPP) => {}
            Err(errno) => return Err(errno),
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn temporary() -> PathBuf {
        let nanos = std::time::SystemTime::now()
            .duration_since(std::time::UNIX_EPOCH)
            .unwrap()
            .as_nanos();
        let path = std::env::temp_dir().join(format!("mount-union-{}-{nanos}", std::process::id()));
        std::fs::create_dir(&path).unwrap();
        path
    }

    #[test]
    fn specs() {
        assert_eq!(
            recognise(Some(OsStr::new("tmpfs")), true).unwrap(),
            Some(Spec::Tmpfs)
        );
        assert_eq!(
            recognise(Some(OsStr::new("/")), true).unwrap(),
            Some(Spec::Directory("/".into()))
        );
        assert_eq!(recognise(Some(OsStr::new("/")), false).unwrap(), None);
        assert_eq!(recognise(Some(OsStr::new("none")), false).unwrap(), None);
        assert!(recognise(Some(OsStr::new("none")), true).is_err());
        assert!(recognise(Some(OsStr::new("/no/such/device")), true).is_err());
        let label = recognise(Some(OsStr::new("/no/such/device")), false);
        assert_eq!(label.unwrap(), None);
        for absent in ["/dev/no-such", "LABEL=no such", "UUID=0"] {
            assert!(
                recognise(Some(OsStr::new(absent)), false).is_err(),
                "{absent}"
            );
        }
    }

    #[test]
    fn file_systems_by_their_magic() {
        let mut start = vec![0; 68 << 10];
        assert_eq!(recognise_file_system(&start), None);
        start[0x10040..0x10048].copy_from_slice(b"_BHRfS_M");
        assert_eq!(recognise_file_system(&start), Some("btrfs"));
        start[1080..1082].copy_from_slice(&[0x53, 0xef]);
        assert_eq!(recognise_file_system(&start), Some("ext4"));
        assert_eq!(recognise_file_system(b"XFSB"), Some("xfs"));
    }

    #[test]
    fn a_directory_is_furnished_once() {
        use std::os::unix::fs::PermissionsExt;

        let base = temporary();
        let model = base.join("lower");
        std::fs::create_dir(&model).unwrap();
        std::fs::set_permissions(&model, std::fs::Permissions::from_mode(0o1751)).unwrap();
        let model = Directory::Path(model.into_os_string().into_vec());
        let options = UpperOptions {
            dir: Some(b"deep/er".to_vec()),
            ..UpperOptions::default()
        };
        let spec = Spec::Directory(base.clone());
        for _ in 0..2 {
            let upper = prepare(&spec, &options, &model, &Request::default()).unwrap();
            assert_eq!(
                upper.dir.name(),
                base.join("deep/er/upper").display().to_string()
            );
            assert_eq!(
                std::fs::metadata(base.join("deep/er/upper"))
                    .unwrap()
                    .permissions()
                    .mode()
                    & 0o7777,
                0o1751
            );
            assert!(base.join("deep/er/work").is_dir());
        }
        std::fs::remove_dir_all(base).unwrap();
    }

    #[test]
    fn links_on_the_medium_are_not_followed() {
        use std::os::unix::fs::{PermissionsExt, symlink};

        for (link, dir) in [
            ("upper", None),
            ("upper.new", None),
            ("work", None),
            ("deep", Some("deep/er")),
        ] {
            let base = temporary();
            let (medium, victim) = (base.join("medium"), base.join("victim"));
            std::fs::create_dir(&medium).unwrap();
            std::fs::create_dir(&victim).unwrap();
            std::fs::set_permissions(&victim, std::fs::Permissions::from_mode(0o700)).unwrap();
            symlink(&victim, medium.join(link)).unwrap();
            let options = UpperOptions {
                dir: dir.map(|dir| dir.into()),
                ..UpperOptions::default()
            };
            let model = Directory::Path(b"/".to_vec());
            let spec = Spec::Directory(medium);
            let failure = prepare(&spec, &options, &model, &Request::default())
                .err()
                .unwrap();
            let said = failure.to_string();
            assert!(
                said.contains(&format!("'{link}' is not a directory")),
                "{said}"
            );
            let mode = std::fs::metadata(&victim).unwrap().permissions().mode();
            assert_eq!(mode & 0o7777, 0o700, "{link}");
            assert_eq!(std::fs::read_dir(&victim).unwrap().count(), 0, "{link}");
            std::fs::remove_dir_all(base).unwrap();
        }
    }

    #[test]
    fn tags() {
        assert_eq!(
            by_tag(OsStr::new("LABEL=changes")),
            Some("/dev/disk/by-label/changes".into())
        );
        assert_eq!(by_tag(OsStr::new("/dev/vdb")), None);
    }
}
