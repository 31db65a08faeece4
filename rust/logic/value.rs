// SPDX-License-Identifier: GPL-2.0-only

//! Values of the private attributes.
//!
//! Layers come from anywhere, so every decoder is total: any bytes give a value or [`Corrupt`],
//! which the file system reports as `EIO` with the path in the log. Nothing is guessed.

use super::codec::Attr;
use super::hash;

/// A private attribute holds something it cannot mean.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Corrupt(pub Attr);

/// Of [`Attr::Opaque`].
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Opaque {
    /// Not opaque.
    No,
    /// Opaque.
    Yes,
    /// Not opaque, but holding whiteouts in the form of attributes ([`Attr::Whiteout`]).
    XWhiteouts,
}

/// The value of [`Attr::Opaque`] that marks a directory opaque.
pub const OPAQUE_YES: &[u8] = b"y";

/// Decodes [`Attr::Opaque`].
pub const fn opaque(value: &[u8]) -> Result<Opaque, Corrupt> {
    match value {
        [] => Ok(Opaque::No),
        b"y" => Ok(Opaque::Yes),
        b"x" => Ok(Opaque::XWhiteouts),
        _ => Err(Corrupt(Attr::Opaque)),
    }
}

/// Of [`Attr::Redirect`]: where in the layers beneath the lower part of an object is.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Redirect<'a> {
    /// Under this name in the lower parts of the same directory.
    Relative(&'a [u8]),
    /// At this path from the root of the layers.
    Absolute(&'a [u8]),
}

/// Decodes [`Attr::Redirect`].
///
/// A redirect must not lead out of the layer, so no component may be empty, `.` or `..`.
pub fn redirect(value: &[u8]) -> Result<Redirect<'_>, Corrupt> {
    let plain = |name: &[u8]| !matches!(name, b"" | b"." | b"..") && !name.contains(&0);
    match value.strip_prefix(b"/") {
        Some(path) if path.split(|&b| b == b'/').all(plain) => Ok(Redirect::Absolute(value)),
        None if plain(value) && !value.contains(&b'/') => Ok(Redirect::Relative(value)),
        _ => Err(Corrupt(Attr::Redirect)),
    }
}

/// Of [`Attr::Origin`] and [`Attr::Upper`]: which inode of which file system is meant.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum FileHandle<'a> {
    /// Copied up, from an object that could not be named, or is named in a way that this machine
    /// does not understand.
    Unknown,
    /// The inode with this handle.
    Known {
        /// The type of the handle, which only its file system understands.
        kind: u8,
        /// Whether the handle names an object of the upper layer.
        of_upper: bool,
        /// Identity of the file system.
        uuid: [u8; 16],
        /// The handle.
        id: &'a [u8],
    },
}

const HANDLE_HEADER: usize = 21;
const HANDLE_VERSION: u8 = 0;
const HANDLE_MAGIC: u8 = 0xfb;
const HANDLE_BIG_ENDIAN: u8 = 1 << 0;
const HANDLE_ANY_ENDIAN: u8 = 1 << 1;
const HANDLE_OF_UPPER: u8 = 1 << 2;
const HANDLE_FLAGS: u8 = HANDLE_BIG_ENDIAN | HANDLE_ANY_ENDIAN | HANDLE_OF_UPPER;

/// Whether this machine writes handles in big-endian order.
const BIG_ENDIAN: bool = u16::from_ne_bytes([0, 1]) == 1;

