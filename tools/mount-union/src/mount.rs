// SPDX-License-Identifier: GPL-2.0-only
//! Mounting a union.

use std::ffi::{OsStr, OsString};
use std::fs::File;
use std::os::fd::{AsFd, OwnedFd};
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};

use rustix::fs::{CWD, Mode, OFlags};
use rustix::mount::MoveMountFlags;
use rustix::thread::LinkNameSpaceType;

use crate::additions::{self, UserNamespace};
use crate::cli::{Form, Request};
use crate::failure::{Failure, Result, Status, shown};
use crate::fs_context::{FsContext, MAX_STRING};
use crate::options::Options;
use crate::upper::{self, UpperLayer};
use crate::{hints, podman, seeds};

/// A directory that becomes a layer.
pub enum Directory {
    /// Named by the user; the kernel shows exactly this path in /proc/mounts.
    Path(Vec<u8>),
    /// Already open, because no path leads to it.
    Open {
        /// The directory.
        fd: OwnedFd,
        /// The name in messages.
        name: String,
    },
}

impl Directory {
    /// The name in messages.
    pub fn name(&self) -> String {
        match self {
            Self::Path(path) => String::from_utf8_lossy(path).into_owned(),
            Self::Open { name, .. } => name.clone(),
        }
    }

    /// The path that names it, if one does.
    pub fn path(&self) -> Option<&Path> {
        match self {
            Self::Path(path) => Some(Path::new(OsStr::from_bytes(path))),
            Self::Open { .. } => None,
        }
    }

    /// Replaces it by the open directory `fd`, with the same name.
    pub fn becomes(&mut self, fd: OwnedFd) {
        let name = self.name();
        *self = Self::Open { fd, name };
    }

    /// An `O_PATH` descriptor of it.
    pub fn at(&self) -> Result<OwnedFd> {
        let flags = OFlags::PATH | OFlags::DIRECTORY | OFlags::CLOEXEC;
        let opened = match self {
            Self::Path(path) => rustix::fs::openat(CWD, &path[..], flags, Mode::empty()),
            Self::Open { fd, .. } => rustix::io::fcntl_dupfd_cloexec(fd, 0),
        };
        opened.map_err(|errno| Failure::mount(format!("{}: cannot open: {errno}", self.name())))
    }

    /// Opens it for reading, to look at its attributes.
    pub fn open(&self) -> Result<OwnedFd> {
        let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::CLOEXEC;
        let opened = match self {
            Self::Path(path) => rustix::fs::openat(CWD, &path[..], flags, Mode::empty()),
            Self::Open { fd, .. } => rustix::fs::openat(fd, c".", flags, Mode::empty()),
        };
        opened.map_err(|errno| Failure::mount(format!("{}: cannot open: {errno}", self.name())))
    }

    /// Reports the wrong option, before the kernel reports only a failure.
    fn check(&self, key: &str) -> Result<()> {
        let Self::Path(path) = self else {
            return Ok(());
        };
        let opened = rustix::fs::openat(
            CWD,
            &path[..],
            OFlags::PATH | OFlags::DIRECTORY | OFlags::CLOEXEC,
            Mode::empty(),
        );
        opened.map(drop).map_err(|errno| {
            Failure::mount(format!("option {key}={}: {errno}", self.name()))
                .with_optional_hint(hints::option(key, errno))
        })
    }

    fn give_to(&self, context: &FsContext, key: &str) -> Result<()> {
        match self {
            // The kernel may interpret a backslash in a string as an escape; an open file is
            // unambiguous.
            Self::Path(path) if path.len() <= MAX_STRING && !path.contains(&b'\\') => {
                context.set_string(key.as_bytes(), path)
            }
            Self::Path(path) => {
                let flags = OFlags::PATH | OFlags::DIRECTORY | OFlags::CLOEXEC;
                let fd =
                    rustix::fs::openat(CWD, &path[..], flags, Mode::empty()).map_err(|errno| {
                        Failure::mount(format!("option {key}={}: {errno}", self.name()))
                            .with_optional_hint(hints::option(key, errno))
                    })?;
                context.set_fd(key.as_bytes(), fd.as_fd(), path)
            }
            Self::Open { fd, name } => context.set_fd(key.as_bytes(), fd.as_fd(), name.as_bytes()),
        }
    }
}

