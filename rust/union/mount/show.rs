// SPDX-License-Identifier: GPL-2.0-only

//! Showing the options in `/proc/mounts`, in a form mount(8) takes again, and figures in
//! `/proc/PID/mountstats`.

use crate::{
    logic::{
        codec::XattrSpace,
        layers::escape_lowerdir,
        options::{Fsync, Redirects, StatfsType, Uuid, Whiteouts},
    },
    union::layers::union::Union,
    vfs::seq_show::SeqFile,
};
use core::ffi::CStr;
use kernel::{prelude::*, str::CString, sync::atomic::Relaxed};

/// Shows what was given and what differs from the defaults.
pub fn options(m: &SeqFile, union: &Union) -> Result {
    if union.lowers_one_by_one {
        for lower in &union.lowers {
            m.option(c"lowerdir+", Some(&lower.name));
        }
    } else {
        let mut list = crate::logic::alloc::Vec::new();
        for (i, lower) in union.lowers.iter().enumerate() {
            if i > 0 {
                list.push(b':').map_err(|_| ENOMEM)?;
            }
            escape_lowerdir(lower.name.to_bytes(), &mut list).map_err(|_| ENOMEM)?;
        }
        list.push(0).map_err(|_| ENOMEM)?;
        m.option(
            c"lowerdir",
            Some(CStr::from_bytes_with_nul(&list).map_err(|_| EINVAL)?),
        );
    }
    if let Some(upper) = &union.upper {
        for (key, name) in [(c"upperdir", &upper.name), (c"workdir", &upper.work_name)] {
            let mut escaped = crate::logic::alloc::Vec::new();
            escape_lowerdir(name.to_bytes(), &mut escaped).map_err(|_| ENOMEM)?;
            escaped.push(0).map_err(|_| ENOMEM)?;
            m.option(
                key,
                Some(CStr::from_bytes_with_nul(&escaped).map_err(|_| EINVAL)?),
            );
        }
    }
    if union.config.xattr_space == XattrSpace::User {
        m.option(c"userxattr", None);
    }
    match union.config.fsync {
        Fsync::Auto => {}
        Fsync::Strict => m.option(c"fsync", Some(c"strict")),
        Fsync::Volatile => m.option(c"volatile", None),
    }
    if union.config.hard_ro {
        m.option(c"hard_ro", None);
    }
    if union.config.redirects == Redirects::Refuse {
        m.option(c"redirect_dir", Some(c"nofollow"));
    }
    if union.config.statfs == StatfsType::Fuse {
        m.option(c"statfs", Some(c"fuse"));
    }
    if union.config.whiteouts == Whiteouts::Aufs {
        m.option(c"whiteout", Some(c"aufs"));
    }
    if !union.config.fallthru {
        m.option(c"fallthru", Some(c"off"));
    }
    match union.config.uuid {
        Uuid::Auto => {}
        Uuid::On => m.option(c"uuid", Some(c"on")),
        Uuid::Null => m.option(c"uuid", Some(c"null")),
        Uuid::Off => m.option(c"uuid", Some(c"off")),
    }
    Ok(())
}

/// Shows what is known of directories, and how it came to be known: a line each.
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