/// Decodes [`Attr::Origin`] or [`Attr::Upper`]; `attr` says which, for the error.
///
/// Layout: version, magic, length of all of it, flags, type, file system uuid, handle. An unknown
/// version or flag and the other byte order are no corruption: the origin is just not known here.
pub fn file_handle(attr: Attr, value: &[u8]) -> Result<FileHandle<'_>, Corrupt> {
    if value.is_empty() {
        return Ok(FileHandle::Unknown);
    }
    let corrupt = Corrupt(attr);
    let (header, _) = value.split_first_chunk::<5>().ok_or(corrupt)?;
    let [version, magic, len, flags, kind] = *header;
    let value = value.get(..usize::from(len)).ok_or(corrupt)?;
    let (_, after) = value.split_first_chunk::<5>().ok_or(corrupt)?;
    let (uuid, id) = after.split_first_chunk::<16>().ok_or(corrupt)?;
    if magic != HANDLE_MAGIC {
        return Err(corrupt);
    }
    let other_order =
        flags & HANDLE_ANY_ENDIAN == 0 && (flags & HANDLE_BIG_ENDIAN != 0) != BIG_ENDIAN;
    if version > HANDLE_VERSION || flags & !HANDLE_FLAGS != 0 || other_order {
        return Ok(FileHandle::Unknown);
    }
    Ok(FileHandle::Known {
        kind,
        of_upper: flags & HANDLE_OF_UPPER != 0,
        uuid: *uuid,
        id,
    })
}

/// Encodes what stands before a handle of `id_len` bytes; `None` if it is too long to be stored.
pub fn file_handle_header(
    kind: u8,
    of_upper: bool,
    uuid: [u8; 16],
    id_len: usize,
) -> Option<[u8; HANDLE_HEADER]> {
    if id_len > 255 - HANDLE_HEADER {
        return None;
    }
    let mut header = [0; HANDLE_HEADER];
    let (fixed, rest) = header.split_at_mut(5);
    let order = if BIG_ENDIAN { HANDLE_BIG_ENDIAN } else { 0 };
    let side = if of_upper { HANDLE_OF_UPPER } else { 0 };
    let len = (HANDLE_HEADER + id_len) as u8;
    fixed.copy_from_slice(&[HANDLE_VERSION, HANDLE_MAGIC, len, order | side, kind]);
    rest.copy_from_slice(&uuid);
    Some(header)
}

/// Of [`Attr::Nlink`]: the link count of a union inode, counted from that of a real one.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Nlink {
    /// This many more (or fewer) than the lower inode has.
    Lower(i32),
    /// This many more (or fewer) than the upper inode has.
    Upper(i32),
}

/// Decodes [`Attr::Nlink`]: `L` or `U`, a sign, and a decimal number.
pub fn nlink(value: &[u8]) -> Result<Nlink, Corrupt> {
    let corrupt = Corrupt(Attr::Nlink);
    let [side, sign @ (b'+' | b'-'), digits @ ..] = value else {
        return Err(corrupt);
    };
    if digits.is_empty() {
        return Err(corrupt);
    }
    let mut number = 0i32;
    for digit in digits {
        if !digit.is_ascii_digit() {
            return Err(corrupt);
        }
        let digit = i32::from(*digit & 0x0f);
        // Counted downwards for a minus, for there is one negative number more.
        let signed = if *sign == b'-' { -digit } else { digit };
        number = number
            .checked_mul(10)
            .and_then(|tens| tens.checked_add(signed))
            .ok_or(corrupt)?;
    }
    match side {
        b'L' => Ok(Nlink::Lower(number)),
        b'U' => Ok(Nlink::Upper(number)),
        _ => Err(corrupt),
    }
}

/// Of [`Attr::Metacopy`]: the data of the file is in a lower layer.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Metacopy<'a> {
    /// The fs-verity algorithm of the digest; 0 for no digest.
    pub algorithm: u8,
    /// The digest which the lower data must have.
    pub digest: &'a [u8],
}

/// The longest fs-verity digest, in bytes.
pub const MAX_DIGEST: usize = 64;
/// The longest value of [`Attr::Metacopy`], in bytes.
pub const MAX_METACOPY: usize = 4 + MAX_DIGEST;

/// Encodes [`Attr::Metacopy`]; without a digest it is empty. `None` if the digest is too long.
pub fn encode_metacopy<'a>(
    metacopy: &Metacopy<'_>,
    buffer: &'a mut [u8; MAX_METACOPY],
) -> Option<&'a [u8]> {
    if metacopy.algorithm == 0 {
        return Some(&[]);
    }
    let value = buffer.get_mut(..metacopy.digest.len().checked_add(4)?)?;
    let len = u8::try_from(value.len()).ok()?;
    let (header, digest) = value.split_first_chunk_mut()?;
    *header = [0, len, 0, metacopy.algorithm];
    digest.copy_from_slice(metacopy.digest);
    Some(value)
}