/// The layers of a union that is to be mounted.
struct Layers {
    /// Topmost first.
    lowers: Vec<Directory>,
    /// The data-only ones, topmost first. Their owners are of no account, so they are never mapped.
    data: Vec<Directory>,
    upper: Option<UpperLayer>,
}

/// Mounts a new union.
pub fn mount(request: &Request, options: &Options) -> Result<()> {
    let subject = shown(&request.dir);
    check_mount_point(&request.dir)?;
    let made = match request.form() {
        Form::Helper => make(request, options)?,
        Form::MountProgram => podman::patiently(|| make(request, options))?,
    };
    let Some(mount) = made else {
        request.say(format_args!(
            "{subject}: everything is in order; nothing mounted (-f)"
        ));
        return Ok(());
    };
    attach(&mount, &request.dir)?;
    request.say(format_args!("{subject}: mounted"));
    Ok(())
}

/// Makes the union; it is attached to no directory yet. `None` for `-f`.
fn make(request: &Request, options: &Options) -> Result<Option<OwnedFd>> {
    let subject = shown(&request.dir).to_string();
    // The options first: a mistyped option must not lead to an error about layers.
    let mut context = FsContext::open(&request.fs_type(), &subject)?;
    context.set_string(b"source", source(request))?;
    configure(&mut context, request, options)?;
    add_options(&context, request, options)?;
    options.check()?;
    let Some(mut layers) = collect(request, options)? else {
        return Ok(None);
    };
    if !options.mapping.is_empty() {
        request.say(format_args!(
            "owners are mapped: the layers are given as id-mapped mounts"
        ));
        options
            .mapping
            .apply(&mut layers.lowers, layers.upper.as_mut())?;
    }
    for lower in &layers.lowers {
        request.say(format_args!("lowerdir+={}", lower.name()));
        lower.give_to(&context, "lowerdir+")?;
    }
    for layer in &layers.data {
        request.say(format_args!("datadir+={}", layer.name()));
        layer.give_to(&context, "datadir+")?;
    }
    if let Some(upper) = &layers.upper {
        for (key, directory) in [("upperdir", &upper.dir), ("workdir", &upper.work)] {
            request.say(format_args!("{key}={}", directory.name()));
            directory.give_to(&context, key)?;
        }
    } else {
        request.say(format_args!("no upper layer: the union is read-only"));
    }
    context.create(options.attributes()).map(Some)
}

/// Gives the kernel the options that are added by default.
fn add_options(context: &FsContext, request: &Request, options: &Options) -> Result<()> {
    let fs_type = request.fs_type();
    let namespace = UserNamespace::current();
    for addition in additions::additions(options, &fs_type, request.form(), namespace) {
        request.say(format_args!("option {addition} added: {}", addition.why));
        match addition.value {
            Some(value) => context.set_string(addition.key.as_bytes(), value.as_bytes())?,
            None => context.set_flag(addition.key.as_bytes())?,
        }
    }
    Ok(())
}

/// Gives the options that are not layers to the kernel.
pub fn configure(context: &mut FsContext, request: &Request, options: &Options) -> Result<()> {
    if let Some(read_only) = options.read_only {
        context.set_flag(if read_only { b"ro" } else { b"rw" })?;
    }
    for flag in &options.flags {
        context.set_flag(flag.as_bytes())?;
    }
    context.tolerate_unknown(request.sloppy);
    for (key, value) in &options.others {
        request.say(format_args!("option {}", String::from_utf8_lossy(key)));
        match value {
            Some(value) => context.set_string(key, value)?,
            None => context.set_flag(key)?,
        }
    }
    context.tolerate_unknown(false);
    Ok(())
}

/// Gives the layers that options name to the kernel, unchecked: for a remount with other layers.
pub fn name_layers(context: &FsContext, options: &Options) -> Result<()> {
    for path in &options.lowers {
        Directory::Path(path.clone()).give_to(context, "lowerdir+")?;
    }
    for path in &options.data {
        Directory::Path(path.clone()).give_to(context, "datadir+")?;
    }
    for (key, path) in [("upperdir", &options.upper), ("workdir", &options.work)] {
        if let Some(path) = path {
            Directory::Path(path.clone()).give_to(context, key)?;
        }
    }
    Ok(())
}

