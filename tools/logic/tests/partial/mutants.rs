// SPDX-License-Identifier: GPL-2.0-only

//! Mistakes that the module could make. Each is made by the port: the logic stays as it is, and one
//! of its steps is dropped, moved or done wrongly.

/// A mistake.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Mutant {
    /// Granules are written down without waiting for their data.
    BitBeforeWait,
    /// What was written is waited for, not the granule.
    WaitOnWritten,
    /// Data are waited for where only fsync helps.
    WaitInsteadOfSync,
    /// The map in a sidecar is written before the data are synced.
    SidecarBeforeSync,
    /// The size changes before the file is marked as partial.
    SizeBeforeHeader,
    /// The limit is stored after the file has grown again.
    LimitAfterExtension,
    /// The limit is stored before the file is cut.
    LimitBeforeCut,
    /// The mark is removed while granules are missing.
    SettledTooEarly,
    /// The map is removed before the mark.
    PartBeforeMark,
    /// Zeros of the lower file are not copied.
    FillSkipsHoles,
    /// Filling does not end at the limit.
    FillPastLimit,
    /// A write that ended early counts as whole.
    ShortWriteCountsWhole,
    /// fdatasync for the map.
    DataSyncOfMap,
    /// `O_DSYNC` is passed on.
    DsyncPassedOn,
    /// A shared mapping of a file that has its mark.
    MappingUnsettled,
    /// A completion goes on with the limit that it began with.
    StaleCompletion,
    /// Holes of the upper file count where it has no data.
    SeekOfUpper,
    /// The mark of a file without data stays when the size changes.
    MetadataWithOtherSize,
    /// Granules of which data got lost stay.
    LostKept,
    /// The lower file may be any.
    IdentityIgnored,
    /// A file without data keeps its size when the lower one has got another.
    SizeNotMatched,
    /// The lower file that has been taken is not written down.
    IdentityNotStored,
    /// The mark in the work directory is made, and not synced.
    GuardNotSynced,
}

impl Mutant {
    pub(crate) const ALL: [Mutant; 23] = [
        Mutant::BitBeforeWait,
        Mutant::WaitOnWritten,
        Mutant::WaitInsteadOfSync,
        Mutant::SidecarBeforeSync,
        Mutant::SizeBeforeHeader,
        Mutant::LimitAfterExtension,
        Mutant::LimitBeforeCut,
        Mutant::SettledTooEarly,
        Mutant::PartBeforeMark,
        Mutant::FillSkipsHoles,
        Mutant::FillPastLimit,
        Mutant::ShortWriteCountsWhole,
        Mutant::DataSyncOfMap,
        Mutant::DsyncPassedOn,
        Mutant::MappingUnsettled,
        Mutant::StaleCompletion,
        Mutant::SeekOfUpper,
        Mutant::MetadataWithOtherSize,
        Mutant::LostKept,
        Mutant::IdentityIgnored,
        Mutant::SizeNotMatched,
        Mutant::IdentityNotStored,
        Mutant::GuardNotSynced,
    ];
}
