// SPDX-License-Identifier: GPL-2.0-only

//! What is written down of a file whose data are partly in the upper layer.
//!
//! Two attributes of the upper file. `overlay.metacopy` alone says which of the two files has the
//! data ([`Mark`]), and overlayfs reads it as well. `overlay.union.part` is valid under
//! [`Mark::Partial`] only; all numbers are little-endian, and its length never changes, so that
//! setting it again needs no space:
//!
//! ```text
//!  1  version, 1
//!  1  flags: 1 the map is in a sidecar
//!  1  granules have 1 << this many bytes
//!  5  0
//!  8  limit: bytes from here on are the upper file's
//!  8  size of the lower file
//!  8  its modification time, seconds
//!  4  nanoseconds
//!  4  0
//!  8  hash of what identifies the lower file
//!  8  number of the sidecar; 0: there is none yet, and no granule is there
//!     map, unless it is in a sidecar: bit n of byte m is granule 8 * m + n
//!  8  checksum of all before: SipHash-1-3 under the key 2
//! ```
//!
//! A sidecar begins with a head of 4 KiB, of which the rest is 0; the map follows. Granules are only
//! ever added to a map, so one that is half written is true, and has no checksum:
//!
//! ```text
//!  8  "unionmap"
//!  8  version, 1
//!  8  its number
//!  8  granules
//!  8  hash of what identifies the upper layer
//!  8  hash of what identifies the file in it
//!  8  checksum of all before: SipHash-1-3 under the key 2
//! ```
//!
//! Layers come from anywhere, so every decoder is total: any bytes give a value or [`Unreadable`].

use super::super::alloc::{AllocError, Vec};
use super::super::hash;
use super::super::value;
use super::granules::{Geometry, Granules, Place};
use core::num::NonZeroU64;

const VERSION: u8 = 1;
const IN_SIDECAR: u8 = 1;
const CHECKSUM_KEY: u64 = 2;
/// Bytes of the attribute before the map.
const HEADER: usize = 56;
const CHECKSUM: usize = 8;

/// Bytes of a sidecar before the map.
pub const SIDECAR_HEAD: usize = 4096;
const SIDECAR_MAGIC: [u8; 8] = *b"unionmap";
/// Those of them that say something.
const SIDECAR_USED: usize = 56;

/// Why what is written down cannot be followed (`EIO`).
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Unreadable {
    /// It is damaged, or was written by nobody.
    Damaged,
    /// It is of a later version.
    Version(u8),
    /// The sidecar does not exist, or is another file's.
    NoSidecar,
    /// The sidecar is that of another file of this layer: this one was copied with its attributes, or put back.
    /// What has become of the granules since is not known.
    OtherFile,
    /// The lower file is not the one that the granules which are missing belong to.
    OtherLower,
    /// There is no memory (`ENOMEM`).
    NoMemory,
}

impl From<AllocError> for Unreadable {
    fn from(_: AllocError) -> Self {
        Unreadable::NoMemory
    }
}

/// What [`Attr::Metacopy`](super::super::codec::Attr::Metacopy) says of the data of a file.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Mark {
    /// They are in the lower file, all of them. This is overlayfs's own mark, and it is set on
    /// nothing but what overlayfs would have left: the upper file has the size of the lower one.
    Lower,
    /// `overlay.union.part` says where they are. overlayfs refuses the file, whatever its options:
    /// to it, the mark is too short (`ovl_check_metacopy_xattr()`).
    Partial,
}

impl Mark {
    /// The value to store.
    pub const fn encode(self) -> &'static [u8] {
        match self {
            Mark::Lower => b"",
            Mark::Partial => b"P",
        }
    }

    /// Decodes the attribute.
    pub fn decode(value: &[u8]) -> Result<Self, Unreadable> {
        if value == Mark::Partial.encode() {
            return Ok(Mark::Partial);
        }
        match value::metacopy(value) {
            Ok(_) => Ok(Mark::Lower),
            Err(_) => Err(Unreadable::Damaged),
        }
    }
}