/// Finds and checks all layers. `None` for `-f`, if something would have to be created.
fn collect(request: &Request, options: &Options) -> Result<Option<Layers>> {
    let named = |paths: &[Vec<u8>]| -> Vec<_> {
        let paths = paths.iter().cloned();
        paths.map(Directory::Path).collect()
    };
    let mut lowers = named(&options.lowers);
    for lower in &lowers {
        lower.check("lowerdir")?;
    }
    let data = named(&options.data);
    for layer in &data {
        layer.check("datadir+")?;
    }
    let from_mounts = lowers.is_empty();
    if from_mounts {
        if request.spec.is_none() {
            return Err(Failure::usage("no lower layer given")
                .with_hint("name at least one: -o lowerdir=DIR"));
        }
        lowers = seeds::lower_layers(&request.dir, request)?;
    }

    let upper = match (&options.upper, &options.work) {
        (Some(upper), Some(work)) => {
            if let Some(spec) = upper::recognise(request.spec.as_deref(), false)? {
                return Err(upper::two_upper_layers(&spec));
            }
            let upper = UpperLayer::of_directories(upper.clone(), work.clone());
            upper.dir.check("upperdir")?;
            upper.work.check("workdir")?;
            Some(upper)
        }
        // With `upper.dir`, SPEC is not a label.
        _ => match upper::recognise(
            request.spec.as_deref(),
            from_mounts || options.upper_fs.dir.is_some(),
        )? {
            None if !options.upper_fs.is_empty() => return Err(upper::no_file_system()),
            None => None,
            Some(spec) if request.fake => {
                upper::check(&spec, &options.upper_fs)?;
                request.say(format_args!("the upper layer would be {spec}"));
                None
            }
            Some(spec) => Some(upper::prepare(
                &spec,
                &options.upper_fs,
                &lowers[0],
                request,
            )?),
        },
    };
    Ok((!request.fake).then_some(Layers {
        lowers,
        data,
        upper,
    }))
}

/// The first column of /proc/mounts.
fn source(request: &Request) -> &[u8] {
    match &request.spec {
        Some(spec) if spec.len() <= MAX_STRING => spec.as_bytes(),
        _ => b"union",
    }
}

fn check_mount_point(dir: &OsStr) -> Result<()> {
    let opened = rustix::fs::openat(
        CWD,
        dir,
        OFlags::PATH | OFlags::DIRECTORY | OFlags::CLOEXEC,
        Mode::empty(),
    );
    opened.map(drop).map_err(|errno| {
        Failure::mount(format!("mount point {}: {errno}", shown(&dir)))
            .with_hint("the mount point must be an existing directory")
    })
}

fn attach(mount: &OwnedFd, dir: &OsStr) -> Result<()> {
    let flags = MoveMountFlags::MOVE_MOUNT_F_EMPTY_PATH
        | MoveMountFlags::MOVE_MOUNT_T_SYMLINKS
        | MoveMountFlags::MOVE_MOUNT_T_AUTOMOUNTS;
    rustix::mount::move_mount(mount, c"", CWD, dir, flags).map_err(|errno| {
        Failure::mount(format!(
            "mount point {}: cannot attach the mount: {errno}",
            shown(&dir)
        ))
    })
}

/// Enters the mount namespace that `-N` names: a process id or a file.
pub fn enter_namespace(namespace: &OsStr) -> Result<()> {
    let path: PathBuf = match namespace.to_str().and_then(|text| text.parse::<u32>().ok()) {
        Some(pid) => Path::new("/proc").join(pid.to_string()).join("ns/mnt"),
        None => OsString::from(namespace).into(),
    };
    let failed = |error: &dyn std::fmt::Display| {
        Failure::new(
            Status::System,
            format!("namespace {}: {error}", path.display()),
        )
        .with_hint("-N takes the id of a running process, or a file such as /proc/PID/ns/mnt")
    };
    let file = File::open(&path).map_err(|error| failed(&error))?;
    rustix::thread::move_into_link_name_space(file.as_fd(), Some(LinkNameSpaceType::Mount))
        .map_err(|errno| failed(&errno))
}