/// Decodes [`Attr::Metacopy`]: nothing at all, or version, length of all of it, flags, algorithm,
/// digest.
pub fn metacopy(value: &[u8]) -> Result<Metacopy<'_>, Corrupt> {
    match value {
        [] => Ok(Metacopy {
            algorithm: 0,
            digest: &[],
        }),
        [0, len, _flags, algorithm, digest @ ..]
            if usize::from(*len) == value.len() && digest.len() <= MAX_DIGEST =>
        {
            Ok(Metacopy {
                algorithm: *algorithm,
                digest,
            })
        }
        _ => Err(Corrupt(Attr::Metacopy)),
    }
}

/// Of [`Attr::Protattr`]: flags that the union shows and enforces in the place of the real inode.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Protattr {
    /// Nothing about the file may change.
    pub immutable: bool,
    /// Data may only be added.
    pub append: bool,
}

/// Decodes [`Attr::Protattr`]: the letters of the flags that are set.
pub fn protattr(value: &[u8]) -> Result<Protattr, Corrupt> {
    let mut flags = Protattr::default();
    for letter in value {
        let flag = match letter {
            b'i' => &mut flags.immutable,
            b'a' => &mut flags.append,
            _ => return Err(Corrupt(Attr::Protattr)),
        };
        if core::mem::replace(flag, true) {
            return Err(Corrupt(Attr::Protattr));
        }
    }
    Ok(flags)
}

impl Protattr {
    /// The value to store; when it is empty, the attribute is to be removed.
    pub const fn encode(self) -> &'static [u8] {
        match (self.append, self.immutable) {
            (false, false) => b"",
            (false, true) => b"i",
            (true, false) => b"a",
            (true, true) => b"ai",
        }
    }
}

/// Decodes [`Attr::Impure`].
pub const fn impure(value: &[u8]) -> Result<bool, Corrupt> {
    match value {
        [] => Ok(false),
        b"y" => Ok(true),
        _ => Err(Corrupt(Attr::Impure)),
    }
}

/// Decodes [`Attr::Uuid`].
pub fn uuid(value: &[u8]) -> Result<[u8; 16], Corrupt> {
    value.try_into().map_err(|_| Corrupt(Attr::Uuid))
}

/// The longest file handle that is stored, in bytes: enough for all file systems but network ones, whose
/// handles mean nothing to anybody else.
pub const MAX_HANDLE: usize = 64;
/// The longest value of [`Attr::UnionIno`], in bytes.
pub const MAX_MARK: usize = 1 + 8 + 4 + 2 * (2 + MAX_HANDLE);

/// What a file system finds an inode by; or nothing, where it cannot say.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Handle {
    kind: u8,
    len: u8,
    id: [u8; MAX_HANDLE],
}

impl Handle {
    /// Nothing.
    pub const NONE: Self = Handle {
        kind: 0,
        len: 0,
        id: [0; MAX_HANDLE],
    };

    /// A handle of a type that only its file system understands. One that is too long is none.
    pub fn new(kind: u8, id: &[u8]) -> Self {
        let mut handle = Self::NONE;
        let (Ok(len), Some(room)) = (u8::try_from(id.len()), handle.id.get_mut(..id.len())) else {
            return Self::NONE;
        };
        if id.is_empty() {
            return Self::NONE;
        }
        room.copy_from_slice(id);
        Handle {
            kind,
            len,
            ..handle
        }
    }

    /// The handle itself.
    pub fn id(&self) -> &[u8] {
        self.id.get(..usize::from(self.len)).unwrap_or_default()
    }

    /// Whether it names nothing.
    pub const fn is_none(&self) -> bool {
        self.len == 0
    }

    /// A digest, which is what a mark has room for: three bytes, as no handle of a file system has.
    ///
    /// With it the mark takes 20 bytes, and fits into an ext4 inode of 256 bytes beside the mark of a file
    /// without data. An equal digest of another object would make the copy show that one's number, which
    /// the copy hides: none would be there twice.
    pub fn digest(&self) -> Self {
        if self.is_none() {
            return Self::NONE;
        }
        let [a, b, c, ..] = self.hash().to_le_bytes();
        Self::new(self.kind, &[a, b, c])
    }

