// SPDX-License-Identifier: GPL-2.0-only
//! The lower layers of all scenarios as one archive: `SCENARIO/LAYER/...`.
//!
//! An archive can hold owners, devices and private attributes that a plain user could not make in a directory.

use anyhow::{Context, Result};
use tar::{EntryType, Header};
use union_scenarios::cases;
use union_scenarios::execute;
use union_scenarios::make::OPAQUE;
use union_scenarios::shape::{Fs, SHAPES};
use union_scenarios::tree::{self, Builder, Entry, Kind};

/// The archive for the shapes whose lower layers are on a read-only image.
pub fn archive() -> Result<Vec<u8>> {
    let mut tar = tar::Builder::new(Vec::new());
    for shape in SHAPES.iter().filter(|shape| shape.lower == Fs::Erofs) {
        for scenario in cases::ALL {
            let mut described = Builder::default();
            (scenario.setup)(&mut described);
            if execute::skip(scenario, shape, &described).is_some() {
                continue;
            }
            let spread = tree::spread(&described, shape.lowers);
            for (number, layer) in spread.lowers.iter().enumerate() {
                let root = format!("{}/{number}", scenario.name);
                append(&mut tar, Builder::default().dir(&root), "")?;
                for entry in layer {
                    append(&mut tar, entry, &format!("{root}/"))
                        .with_context(|| format!("{}: {}", scenario.name, entry.path))?;
                }
            }
        }
    }
    tar.into_inner().context("finishing the archive")
}

fn append(tar: &mut tar::Builder<Vec<u8>>, entry: &Entry, prefix: &str) -> Result<()> {
    let (seconds, nanoseconds) = entry.mtime;
    let mut records = vec![(
        "mtime".to_owned(),
        format!("{seconds}.{nanoseconds:09}").into_bytes(),
    )];
    let opaque =
        (entry.kind == Kind::Dir { opaque: true }).then(|| (OPAQUE.to_owned(), b"y".to_vec()));
    for (name, value) in entry.xattrs.iter().cloned().chain(opaque) {
        records.push((format!("SCHILY.xattr.{name}"), value));
    }
    tar.append_pax_extensions(
        records
            .iter()
            .map(|(key, value)| (key.as_str(), &value[..])),
    )?;

    let mut header = Header::new_ustar();
    header.set_mode(entry.mode);
    header.set_uid(entry.uid.into());
    header.set_gid(entry.gid.into());
    header.set_mtime(
        seconds
            .try_into()
            .context("times before 1970 are not supported")?,
    );
    header.set_size(0);
    let mut device = |major, minor| -> Result<()> {
        header.set_device_major(major)?;
        header.set_device_minor(minor)?;
        Ok(())
    };
    let mut data = Vec::new();
    let mut target = None;
    let kind = match &entry.kind {
        Kind::File { size, pieces } => {
            data.resize(usize::try_from(*size)?, 0);
            for (at, piece) in pieces {
                let at = usize::try_from(*at)?;
                data[at..at + piece.len()].copy_from_slice(piece);
            }
            EntryType::Regular
        }
        Kind::Dir { .. } => EntryType::Directory,
        Kind::Symlink(to) => {
            target = Some(to.clone());
            EntryType::Symlink
        }
        Kind::Link(to) => {
            target = Some(format!("{prefix}{to}"));
            EntryType::Link
        }
        Kind::Fifo => EntryType::Fifo,
        Kind::Char(major, minor) => {
            device(*major, *minor)?;
            EntryType::Char
        }
        Kind::Block(major, minor) => {
            device(*major, *minor)?;
            EntryType::Block
        }
        Kind::Whiteout => {
            device(0, 0)?;
            EntryType::Char
        }
        Kind::Socket => anyhow::bail!("an archive cannot hold a socket"),
    };
    header.set_entry_type(kind);
    header.set_size(data.len() as u64);
    let path = format!("{prefix}{}", entry.path);
    match target {
        Some(target) => tar.append_link(&mut header, path, target)?,
        None => tar.append_data(&mut header, path, &data[..])?,
    }
    Ok(())
}
