// SPDX-License-Identifier: GPL-2.0-only
//! A small FUSE file system, for layers whose server returns any owners, types and sizes, and lies. It implements the
//! protocol itself: the library fuser makes its answers of types that exclude wrong ones, and always sends one where
//! this one must stay silent.

use std::ffi::OsStr;
use std::os::fd::RawFd;
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};
use std::time::Duration;

use crate::bench::Bench;
use crate::process;
use crate::random::Dice;
use crate::sys;
use crate::walk;

/// One object; a directory is the parent of the objects that have its number.
#[derive(Clone)]
pub struct Object {
    parent: usize,
    name: Vec<u8>,
    /// Type and permissions, valid or not.
    pub mode: u32,
    /// Owner and group as the server returns them, that is, in the user namespace of its mount.
    pub owner: (u32, u32),
    /// Number of a device.
    pub device: u32,
    /// Contents, or the target of a link.
    pub data: Vec<u8>,
    /// Extended attributes.
    pub xattrs: Vec<(String, Vec<u8>)>,
}

/// The tree that the server shows: object 0 is the root.
#[derive(Clone)]
pub struct Tree(Vec<Object>);

impl Default for Tree {
    fn default() -> Self {
        Self(vec![Object {
            parent: 0,
            name: Vec::new(),
            mode: libc::S_IFDIR | 0o755,
            owner: (0, 0),
            device: 0,
            data: Vec::new(),
            xattrs: Vec::new(),
        }])
    }
}

impl Tree {
    /// Adds an object to the directory `parent`, 0 for the root; gives its number.
    pub fn add(&mut self, parent: usize, name: impl Into<Vec<u8>>, mode: u32) -> usize {
        self.0.push(Object {
            parent,
            name: name.into(),
            mode,
            ..self.0[0].clone()
        });
        self.0.len() - 1
    }

    /// An object, for changes.
    pub fn object(&mut self, number: usize) -> &mut Object {
        &mut self.0[number]
    }
}

/// How reliable the answers are.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Manner {
    /// Correct.
    Honest,
    /// One answer in a few is wrong, depending on this seed.
    Lying(u64),
    /// Directories never end.
    Endless,
    /// Data come after so many seconds, one request at a time.
    Slow(u64),
    /// Correct, and valid for so many seconds, also for names that do not exist.
    Believed(u64),
    /// A query for the beginning of data never gets an answer.
    Silent,
}

/// Mounts a tree on `target`; its server ends when it is unmounted, or when this process ends. Everybody may use it, as
/// with the option `allow_other`.
pub fn mount(
    b: &Bench,
    target: &Path,
    flags: u64,
    tree: &Tree,
    manner: Manner,
) -> Result<(), String> {
    mount_mirror(b, target, flags, tree, manner, None)
}

/// Like [`mount`], with a server whose tree is updated on request from a directory of the machine. The times of
/// directories do not change, as on a file system that shows several branches as one.
pub fn mount_mirror(
    b: &Bench,
    target: &Path,
    flags: u64,
    tree: &Tree,
    manner: Manner,
    mirrored: Option<&Path>,
) -> Result<(), String> {
    let device = b.works("opening /dev/fuse", sys::open("/dev/fuse", libc::O_RDWR, 0))?;
    let root = tree.0[0].mode & libc::S_IFMT;
    let data = format!("fd={device},rootmode={root:o},user_id=0,group_id=0,allow_other");
    b.works(
        "mounting a FUSE file system",
        sys::mount("fuse", target, "fuse", flags, data.as_bytes()),
    )?;
    let mut server = Server {
        device,
        tree: tree.0.clone(),
        manner,
        mirrored: mirrored.map(Path::to_owned),
        dice: Dice::new(match manner {
            Manner::Lying(seed) => seed,
            _ => 0,
        }),
    };
    b.works("starting a server", process::servant(|| server.serve()))?;
    Ok(sys::close(device)?)
}