    /// A number for it that another handle is not likely to have.
    pub fn hash(&self) -> u64 {
        self.id().iter().fold(u64::from(self.kind), |hash, byte| {
            hash::combine(hash, u64::from(*byte))
        })
    }

    /// Whether it is the handle that is stored as `stored`: as a digest, or, by an earlier version, as a
    /// whole.
    pub fn is_stored_as(&self, stored: &Self) -> bool {
        self == stored || self.digest() == *stored
    }

    /// Takes one from the beginning of `bytes`, and gives what follows it.
    fn split(bytes: &[u8]) -> Option<(Self, &[u8])> {
        let ([kind, len], rest) = bytes.split_first_chunk()?;
        let (id, rest) = rest.split_at_checked(usize::from(*len))?;
        if id.len() > MAX_HANDLE {
            return None;
        }
        Some((Self::new(*kind, id), rest))
    }
}

/// Of [`Attr::UnionIno`]: the number an object had below when it was copied up, and what it was there.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Mark {
    /// The number it showed then.
    pub number: u64,
    /// What it is a copy of; version 1 does not say.
    pub origin: Option<Origin>,
}

/// What an object is a copy of.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Origin {
    /// Tells the file system from others; 0 if nothing does.
    pub tag: u32,
    /// The lower object, or a digest of its handle.
    pub object: Handle,
    /// The lower directory it was in; only an earlier version has stored it.
    pub parent: Handle,
}

const MARK_NUMBER_ONLY: u8 = 1;
const MARK_WITH_ORIGIN: u8 = 2;

/// Encodes [`Attr::UnionIno`]. Numbers are little-endian:
///
/// ```text
/// 1  version, 2
/// 8  number
/// 4  tag of the file system
/// 1  type of the handle of the lower object
/// 1  its length; 0: none
///    handle
/// 1  type of the handle of its lower parent
/// 1  its length; 0: none
///    handle
/// ```
pub fn encode_union_ino<'a>(
    number: u64,
    origin: &Origin,
    buffer: &'a mut [u8; MAX_MARK],
) -> &'a [u8] {
    let handle = |handle: &Handle| ([handle.kind, handle.len], *handle);
    let (object_head, object) = handle(&origin.object);
    let (parent_head, parent) = handle(&origin.parent);
    let pieces: [&[u8]; 7] = [
        &[MARK_WITH_ORIGIN],
        &number.to_le_bytes(),
        &origin.tag.to_le_bytes(),
        &object_head,
        object.id(),
        &parent_head,
        parent.id(),
    ];
    let mut len = 0usize;
    for byte in pieces.iter().flat_map(|piece| piece.iter()) {
        if let Some(place) = buffer.get_mut(len) {
            *place = *byte;
            len = len.saturating_add(1);
        }
    }
    buffer.get(..len).unwrap_or_default()
}

/// Decodes [`Attr::UnionIno`]. Inode number 0 does not exist.
pub fn union_ino(value: &[u8]) -> Result<Mark, Corrupt> {
    let corrupt = Corrupt(Attr::UnionIno);
    let (version, rest) = value.split_first().ok_or(corrupt)?;
    let (number, rest) = rest.split_first_chunk().ok_or(corrupt)?;
    let number = u64::from_le_bytes(*number);
    if number == 0 {
        return Err(corrupt);
    }
    let origin = match (*version, rest) {
        (MARK_NUMBER_ONLY, []) => None,
        (MARK_WITH_ORIGIN, rest) => {
            let (tag, rest) = rest.split_first_chunk().ok_or(corrupt)?;
            let (object, rest) = Handle::split(rest).ok_or(corrupt)?;
            let (parent, rest) = Handle::split(rest).ok_or(corrupt)?;
            if !rest.is_empty() {
                return Err(corrupt);
            }
            Some(Origin {
                tag: u32::from_le_bytes(*tag),
                object,
                parent,
            })
        }
        _ => return Err(corrupt),
    };
    Ok(Mark { number, origin })
}
