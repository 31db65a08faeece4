// SPDX-License-Identifier: GPL-2.0-only

//! The durable form of a fallthru set.
//!
//! A record is kept in the upper layer, so that a directory that was merged once need not be merged
//! again after the next mount. It is bound to the directories it was made of by a [`RecordId`]; a
//! record of other directories or of another version, or a damaged one, is useless, and the set is
//! read again. Records can therefore be written in any order and without syncing: a lost record
//! loses nothing.
//!
//! All numbers are little-endian:
//!
//! ```text
//! header      8  "unionset"
//!             4  version, 1
//!             4  number of names
//!             4  number of further layers
//!             4  bytes of all names
//!            16  identity
//! per name    8  inode number
//!             2  lower directory: its place in the stack of the directory, 0 is the topmost
//!             1  type (DT_)
//!             1  length
//! per layer   4  place of the name
//!             2  lower directory
//! names          one after the other
//! end         8  checksum of all before: SipHash-1-3 under the key 1
//! ```

use super::alloc::{AllocError, Vec};
use super::fallthru::{Fallthrus, NameSlot};
use super::hash;
use super::merge::Seen;

const MAGIC: [u8; 8] = *b"unionset";
const VERSION: u32 = 1;
/// Bytes at the beginning of a record that tell what it is.
pub const HEADER: usize = 40;
const NAME: usize = 12;
const DEEPER: usize = 6;
const CHECKSUM: usize = 8;
const CHECKSUM_KEY: u64 = 1;

/// No record is larger than this, in bytes: some ten million names.
pub const MAX_SIZE: usize = 1 << 29;

/// The source of a set: a hash of everything that identifies the lower directories and their
/// contents.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct RecordId([u64; 2]);

impl RecordId {
    /// Of nothing yet.
    pub const fn new() -> Self {
        RecordId([0, 1])
    }

    /// With one fact more.
    #[must_use]
    pub const fn with(self, fact: u64) -> Self {
        let RecordId([a, b]) = self;
        RecordId([hash::combine(a, fact), hash::combine(b, !fact)])
    }

    /// As bytes.
    pub fn to_bytes(self) -> [u8; 16] {
        let RecordId([a, b]) = self;
        let mut bytes = [0; 16];
        for (byte, value) in bytes
            .iter_mut()
            .zip(a.to_le_bytes().into_iter().chain(b.to_le_bytes()))
        {
            *byte = value;
        }
        bytes
    }
}

impl Default for RecordId {
    fn default() -> Self {
        Self::new()
    }
}

/// Why there is no set.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum RecordError {
    /// The record is damaged, or none.
    Damaged,
    /// It is of a version that is not known.
    Version(u32),
    /// It is of other directories, or of an earlier state of these.
    Other,
    /// There is no memory.
    NoMemory,
}

impl From<AllocError> for RecordError {
    fn from(_: AllocError) -> Self {
        RecordError::NoMemory
    }
}

/// Whether a file that begins with these bytes is one of records; any other file is not ours.
///
/// It begins with a record of this version, or is empty, or has the zeros that a power cut can leave
/// where a record was being written (ext4 and xfs set the size before the data are there).
pub fn is_file(head: &[u8]) -> bool {
    let is_record = head
        .strip_prefix(&MAGIC)
        .is_some_and(|rest| rest.starts_with(&VERSION.to_le_bytes()));
    is_record || head.iter().all(|byte| *byte == 0)
}

/// How many bytes a record of the set has; `None` if it is too large for one.
pub fn size(set: &Fallthrus) -> Option<usize> {
    let (names, deeper) = (set.len(), set.deeper().len());
    let bytes: usize = set.iter().map(|fallthru| fallthru.name.len()).sum();
    let size = names
        .checked_mul(NAME)?
        .checked_add(deeper.checked_mul(DEEPER)?)?
        .checked_add(bytes)?
        .checked_add(HEADER + CHECKSUM)?;
    (size <= MAX_SIZE).then_some(size)
}