struct Server {
    device: RawFd,
    tree: Vec<Object>,
    manner: Manner,
    mirrored: Option<PathBuf>,
    dice: Dice,
}

/// The answer to one request.
type Answer = Result<Vec<u8>, i32>;

/// The parent of objects that are in no directory any more.
const GONE: usize = usize::MAX;

const HEADER: usize = 40;
/// The longest request: those that are answered contain names, not data.
const REQUEST: usize = 64 << 10;

impl Server {
    fn serve(&mut self) {
        // ENODEV once it is unmounted.
        while let Ok(request) = sys::read(self.device, REQUEST, None) {
            if request.len() < HEADER {
                continue;
            }
            let (unique, opcode) = (number(&request, 8), number(&request, 4) as u32);
            if let Some(root) = self.mirrored.clone() {
                self.mirror(0, &root);
            }
            let Some(answer) = self.answer(opcode, &request) else {
                continue;
            };
            let (error, body) = match answer {
                Ok(body) => (0, body),
                Err(error) => (-error, Vec::new()),
            };
            if self.send(unique, error, &body).is_err() {
                // The kernel has rejected the answer; the request still waits.
                let _ = self.send(unique, -libc::EIO, &[]);
            }
        }
    }

    /// Makes the contents of a directory those of a directory of the machine.
    fn mirror(&mut self, parent: usize, path: &Path) {
        let listed = walk::list(path).unwrap_or_default();
        for object in self.tree.iter_mut().skip(1) {
            if object.parent == parent && !listed.iter().any(|entry| entry.name == object.name) {
                object.parent = GONE;
            }
        }
        for entry in listed {
            let path = path.join(OsStr::from_bytes(&entry.name));
            let Ok(stat) = sys::stat(&path, libc::AT_SYMLINK_NOFOLLOW) else {
                continue;
            };
            let is_it = |object: &Object| object.parent == parent && object.name == entry.name;
            let known = self.tree.iter().skip(1).position(is_it);
            let index = known.map(|index| index + 1).unwrap_or_else(|| {
                self.tree.push(Object {
                    parent,
                    name: entry.name.clone(),
                    mode: stat.st_mode,
                    ..self.tree[0].clone()
                });
                self.tree.len() - 1
            });
            if walk::kind(&stat) == libc::S_IFDIR {
                self.mirror(index, &path);
            } else {
                self.tree[index].data = std::fs::read(&path).unwrap_or_default();
            }
        }
    }

    fn send(&self, unique: u64, error: i32, body: &[u8]) -> sys::Result<usize> {
        let mut message = ((16 + body.len()) as u32).to_ne_bytes().to_vec();
        message.extend(error.to_ne_bytes());
        message.extend(unique.to_ne_bytes());
        message.extend(body);
        sys::write(self.device, &message, None)
    }

    /// The answer to a request; some get none.
    fn answer(&mut self, opcode: u32, request: &[u8]) -> Option<Answer> {
        let node = number(request, 16) as usize;
        let body = &request[HEADER..];
        if opcode != 26 && self.lies(40) {
            return Some(Err(1 + self.dice.roll(511) as i32));
        }
        Some(match opcode {
            // FORGET and BATCH_FORGET, INTERRUPT: they expect no answer.
            2 | 42 | 36 => return None,
            // LSEEK.
            46 if self.manner == Manner::Silent => return None,
            26 => Ok(init()),
            1 => self.lookup(node, until_nul(body)),
            3 => self.attributes(node),
            5 => self.with(node, |object| object.data.clone()),
            // OPEN, OPENDIR: no handle, no flags.
            14 | 27 => Ok(vec![0; 16]),
            15 => {
                let (at, size) = (number(body, 8) as usize, number(body, 16) as u32 as usize);
                if let Manner::Slow(seconds) = self.manner {
                    std::thread::sleep(Duration::from_secs(seconds));
                }
                self.with(node, |object| {
                    let data = object.data.get(at..).unwrap_or_default();
                    data[..data.len().min(size)].to_vec()
                })
            }
            28 => {
                let (at, size) = (number(body, 8), number(body, 16) as u32 as usize);
                Ok(self.entries(node, at, size))
            }
            17 => Ok(statistics()),
            22 => {
                let size = number(body, 0) as u32 as usize;
                let name = until_nul(body.get(8..).unwrap_or_default()).to_vec();
                self.attribute(node, &name, size)
            }
            23 => {
                let size = number(body, 0) as u32 as usize;
                let names = self.with(node, |object| {
                    let names = object.xattrs.iter();
                    names
                        .flat_map(|(name, _)| [name.as_bytes(), b"\0"].concat())
                        .collect::<Vec<u8>>()
                });
                names.and_then(|names| self.sized(names, size))
            }
            // RELEASE, RELEASEDIR.
            18 | 29 => Ok(Vec::new()),
            _ => Err(libc::ENOSYS),
        })
    }

