// SPDX-License-Identifier: GPL-2.0-only
//! The scripts of the initial ram disk, as far as they need no machine: settings from the kernel command line, and
//! changes of /etc/fstab.

use std::fs;
use std::path::Path;
use std::process::Command;

/// Runs shell code after the scripts have been read, in a new directory that is a root; returns its output.
fn shell(files: &[(&str, &str)], code: &str) -> String {
    let root = tempfile::tempdir().unwrap();
    for (name, text) in files {
        let path = root.path().join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }
    let scripts = Path::new(env!("CARGO_MANIFEST_DIR")).join("../boot/initramfs-tools/scripts");
    let output = Command::new("sh")
        .env("union_scripts", &scripts)
        .current_dir(root.path())
        .arg("-euc")
        .arg(format!(
            ". \"$union_scripts/union\"; union_say() {{ shift; printf 'said: %s\\n' \"$*\"; }}\n{code}"
        ))
        .output()
        .unwrap();
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{errors}");
    String::from_utf8(output.stdout).unwrap()
}

/// Takes the words of the kernel command line from a file.
const WORDS: &str = "cat() { command cat cmdline; }; union_settings .";

/// The settings of these words, or the reason why they are refused.
fn settings(files: &[(&str, &str)], words: &str) -> String {
    let mut all = files.to_vec();
    all.push(("cmdline", words));
    shell(
        &all,
        &format!(
            "{WORDS}
             if [ -n \"$union_refused\" ]; then echo \"refused: $union_refused\"; exit; fi
             echo $union_device swap=$union_swap recurse=$union_recurse ${{union_timeout:+timeout=$union_timeout}} \
                 ${{union_debug:+debug}} ${{union_required:+required}} $union_rw_options
             in=/run/initramfs/union/
             echo \"${{union_upper#$in}} ${{union_work#$in}} $union_mounts\""
        ),
    )
}

#[test]
fn union_says_what_is_mounted() {
    let said = |words: &str| settings(&[], words);
    assert!(said("quiet").starts_with("off swap=1 recurse=0 rw\n"));
    assert_eq!(
        said("union=tmpfs:size=20%,recurse=1"),
        "tmpfs swap=0 recurse=1 rw,size=20%\nrw/upper rw/work mounts\n"
    );
    assert_eq!(
        said("union=LABEL=x:dir=/a/b/,timeout=5,debug,required"),
        "LABEL=x swap=1 recurse=0 timeout=5 debug required rw\nrw/a/b/upper rw/a/b/work a/b/mounts\n"
    );
    for (words, reason) in [
        ("union=tmpfs:swap=2", "'swap=2' is neither swap=0 nor"),
        ("union=tmpfs,recurse=", "'recurse=' is neither"),
        ("union=/dev/x:timeout=ten", "is not a number of seconds"),
        ("union=/dev/x:timeout=1000000", "is not a number of seconds"),
        ("union=/dev/x:dir=../..", "must not be named by '..'"),
        ("union=dir:/a/../../etc", "must not be named by '..'"),
        ("union=/dev/x:dir=a\\b", "only the characters"),
        ("union=dir:/a\"b", "only the characters"),
        ("union=/dev/x:dir=*", "only the characters"),
    ] {
        assert!(said(words).contains(reason), "{words}: {}", said(words));
    }
}

#[test]
fn overlayroot_has_its_meaning() {
    let said = |words: &str| settings(&[], words);
    for (words, meaning) in [
        ("tmpfs", "tmpfs swap=0 recurse=1"),
        (
            "tmpfs:swap=1,recurse=0,debug=1",
            "tmpfs swap=1 recurse=0 debug",
        ),
        ("tmpfs:driver=auto,debug=0", "tmpfs swap=0 recurse=1"),
        ("/dev/vdb", "/dev/vdb swap=0 recurse=1"),
        ("/dev/vdb,recurse=0", "/dev/vdb swap=0 recurse=0"),
        (
            "device:dev=vdb,timeout=180",
            "/dev/vdb swap=0 recurse=1 timeout=180",
        ),
        (
            "device:timeout=7,dev=LABEL=my-stick",
            "LABEL=my-stick swap=0 recurse=1 timeout=7",
        ),
        (
            "device:dev=PARTUUID=12-34",
            "PARTUUID=12-34 swap=0 recurse=1",
        ),
    ] {
        assert_eq!(
            said(&format!("overlayroot={words}")),
            format!("{meaning} rw\nrw/overlay rw/overlay-workdir/_ overlay-mounts\n"),
        );
    }
    assert_eq!(
        said("overlayroot=tmpfs:dir=my-tests/run1").lines().nth(1),
        Some("rw/my-tests/run1 rw/my-tests/run1-workdir/_ my-tests/run1-mounts")
    );
    for words in ["overlayroot=", "overlayroot=disabled"] {
        assert!(said(words).starts_with("off "), "{words}");
    }
    // Whatever their order.
    for words in [
        "overlayroot=tmpfs union=LABEL=x",
        "union=LABEL=x overlayroot=tmpfs",
    ] {
        assert!(
            said(words).starts_with("LABEL=x swap=1 recurse=0"),
            "{words}"
        );
    }
    for (words, reason) in [
        ("crypt:dev=vdb", "overlayroot=crypt: is not supported"),
        ("vdb", "is none of tmpfs"),
        ("device:timeout=1", "needs dev=DEVICE"),
        (
            "tmpfs:dev=/dev/vdb",
            "'dev=/dev/vdb' of overlayroot= is not known",
        ),
        ("/dev/vdb,mkfs=1", "'mkfs=1' of overlayroot= is not known"),
        (
            "tmpfs:driver=overlay",
            "is not supported: the file system is a union",
        ),
        ("tmpfs:dir=/", "needs a directory"),
        ("tmpfs:swap=yes", "neither swap=0 nor swap=1"),
    ] {
        let said = said(&format!("overlayroot={words}"));
        assert!(said.contains(reason), "{words}: {said}");
    }
}

#[test]
fn overlayroot_conf_is_read_when_asked_for() {
    let both = [
        (
            "etc/overlayroot.conf",
            "# x\n\noverlayroot_cfgdisk=\"disabled\"\noverlayroot=\"tmpfs\" # y\n",
        ),
        (
            "etc/overlayroot.local.conf",
            "overlayroot='tmpfs:recurse=0'",
        ),
    ];
    assert!(settings(&both, "quiet").starts_with("off "));
    let first = settings(&both[..1], "union=overlayroot");
    assert!(first.starts_with("tmpfs swap=0 recurse=1"), "{first}");
    let last = settings(&both, "union=overlayroot");
    assert!(last.starts_with("tmpfs swap=0 recurse=0"), "{last}");
    assert!(settings(&[], "union=overlayroot").contains("neither /etc/overlayroot.conf nor"));
    for (text, reason) in [
        ("overlayroot=\"$MODE\"\n", "is not a plain value"),
        ("overlayroot=tmpfs; reboot\n", "is not a plain value"),
        ("overlayroot=tmpfs reboot\n", "is not understood"),
        (
            "if true; then\noverlayroot=tmpfs\nfi\n",
            "'if true; then' is not understood",
        ),
        (
            "overlayroot=tmpfs\noverlayroot_cfgdisk=LABEL=C\n",
            "overlayroot_cfgdisk= is not supported",
        ),
    ] {
        let said = settings(&[("etc/overlayroot.conf", text)], "union=overlayroot");
        assert!(said.contains(reason), "{text}: {said}");
    }
}

#[test]
fn the_command_line_counts_more_than_boot_conf() {
    let conf = [(
        "etc/union/boot.conf",
        "union=tmpfs # memory\nunion.ro nonsense * union.nothing",
    )];
    let said = settings(&conf, "quiet");
    for line in [
        "tmpfs swap=0 recurse=0 rw",
        "said: 'nonsense' in /etc/union/boot.conf is not known; see union-boot(5)",
        "said: '*' in /etc/union/boot.conf is not known; see union-boot(5)",
        "said: 'union.nothing' is not known; see union-boot(5)",
    ] {
        assert!(said.lines().any(|have| have == line), "{line}: {said}");
    }
    assert!(settings(&conf, "overlayroot=/dev/vdb").contains("\n/dev/vdb swap=0"));
    assert!(settings(&conf, "union=off").contains("\noff"));
}

/// The contents of a file after `union_fstab`, with these words on the command line.
fn fstab(words: &str, text: &str, code: &str) -> String {
    let files = [
        ("cmdline", words),
        ("fstab", text),
        ("lower/home/x", ""),
        ("lower/var/lib/x", ""),
    ];
    shell(
        &files,
        &format!(
            "{WORDS}; union_usr_below= union_plainly= union_lower=$PWD/lower
             {code} union_fstab fstab || {{ printf 'why: %s\\n' \"$union_why\"; exit; }}
             printf %s \"$union_text\" | sed \"s,$PWD/,,g\""
        ),
    )
}

const FSTAB: &str = "# a comment, 'with' \"quotes\" and $(things)\n\
    \n\
    UUID=1 / ext4 errors=remount-ro 0 1\n\
    UUID=2 none swap sw 0 0\n\
    /swapfile none swap sw 0 0\n\
    LABEL=home\t/home ext4 defaults,nosuid,x-systemd.device-timeout=9 0 2\n\
    tmpfs /tmp tmpfs nosuid 0 0\n\
    LABEL=EFI /boot/efi vfat umask=77 0 1\n\
    LABEL=cd /media/cd iso9660 ro 0 0\n\
    LABEL=stick /media/stick ext4 noauto,user\n\
    /home/x /srv none bind 0 0";

/// Without the messages.
fn silent(text: &str) -> String {
    text.split_inclusive('\n')
        .filter(|line| !line.starts_with("said: "))
        .collect()
}

#[test]
fn fstab_of_a_root_alone() {
    let text = fstab("union=LABEL=x", FSTAB, "");
    let changed: Vec<_> = text
        .lines()
        .filter_map(|line| line.strip_prefix("# union-boot: "))
        .collect();
    assert_eq!(
        changed,
        [
            "UUID=1 / ext4 errors=remount-ro 0 1",
            "/swapfile none swap sw 0 0"
        ]
    );
    assert_eq!(text.replace("# union-boot: ", ""), format!("{FSTAB}\n"));
}

#[test]
fn fstab_with_unions_over_all() {
    let text = fstab("overlayroot=tmpfs", FSTAB, "");
    for line in [
        "# union-boot: UUID=2 none swap sw 0 0",
        "# union-boot: LABEL=home\t/home ext4 defaults,nosuid,x-systemd.device-timeout=9 0 2",
        "LABEL=home lower/home ext4 defaults,nosuid,x-systemd.device-timeout=9,ro,x-union-boot 0 2",
        "/run/initramfs/union/rw /home union nosuid,x-union-boot,lowerdir=lower/home,\
         upper.dir=overlay-mounts/home,x-systemd.requires-mounts-for=lower/home 0 0",
        "tmpfs /tmp tmpfs nosuid 0 0",
        "said: /boot/efi: a file system of the type vfat cannot be a layer; it is mounted as /etc/fstab says",
        "LABEL=EFI /boot/efi vfat umask=77 0 1",
        "LABEL=cd /media/cd iso9660 ro 0 0",
        "# union-boot: LABEL=stick /media/stick ext4 noauto,user",
        "LABEL=stick /media/stick ext4 noauto,user,ro,x-union-boot 0 0",
        "/home/x /srv none bind 0 0",
    ] {
        assert!(text.lines().any(|have| have == line), "{line}:\n{text}");
    }
}

#[test]
fn fstab_is_made_from_what_a_person_wrote() {
    let once = silent(&fstab("overlayroot=tmpfs", FSTAB, ""));
    let off = fstab("union=off", &once, "union_kind() { union_is=keep; };");
    assert_eq!(off, format!("{FSTAB}\n"));
    // Where the layers are is made short by this test.
    let again = silent(&fstab("overlayroot=tmpfs", &once, ""));
    assert_eq!(again, once);
}

#[test]
fn fstab_of_the_plain_root() {
    let text = fstab("overlayroot=tmpfs", FSTAB, "union_plainly=y;");
    let line =
        "LABEL=home /home ext4 defaults,nosuid,x-systemd.device-timeout=9,ro,x-union-boot 0 2";
    assert!(text.lines().any(|have| have == line), "{text}");
    assert!(!text.contains(" union "), "{text}");
}

#[test]
fn fstab_with_what_cannot_be() {
    for (at, reason) in [
        ("/my\\040disk", "/my\\040disk cannot be covered by a union"),
        (
            "/a,upperdir=/x",
            "/a,upperdir=/x cannot be covered by a union",
        ),
        ("/home/../etc", "/home/../etc cannot be covered by a union"),
        ("/a\"b", "/a\"b cannot be covered by a union"),
        (
            "/absent",
            "there is no directory /absent in the lower layer",
        ),
    ] {
        let text = fstab(
            "union=tmpfs:recurse=1",
            &format!("LABEL=a {at} ext4 defaults 0 2"),
            "",
        );
        assert!(
            text.contains(&format!("why: recurse=1: {reason}")),
            "{text}"
        );
    }
}

#[test]
fn fstab_with_a_mount_on_demand() {
    let text = fstab(
        "union=tmpfs:recurse=1",
        "LABEL=a /var/lib ext4 nofail,x-systemd.automount,noauto 0 2",
        "",
    );
    for part in [
        "LABEL=a lower/var/lib ext4 nofail,noauto,ro,x-union-boot 0 2\n",
        " /var/lib union nofail,x-systemd.automount,noauto,x-union-boot,lowerdir=lower/var/lib,upper.dir=mounts/var+lib,",
    ] {
        assert!(text.contains(part), "{text}");
    }
}

#[test]
fn links_are_not_followed() {
    let said = shell(
        &[("a/b/c", "")],
        "union_ifs=$IFS; ln -s /etc a/link; union_straight . a/b/c && echo straight
         union_straight . a/link/fstab || echo $union_why; [ \"$IFS\" = \"$union_ifs\" ] && echo blanks",
    );
    assert_eq!(said, "straight\n./a/link is a symbolic link\nblanks\n");
    // Also keeps the changes of a separate /usr.
    let said = shell(
        &[("cmdline", "union=LABEL=x:recurse=1"), ("rw/mounts/x", "")],
        &format!(
            "{WORDS}; union_rw=rw; union_mounted() {{ :; }}; mount() {{ echo mounted; }}; ln -s ../.. rw/mounts/usr
             union_usr . || echo $union_why"
        ),
    );
    assert_eq!(said, "rw/mounts/usr is a symbolic link\n");
}

#[test]
fn fstab_stays_for_the_eyes_it_is_for() {
    let files = [
        ("cmdline", "union=LABEL=x"),
        ("new/etc/fstab", "LABEL=x / ext4 defaults 0 1\n"),
    ];
    let code = |ro: &str| {
        format!(
            "{WORDS}; umask 022; chmod 640 new/etc/fstab
             union_new=$PWD/new union_run=$PWD/run/union union_ro={ro}
             sync() {{ stat -c 'synced: %a' new/etc/fstab.union; grep -c union-boot new/etc/fstab || :; }}
             mount() {{ stat -c 'over it: %a' \"$3\"; }}
             union_fstab_in_union
             stat -c %a new/etc/fstab; grep -c union-boot new/etc/fstab || :"
        )
    };
    assert_eq!(shell(&files, &code("")), "synced: 640\n0\n640\n1\n");
    assert_eq!(shell(&files, &code("y")), "over it: 640\n640\n0\n");
}

#[test]
fn only_root_comes_to_the_layers() {
    let said = shell(
        &[("cmdline", "union=tmpfs")],
        &format!(
            "{WORDS}; umask 022; mkdir -p run/initramfs; mount() {{ :; }}; ln() {{ :; }}
             union_run=$PWD/run/initramfs/union union_lower=$union_run/lower/0 union_rw=$union_run/rw union_new=$union_run/new
             union_upper tmpfs .; stat -c %a run/initramfs run/initramfs/union"
        ),
    );
    assert_eq!(said, "755\n700\n");
}

#[test]
fn a_link_in_the_place_of_a_file_is_not_passed_over() {
    for (link, words, meaning) in [
        (
            "etc/union",
            "quiet",
            "refused: ./etc/union is a symbolic link",
        ),
        (
            "etc/union/boot.conf",
            "union=tmpfs",
            "refused: ./etc/union/boot.conf is a symbolic",
        ),
        ("etc/union/boot.conf", "union=off", "off"),
        (
            "etc/overlayroot.conf",
            "union=overlayroot",
            "refused: ./etc/overlayroot.conf is a",
        ),
        ("etc/overlayroot.conf", "union=tmpfs", "tmpfs"),
        ("etc/other", "quiet", "off"),
    ] {
        let said = shell(
            &[("cmdline", words)],
            &format!(
                "mkdir -p $(dirname {link}); ln -s /no/such/place {link}
                 {WORDS}; echo \"${{union_refused:+refused: $union_refused}}${{union_refused:-$union_device}}\""
            ),
        );
        assert!(said.starts_with(meaning), "{link} {words}: {said}");
    }
}

#[test]
fn names_of_images_are_no_patterns() {
    let said = shell(
        &[
            ("cmdline", "union=tmpfs union.lower=img/[ab].erofs"),
            ("img/a.erofs", ""),
            ("root/img/[ab].erofs", ""),
        ],
        &format!(
            "{WORDS}; union_lower=$PWD/root union_run=$PWD/run
             modprobe() {{ :; }}; losetup() {{ echo /dev/loop0; }}; mount() {{ :; }}; blkid() {{ echo ' TYPE=\"erofs\"'; }}
             union_below && echo mounted || echo \"$union_why\"
             echo [c]*"
        ),
    );
    assert_eq!(said, "/dev/loop0\nmounted\ncmdline\n");
}

#[test]
fn changes_are_forgotten_on_a_full_disk_and_to_the_end() {
    let left = |words: &str, further: &str| {
        let mut files = vec![
            ("cmdline", words),
            ("rw/upper/f", ""),
            ("rw/work/x/f", ""),
            ("rw/mounts/home/upper/f", ""),
            ("rw/other/f", ""),
        ];
        files.extend((!further.is_empty()).then_some((further, "")));
        let code = format!(
            "{WORDS}; union_rw=rw; union_places; mkdir() {{ echo full; return 1; }}
             union_forget || echo failed; command ls -A rw"
        );
        silent(&shell(&files, &code)).replace('\n', " ")
    };
    assert_eq!(left("union=LABEL=x", ""), "mounts other upper work ");
    assert_eq!(left("union=LABEL=x union.reset", ""), "other ");
    // As after a power cut.
    for begun in ["rw/upper.forgotten/f", "rw/upper.forgotten/upper/f"] {
        assert_eq!(left("union=LABEL=x", begun), "other ");
    }
}

/// The settings that request a union, as the hooks of kernels and of initial ram disks see them.
fn wanted(files: &[(&str, &str)]) -> String {
    let root = tempfile::tempdir().unwrap();
    for (name, text) in files {
        let path = root.path().join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("../boot/union-wanted");
    let output = Command::new(script).arg(root.path()).output().unwrap();
    assert!(output.status.success());
    let said = String::from_utf8(output.stdout).unwrap();
    said.replace(root.path().to_str().unwrap(), "")
}

#[test]
fn what_asks_for_a_union_is_found() {
    for (file, text, found) in [
        (
            "proc/cmdline",
            "quiet union=LABEL=x:swap=0 rw",
            "union=LABEL=x:swap=0",
        ),
        (
            "proc/cmdline",
            "overlayroot=disabled union=tmpfs",
            "union=tmpfs",
        ),
        (
            "proc/cmdline",
            "overlayroot=tmpfs union=off",
            "overlayroot=tmpfs",
        ),
        ("proc/cmdline", "overlayroot=disabled union=off", ""),
        ("proc/cmdline", "boot=live union=overlay", ""),
        ("proc/cmdline", "rd.union=LABEL=x", "rd.union=LABEL=x"),
        ("etc/union/boot.conf", "# union=tmpfs\n", ""),
        (
            "etc/union/boot.conf",
            "union=overlayroot\n",
            "union=overlayroot",
        ),
        (
            "etc/default/grub",
            "GRUB_CMDLINE_LINUX=\"union=tmpfs,required quiet\"\n",
            "GRUB_CMDLINE_LINUX=union=tmpfs,required",
        ),
        (
            "etc/default/grub.d/x.cfg",
            "GRUB_CMDLINE_LINUX='quiet overlayroot=\"\"'\n",
            "",
        ),
        (
            "etc/fstab",
            "union /merged union lowerdir=/a 0 0\n",
            "union /merged union lowerdir=/a 0 0",
        ),
        ("etc/fstab", "# union /merged union lowerdir=/a 0 0\n", ""),
    ] {
        let line = match found {
            "" => String::new(),
            found => format!("/{file}: {found}\n"),
        };
        assert_eq!(wanted(&[(file, text)]), line, "{text}");
    }
    let program = (
        "usr/share/initramfs-tools/scripts/init-bottom/overlayroot",
        "",
    );
    assert_eq!(
        wanted(&[("proc/cmdline", "overlayroot=tmpfs"), program]),
        ""
    );
}
