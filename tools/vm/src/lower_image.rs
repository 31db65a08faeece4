// SPDX-License-Identifier: GPL-2.0-only
//! The lower layers of all scenarios as one archive; [`Shape::in_image`](shape::Shape::in_image) says where.
//!
//! An archive can hold owners, devices and private attributes that a plain user could not make in a directory.

use std::collections::BTreeSet;

use anyhow::{Context, Result};
use tar::{EntryType, Header};
use union_scenarios::cases;
use union_scenarios::differential::start;
use union_scenarios::execute;
use union_scenarios::make::OPAQUE;
use union_scenarios::scenario::Scenario;
use union_scenarios::shape::{self, Fs, SHAPES, Shape};
use union_scenarios::tree::{self, Builder, Entry, Kind};

/// The archive for the images of one file system.
pub fn archive(fs: Fs) -> Result<Vec<u8>> {
    let mut tar = tar::Builder::new(Vec::new());
    let mut random = BTreeSet::new();
    for scenario in cases::ALL {
        let mut done = BTreeSet::new();
        for count in shape::image_sizes(fs) {
            add(&mut tar, scenario, fs, count, &mut done)?;
        }
    }
    for shape in start::shapes() {
        for variant in 0..start::VARIANTS {
            let tree = start::tree(variant, shape);
            layers(
                &mut tar,
                &tree,
                &start::image_name(variant),
                shape,
                fs,
                &mut random,
            )?;
        }
    }
    tar.into_inner().context("finishing the archive")
}

/// The archive of one tree.
pub fn of_tree(tree: &Builder) -> Result<Vec<u8>> {
    let mut tar = tar::Builder::new(Vec::new());
    for layer in tree::spread(tree, 1).lowers {
        for entry in &layer {
            append(&mut tar, entry, "").with_context(|| entry.path.clone())?;
        }
    }
    tar.into_inner().context("finishing the archive")
}

/// Adds the layers of a scenario for the shapes with `count` lower layers, `fs` among them, except those in `done`.
fn add(
    tar: &mut tar::Builder<Vec<u8>>,
    scenario: &Scenario,
    fs: Fs,
    count: usize,
    done: &mut BTreeSet<String>,
) -> Result<()> {
    let shapes = SHAPES
        .iter()
        .filter(|shape| shape.lowers == count && shape.lower.contains(&fs));
    for shape in shapes {
        let (tree, steps) = execute::described(scenario, shape);
        if execute::skip(&steps, shape, &tree).is_some() {
            continue;
        }
        layers(tar, &tree, scenario.name, shape, fs, done)?;
    }
    Ok(())
}

/// Adds those layers of a tree that a shape has on `fs`.
fn layers(
    tar: &mut tar::Builder<Vec<u8>>,
    tree: &Builder,
    name: &str,
    shape: &Shape,
    fs: Fs,
    done: &mut BTreeSet<String>,
) -> Result<()> {
    let spread = tree::spread(tree, shape.lowers);
    for (number, layer) in spread.lowers.iter().enumerate() {
        // More layers than the shape has, when the tree names them.
        let root = shape.in_image(spread.lowers.len(), name, number);
        if shape.lower(number) != fs || !done.insert(root.clone()) {
            continue;
        }
        append(tar, Builder::default().dir(&root), "")?;
        for entry in layer {
            append(tar, entry, &format!("{root}/"))
                .with_context(|| format!("{name}: {}", entry.path))?;
        }
    }
    Ok(())
}

fn append(tar: &mut tar::Builder<Vec<u8>>, entry: &Entry, prefix: &str) -> Result<()> {
    let (seconds, nanoseconds) = entry.mtime;
    let mut records = vec![
        (
            "mtime".to_owned(),
            format!("{seconds}.{nanoseconds:09}").into_bytes(),
        ),
        // Otherwise bsdtar makes an image of objects without any link; objects with more links are not in the archive.
        ("SCHILY.nlink".to_owned(), b"1".to_vec()),
    ];
    let opaque =
        (entry.kind == Kind::Dir { opaque: true }).then(|| (OPAQUE.to_owned(), b"y".to_vec()));
    for (name, value) in entry.xattrs.iter().cloned().chain(opaque) {
        records.push((format!("SCHILY.xattr.{name}"), value));
    }
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
    if let Some(target) = target {
        // Literally, because the header writer would normalise the path.
        records.push(("linkpath".to_owned(), target.into_bytes()));
        header.set_link_name_literal("-")?;
    }
    tar.append_pax_extensions(
        records
            .iter()
            .map(|(key, value)| (key.as_str(), &value[..])),
    )?;
    tar.append_data(&mut header, path, &data[..])?;
    Ok(())
}