    /// True once in `rarely` times, if the server lies at all.
    fn lies(&mut self, rarely: usize) -> bool {
        matches!(self.manner, Manner::Lying(_)) && self.dice.roll(rarely) == 0
    }

    fn with<T>(&self, node: usize, get: impl FnOnce(&Object) -> T) -> Result<T, i32> {
        node.checked_sub(1)
            .and_then(|index| self.tree.get(index))
            .map(get)
            .ok_or(libc::ESTALE)
    }

    fn lookup(&mut self, node: usize, name: &[u8]) -> Answer {
        let parent = node.wrapping_sub(1);
        let found = self
            .tree
            .iter()
            .skip(1)
            .position(|object| object.parent == parent && object.name == name);
        let Some(index) = found else {
            return match self.manner {
                Manner::Believed(seconds) => {
                    // Without a number: the name does not exist, for so long.
                    let mut body = vec![0; 128];
                    body[16..24].copy_from_slice(&seconds.to_ne_bytes());
                    Ok(body)
                }
                _ => Err(libc::ENOENT),
            };
        };
        let mut number = index as u64 + 2;
        if self.lies(30) {
            number = self.dice.roll(self.tree.len() + 3) as u64;
        }
        // Generation; how long the name and the attributes are valid, in whole seconds and parts.
        let good = self.good_for();
        let mut body = Vec::new();
        for word in [number, 0, good, good, 0] {
            body.extend(word.to_ne_bytes());
        }
        body.extend(self.attr(index + 1));
        Ok(body)
    }

    fn attributes(&mut self, node: usize) -> Answer {
        self.with(node, |_| ())?;
        let mut body = self.good_for().to_ne_bytes().to_vec();
        body.extend([0; 8]);
        body.extend(self.attr(node - 1));
        Ok(body)
    }

    /// For how many seconds an answer is valid; a server that never lies is asked each time.
    fn good_for(&mut self) -> u64 {
        match self.manner {
            Manner::Lying(_) => [1000, 1000, 1, 0][self.dice.roll(4)],
            Manner::Believed(seconds) => seconds,
            _ => 0,
        }
    }

    /// struct fuse_attr.
    fn attr(&mut self, index: usize) -> Vec<u8> {
        let object = self.tree[index].clone();
        let (mut mode, mut size, mut owner) = (object.mode, object.data.len() as u64, object.owner);
        if self.lies(15) {
            match self.dice.roll(4) {
                // Any type, also invalid ones.
                0 => mode = (mode & 0o7777) | (self.dice.roll(16) as u32) << 12,
                1 => mode ^= self.dice.roll(0o10000) as u32,
                2 => size = (self.dice.roll(1 << 30) as u64) << self.dice.roll(35),
                _ => owner = (self.dice.roll(70000) as u32, u32::MAX),
            }
        }
        let mut body = Vec::new();
        for word in [index as u64 + 1, size, size.div_ceil(512), 1, 2, 3] {
            body.extend(word.to_ne_bytes());
        }
        for word in [4, 5, 6, mode, 1, owner.0, owner.1, object.device, 4096, 0] {
            body.extend(word.to_ne_bytes());
        }
        body
    }