/// Writes a set down. `place` gives the place of a layer in the stack of the directory.
///
/// # Errors
///
/// Without memory; also for what cannot be expressed: more than 65,536 lower directories, names of
/// more than 255 bytes.
pub fn encode(
    set: &Fallthrus,
    identity: RecordId,
    place: impl Fn(u32) -> Option<u16>,
) -> Result<Vec<u8>, AllocError> {
    let place = |layer| place(layer).ok_or(AllocError);
    let count = |len: usize| u32::try_from(len).map_err(|_| AllocError);
    let size = size(set).ok_or(AllocError)?;
    let (names, deeper) = (set.len(), set.deeper());
    let bytes = size - HEADER - CHECKSUM - names * NAME - deeper.len() * DEEPER;
    let mut record = Vec::new();
    record.resize(size, 0)?;
    let mut rest = Rest(&mut record);
    rest.put(MAGIC)?;
    for number in [VERSION, count(names)?, count(deeper.len())?, count(bytes)?] {
        rest.put(number.to_le_bytes())?;
    }
    rest.put(identity.to_bytes())?;
    // Names come in the order of layers.
    let mut last = None;
    for fallthru in set.iter() {
        let at = match last {
            Some((layer, at)) if layer == fallthru.layer => at,
            _ => place(fallthru.layer)?,
        };
        last = Some((fallthru.layer, at));
        let len = u8::try_from(fallthru.name.len()).map_err(|_| AllocError)?;
        let [p0, p1] = at.to_le_bytes();
        rest.put(fallthru.ino.to_le_bytes())?;
        rest.put([p0, p1, fallthru.dt, len])?;
    }
    for &(slot, layer) in deeper {
        rest.put(slot.to_le_bytes())?;
        rest.put(place(layer)?.to_le_bytes())?;
    }
    for fallthru in set.iter() {
        rest.take(fallthru.name.len())?
            .copy_from_slice(fallthru.name);
    }
    let (body, checksum) = record.split_last_chunk_mut().ok_or(AllocError)?;
    *checksum = hash::name(CHECKSUM_KEY, body).0.to_le_bytes();
    Ok(record)
}

/// What is left to be filled, for which there is room.
struct Rest<'a>(&'a mut [u8]);

impl<'a> Rest<'a> {
    /// The next so many bytes.
    fn take(&mut self, len: usize) -> Result<&'a mut [u8], AllocError> {
        let (taken, after) = core::mem::take(&mut self.0)
            .split_at_mut_checked(len)
            .ok_or(AllocError)?;
        self.0 = after;
        Ok(taken)
    }

    fn put<const N: usize>(&mut self, bytes: [u8; N]) -> Result<(), AllocError> {
        self.take(N)?.copy_from_slice(&bytes);
        Ok(())
    }
}

/// What a record says of itself at its beginning: its identity, and how many bytes it has. `None` if
/// these are not the first [`HEADER`] bytes of one.
pub fn head(record: &[u8]) -> Option<(RecordId, usize)> {
    let header = Header::read(record).ok()?;
    let len = header
        .names
        .checked_mul(NAME)?
        .checked_add(header.deeper.checked_mul(DEEPER)?)?
        .checked_add(header.bytes)?
        .checked_add(HEADER + CHECKSUM)?;
    (len <= MAX_SIZE).then_some((header.identity, len))
}

/// Reads a record of these directories. `layer` gives the layer of a place in their stack; `key` is
/// for the hash table of the set.
pub fn decode(
    record: &[u8],
    identity: RecordId,
    key: u64,
    layer: impl Fn(u16) -> Option<u32>,
) -> Result<Fallthrus, RecordError> {
    let layer = &|place| layer(place).ok_or(RecordError::Damaged);
    let header = Header::read(record)?;
    if header.identity != identity {
        return Err(RecordError::Other);
    }
    let (body, checksum) = record.split_last_chunk().ok_or(RecordError::Damaged)?;
    if hash::name(CHECKSUM_KEY, body).0 != u64::from_le_bytes(*checksum) {
        return Err(RecordError::Damaged);
    }
    let damaged = || RecordError::Damaged;
    let rest = body.get(HEADER..).ok_or_else(damaged)?;
    let entries = header.names.checked_mul(NAME).ok_or_else(damaged)?;
    let (entries, rest) = rest.split_at_checked(entries).ok_or_else(damaged)?;
    let further = header.deeper.checked_mul(DEEPER).ok_or_else(damaged)?;
    let (further, bytes) = rest.split_at_checked(further).ok_or_else(damaged)?;
    if bytes.len() != header.bytes {
        return Err(RecordError::Damaged);
    }
    let slots = decode_names(entries, bytes, key, layer)?;
    let deeper = decode_deeper(further, slots.len(), layer)?;
    let mut names = Vec::new();
    names.extend_from_slice(bytes)?;
    Ok(Fallthrus::new(names, slots, None, deeper, key)?)
}

