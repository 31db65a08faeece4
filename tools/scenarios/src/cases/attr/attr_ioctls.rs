// SPDX-License-Identifier: GPL-2.0-only
use crate::prelude::*;

pub const SCENARIO: Scenario = Scenario {
    about: "ioctls of the VFS work on every object, those of one file system are refused or answered",
    setup: |b| {
        b.file("low", "some text");
        b.dir("dir");
        b.upper().file("top", "some text");
    },
    steps: |r| {
        for (name, flags) in [
            ("low", O_RDONLY),
            ("dir", O_RDONLY),
            ("top", O_RDWR),
            ("low", O_PATH),
        ] {
            let fd = r.open(name, flags).raw();
            // FIONREAD, FIGETBSZ, FIBMAP by nobody, FIONBIO, FIOASYNC and one nobody knows.
            for request in [0x541b, 2, 0x5421, 0x5452, 0xdead_beef] {
                let result = sys::ioctl_zeroed(fd, request);
                // The block size is the file system's.
                let result = result.map(|answer| {
                    if request == 2 {
                        u32::from(answer >= 512)
                    } else {
                        answer
                    }
                });
                r.call(format_args!("ioctl {request:#x} of {name}"), result);
            }
            r.as_user(1000, 1000, |r| {
                // FIBMAP, FIFREEZE, FITHAW, FITRIM.
                for request in [1, 0xc004_5877, 0xc004_5878, 0xc018_5879] {
                    let refused = sys::ioctl_zeroed(fd, request).is_err();
                    r.expect(format_args!("ioctl {request:#x} is refused"), refused);
                }
            });
            // GETVERSION, GETUUID, GETFSSYSFSPATH, GET_ENCRYPTION_POLICY, MEASURE_VERITY.
            for request in [
                0x8008_7601,
                0x8011_1500,
                0x8081_1501,
                0x400c_6615,
                0xc004_6686,
            ] {
                let sane = match sys::ioctl_zeroed(fd, request) {
                    Ok(_) => true,
                    Err(error) => [libc::ENOTTY, libc::EOPNOTSUPP, libc::ENODATA, libc::EBADF]
                        .contains(&error.0),
                };
                r.expect(format_args!("ioctl {request:#x} of {name}"), sane);
            }
        }
    },
    layers: Some(|l| l.upper_is(&["top"])),
    ..Scenario::DEFAULT
};
