// SPDX-License-Identifier: GPL-2.0-only

//! What is known in memory of a file whose data are not all in the upper layer.

use super::super::alloc::{AllocError, Vec};
use super::format::{Header, Identity, MapAt, Mark, Sameness, Unreadable};
use super::granules::{Geometry, Granules, Place, SMALL};
use core::ops::Range;

/// Files of at most so many bytes are completed whatever they miss.
const SMALL_REST: u64 = 1 << 20;

/// Where data are.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Source {
    /// In the upper file.
    Upper,
    /// In the lower file.
    Lower,
}

/// What the attributes of the upper file say of its data.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Form {
    /// All data are in the lower file ([`Mark::Lower`]); what the upper one holds means nothing.
    Metadata,
    /// The map says where ([`Mark::Partial`]).
    Partial,
    /// All data are in the upper file: there is no mark.
    Whole,
}

impl Form {
    /// What a mark says.
    pub const fn of(mark: Option<Mark>) -> Self {
        match mark {
            Some(Mark::Lower) => Form::Metadata,
            Some(Mark::Partial) => Form::Partial,
            None => Form::Whole,
        }
    }
}

/// Writing data of the upper file has failed, so nothing that was not durable can be relied on.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Lost;

/// What is known of a file.
///
/// Each fact about the disk is true for ever once it is: granules are only added, the limit only
/// falls, the mark goes from [`Mark::Lower`] over [`Mark::Partial`] to none. Any mixture of older
/// and newer facts is therefore safe.
pub struct Partial {
    form: Form,
    lower: Identity,
    geometry: Geometry,
    map: MapAt,
    /// The granules that are in the upper file.
    present: Granules,
    /// Those of a commit that is under way.
    captured: Granules,
    /// Those of which the disk may say so: writing the sidecar has begun. Their data are durable.
    written: Granules,
    /// Those of which the disk says so, or will before anything that follows.
    stable: Granules,
    /// Bytes from here on are the upper file's. Never larger than the upper file.
    limit: u64,
    /// The limit and the lower file that the attribute has.
    stored: (u64, Identity),
    /// Writing data has failed: granules that are not stable cannot become so.
    is_lost: bool,
    /// Counts changes of attributes and sidecar.
    changes: u64,
    /// How many of them a full fsync has made durable.
    synced: u64,
}

/// What a commit has to do.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct Pending {
    /// From the first to the last new granule.
    pub(super) granules: Option<(u64, u64)>,
    /// Nothing is missing from the upper file any more.
    pub(super) is_whole: bool,
}

impl Partial {
    /// Of a copy without data, before it is written down: it has the size of the lower file.
    pub fn new(lower: Identity, geometry: Geometry, place: Place) -> Result<Self, AllocError> {
        let none = || Granules::none(geometry.count());
        Ok(Partial {
            form: Form::Metadata,
            lower,
            geometry,
            map: MapAt::new(place),
            present: none()?,
            captured: none()?,
            written: none()?,
            stable: none()?,
            limit: geometry.size(),
            stored: (geometry.size(), lower),
            is_lost: false,
            changes: 1,
            synced: 0,
        })
    }

    /// Of a file that has no mark: what is known then is known for ever.
    pub fn whole(lower: Identity, geometry: Geometry) -> Result<Self, AllocError> {
        let mut file = Self::new(lower, geometry, Place::Attribute)?;
        file.form = Form::Whole;
        Ok(file)
    }

    /// Of a file under [`Mark::Partial`] as the disk has it: its header, the map behind it or that
    /// of the sidecar, and the size of the upper file.
    ///
    /// A crash between truncation and its limit leaves the limit too high, and the size right.
    ///
    /// # Errors
    ///
    /// [`Unreadable::OtherLower`] if the upper file has any data of its own and `lower` is not the
    /// file that the missing ones belong to. Without such data `lower` is taken, as under
    /// [`Mark::Lower`], if it has the same size; then the attribute has to say so before there are any.
    pub fn read(
        header: &Header,
        map: &[u8],
        upper_size: u64,
        lower: &Identity,
    ) -> Result<Self, Unreadable> {
        let file = Self::assemble(header, map, upper_size, lower)?;
        let geometry = header.geometry;
        let has_data =
            upper_size > header.limit || file.present.first_in(&(0..geometry.count())).is_some();
        let is_right = match header.lower.compare(lower) {
            Sameness::Same | Sameness::Copied => true,
            Sameness::Other => !has_data && lower.size == geometry.size(),
        };
        match is_right {
            true => Ok(file),
            false => Err(Unreadable::OtherLower),
        }
    }