/// The entries of names, which stand in `bytes` one after the other.
fn decode_names(
    entries: &[u8],
    bytes: &[u8],
    key: u64,
    layer: impl Fn(u16) -> Result<u32, RecordError>,
) -> Result<Vec<NameSlot>, RecordError> {
    let mut slots = Vec::new();
    slots.reserve(entries.len() / NAME)?;
    let mut start = 0usize;
    for entry in entries.chunks_exact(NAME) {
        let [i0, i1, i2, i3, i4, i5, i6, i7, p0, p1, dt, len] = *entry else {
            return Err(RecordError::Damaged);
        };
        let end = start.saturating_add(usize::from(len));
        let name = bytes.get(start..end).ok_or(RecordError::Damaged)?;
        if !is_name(name) {
            return Err(RecordError::Damaged);
        }
        slots.push(NameSlot {
            ino: u64::from_le_bytes([i0, i1, i2, i3, i4, i5, i6, i7]),
            start: u32::try_from(start).map_err(|_| RecordError::Damaged)?,
            hash: hash::name(key, name).low(),
            layer: layer(u16::from_le_bytes([p0, p1]))?,
            len: u16::from(len),
            dt,
            seen: Seen::Name,
        })?;
        start = end;
    }
    match start == bytes.len() {
        true => Ok(slots),
        false => Err(RecordError::Damaged),
    }
}

/// The entries of further layers of `names` names: sorted, and none twice.
fn decode_deeper(
    entries: &[u8],
    names: usize,
    layer: impl Fn(u16) -> Result<u32, RecordError>,
) -> Result<Vec<(u32, u32)>, RecordError> {
    let mut deeper = Vec::new();
    deeper.reserve(entries.len() / DEEPER)?;
    for entry in entries.chunks_exact(DEEPER) {
        let [s0, s1, s2, s3, p0, p1] = *entry else {
            return Err(RecordError::Damaged);
        };
        let slot = u32::from_le_bytes([s0, s1, s2, s3]);
        let entry = (slot, layer(u16::from_le_bytes([p0, p1]))?);
        if slot as usize >= names || deeper.last().is_some_and(|last| *last >= entry) {
            return Err(RecordError::Damaged);
        }
        deeper.push(entry)?;
    }
    Ok(deeper)
}

/// Whether a directory may hold this name.
fn is_name(name: &[u8]) -> bool {
    !matches!(name, b"" | b"." | b"..") && !name.contains(&b'/') && !name.contains(&0)
}

struct Header {
    names: usize,
    deeper: usize,
    bytes: usize,
    identity: RecordId,
}

impl Header {
    fn read(record: &[u8]) -> Result<Self, RecordError> {
        let (magic, rest) = record.split_first_chunk().ok_or(RecordError::Damaged)?;
        if *magic != MAGIC {
            return Err(RecordError::Damaged);
        }
        let (version, rest) = number(rest)?;
        if version != VERSION {
            return Err(RecordError::Version(version));
        }
        let (names, rest) = number(rest)?;
        let (deeper, rest) = number(rest)?;
        let (bytes, rest) = number(rest)?;
        let (a, rest) = rest.split_first_chunk().ok_or(RecordError::Damaged)?;
        let (b, _) = rest.split_first_chunk().ok_or(RecordError::Damaged)?;
        Ok(Header {
            names: names as usize,
            deeper: deeper as usize,
            bytes: bytes as usize,
            identity: RecordId([u64::from_le_bytes(*a), u64::from_le_bytes(*b)]),
        })
    }
}

fn number(bytes: &[u8]) -> Result<(u32, &[u8]), RecordError> {
    let (number, rest) = bytes.split_first_chunk().ok_or(RecordError::Damaged)?;
    Ok((u32::from_le_bytes(*number), rest))
}
