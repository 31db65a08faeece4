// SPDX-License-Identifier: GPL-2.0-only

//! Options: what a user may write, and the message for what is refused.

use proptest::prelude::*;
use union_logic::alloc::Vec as Array;
use union_logic::codec::XattrSpace;
use union_logic::layers::{
    check_remount, escape_lowerdir, split_lowerdir, Escaped, LayerChange, MountedLayers, Role,
};
use union_logic::options::{
    Builder, Config, Fsync, Key, Metacopy, OptionError, Redirects, StatfsType, Takes, Uuid, Verity,
    Whiteouts,
};

/// Sets options as a user would write them, each `name` or `name=value`.
fn builder(options: &[&str]) -> Result<Builder, OptionError> {
    let mut builder = Builder::new();
    for option in options {
        let (name, value) = option.split_once('=').unwrap_or((option, ""));
        let key = Key::from_name(name.as_bytes()).expect("an option that exists");
        builder.set(key, value.as_bytes())?;
        if key == Key::Lowerdir && value.contains("::") {
            builder.note_data_layer();
        }
    }
    Ok(builder)
}

fn config(options: &[&str]) -> Result<Config, OptionError> {
    builder(options)?.build()
}

fn refused(options: &[&str]) -> &'static str {
    config(options).unwrap_err().text
}

const MINIMAL: [&str; 3] = ["lowerdir=/l", "upperdir=/u", "workdir=/w"];