    /// The same if somebody who knows says that `lower` has the missing data. The attribute has to say so.
    ///
    /// # Errors
    ///
    /// [`Unreadable::OtherLower`] if it has another size.
    pub fn accept(
        header: &Header,
        map: &[u8],
        upper_size: u64,
        lower: &Identity,
    ) -> Result<Self, Unreadable> {
        match lower.size == header.geometry.size() {
            true => Self::assemble(header, map, upper_size, lower),
            false => Err(Unreadable::OtherLower),
        }
    }

    fn assemble(
        header: &Header,
        map: &[u8],
        upper_size: u64,
        lower: &Identity,
    ) -> Result<Self, Unreadable> {
        let mut file = Self::new(*lower, header.geometry, Place::Attribute)?;
        for (at, byte) in (0..).zip(map) {
            file.stable.insert_byte(at, *byte);
        }
        file.present.copy_from(&file.stable);
        file.written.copy_from(&file.stable);
        file.form = Form::Partial;
        file.map = header.map;
        file.stored = (header.limit, header.lower);
        file.limit = header.limit.min(upper_size);
        Ok(file)
    }

    /// What the attributes say.
    pub const fn form(&self) -> Form {
        self.form
    }

    /// How the lower file is divided.
    pub const fn geometry(&self) -> Geometry {
        self.geometry
    }

    /// The size that the file shows, if the upper one has `upper` bytes. Without data it is the lower
    /// file's: that may have been exchanged for a smaller or larger one.
    pub const fn size(&self, upper: u64) -> u64 {
        match self.form {
            Form::Metadata => self.geometry.size(),
            Form::Partial | Form::Whole => upper,
        }
    }

    /// Where the data at `offset` are, and up to where it is the same, at most to `end`.
    ///
    /// Those of the lower file end at the limit. It may be larger than the limit; that part is not
    /// seen.
    pub fn source(&self, offset: u64, end: u64) -> (Source, u64) {
        if self.form == Form::Whole || offset >= self.limit {
            return (Source::Upper, end);
        }
        // Nobody asks for what is behind the end, and there may be many granules.
        let rest = self.geometry.granules(&(offset..self.limit.min(end)));
        let is_present = self.present.contains(rest.start);
        let change = match is_present {
            true => self.present.first_not_in(&rest),
            false => self.present.first_in(&rest),
        };
        match (change, is_present) {
            (Some(granule), true) => (Source::Upper, self.start(granule).min(end)),
            (Some(granule), false) => (Source::Lower, self.start(granule).min(end)),
            (None, true) => (Source::Upper, end),
            (None, false) => (Source::Lower, self.limit.min(end)),
        }
    }

    /// Whether all data are in the upper file, whatever the disk says.
    pub fn is_whole(&self) -> bool {
        self.form == Form::Whole || self.present.first_not_in(&self.needed()).is_none()
    }

    /// Whether the inode may leave the memory: everything that is known is on the disk, or will be.
    pub fn can_be_forgotten(&self) -> bool {
        self.form == Form::Whole
            || (!self.is_lost && self.present.hull_without(&self.stable).is_none())
    }

    /// Whether data of `bytes` can be written with `O_DSYNC` on the upper file itself: they are
    /// found again by what is durable.
    pub(super) fn is_durable(&self, bytes: &Range<u64>) -> bool {
        self.is_synced()
            && (self.form == Form::Whole
                || self.form == Form::Partial
                    && !self.is_lost
                    && self.stable.first_not_in(&self.touched(bytes)).is_none())
    }

    /// Whether a full fsync has made all attributes durable.
    pub(super) const fn is_synced(&self) -> bool {
        self.changes == self.synced
    }

    /// How many changes there were.
    pub(super) const fn changes(&self) -> u64 {
        self.changes
    }

    /// So many changes are durable.
    pub(super) fn set_synced(&mut self, changes: u64) {
        self.synced = self.synced.max(changes);
    }