/// What tells a lower file from others, and from itself with other data.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Identity {
    /// Bytes of data.
    pub size: u64,
    /// When they were changed: seconds, nanoseconds.
    pub mtime: (i64, u32),
    /// A hash of file system, inode number, generation, size and modification time. Not of the
    /// change time: links and chmod(1) on a layer leave the data alone.
    pub hash: u64,
}

/// Whether a lower file is the one that was written down.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Sameness {
    /// It is.
    Same,
    /// It is another inode with the same data: the layer was copied. Whole seconds prove nothing,
    /// for archives and image builders write such times.
    Copied,
    /// It is not.
    Other,
}

impl Identity {
    /// Whether `now` is the lower file that was written down.
    pub fn compare(&self, now: &Self) -> Sameness {
        if self == now {
            Sameness::Same
        } else if self.size == now.size && self.mtime == now.mtime && self.mtime.1 != 0 {
            Sameness::Copied
        } else {
            Sameness::Other
        }
    }
}

/// The number of a sidecar, which is its name.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct SidecarId(pub NonZeroU64);

/// Where the map is, and which file has it.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum MapAt {
    /// Behind the header.
    Attribute,
    /// In this sidecar; `None`: it is not made yet.
    Sidecar(Option<SidecarId>),
}

impl MapAt {
    /// Of a file without a granule yet.
    pub const fn new(place: Place) -> Self {
        match place {
            Place::Attribute => MapAt::Attribute,
            Place::Sidecar => MapAt::Sidecar(None),
        }
    }
}

/// The attribute `overlay.union.part`, without the map.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Header {
    /// How the lower file is divided.
    pub geometry: Geometry,
    /// The lowest size the file has had since it was copied up, at first that of the lower file.
    pub limit: u64,
    /// The lower file.
    pub lower: Identity,
    /// Where the map is.
    pub map: MapAt,
}

impl Header {
    /// Bytes of the attribute.
    pub(super) fn len(&self) -> Result<usize, AllocError> {
        let map = match self.map {
            MapAt::Attribute => Granules::bytes_for(self.geometry.count()),
            MapAt::Sidecar(_) => 0,
        };
        usize::try_from(map)
            .ok()
            .and_then(|map| map.checked_add(HEADER + CHECKSUM))
            .ok_or(AllocError)
    }

    /// The value to store, with the granules that are on the disk.
    pub fn encode(&self, granules: &Granules) -> Result<Vec<u8>, AllocError> {
        let mut bytes = Vec::new();
        self.encode_to(granules, &mut bytes)?;
        Ok(bytes)
    }

    /// The same to an empty array. If that has [room](Self::len) for it, nothing is allocated.
    pub(super) fn encode_to(
        &self,
        granules: &Granules,
        bytes: &mut Vec<u8>,
    ) -> Result<(), AllocError> {
        let (flags, sidecar) = match self.map {
            MapAt::Attribute => (0, 0),
            MapAt::Sidecar(id) => (IN_SIDECAR, id.map_or(0, |id| id.0.get())),
        };
        let (seconds, nanoseconds) = self.lower.mtime;
        let words = [
            u64::from_le_bytes([VERSION, flags, self.geometry.shift(), 0, 0, 0, 0, 0]),
            self.limit,
            self.lower.size,
            seconds as u64,
            u64::from(nanoseconds),
            self.lower.hash,
            sidecar,
        ];
        bytes.reserve(self.len()?)?;
        for word in words {
            bytes.extend_from_slice(&word.to_le_bytes())?;
        }
        if let MapAt::Attribute = self.map {
            for at in 0..Granules::bytes_for(self.geometry.count()) {
                bytes.push(granules.byte(at))?;
            }
        }
        let checksum = hash::name(CHECKSUM_KEY, bytes).0;
        bytes.extend_from_slice(&checksum.to_le_bytes())
    }

