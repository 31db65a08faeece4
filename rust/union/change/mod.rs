// SPDX-License-Identifier: GPL-2.0-only

//! Changes of the upper layer.

pub mod copy_data;
mod copy_store;
pub mod copy_up;
pub mod create;
pub mod data_up;
pub mod guard;
pub mod impure;
pub mod inherit;
pub mod on_upper;
pub mod part;
pub mod part_store;
pub mod part_up;
pub mod redirect;
pub mod remove;
pub mod rename;
pub mod reserve;
pub mod settle;
pub mod sidecar;
pub mod stage;
pub mod store;
