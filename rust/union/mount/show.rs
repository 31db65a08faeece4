// SPDX-License-Identifier: GPL-2.0-only

//! Showing the options in `/proc/mounts`, in a form mount(8) takes again, and statistics in
//! `/proc/PID/mountstats`.

use crate::{
    logic::{
        alloc::Vec,
        codec::XattrSpace,
        layers::escape_lowerdir,
        options::{Config, Fsync, Metacopy, Redirects, StatfsType, Uuid, Verity, Whiteouts},
    },
    union::layers::union::Union,
    vfs::seq_show::SeqFile,
};
use core::ffi::CStr;
use kernel::{prelude::*, str::CString, sync::atomic::Relaxed};

/// Shows the given options that differ from the defaults.
pub fn options(m: &SeqFile, union: &Union) -> Result {
    if union.lowers_one_by_one {
        for lower in union.tree_lowers() {
            m.option(c"lowerdir+", Some(&lower.name));
        }
        for layer in union.data_layers() {
            m.option(c"datadir+", Some(&layer.name));
        }
    } else {
        lowerdir(m, union)?;
    }
    if let Some(upper) = &union.upper {
        escaped(m, c"upperdir", &upper.name)?;
        escaped(m, c"workdir", &upper.work_name)?;
    }
    let Config {
        xattr_space,
        fsync,
        hard_ro,
        redirects,
        metacopy,
        partial,
        verity,
        statfs,
        whiteouts,
        fallthru,
        uuid,
        ..
    } = union.config;
    // Either of these implies metacopy=off, which implies partial=off.
    let is_implied = xattr_space == XattrSpace::User || redirects == Redirects::Refuse;
    for (is_shown, key, value) in [
        (xattr_space == XattrSpace::User, c"userxattr", None),
        (fsync == Fsync::Strict, c"fsync", Some(c"strict")),
        (fsync == Fsync::Volatile, c"volatile", None),
        (hard_ro, c"hard_ro", None),
        (
            redirects == Redirects::Refuse,
            c"redirect_dir",
            Some(c"nofollow"),
        ),
        (
            redirects == Redirects::Follow && xattr_space == XattrSpace::Trusted,
            c"redirect_dir",
            Some(c"follow"),
        ),
        (
            metacopy == Metacopy::Off && !is_implied,
            c"metacopy",
            Some(c"off"),
        ),
        (
            !partial && metacopy == Metacopy::On,
            c"partial",
            Some(c"off"),
        ),
        (verity == Verity::On, c"verity", Some(c"on")),
        (verity == Verity::Require, c"verity", Some(c"require")),
        (statfs == StatfsType::Fuse, c"statfs", Some(c"fuse")),
        (whiteouts == Whiteouts::Aufs, c"whiteout", Some(c"aufs")),
        (!fallthru, c"fallthru", Some(c"off")),
        (uuid == Uuid::On, c"uuid", Some(c"on")),
        (uuid == Uuid::Null, c"uuid", Some(c"null")),
        (uuid == Uuid::Off, c"uuid", Some(c"off")),
    ] {
        if is_shown {
            m.option(key, value);
        }
    }
    Ok(())
}

/// Shows `lowerdir`.
fn lowerdir(m: &SeqFile, union: &Union) -> Result {
    let mut list = Vec::new();
    for (i, lower) in union.tree_lowers().enumerate() {
        if i > 0 {
            list.push(b':')?;
        }
        escape_lowerdir(lower.name.to_bytes(), &mut list)?;
    }
    for layer in union.data_layers() {
        list.push(b':')?;
        list.push(b':')?;
        escape_lowerdir(layer.name.to_bytes(), &mut list)?;
    }
    paths(m, c"lowerdir", list)
}

/// Shows an option that names one path.
fn escaped(m: &SeqFile, key: &CStr, path: &CString) -> Result {
    let mut text = Vec::new();
    escape_lowerdir(path.to_bytes(), &mut text)?;
    paths(m, key, text)
}

fn paths(m: &SeqFile, key: &CStr, mut escaped: Vec<u8>) -> Result {
    escaped.push(0)?;
    let escaped = CStr::from_bytes_with_nul(&escaped).map_err(|_| EINVAL)?;
    m.option(key, Some(escaped));
    Ok(())
}

/// Shows the statistics of cached directories and of records: a line each.
pub fn stats(m: &SeqFile, union: &Union) -> Result {
    let registry = &union.registry;
    let line = CString::try_from_fmt(fmt!(
        "\n\tfallthrus: {} directories, {} bytes, {} merged",
        registry.directories(),
        registry.bytes(),
        registry.merged.load(Relaxed),
    ))?;
    m.text(line.to_bytes());
    let upper = union.upper.as_ref();
    let Some(recorder) = upper.and_then(|upper| upper.recorder.as_ref()) else {
        return Ok(());
    };
    let records = &recorder.records;
    let (bytes, count) = records.size();
    let line = CString::try_from_fmt(fmt!(
        "\n\trecords: {} in {} bytes, {} loaded, {} recorded, {} refused",
        count,
        bytes,
        records.loaded.load(Relaxed),
        records.recorded.load(Relaxed),
        records.refused.load(Relaxed),
    ))?;
    m.text(line.to_bytes());
    Ok(())
}