fn minimal_and(more: &[&'static str]) -> Vec<&'static str> {
    [&MINIMAL[..], more].concat()
}

#[test]
fn defaults() {
    let config = config(&MINIMAL).unwrap();
    let expected = Config {
        xattr_space: XattrSpace::Trusted,
        fsync: Fsync::Auto,
        uuid: Uuid::Auto,
        redirects: Redirects::Make,
        partial: true,
        metacopy: Metacopy::On,
        verity: Verity::Off,
        whiteouts: Whiteouts::Overlay,
        statfs: StatfsType::Union,
        fallthru: true,
        hard_ro: false,
    };
    assert_eq!(config, expected);
}

#[test]
fn values() {
    let fsync = |value| config(&minimal_and(&[value])).unwrap().fsync;
    assert_eq!(fsync("volatile"), Fsync::Volatile);
    assert_eq!(fsync("fsync=volatile"), Fsync::Volatile);
    assert_eq!(fsync("fsync=strict"), Fsync::Strict);
    assert_eq!(fsync("fsync=auto"), Fsync::Auto);
    for uuid in [Uuid::Auto, Uuid::On, Uuid::Null, Uuid::Off] {
        let mut builder = builder(&MINIMAL).unwrap();
        builder.set(Key::Uuid, uuid.name().as_bytes()).unwrap();
        assert_eq!(builder.build().unwrap().uuid, uuid);
    }
    let nofollow = config(&minimal_and(&["redirect_dir=nofollow"])).unwrap();
    assert_eq!(nofollow.redirects, Redirects::Refuse);
    for follow in ["redirect_dir=follow", "redirect_dir=off"] {
        let follow = config(&minimal_and(&[follow])).unwrap();
        assert_eq!(follow.redirects, Redirects::Follow);
        assert!(!follow.makes_redirects());
    }
    assert!(config(&MINIMAL).unwrap().makes_redirects());
    let userxattr = config(&minimal_and(&["userxattr"])).unwrap();
    assert!(!userxattr.makes_redirects());
    let text = refused(&minimal_and(&["userxattr", "redirect_dir=on"]));
    assert!(
        text.starts_with("redirect_dir=on: not with userxattr"),
        "{text}"
    );
    let both = ["redirect_dir=on", "redirect_dir=nofollow"];
    assert!(refused(&minimal_and(&both)).contains("given twice"));
    let statfs = |value| config(&minimal_and(&[value])).unwrap().statfs;
    assert_eq!(statfs("statfs=union"), StatfsType::Union);
    assert_eq!(statfs("statfs=fuse"), StatfsType::Fuse);
    assert!(refused(&minimal_and(&["statfs=ext4"])).starts_with("statfs:"));
    let whiteouts = |value| config(&minimal_and(&[value])).unwrap().whiteouts;
    assert_eq!(whiteouts("whiteout=aufs"), Whiteouts::Aufs);
    assert_eq!(whiteouts("whiteout=overlay"), Whiteouts::Overlay);
    let fallthru = |value| config(&minimal_and(&[value])).unwrap().fallthru;
    assert!(fallthru("fallthru=on"));
    assert!(!fallthru("fallthru=off"));
    assert!(refused(&minimal_and(&["fallthru=maybe"])).contains("on or off"));
    assert!(config(&minimal_and(&["hard_ro"])).unwrap().hard_ro);
    let user = config(&minimal_and(&["userxattr"])).unwrap();
    assert_eq!(user.xattr_space, XattrSpace::User);
}

#[test]
fn names_are_found_again() {
    for &key in Key::ALL {
        assert_eq!(Key::from_name(key.name().as_bytes()), Some(key));
    }
    assert_eq!(Key::from_name(b"lower"), None);
    assert_eq!(Key::from_name(b""), None);
}

#[test]
fn layers_that_do_not_go_together() {
    assert!(config(&["lowerdir=/l"]).is_ok());
    assert!(config(&["lowerdir+=/l", "lowerdir+=/m"]).is_ok());
    assert!(refused(&[]).starts_with("lowerdir: missing"));
    assert!(refused(&["upperdir=/u", "workdir=/w"]).starts_with("lowerdir: missing"));
    assert!(refused(&["lowerdir=/l", "upperdir=/u"]).starts_with("workdir: missing"));
    assert!(refused(&["lowerdir=/l", "workdir=/w"]).starts_with("workdir: has no effect"));
    assert!(refused(&["lowerdir=/l", "lowerdir=/m"]).contains("twice"));
    assert!(refused(&["lowerdir=/l", "lowerdir+=/m"]).starts_with("lowerdir+: cannot"));
    assert!(refused(&["lowerdir+=/l", "lowerdir=/m"]).starts_with("lowerdir: cannot"));
    assert!(config(&["lowerdir+=/l", "datadir+=/d", "datadir+=/e"]).is_ok());
    assert!(refused(&["datadir+=/d"]).starts_with("lowerdir+: missing"));
    assert!(refused(&["lowerdir=/l", "datadir+=/d"]).starts_with("datadir+: cannot"));
    assert!(refused(&["datadir+=/d", "lowerdir=/l"]).starts_with("lowerdir: cannot"));
    let late = refused(&["lowerdir+=/l", "datadir+=/d", "lowerdir+=/m"]);
    assert!(late.starts_with("lowerdir+: cannot"), "{late}");
    assert!(refused(&minimal_and(&["upperdir=/v"])).contains("twice"));
    assert!(refused(&minimal_and(&["workdir=/v"])).contains("twice"));
}

#[test]
fn what_overlayfs_scripts_say() {
    let fine = [
        "default_permissions",
        "redirect_dir=on",
        "index=off",
        "metacopy=on",
        "nfs_export=off",
        "verity=off",
        "xino=auto",
        "xino=on",
    ];
    for option in fine {
        assert_eq!(
            config(&minimal_and(&[option])),
            config(&MINIMAL),
            "{option}"
        );
    }
    let unsupported = ["index=on", "nfs_export=on", "xino=off"];
    for option in unsupported {
        let text = refused(&minimal_and(&[option]));
        assert!(text.contains("leave the option out"), "{option}: {text}");
    }
}

/// Where the mark of a file without data cannot be trusted, or not be followed, it is not.
#[test]
fn metacopy() {
    let metacopy = |more: &[&'static str]| config(&minimal_and(more)).map(|c| c.metacopy);
    assert_eq!(metacopy(&["metacopy=on"]), Ok(Metacopy::On));
    assert_eq!(metacopy(&["metacopy=off"]), Ok(Metacopy::Off));
    for denies in ["userxattr", "redirect_dir=nofollow"] {
        assert_eq!(metacopy(&[denies]), Ok(Metacopy::Off));
        assert_eq!(metacopy(&[denies, "metacopy=off"]), Ok(Metacopy::Off));
        let text = refused(&minimal_and(&[denies, "metacopy=on"]));
        assert!(text.starts_with("metacopy=on: "), "{text}");
        assert!(text.contains(denies), "{text}");
    }
    for follows in ["redirect_dir=off", "redirect_dir=follow", "redirect_dir=on"] {
        assert_eq!(metacopy(&[follows, "metacopy=on"]), Ok(Metacopy::On));
    }
    let both = ["metacopy=on", "metacopy=off"];
    assert!(refused(&minimal_and(&both)).contains("given twice"));
}

/// Files are copied up in parts unless somebody does not want it, or the mark is not to be trusted.
#[test]
fn partial() {
    let partial = |more: &[&'static str]| config(&minimal_and(more)).map(|c| c.partial);
    assert_eq!(partial(&["partial=on"]), Ok(true));
    assert_eq!(partial(&["partial=off"]), Ok(false));
    for allows in [
        "metacopy=on",
        "verity=on",
        "volatile",
        "redirect_dir=follow",
    ] {
        assert_eq!(partial(&[allows]), Ok(true), "{allows}");
        assert_eq!(partial(&[allows, "partial=on"]), Ok(true), "{allows}");
    }
    for denies in ["metacopy=off", "userxattr", "redirect_dir=nofollow"] {
        assert_eq!(partial(&[denies]), Ok(false), "{denies}");
        assert_eq!(partial(&[denies, "partial=off"]), Ok(false), "{denies}");
        let text = refused(&minimal_and(&[denies, "partial=on"]));
        assert!(text.starts_with("partial=on: "), "{text}");
        assert!(text.contains(denies), "{text}");
    }
    let both = ["partial=on", "partial=off"];
    assert!(refused(&minimal_and(&both)).contains("given twice"));
}

#[test]
fn verity() {
    for verity in [Verity::Off, Verity::On, Verity::Require] {
        let mut builder = builder(&MINIMAL).unwrap();
        builder.set(Key::Verity, verity.name().as_bytes()).unwrap();
        assert_eq!(builder.build().unwrap().verity, verity);
        for off in ["metacopy=off", "userxattr", "redirect_dir=nofollow"] {
            let (name, value) = off.split_once('=').unwrap_or((off, ""));
            let mut builder = builder;
            let key = Key::from_name(name.as_bytes()).unwrap();
            builder.set(key, value.as_bytes()).unwrap();
            let ok = builder.build().is_ok();
            assert_eq!(ok, verity == Verity::Off, "verity={}, {off}", verity.name());
        }
    }
    // Data-only layers are used in any case.
    for layers in [
        &["lowerdir=/l::/d"][..],
        &["lowerdir+=/l", "datadir+=/d"],
        &["lowerdir+=/l", "datadir+=/d", "userxattr"],
    ] {
        let options = [layers, &["verity=require", "metacopy=off"]].concat();
        assert_eq!(config(&options).unwrap().verity, Verity::Require);
    }
    let text = refused(&minimal_and(&["verity=on", "metacopy=off"]));
    assert!(text.starts_with("verity: has no effect"), "{text}");
    let both = ["verity=on", "verity=require"];
    assert!(refused(&minimal_and(&both)).contains("given twice"));
}

/// What needs attributes in `trusted.` is refused to those who cannot read them, unless it is a
/// default.
#[test]
fn without_trusted_attributes() {
    let needs = |options: &[&str]| builder(options).unwrap().needs_trusted();
    let pass = [
        &["lowerdir=/l"][..],
        &["lowerdir=/l", "metacopy=off", "verity=off"],
        &["lowerdir=/l", "partial=off"],
        &["lowerdir=/l", "redirect_dir=follow"],
        &["lowerdir=/l", "userxattr"],
        &["lowerdir=/l::/d", "userxattr", "verity=require"],
    ];
    for options in pass {
        assert_eq!(needs(options), Ok(()), "{options:?}");
    }
    for (options, name) in [
        (&["lowerdir=/l", "metacopy=on"][..], "metacopy=on: "),
        (&["lowerdir=/l", "redirect_dir=on"], "redirect_dir=on: "),
        (&["lowerdir=/l", "partial=on"], "partial=on: "),
        (&["lowerdir=/l", "verity=on"], "verity: "),
        (&["lowerdir=/l", "verity=require"], "verity: "),
        (&["lowerdir=/l::/d"], "datadir+, "),
        (
            &["lowerdir+=/l", "datadir+=/d", "metacopy=off"],
            "datadir+, ",
        ),
    ] {
        let text = needs(options).unwrap_err().text;
        assert!(text.starts_with(name), "{options:?}: {text}");
        assert!(text.contains("trusted.*"), "{text}");
    }
}

/// Each refusal begins with the name of the option at fault.
#[test]
fn nonsense_values_are_refused_by_name() {
    for &key in Key::ALL.iter().filter(|key| key.takes() == Takes::Word) {
        let refusal = Builder::new().set(key, b"nonsense").unwrap_err();
        assert!(refusal.text.starts_with(key.name()), "{}", refusal.text);
        assert!(refusal.text.contains("must be"), "{}", refusal.text);
    }
}

#[test]
fn contradictions() {
    assert!(refused(&minimal_and(&["volatile", "fsync=strict"])).contains("contradict"));
    assert!(refused(&minimal_and(&["uuid=on", "uuid=off"])).contains("different"));
    assert!(refused(&["lowerdir=/l", "uuid=on"]).contains("upperdir"));
    assert!(config(&minimal_and(&["uuid=on"])).is_ok());
    assert!(config(&minimal_and(&["volatile", "fsync=volatile"])).is_ok());
    assert!(config(&minimal_and(&["userxattr", "userxattr"])).is_ok());
}

#[test]
fn remount_accepts_what_changes_nothing() {
    let mounted = config(&minimal_and(&["fsync=strict"])).unwrap();
    let remount = |options: &[&str]| mounted.unchanged(&builder(options).unwrap());
    assert_eq!(remount(&[]), Ok(()));
    assert_eq!(
        remount(&minimal_and(&[
            "fsync=strict",
            "uuid=auto",
            "index=off",
            "redirect_dir=on"
        ])),
        Ok(())
    );
    assert!(remount(&["fsync=auto"]).is_err());
    assert!(remount(&["volatile"]).is_err());
    assert!(remount(&["userxattr"]).is_err());
    assert!(remount(&["hard_ro"]).is_err());
    // Of the mount, not of the union.
    assert!(remount(&["share"]).is_ok());
    assert!(remount(&["uuid=off"]).is_err());
    assert!(remount(&["redirect_dir=nofollow"]).is_err());
    assert!(remount(&["metacopy=on", "verity=off"]).is_ok());
    assert!(remount(&["metacopy=off"]).is_err());
    assert!(remount(&["partial=on"]).is_ok());
    assert!(remount(&["partial=off"]).is_err());
    assert!(remount(&["verity=on"]).is_err());
    assert!(remount(&["whiteout=aufs"]).is_err());
    assert!(remount(&["statfs=fuse"]).is_err());
}

/// The layers of a mounted union, lower ones first.
struct Mounted(&'static [(Role, &'static str)]);

impl MountedLayers for Mounted {
    fn upper(&self) -> Option<&[u8]> {
        Some(b"/u")
    }

    fn work(&self) -> Option<&[u8]> {
        Some(b"/w")
    }

    fn lowers(&self) -> usize {
        self.0.len()
    }

    fn lower(&self, index: usize) -> Option<(Role, &[u8])> {
        let (role, name) = self.0.get(index)?;
        Some((*role, name.as_bytes()))
    }
}

#[test]
fn a_remount_names_the_same_layers() {
    use Role::{Data, Lower};
    let mounted = Mounted(&[(Lower, "/a"), (Lower, "/b"), (Data, "/d")]);
    let given = |layers: &[(Key, Role, &'static str)]| {
        let layers = layers.iter();
        let result = check_remount(
            layers.map(|(key, role, name)| (*key, *role, name.as_bytes())),
            &mounted,
        );
        result.map_err(|change| match change {
            LayerChange::Other(key, name) => format!("{}={}", key.name(), name.escape_ascii()),
            LayerChange::Missing => "missing".to_owned(),
        })
    };
    let lower = |name| (Key::LowerdirAdd, Role::of(Key::LowerdirAdd), name);
    let data = |name| (Key::DatadirAdd, Role::of(Key::DatadirAdd), name);
    let (a, b, d) = (lower("/a"), lower("/b"), data("/d"));
    let upper = (Key::Upperdir, Role::of(Key::Upperdir), "/u");
    let work = (Key::Workdir, Role::of(Key::Workdir), "/w");
    for same in [
        &[][..],
        &[upper, work],
        &[a, b, d],
        // The options of /proc/mounts, and those of the user.
        &[a, b, d, upper, a, b, d],
        &[
            (Key::Lowerdir, Lower, "/a"),
            (Key::Lowerdir, Lower, "/b"),
            (Key::Lowerdir, Data, "/d"),
        ],
    ] {
        assert_eq!(given(same), Ok(()), "{same:?}");
    }
    assert_eq!(given(&[a, b]), Err("missing".into()));
    assert_eq!(given(&[a, data("/b")]), Err("datadir+=/b".into()));
    assert_eq!(given(&[a, b, lower("/d")]), Err("lowerdir+=/d".into()));
    assert_eq!(given(&[a, b, d, d]), Err("datadir+=/d".into()));
    assert_eq!(
        given(&[(Key::Upperdir, Role::Upper, "/w")]),
        Err("upperdir=/w".into())
    );
}

/// The paths in a list, or the text of the refusal.
fn split_by_role(list: &[u8]) -> Result<Vec<(Role, Vec<u8>)>, &'static str> {
    split_lowerdir(list)
        .map(|path| {
            let (role, path) = path.map_err(|refusal| refusal.text)?;
            Ok((role, path.bytes().collect()))
        })
        .collect()
}

/// The paths in a list without data-only layers, or the text of the refusal.
fn split(list: &[u8]) -> Result<Vec<Vec<u8>>, &'static str> {
    let paths = split_by_role(list)?.into_iter();
    Ok(paths
        .map(|(role, path)| {
            assert_eq!(role, Role::Lower);
            path
        })
        .collect())
}

#[test]
fn lists_of_layers() {
    let paths = |list: &str| split(list.as_bytes()).unwrap();
    assert_eq!(paths("/a"), [b"/a"]);
    assert_eq!(paths("/a:/b:c"), [&b"/a"[..], b"/b", b"c"]);
    assert_eq!(paths(r"/a\:b:/c\,d:/e\\"), [&b"/a:b"[..], b"/c,d", br"/e\"]);
    assert_eq!(paths(r"/e\\:/f"), [&br"/e\"[..], b"/f"]);
    for empty in ["", ":", "/a:", ":/a", "::/a", "/a:::/b", "/a::", "/a::/b:"] {
        let text = split_by_role(empty.as_bytes()).unwrap_err();
        assert!(
            text.contains("empty") || empty == "/a::/b:",
            "{empty}: {text}"
        );
    }
    assert!(split(br"/a\").unwrap_err().contains("backslash"));
    assert!(split(br"/a\\\").unwrap_err().contains("backslash"));
    assert!(split(b"/a\0b").unwrap_err().contains("NUL"));
}

#[test]
fn data_only_layers_come_last() {
    let layers = |list: &str| -> Result<String, &str> {
        let layers = split_by_role(list.as_bytes())?.into_iter();
        let named = layers.map(|(role, path)| format!("{role:?} {}", path.escape_ascii()));
        Ok(named.collect::<Vec<_>>().join(", "))
    };
    assert_eq!(layers("/a::/d").unwrap(), "Lower /a, Data /d");
    assert_eq!(
        layers(r"/a:/b\:::/d\:\:x::/e").unwrap(),
        "Lower /a, Lower /b:, Data /d::x, Data /e"
    );
    let late = layers("/a::/d:/b").unwrap_err();
    assert!(late.contains("after a data-only layer"), "{late}");
}

#[test]
fn one_path_may_hold_colons() {
    let path = Escaped::new(br"/u:v\,w").unwrap();
    assert_eq!(path.bytes().collect::<Vec<_>>(), b"/u:v,w");
    assert!(Escaped::new(b"").is_err());
}

proptest! {
    #[test]
    fn what_is_escaped_is_split_again(
        paths in prop::collection::vec(prop::collection::vec(1u8..=255, 1..20), 1..6),
        of_tree in 1usize..6,
    ) {
        let role = |i: usize| if i < of_tree { Role::Lower } else { Role::Data };
        let paths: Vec<_> = (0..).map(role).zip(paths).collect();
        let mut list = Array::new();
        for (i, (role, path)) in paths.iter().enumerate() {
            let colons = if i == 0 { 0 } else if *role == Role::Data { 2 } else { 1 };
            for _ in 0..colons {
                list.push(b':').unwrap();
            }
            escape_lowerdir(path, &mut list).unwrap();
        }
        // No comma is left by which mount(2) would cut the list.
        let commas = list.windows(2).filter(|pair| pair[0] != b'\\' && pair[1] == b',');
        prop_assert_eq!(commas.count(), 0);
        prop_assert_eq!(split_by_role(&list).unwrap(), paths);
    }

    #[test]
    fn any_list_is_split_or_refused(list in "[a:\\\\,\0]{0,12}") {
        // Ends in any case, and never yields an empty path.
        let count = split_lowerdir(list.as_bytes()).take(100).count();
        prop_assert!(count <= list.len() + 1);
        if let Ok(paths) = split_by_role(list.as_bytes()) {
            prop_assert!(paths.iter().all(|(_, path)| !path.is_empty()));
            prop_assert!(paths.iter().is_sorted_by_key(|(role, _)| *role == Role::Data));
            prop_assert_eq!(paths.first().map(|first| first.0), Some(Role::Lower));
        }
    }

    #[test]
    fn any_option_is_taken_or_refused(
        options in prop::collection::vec((prop::sample::select(Key::ALL), ".{0,8}"), 0..8),
    ) {
        let mut builder = Builder::new();
        for (key, value) in options {
            let before = builder;
            if let Err(refusal) = builder.set(key, value.as_bytes()) {
                prop_assert!(!refusal.text.is_empty());
                prop_assert_eq!(builder, before, "a refused option changes nothing");
            }
        }
        if let Ok(config) = builder.build() {
            prop_assert_eq!(config.unchanged(&builder), Ok(()));
        }
    }
}
