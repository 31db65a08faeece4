// SPDX-License-Identifier: GPL-2.0-only
use std::path::Path;

use crate::bench::Bench;
use crate::mount::Union;
use crate::scenario::Check;
use crate::sys;

pub const CHECK: Check = Check {
    about: "f_fsid is made of the UUID that the upper layer keeps, stays over mounts, is overlayfs's for the same upper layer, and every \
        value of uuid= does what it says",
    run,
    ..Check::DEFAULT
};

const UUID: &str = "trusted.overlay.uuid";

fn run(b: &mut Bench) -> Result<(), String> {
    let l = b.layout(2)?;
    let stored = || sys::getxattr(&l.upper, UUID).ok();
    let with = |option: &str| {
        let union = b.union(&l);
        match option {
            "" => union,
            _ => union.option("uuid", option),
        }
    };
    let at = |union: &Union| -> Result<u64, String> {
        union.mount(&l.target)?;
        let fsid = fsid(&l.target);
        b.umount(&l.target)?;
        fsid
    };

    let real = fsid(&l.upper)?;
    for option in ["null", "off"] {
        b.must(
            &format!("{option}: the upper layer's"),
            at(&with(option))? == real,
        )?;
        b.must(&format!("{option}: nothing is stored"), stored().is_none())?;
    }
    let own = at(&with(""))?;
    let uuid = stored().ok_or("a UUID is stored")?;
    let made = made_of(&uuid)?;
    b.must(
        &format!("made of the UUID: {made:x}, not {own:x}"),
        own == made,
    )?;
    b.must("of its own", own != real && own != 0)?;
    for option in ["", "auto", "on"] {
        b.must(
            &format!("{option}: the same again"),
            at(&with(option))? == own,
        )?;
        b.must(
            &format!("{option}: stored as it was"),
            stored().as_ref() == Some(&uuid),
        )?;
    }
    let overlay = Union::new("overlay")
        .lowers(&l.lowers)
        .upper(&l.upper, &l.work);
    b.must("overlayfs's", at(&overlay)? == own)?;
    b.must("null: the upper layer's again", at(&with("null"))? == real)?;

    // An upper layer that was used without one.
    b.works("removexattr", sys::removexattr(&l.upper, UUID))?;
    let null = with("null");
    null.mount(&l.target)?;
    b.works("chmod", sys::chmod(l.target.join("file"), 0o600))?;
    b.umount(&l.target)?;
    b.must("used: the upper layer's", at(&with(""))? == real)?;
    b.must("used: nothing is stored", stored().is_none())?;
    let another = at(&with("on"))?;
    b.must("on: another one", another != own && another != real)?;
    b.must("from then on", at(&with(""))? == another)?;

    if !b.is_union() {
        return Ok(());
    }
    // Something that is no UUID.
    b.works("setxattr", sys::setxattr(&l.upper, UUID, b"short", 0))?;
    b.must("damaged: the upper layer's", at(&with(""))? == real)?;
    b.refused(&with("on"), &l.target, &[libc::EIO])?;
    b.works("removexattr", sys::removexattr(&l.upper, UUID))?;

    // Without an upper layer, what the layers are.
    let read_only = |lowers: &[&Path]| {
        b.new_union()
            .lowers(lowers.iter().map(|path| path.to_path_buf()))
    };
    let other = b.tmpfs("other")?;
    b.file(&other.join("file"), "x")?;
    let first = at(&read_only(&[&l.lowers[0], &other]))?;
    b.must(
        "the same at each mount",
        at(&read_only(&[&l.lowers[0], &other]))? == first,
    )?;
    b.must(
        "another one of others",
        at(&read_only(&[&other, &l.lowers[0]]))? != first,
    )?;
    let null = read_only(&[&other, &l.lowers[0]]).option("uuid", "null");
    b.must("null: the topmost layer's", at(&null)? == fsid(&other)?)?;
    let on = read_only(&[&other, &l.lowers[0]]).option("uuid", "on");
    b.refused(&on, &l.target, &[libc::EINVAL])?;
    Ok(())
}

fn fsid(path: &Path) -> Result<u64, String> {
    sys::fsid(path).map_err(|error| format!("statfs: {error}"))
}

/// As `uuid_to_fsid()`.
fn made_of(uuid: &[u8]) -> Result<u64, String> {
    let halves: [u8; 16] = uuid.try_into().map_err(|_| "16 bytes are stored")?;
    let (low, high) = halves.split_at(8);
    let number = |half: &[u8]| {
        half.try_into()
            .map(u64::from_le_bytes)
            .map_err(|_| "eight bytes")
    };
    Ok(number(low)? ^ number(high)?)
}
