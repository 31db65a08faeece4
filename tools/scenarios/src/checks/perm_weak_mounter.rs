// SPDX-License-Identifier: GPL-2.0-only

use crate::bench::Bench;
use crate::mount::Union;
use crate::run::cap::{DAC_OVERRIDE, SYS_ADMIN};
use crate::scenario::Check;
use crate::sys;
use crate::userns::Layers;

pub const CHECK: Check = Check {
    about: "not even root gets at what the mounter could not, and a copy he could not make is not left behind",
    run,
    ..Check::DEFAULT
};

fn run(b: &mut Bench) -> Result<(), String> {
    let l = Layers::new(b)?;
    l.file(b, "secret", 0o600, (0, 0))?;
    l.file(b, "foreign", 0o666, (1001, 1001))?;
    l.file(b, "own", 0o644, (1000, 1000))?;
    l.dir(b, "private", 0o700, (0, 0))?;
    l.dir(b, "foreign_dir", 0o777, (1001, 1001))?;
    // A user who may mount, without an upper layer.
    let union = b.new_union().lower(&l.lower).lower(&l.upper).read_only();
    mount_with(&union, &l, &[SYS_ADMIN])?;
    let at = |name: &str| l.target.join(name);
    let read = |name: &str| sys::open(at(name), libc::O_RDONLY, 0).and_then(sys::close);
    b.fails("reading a secret", read("secret"), libc::EACCES)?;
    b.fails("listing", crate::walk::list(&at("private")), libc::EACCES)?;
    b.works("reading his own", read("own"))?;
    b.umount(&l.target)?;

    // The work directory wants one who may enter it whatever its mode.
    let union = b.new_union().lower(&l.lower).upper(&l.upper, &l.work);
    mount_with(&union, &l, &[SYS_ADMIN, DAC_OVERRIDE])?;
    // The mounter cannot give the copy to its owner.
    b.fails("chmod", sys::chmod(at("foreign"), 0o600), libc::EPERM)?;
    b.fails("truncate", sys::truncate(at("foreign"), 0), libc::EPERM)?;
    b.fails("mkdir", sys::mkdir(at("foreign_dir/d"), 0o755), libc::EPERM)?;
    b.works("chmod", sys::chmod(at("own"), 0o600))?;
    b.holds(&at("foreign"), "below")?;
    b.umount(&l.target)?;
    l.upper_is(b, &["own"])?;
    let left = b.works("listing", crate::walk::list(&l.work.join("work")))?;
    b.must("an empty work directory", left.is_empty())
}

/// Mounts as user 1000 with these capabilities.
fn mount_with(union: &Union, l: &Layers, capabilities: &[u32]) -> Result<(), String> {
    sys::become_user(1000, 1000, &[])?;
    sys::set_capabilities(capabilities.iter().fold(0, |all, one| all | 1 << one))?;
    let mounted = union.mount(&l.target);
    sys::become_root()?;
    Ok(mounted?)
}