    /// Whether bytes may be changed under the mark that there is: data, and the size if it changes.
    ///
    /// Under [`Mark::Lower`] the size cannot change, for overlayfs reads it from the upper file. And
    /// only a small file may have data there, for overlayfs copies larger ones up in pieces, leaving
    /// what is already in holes (`ovl_copy_up_file()`).
    pub(super) fn mark_allows(&self, changes_size: bool) -> bool {
        match self.form {
            Form::Whole | Form::Partial => true,
            Form::Metadata => {
                !changes_size && self.geometry.count() == 1 && self.geometry.size() <= SMALL
            }
        }
    }

    /// From the first to the last missing granule that has some of `bytes`.
    pub(super) fn missing(&self, bytes: &Range<u64>) -> Option<Range<u64>> {
        match self.form {
            Form::Whole => None,
            Form::Metadata | Form::Partial => self.present.hull_not_in(&self.touched(bytes)),
        }
    }

    /// The first missing granule, and those after it that are missing as well: at most `most` bytes,
    /// or one granule.
    pub(super) fn first_missing(&self, most: u64) -> Option<Range<u64>> {
        if self.form == Form::Whole {
            return None;
        }
        let needed = self.needed();
        let first = self.present.first_not_in(&needed)?;
        let end = self.present.first_in(&(first..needed.end));
        let most = (most >> self.geometry.shift()).max(1);
        Some(first..end.unwrap_or(needed.end).min(first.saturating_add(most)))
    }

    /// The first of these granules that are missing, up to one that is not.
    pub(super) fn missing_from(&self, granules: &Range<u64>) -> Option<Range<u64>> {
        if self.form == Form::Whole {
            return None;
        }
        let within = granules.start..granules.end.min(self.needed().end);
        let first = self.present.first_not_in(&within)?;
        let end = self.present.first_in(&(first..within.end));
        Some(first..end.unwrap_or(within.end))
    }

    /// How many bytes are in the lower file alone.
    pub fn missing_bytes(&self) -> u64 {
        if self.form == Form::Whole {
            return 0;
        }
        // Counted in words, whatever is in them: the caller has a spin lock, and anybody may ask.
        let needed = self.needed();
        let last = needed.end.saturating_sub(1)..needed.end;
        let missing = |granules: &Range<u64>| {
            let count = granules.end.saturating_sub(granules.start);
            count.saturating_sub(self.present.count_in(granules))
        };
        let in_last = self.lower_bytes(&last);
        // The last one may be cut off.
        (missing(&(needed.start..last.start)) << self.geometry.shift()).saturating_add(
            missing(&last).saturating_mul(in_last.end.saturating_sub(in_last.start)),
        )
    }

    /// Whether bringing the rest to the upper file, while nobody waits for it, is worth the space: so little is
    /// missing that reading from two files costs more.
    pub fn is_worth_completing(&self) -> bool {
        let missing = self.missing_bytes();
        self.form == Form::Partial
            && !self.is_lost
            && missing > 0
            && (self.limit <= SMALL_REST || missing <= self.limit / 2)
    }

    /// Whether a granule is missing.
    pub(super) fn is_missing(&self, granule: u64) -> bool {
        self.form != Form::Whole
            && self.needed().contains(&granule)
            && !self.present.contains(granule)
    }

    /// The bytes of granules that are the lower file's.
    pub(super) fn lower_bytes(&self, granules: &Range<u64>) -> Range<u64> {
        let bytes = self.geometry.bytes(granules);
        bytes.start..bytes.end.min(self.limit)
    }

    /// The upper file has these granules.
    pub(super) fn set_present(&mut self, granules: &Range<u64>) {
        self.present.insert(granules);
    }

    /// The upper file has been cut, or extended, to `size`.
    pub(super) fn set_size(&mut self, size: u64) {
        self.limit = self.limit.min(size);
    }

    /// Whether the attribute says something else: the file must not grow before it has the right
    /// limit, or what was cut off would be seen again.
    pub(super) fn needs_attribute(&self) -> bool {
        self.form == Form::Partial && self.stored != (self.limit, self.lower)
    }