    /// Entries from position `at` on, as many as fit into `size` bytes.
    fn entries(&mut self, node: usize, at: u64, size: usize) -> Vec<u8> {
        let parent = node.wrapping_sub(1);
        let mut list: Vec<(Vec<u8>, u64, u32)> = vec![
            (b".".to_vec(), 1, libc::DT_DIR.into()),
            (b"..".to_vec(), 1, libc::DT_DIR.into()),
        ];
        for (index, object) in self.tree.iter().enumerate().skip(1) {
            if object.parent == parent {
                list.push((
                    object.name.clone(),
                    index as u64 + 1,
                    object.mode >> 12 & 15,
                ));
            }
        }
        let mut body = Vec::new();
        for position in at.. {
            let entry = match list.get(position as usize) {
                Some(entry) => entry.clone(),
                None if self.manner == Manner::Endless => (
                    format!("n{position}").into_bytes(),
                    position,
                    libc::DT_REG.into(),
                ),
                None => break,
            };
            let (mut name, mut ino, mut kind) = entry;
            if self.lies(10) {
                match self.dice.roll(5) {
                    0 => kind = self.dice.roll(usize::MAX) as u32,
                    1 => kind = self.dice.roll(17) as u32,
                    2 => ino = [0, u64::MAX, 1 << 48][self.dice.roll(3)],
                    3 => name = vec![b'n'; 1 + self.dice.roll(1100)],
                    _ => {
                        let at = self.dice.roll(name.len());
                        name[at] = self.dice.roll(256) as u8;
                    }
                }
            }
            let padded = (24 + name.len()).next_multiple_of(8);
            if body.len() + padded > size {
                break;
            }
            let end = body.len() + padded;
            body.extend(ino.to_ne_bytes());
            body.extend((position + 1).to_ne_bytes());
            body.extend((name.len() as u32).to_ne_bytes());
            body.extend(kind.to_ne_bytes());
            body.extend(&name);
            body.resize(end, 0);
        }
        body
    }

    fn attribute(&mut self, node: usize, name: &[u8], size: usize) -> Answer {
        let value = self.with(node, |object| {
            let found = object
                .xattrs
                .iter()
                .find(|(known, _)| known.as_bytes() == name);
            found.map(|(_, value)| value.clone())
        })?;
        let mut value = value.ok_or(libc::ENODATA)?;
        if self.lies(5) {
            // Longer or shorter than a moment ago.
            value.resize(self.dice.roll(600), self.dice.roll(256) as u8);
        }
        self.sized(value, size)
    }

    /// The value, or its length if only that was requested.
    fn sized(&mut self, value: Vec<u8>, size: usize) -> Answer {
        match size {
            0 => Ok([value.len() as u32, 0].map(u32::to_ne_bytes).concat()),
            size if size < value.len() && !self.lies(2) => Err(libc::ERANGE),
            _ => Ok(value),
        }
    }
}

/// Protocol 7.31 without any of its options.
fn init() -> Vec<u8> {
    let mut body = Vec::new();
    for word in [7u32, 31, 0, 0, 0x000c_0010, 4096, 1] {
        body.extend(word.to_ne_bytes());
    }
    body.resize(64, 0);
    body
}

/// struct fuse_kstatfs.
fn statistics() -> Vec<u8> {
    let mut body = vec![0; 40];
    for word in [4096u32, 255, 4096] {
        body.extend(word.to_ne_bytes());
    }
    body.resize(80, 0);
    body
}

fn until_nul(bytes: &[u8]) -> &[u8] {
    bytes.split(|byte| *byte == 0).next().unwrap_or_default()
}

/// The eight bytes at `at`, zeros beyond the end of the request.
fn number(bytes: &[u8], at: usize) -> u64 {
    let mut word = [0; 8];
    for (to, from) in word.iter_mut().zip(bytes.get(at..).unwrap_or_default()) {
        *to = *from;
    }
    u64::from_ne_bytes(word)
}
