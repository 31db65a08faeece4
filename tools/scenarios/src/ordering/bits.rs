// SPDX-License-Identifier: GPL-2.0-only
//! Granules are written in any order, and a map has a bit for each: in an attribute of the file, or in another file.

use std::os::fd::RawFd;
use std::path::PathBuf;

use super::rule::{Fact, write_back};
use super::seen::Seen;
use super::site::{self, GRANULE, Site, TASKS, pause, shuffled};
use crate::random::Dice;
use crate::sys;

/// Files of a task, and granules of each.
pub const FILES: usize = 2;
pub const GRANULES: usize = 128;

/// At most so many granules are written before their bits are set.
const BATCH: usize = 8;

const ATTRIBUTE: &str = "trusted.overlay.union.part";

/// The bits of a file.
type Map = [u8; GRANULES / 8];

/// btrfs overwrites a file with this flag in its place.
const FS_NOCOW_FL: u32 = 0x0080_0000;

fn map_path(site: &Site, file: usize) -> PathBuf {
    site.dir.join(format!("map-{file}"))
}

/// Makes the files of the maps, with room on the disk, so that writing to them changes nothing else.
pub fn make_maps(site: &Site) -> Result<(), String> {
    let make = |file| -> sys::Result<()> {
        let fd = sys::open(map_path(site, file), libc::O_RDWR | libc::O_CREAT, 0o600)?;
        if site.top.image.fstype == "btrfs" {
            sys::set_flags(fd, FS_NOCOW_FL)?;
        }
        sys::write(fd, &[0; GRANULE], Some(0))?;
        sys::close(fd)
    };
    (0..FILES * TASKS)
        .try_for_each(make)
        .map_err(|error| format!("making the maps: {error}"))
}

/// The work of one task.
pub fn work(site: &Site, task: usize, dice: &mut Dice) -> sys::Result<()> {
    for file in task * FILES..(task + 1) * FILES {
        let flags = libc::O_RDWR | libc::O_CREAT | libc::O_EXCL;
        let fd = sys::open(site.path(file), flags, 0o600)?;
        let map = match site.rule.fact {
            Fact::File => Some(sys::open(map_path(site, file), libc::O_RDWR, 0)?),
            _ => None,
        };
        fill(site, file, (fd, map), dice)?;
        sys::close(fd)?;
        map.map_or(Ok(()), sys::close)?;
    }
    Ok(())
}

fn fill(
    site: &Site,
    file: usize,
    (fd, map): (RawFd, Option<RawFd>),
    dice: &mut Dice,
) -> sys::Result<()> {
    let size = (GRANULES * GRANULE) as i64;
    match file % 3 {
        0 => sys::ftruncate(fd, size)?,
        1 => sys::fallocate(fd, 0, 0, size)?,
        // It grows.
        _ => {}
    }
    let mut left = shuffled(dice, GRANULES);
    let mut next = batch(&mut left, dice);
    let mut bits: Map = Map::default();
    write(site, file, fd, &next)?;
    while !next.is_empty() {
        site.rule.nudge(fd, dice, 3)?;
        pause(dice, 4);
        site.prepare(fd)?;
        for granule in std::mem::take(&mut next) {
            bits[granule / 8] |= 1 << (granule % 8);
        }
        // Writing goes on while a map is set.
        next = batch(&mut left, dice);
        write(site, file, fd, &next)?;
        match map {
            None => sys::fsetxattr(fd, ATTRIBUTE, &site::value(file, &bits), 0)?,
            Some(map) => {
                sys::write(map, &bits, Some(0))?;
                write_back(map)?;
            }
        }
    }
    Ok(())
}

/// Takes some granules.
fn batch(left: &mut Vec<usize>, dice: &mut Dice) -> Vec<usize> {
    left.split_off(left.len() - left.len().min(1 + dice.roll(BATCH)))
}

fn write(site: &Site, file: usize, fd: RawFd, granules: &[usize]) -> sys::Result<()> {
    granules.iter().try_for_each(|granule| {
        let at = granule * GRANULE;
        let data = &site.contents(file)[at..at + GRANULE];
        sys::write(fd, data, Some(at as i64)).map(drop)
    })
}

/// Every bit stands for data.
pub fn look(site: &Site) -> Result<Seen, String> {
    let mut seen = Seen::default();
    for file in 0..FILES * TASKS {
        let map = match site.rule.fact {
            Fact::File => site::read(&map_path(site, file))?,
            _ => site::attribute(&site.path(file), ATTRIBUTE)?.unwrap_or_default(),
        };
        let is_set = |granule: &usize| {
            let byte = map.get(granule / 8).copied().unwrap_or_default();
            byte >> (granule % 8) & 1 == 1
        };
        let data = site::read(&site.path(file))?;
        for granule in (0..GRANULES).filter(is_set) {
            let at = granule * GRANULE;
            let end = (at + GRANULE).min(data.len());
            seen.facts += 1;
            seen.granule(
                &site.contents(file)[at..at + GRANULE],
                data.get(at..end).unwrap_or_default(),
                || format!("granule {granule} of file {file}"),
            );
        }
    }
    Ok(seen)
}
