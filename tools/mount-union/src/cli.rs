// SPDX-License-Identifier: GPL-2.0-only
//! The command line: mount(8)'s helper convention and podman's `mount_program`.

use std::ffi::{OsStr, OsString};

use lexopt::prelude::*;

use crate::failure::{Failure, Result, shown};

/// What `--help` prints.
pub const HELP: &str = "\
Usage: mount.union SPEC DIR [-sfnv] [-N namespace] [-o options] [-t type]
       mount.union -o options DIR

Mounts one writable upper layer over any number of read-only lower layers.

  -o lowerdir=A:B:C   lower layers, topmost first ('\\:' and '\\,' stand for themselves)
  -o lowerdir+=A      one more lower layer, below those named so far
  -o datadir+=D       a directory that is no part of the tree, in which files
                      of the lower layers have their data
  -o upperdir=U       the upper layer; without one the union is read-only
  -o workdir=W        an empty directory on the file system of the upper layer

Without lowerdir, the read-only file systems mounted at DIR become the lower
layers. Without upperdir, SPEC is the upper layer: a block device, a directory,
or the word 'tmpfs' (-o upper.size=SIZE). Thus, over a read-only root:

  mount -t union /dev/vdb /newroot

  -s   ignore options that the kernel does not know
  -f   check everything, but do not mount
  -v   say what is done
  -n   accepted, no effect (there is no mtab)
  -N   mount in another mount namespace (a process id or a file)
  -t   file system type; 'union' unless given
  -h, --help     this text
  -V, --version  the version

Exit status as of mount(8): 0 mounted, 1 wrong usage, 2 system error,
4 internal error, 32 mount failed. All options: see mount.union(8).
";

/// What the command line asks for.
#[derive(Debug)]
pub enum Command {
    /// Print [`HELP`].
    Help,
    /// Print the version.
    Version,
    /// Mount or remount.
    Mount(Request),
}

/// Which of the two forms the command line has; it shows the caller.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Form {
    /// mount(8)'s, which people use, too: `SPEC DIR`.
    Helper,
    /// That of the `mount_program` of podman and buildah, without a SPEC.
    MountProgram,
}

/// A mount as the command line describes it.
#[derive(Debug, Default)]
pub struct Request {
    /// The first word of mount(8)'s form; podman's form has none.
    pub spec: Option<OsString>,
    /// Where to mount.
    pub dir: OsString,
    /// The arguments of `-o`, in order.
    pub options: Vec<OsString>,
    /// `-t`.
    pub fs_type: Option<OsString>,
    /// `-N`.
    pub namespace: Option<OsString>,
    /// `-f`: everything but the mount itself.
    pub fake: bool,
    /// `-s`: tolerate options that the kernel does not know.
    pub sloppy: bool,
    /// `-v`.
    pub verbose: bool,
}

impl Request {
    /// The file system type to mount: `-t`, else `UNION_FSTYPE` (for trying things out on overlay), else `union`.
    /// Of a type with a subtype (`union.x`) the part before the dot counts.
    pub fn fs_type(&self) -> String {
        let named = self
            .fs_type
            .clone()
            .or_else(|| std::env::var_os("UNION_FSTYPE"));
        let name = named.as_deref().and_then(OsStr::to_str).unwrap_or("union");
        name.split('.').next().unwrap_or(name).to_owned()
    }

    /// Which form the command line has.
    pub fn form(&self) -> Form {
        match self.spec {
            Some(_) => Form::Helper,
            None => Form::MountProgram,
        }
    }

    /// Prints what is being done, with `-v`.
    pub fn say(&self, line: std::fmt::Arguments<'_>) {
        if self.verbose {
            println!("mount.union: {line}");
        }
    }
}

/// Parses the command line, program name first.
pub fn parse(arguments: impl IntoIterator<Item = OsString>) -> Result<Command> {
    let mut parser = lexopt::Parser::from_iter(arguments);
    let mut request = Request::default();
    let mut positional = Vec::new();
    let wrong = |error: lexopt::Error| {
        Failure::usage(error.to_string()).with_hint("see mount.union --help")
    };
    while let Some(argument) = parser.next().map_err(wrong)? {
        match argument {
            Short('h') | Long("help") => return Ok(Command::Help),
            Short('V') | Long("version") => return Ok(Command::Version),
            Short('o') | Long("options") => request.options.push(parser.value().map_err(wrong)?),
            Short('t') | Long("types") => request.fs_type = Some(parser.value().map_err(wrong)?),
            Short('N') | Long("namespace") => {
                request.namespace = Some(parser.value().map_err(wrong)?)
            }
            Short('s') => request.sloppy = true,
            Short('f') | Long("fake") => request.fake = true,
            Short('v') | Long("verbose") => request.verbose = true,
            Short('n') | Long("no-mtab") => {}
            Value(word) => positional.push(word),
            other => return Err(wrong(other.unexpected())),
        }
    }
    let mut words = positional.into_iter();
    match (words.next(), words.next(), words.next()) {
        (Some(dir), None, _) => {
            // podman's form. It also passes options of other mount programs, which are ignored.
            request.dir = dir;
            request.sloppy = true;
        }
        (Some(spec), Some(dir), None) => {
            request.spec = Some(spec);
            request.dir = dir;
        }
        (None, ..) => {
            return Err(Failure::usage("no mount point given").with_hint("see mount.union --help"));
        }
        (.., Some(extra)) => {
            return Err(
                Failure::usage(format!("unexpected argument {}", shown(&extra)))
                    .with_hint("options with spaces must be quoted"),
            );
        }
    }
    Ok(Command::Mount(request))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::failure::Status;

    fn request(line: &str) -> Result<Request> {
        let words = std::iter::once("mount.union")
            .chain(line.split_whitespace())
            .map(OsString::from);
        match parse(words)? {
            Command::Mount(request) => Ok(request),
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn helper_form() {
        let request =
            request("/dev/vdb /newroot -sfv -n -o ro -N /proc/7/ns/mnt -t union.x -o a,b").unwrap();
        assert_eq!(request.spec.as_deref(), Some(OsStr::new("/dev/vdb")));
        assert_eq!(request.dir, "/newroot");
        assert_eq!(request.options, ["ro", "a,b"]);
        assert_eq!(
            request.namespace.as_deref(),
            Some(OsStr::new("/proc/7/ns/mnt"))
        );
        assert_eq!(request.fs_type(), "union");
        assert!(request.sloppy && request.fake && request.verbose);
    }

    #[test]
    fn podman_form_is_sloppy() {
        let request = request("-o lowerdir=/a,upperdir=/u,workdir=/w /merged").unwrap();
        assert_eq!((request.spec, request.dir), (None, "/merged".into()));
        assert!(request.sloppy);
    }

    #[test]
    fn wrong_usage() {
        for line in ["", "a b c", "a b -o", "a b -x", "a b --frob"] {
            assert_eq!(request(line).unwrap_err().status(), Status::Usage, "{line}");
        }
    }
}
