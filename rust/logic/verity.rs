// SPDX-License-Identifier: GPL-2.0-only

//! fs-verity digests of data that are in another layer than the file.
//!
//! A file without data of its own says by [`Attr::Metacopy`](super::codec::Attr::Metacopy) that its
//! data are in a lower layer, and perhaps which fs-verity digest the file there has. fs-verity itself
//! sees to it that what is read has that digest; what is asked here is whether it is the right file.

use super::{options::Verity, value::Metacopy};

/// An fs-verity digest and the number of its algorithm, as a file has it.
pub type Digest<'a> = (u8, &'a [u8]);

/// Why the data of a file are refused.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Refused {
    /// The mark has no digest, and must have one.
    NoneStored,
    /// The data file has no digest.
    NoneThere,
    /// The data file has another digest.
    Differs,
}

/// Whether the data file of a file with this mark has to have a digest, which [`agree`] then tells.
///
/// # Errors
///
/// [`Refused::NoneStored`].
pub fn asks(verity: Verity, mark: &Metacopy<'_>) -> Result<bool, Refused> {
    match (verity, mark.algorithm) {
        (Verity::Off, _) | (Verity::On, 0) => Ok(false),
        (Verity::Require, 0) => Err(Refused::NoneStored),
        (Verity::On | Verity::Require, _) => Ok(true),
    }
}

/// Whether a mark that [`asks`] for a digest means a file with this one.
///
/// # Errors
///
/// [`Refused::NoneThere`], [`Refused::Differs`].
pub fn agree(mark: &Metacopy<'_>, there: Option<Digest<'_>>) -> Result<(), Refused> {
    match there {
        None => Err(Refused::NoneThere),
        Some(there) if there == (mark.algorithm, mark.digest) => Ok(()),
        Some(_) => Err(Refused::Differs),
    }
}

/// The mark of a copy without data of a file with this digest; `None` if the data have to be copied
/// as well. With [`Verity::Off`], nobody need ask for the digest.
pub fn mark(verity: Verity, there: Option<Digest<'_>>) -> Option<Metacopy<'_>> {
    const WITHOUT: Metacopy<'_> = Metacopy {
        algorithm: 0,
        digest: &[],
    };
    match (verity, there) {
        (Verity::Off, _) | (Verity::On, None) => Some(WITHOUT),
        (Verity::Require, None) => None,
        (Verity::On | Verity::Require, Some((algorithm, digest))) => {
            Some(Metacopy { algorithm, digest })
        }
    }
}
