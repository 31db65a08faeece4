// SPDX-License-Identifier: GPL-2.0-only
//! Security holes of other file systems, with a plain one as the oracle.

use crate::prelude::*;

/// Ioctls whose argument is in inaccessible memory fail, change nothing and copy nothing up.
pub fn ioctl_bad_memory(b: &mut Builder) -> Steps {
    /// Every request the VFS handles itself, and some of file systems.
    const REQUESTS: [(u64, &str); 17] = [
        (1, "FIBMAP"),
        (2, "FIGETBSZ"),
        (0x541b, "FIONREAD"),
        (0x5421, "FIONBIO"),
        (0x8008_6601, "FS_IOC_GETFLAGS"),
        (0x4008_6602, "FS_IOC_SETFLAGS"),
        (0x801c_581f, "FS_IOC_FSGETXATTR"),
        (0x401c_5820, "FS_IOC_FSSETXATTR"),
        (0xc020_660b, "FS_IOC_FIEMAP"),
        (0x4004_9409, "FICLONE"),
        (0x4020_940d, "FICLONERANGE"),
        (0xc018_9436, "FIDEDUPERANGE"),
        (0x4030_5828, "FS_IOC_RESVSP"),
        (0x8008_7601, "FS_IOC_GETVERSION"),
        (0x8011_1500, "FS_IOC_GETFSUUID"),
        (0x8081_1501, "FS_IOC_GETFSSYSFSPATH"),
        (0xc018_5879, "FITRIM"),
    ];
    b.file("low", "some text");
    b.dir("dir");
    b.upper().file("upper", "some text");
    steps(|r| {
        for (name, flags) in [("low", O_RDWR), ("dir", O_RDONLY), ("upper", O_RDWR)] {
            let fd = r.open(name, flags);
            // Each twice: an object freed once too often is noticed the second time.
            for (request, what) in REQUESTS.into_iter().chain(REQUESTS) {
                let refused = sys::ioctl_nowhere(fd.raw(), request).is_err();
                r.expect(format_args!("{what} of {name} fails"), refused);
            }
            r.fstat(fd);
        }
    })
    .upper_is(&["upper"])
}
