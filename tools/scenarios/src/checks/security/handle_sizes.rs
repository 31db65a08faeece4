// SPDX-License-Identifier: GPL-2.0-only
use crate::bench::Bench;
use crate::scenario::Check;
use crate::sys;

pub const CHECK: Check = Check {
    about: "name_to_handle_at writes no byte more than the buffer holds, whatever its size, and says how much it needs",
    run,
    ..Check::DEFAULT
};

fn run(b: &mut Bench) -> Result<(), String> {
    const AT_HANDLE_FID: i32 = 0x200;
    const LARGEST: u32 = 128;
    let l = b.layout(1)?;
    b.union(&l).mount(&l.target)?;
    b.file(&l.target.join("new"), "text")?;
    for name in ["", "file", "dir", "new"] {
        let path = l.target.join(name);
        for flags in [0, AT_HANDLE_FID] {
            let mut needed = None;
            for size in 0..=LARGEST + 8 {
                let what = format!("{name:?}, flags {flags:#x}, {size} bytes");
                let (result, bytes, rest_kept) = sys::name_to_handle_sized(&path, size, flags);
                b.must(&format!("{what}: nothing behind it"), rest_kept)?;
                match result {
                    Ok(()) => {
                        b.must(&format!("{what}: {bytes} fit"), bytes <= size)?;
                        b.must(
                            &format!("{what}: the size asked for before, {needed:?}"),
                            needed.is_none_or(|needed| needed == bytes),
                        )?;
                    }
                    Err(error) if size > LARGEST && flags != 0 => {
                        b.must(&format!("{what}: {error}"), error.0 == libc::EINVAL)?;
                    }
                    Err(error) if error.0 == libc::EOVERFLOW => {
                        b.must(&format!("{what}: {bytes} are more"), bytes > size)?;
                        needed = Some(bytes);
                    }
                    Err(error) => {
                        b.must(
                            &format!("{what}: no handle to open by, not {error}"),
                            [libc::EOPNOTSUPP, libc::EINVAL].contains(&error.0) && flags == 0,
                        )?;
                    }
                }
            }
            b.must(
                &format!("{name:?}: identifiers are given, in {needed:?} bytes"),
                flags == 0 || needed.is_some(),
            )?;
        }
    }
    b.umount(&l.target)
}