    /// Notes which granules there are, for a commit; `None` if the disk knows all.
    pub(super) fn capture(&mut self) -> Option<Pending> {
        if self.form == Form::Whole {
            return None;
        }
        let is_whole = self.is_whole();
        let granules = self.present.hull_without(&self.stable);
        // Under the mark of a file without data there is no map.
        let has_map = self.form == Form::Partial;
        if !(is_whole || has_map && (granules.is_some() || self.needs_attribute())) {
            return None;
        }
        self.captured.copy_from(&self.present);
        Some(Pending {
            granules: granules.map(|hull| (hull.start, hull.end)),
            is_whole,
        })
    }

    const fn header(&self) -> Header {
        Header {
            geometry: self.geometry,
            limit: self.limit,
            lower: self.lower,
            map: self.map,
        }
    }

    /// Bytes of the attribute.
    pub(super) fn attribute_len(&self) -> Result<usize, AllocError> {
        self.header().len()
    }

    /// The attribute as it is to be stored, with the captured granules, or with those that are
    /// stable, to an empty array that has room for it; and the header that it says.
    pub(super) fn attribute(&self, captured: bool, to: &mut Vec<u8>) -> Result<Header, AllocError> {
        let granules = match captured {
            true => &self.captured,
            false => &self.stable,
        };
        let header = self.header();
        header.encode_to(granules, to)?;
        Ok(header)
    }

    /// The attribute has been stored with this header.
    pub(super) fn set_stored(&mut self, header: &Header) {
        self.stored = (header.limit, header.lower);
        self.changes = self.changes.wrapping_add(1);
    }

    /// The captured granules, which are durable, may be stored from now on.
    pub(super) fn set_written(&mut self) {
        self.written.copy_from(&self.captured);
    }

    /// The captured granules are stored.
    pub(super) fn set_stable(&mut self) {
        self.written.copy_from(&self.captured);
        self.stable.copy_from(&self.captured);
        self.changes = self.changes.wrapping_add(1);
    }

    /// The mark has been changed.
    pub(super) fn set_form(&mut self, form: Form) {
        self.form = form;
        self.changes = self.changes.wrapping_add(1);
    }

    /// Where the map is.
    pub const fn map(&self) -> MapAt {
        self.map
    }

    /// The map is kept there from now on.
    pub(super) fn set_map(&mut self, map: MapAt) {
        self.map = map;
    }

    /// A byte of the map with the captured granules.
    pub(super) fn captured_byte(&self, at: u64) -> u8 {
        self.captured.byte(at)
    }

    /// Writing data has failed.
    pub(super) fn set_lost(&mut self) {
        self.is_lost |= self.form != Form::Whole;
    }

    /// Whether it has, and [`revert`](super::revert) has to be called.
    pub const fn is_lost(&self) -> bool {
        self.is_lost
    }

    /// Takes back all granules of which the disk does not say that they are there, and cannot.
    pub(super) fn revert(&mut self) {
        self.present.copy_from(&self.written);
        self.is_lost = false;
    }

    /// The granules that have bytes below the limit.
    fn needed(&self) -> Range<u64> {
        self.geometry.granules(&(0..self.limit))
    }

    /// Those of them that have some of `bytes`.
    fn touched(&self, bytes: &Range<u64>) -> Range<u64> {
        self.geometry
            .granules(&(bytes.start..bytes.end.min(self.limit)))
    }

    fn start(&self, granule: u64) -> u64 {
        self.geometry.bytes(&(granule..granule)).start
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bytes_are_missing() {
        const SIZE: u64 = 200_000;
        let geometry = Geometry::new(SIZE, 12).unwrap();
        let lower = Identity {
            size: SIZE,
            mtime: (1, 2),
            hash: 3,
        };
        for limit in [0, 1, 4096, 4097, 100_000, SIZE - 1, SIZE] {
            let mut file = Partial::new(lower, geometry, Place::Attribute).unwrap();
            file.set_size(limit);
            for granules in [0..0, 3..5, 0..1, 7..8, 24..26, 48..49, 5..40, 0..49] {
                file.set_present(&granules);
                let of = |granule| {
                    let bytes = file.lower_bytes(&(granule..granule + 1));
                    bytes.end.saturating_sub(bytes.start)
                };
                let missing = (0..geometry.count()).filter(|granule| file.is_missing(*granule));
                assert_eq!(file.missing_bytes(), missing.map(of).sum(), "{limit}");
            }
            assert_eq!(file.missing_bytes(), 0);
        }
    }
}
