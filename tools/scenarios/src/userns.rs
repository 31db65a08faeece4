// SPDX-License-Identifier: GPL-2.0-only
//! Processes in user namespaces of their own.

use crate::errno::Errno;
use crate::process::{self, End};
use crate::sys;

/// Runs `work` in a child that is root of a new user namespace, and of a mount namespace that belongs to it.
///
/// The maps are written as to /proc/PID/uid_map: lines of "inside outside count".
pub fn child(uids: &str, gids: &str, work: impl FnOnce()) -> Result<End, Errno> {
    let (unshared, tell_unshared) = sys::pipe()?;
    let (mapped, tell_mapped) = sys::pipe()?;
    let pid = process::background(|| {
        sys::unshare(libc::CLONE_NEWUSER | libc::CLONE_NEWNS).expect("namespaces are to be had");
        sys::write(tell_unshared, b"1", None).expect("the parent waits");
        sys::read(mapped, 1, None).expect("the parent writes");
        sys::become_for_good(0, 0).expect("root is mapped");
        work();
    })?;
    // Without this one the end of the child would not be seen.
    sys::close(tell_unshared)?;
    let _ = sys::read(unshared, 1, None);
    let written = [("uid_map", uids), ("gid_map", gids)]
        .map(|(map, text)| std::fs::write(format!("/proc/{pid}/{map}"), text));
    let _ = sys::write(tell_mapped, b"1", None);
    let end = process::wait(pid);
    for fd in [unshared, mapped, tell_mapped] {
        sys::close(fd)?;
    }
    written.into_iter().collect::<Result<(), _>>()?;
    end
}

/// As [`child`], for checks: what `work` has to object comes back.
pub fn check(
    uids: &str,
    gids: &str,
    work: impl FnOnce() -> Result<(), String>,
) -> Result<(), String> {
    let (reader, writer) = sys::pipe()?;
    let end = child(uids, gids, || {
        if let Err(why) = work() {
            let _ = sys::write(writer, why.as_bytes(), None);
        }
    })?;
    sys::close(writer)?;
    let said = sys::read(reader, 4096, None)?;
    sys::close(reader)?;
    match (said.is_empty(), end) {
        (true, End::Done) => Ok(()),
        (true, end) => Err(format!(
            "the child in the user namespace ended with {end:?}"
        )),
        (false, _) => Err(String::from_utf8_lossy(&said).into_owned()),
    }
}