    /// Decodes the attribute; also returns the map, which is empty if it is in a sidecar.
    pub fn decode(value: &[u8]) -> Result<(Self, &[u8]), Unreadable> {
        let damaged = Unreadable::Damaged;
        let version = *value.first().ok_or(damaged)?;
        if version != VERSION {
            return Err(Unreadable::Version(version));
        }
        let (rest, map) = checked(value)?
            .split_first_chunk::<HEADER>()
            .ok_or(damaged)?;
        let [first, limit, size, seconds, nanoseconds, hash, sidecar] = words(rest);
        let [_, flags, shift, zeros @ ..] = first.to_le_bytes();
        let header = Header {
            geometry: Geometry::new(size, shift).ok_or(damaged)?,
            limit,
            lower: Identity {
                size,
                mtime: (
                    seconds as i64,
                    u32::try_from(nanoseconds).map_err(|_| damaged)?,
                ),
                hash,
            },
            map: match (flags, NonZeroU64::new(sidecar)) {
                (0, None) => MapAt::Attribute,
                (IN_SIDECAR, id) => MapAt::Sidecar(id.map(SidecarId)),
                _ => return Err(damaged),
            },
        };
        let is_sound = header.len() == Ok(value.len()) && zeros == [0; 5] && limit <= size;
        match is_sound {
            true => Ok((header, map)),
            false => Err(damaged),
        }
    }
}

/// The bytes before a checksum which is right.
fn checked(bytes: &[u8]) -> Result<&[u8], Unreadable> {
    match bytes.split_last_chunk::<CHECKSUM>() {
        Some((body, sum)) if hash::name(CHECKSUM_KEY, body).0.to_le_bytes() == *sum => Ok(body),
        _ => Err(Unreadable::Damaged),
    }
}

/// The numbers that a header consists of.
fn words<const BYTES: usize, const WORDS: usize>(bytes: &[u8; BYTES]) -> [u64; WORDS] {
    let mut words = [0; WORDS];
    for (word, bytes) in words.iter_mut().zip(bytes.chunks_exact(8)) {
        let mut le = [0; 8];
        le.copy_from_slice(bytes);
        *word = u64::from_le_bytes(le);
    }
    words
}

/// The upper file that a sidecar belongs to. On a file system without handles the inode numbers alone tell.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Owner {
    /// What tells the upper layer from others: a copy of it, too.
    pub layer: u64,
    /// What tells the file from others, now and before, of the same layer.
    pub file: u64,
}

/// Whether a sidecar says that it belongs to a file.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Ownership {
    /// It does.
    Known,
    /// It was copied with the whole layer, so it belongs to the copy of its file: the first that asks.
    Moved,
}

/// The first bytes of a sidecar; up to [`SIDECAR_HEAD`] there are zeros.
pub fn sidecar_head(
    id: SidecarId,
    geometry: Geometry,
    owner: Owner,
) -> Result<Vec<u8>, AllocError> {
    let mut bytes = Vec::new();
    bytes.reserve(SIDECAR_USED)?;
    bytes.extend_from_slice(&SIDECAR_MAGIC)?;
    for word in [
        u64::from(VERSION),
        id.0.get(),
        geometry.count(),
        owner.layer,
        owner.file,
    ] {
        bytes.extend_from_slice(&word.to_le_bytes())?;
    }
    let checksum = hash::name(CHECKSUM_KEY, &bytes).0;
    bytes.extend_from_slice(&checksum.to_le_bytes())?;
    Ok(bytes)
}

/// Checks that a file which begins so is the sidecar of that number, for this file of that geometry.
pub fn check_sidecar(
    head: &[u8],
    id: SidecarId,
    geometry: Geometry,
    owner: Owner,
) -> Result<Ownership, Unreadable> {
    let (used, _) = head
        .split_first_chunk::<SIDECAR_USED>()
        .ok_or(Unreadable::NoSidecar)?;
    let [magic, version, number, count, layer, file, _] = words(used);
    if magic.to_le_bytes() != SIDECAR_MAGIC || checked(used).is_err() {
        return Err(Unreadable::NoSidecar);
    }
    if version != u64::from(VERSION) || number != id.0.get() || count != geometry.count() {
        return Err(Unreadable::NoSidecar);
    }
    match (layer == owner.layer, file == owner.file) {
        (true, true) => Ok(Ownership::Known),
        (true, false) => Err(Unreadable::OtherFile),
        (false, _) => Ok(Ownership::Moved),
    }
}
