// SPDX-License-Identifier: GPL-2.0-only
//! The command line of QEMU, one function for each device.

use std::ffi::OsString;
use std::path::{Path, PathBuf};

use crate::architecture::Architecture;
use crate::disks::{Disk, Writes};

type Args = Vec<OsString>;

fn args<const N: usize>(words: [&str; N]) -> Args {
    words.iter().map(OsString::from).collect()
}

/// The same from one line, whose words contain no blanks.
fn line(words: &str) -> Args {
    words.split(' ').map(OsString::from).collect()
}

/// A comma ends an option of QEMU unless it is doubled.
pub fn quote(path: &Path) -> String {
    path.to_string_lossy().replace(',', ",,")
}

/// Whether this machine can run guests without emulating their processor. /dev/kvm may exist where it does not work,
/// for instance inside a virtual machine, so the processor is asked too.
pub fn kvm_usable() -> bool {
    let flags = std::fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let capable = flags
        .lines()
        .filter(|line| line.starts_with("flags"))
        .any(|line| line.split(' ').any(|flag| flag == "svm" || flag == "vmx"));
    capable
        && std::fs::File::options()
            .read(true)
            .write(true)
            .open("/dev/kvm")
            .is_ok()
}

/// The processors of a machine.
#[derive(Clone, Copy, Debug)]
pub enum Processors {
    /// So many, as fast as this machine can.
    Many(u32),
    /// One emulated processor whose clock counts instructions, a nanosecond each: time in the guest does not depend on
    /// this machine or its load.
    Counted,
}

impl Default for Processors {
    fn default() -> Self {
        Self::Many(2)
    }
}

impl Processors {
    /// Words of the kernel command line.
    pub fn kernel_words(self) -> &'static str {
        match self {
            Self::Many(_) => "",
            // An idle processor goes straight to its next timer; while it waits for a disk of the host, hours may pass
            // on its clock.
            Self::Counted => "sysctl.kernel.hung_task_timeout_secs=0 nowatchdog nokaslr norandmaps",
        }
    }

    fn args(self, architecture: Architecture) -> Args {
        let cpu = architecture.emulated();
        let (accelerator, number) = match self {
            Self::Many(number) if architecture.native() && kvm_usable() => {
                ("-accel kvm -cpu host".to_owned(), number)
            }
            Self::Many(number) => (format!("-accel tcg,thread=multi -cpu {cpu}"), number),
            Self::Counted => {
                let clock = "-icount shift=0,sleep=off";
                (format!("-accel tcg,thread=single {clock} -cpu {cpu}"), 1)
            }
        };
        line(&format!("{accelerator} -smp {number}"))
    }
}

/// The machine itself: processors and memory, without default devices.
pub fn machine(architecture: Architecture, processors: Processors, memory: &str) -> Args {
    let mut args = line("-nodefaults -no-user-config -display none -no-reboot");
    args.extend(architecture.machine().iter().map(OsString::from));
    args.extend(processors.args(architecture));
    args.extend(["-m", memory].map(OsString::from));
    args
}

/// What is booted.
pub fn kernel(image: &Path, initramfs: &Path, command_line: &str) -> Args {
    vec![
        "-kernel".into(),
        image.into(),
        "-initrd".into(),
        initramfs.into(),
        "-append".into(),
        command_line.into(),
    ]
}

/// Firmware whose variables only its own code can change, and its boot disk, made from a directory.
pub fn firmware(code: &Path, variables: &Path, disk: &Path) -> Args {
    args([
        "-machine",
        "q35,smm=on",
        "-global",
        "driver=cfi.pflash01,property=secure,value=on",
        "-drive",
        &format!(
            "if=pflash,format=raw,unit=0,readonly=on,file={}",
            quote(code)
        ),
        "-drive",
        &format!("if=pflash,format=raw,unit=1,file={}", quote(variables)),
        "-drive",
        &format!(
            "if=none,id=esp,format=raw,readonly=on,file=fat:{}",
            quote(disk)
        ),
        "-device",
        "virtio-blk-pci,drive=esp,bootindex=0",
    ])
}

/// A serial console that a socket carries.
pub fn console_socket(socket: &Path) -> Args {
    args([
        "-chardev",
        &format!("socket,id=console,path={}", quote(socket)),
        "-serial",
        "chardev:console",
    ])
}

/// A serial console on the terminal; interrupt keys go to the guest.
pub fn console_stdio() -> Args {
    line("-chardev stdio,id=console,signal=off -serial chardev:console")
}

/// The bus the named ports are on.
pub fn port_bus() -> Args {
    line("-device virtio-serial-pci")
}

/// One named port that a socket carries.
pub fn port(name: &str, socket: &Path) -> Args {
    args([
        "-chardev",
        &format!("socket,id={name},path={}", quote(socket)),
        "-device",
        &format!("virtserialport,chardev={name},name={name}"),
    ])
}

/// A disk.
pub fn disk(disk: &Disk) -> Args {
    let access = match disk.writes {
        Writes::Refused => "readonly=on",
        Writes::Forgotten => "snapshot=on",
        Writes::Kept => "snapshot=off",
    };
    args([
        "-drive",
        &format!(
            "if=none,id={0},format=raw,cache=unsafe,file={1},{access}",
            disk.serial,
            quote(&disk.image)
        ),
        "-device",
        &format!("virtio-blk-pci,drive={0},serial={0}", disk.serial),
    ])
}

/// A network link between two machines, through a socket.
#[derive(Clone, Debug)]
pub struct Network {
    /// The socket.
    pub socket: PathBuf,
    /// Whether this machine waits for connections of the other one.
    pub waits: bool,
}

/// A network card. The one that waits has another address, because both are on the same cable.
pub fn network(number: usize, network: &Network) -> Args {
    let (server, end) = match network.waits {
        true => ("on", 1),
        false => ("off", 0),
    };
    let socket = quote(&network.socket);
    args([
        "-netdev",
        &format!("stream,id=net{number},server={server},addr.type=unix,addr.path={socket}"),
        "-device",
        &format!("virtio-net-pci,romfile=,netdev=net{number},mac=52:54:00:00:{end:02}:{number:02}"),
    ])
}

/// A directory of the host.
pub fn share(directory: &Path) -> Args {
    args([
        "-fsdev",
        &format!(
            "local,id=share,path={},security_model=none,multidevs=remap",
            quote(directory)
        ),
        "-device",
        "virtio-9p-pci,fsdev=share,mount_tag=share",
    ])
}

/// A source of random numbers, because programs of a Debian root would otherwise wait.
pub fn random() -> Args {
    line("-device virtio-rng-pci")
}
