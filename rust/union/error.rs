// SPDX-License-Identifier: GPL-2.0-only

//! The error numbers for refusals of the rules.

use crate::{
    logic::{alloc::AllocError, change::Refusal, partial::Lost},
    vfs::errno::{ENOTEMPTY, ESTALE},
};
use kernel::prelude::*;

impl From<Refusal> for Error {
    fn from(refusal: Refusal) -> Self {
        match refusal {
            Refusal::Exists => EEXIST,
            Refusal::NotFound => ENOENT,
            Refusal::NotEmpty => ENOTEMPTY,
            Refusal::NotADirectory => ENOTDIR,
            Refusal::IsADirectory => EISDIR,
            Refusal::Stale => ESTALE,
        }
    }
}

impl From<Lost> for Error {
    fn from(_: Lost) -> Self {
        EIO
    }
}

impl From<AllocError> for Error {
    fn from(_: AllocError) -> Self {
        ENOMEM
    }
}
