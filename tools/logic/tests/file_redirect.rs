// SPDX-License-Identifier: GPL-2.0-only

//! Which redirect a file without data of its own gets before its name changes.

use proptest::collection::vec;
use proptest::prelude::*;
use union_logic::change::redirect::{plan, Ancestor, Change, Plan, Upwards, MAX_REDIRECT};
use union_logic::value::{redirect, Redirect};

/// A name and a redirect, the file's first.
type Way<'a> = &'a [(&'a [u8], Option<&'a [u8]>)];

/// The way to the root; not told beyond its end if it is `torn`.
struct Names<'a> {
    left: std::slice::Iter<'a, (&'a [u8], Option<&'a [u8]>)>,
    torn: bool,
}

#[derive(PartialEq, Eq, Debug)]
struct Torn;

impl Upwards for Names<'_> {
    type Error = Torn;

    fn next(&mut self) -> Result<Option<Ancestor<'_>>, Torn> {
        match self.left.next() {
            Some(&(name, redirect)) => Ok(Some(Ancestor { name, redirect })),
            None if self.torn => Err(Torn),
            None => Ok(None),
        }
    }
}

/// What has to be done, as a word or the redirect.
fn planned(change: Change, is_single: bool, way: Way<'_>) -> String {
    let mut names = Names {
        left: way.iter(),
        torn: false,
    };
    let mut buffer = [b'?'; MAX_REDIRECT];
    match plan(change, is_single, &mut names, &mut buffer) {
        Ok(Plan::Keep) => "keep".to_string(),
        Ok(Plan::None) => "copy".to_string(),
        Ok(Plan::Set(to)) => format!("set {}", String::from_utf8_lossy(to)),
        Err(Torn) => unreachable!(),
    }
}

const ALL: [Change; 3] = [Change::RenameWithin, Change::RenameAway, Change::Link];

#[test]
fn a_name_will_do_within_the_directory() {
    let way: Way<'_> = &[(b"f", None), (b"d", None)];
    assert_eq!(planned(Change::RenameWithin, true, way), "set f");
    for change in [Change::RenameAway, Change::Link] {
        assert_eq!(planned(change, true, way), "set /d/f");
    }
    // Other names of the lower file may be copied up to this one.
    for change in ALL {
        assert_eq!(planned(change, false, way), "set /d/f");
    }
    assert_eq!(planned(Change::Link, true, &[(b"f", None)]), "set /f");
}

#[test]
fn a_redirect_that_is_there_counts() {
    let renamed: Way<'_> = &[(b"g", Some(b"f")), (b"d", None)];
    assert_eq!(planned(Change::RenameWithin, true, renamed), "keep");
    assert_eq!(planned(Change::RenameWithin, false, renamed), "set /d/f");
    assert_eq!(planned(Change::RenameAway, true, renamed), "set /d/f");
    assert_eq!(planned(Change::Link, true, renamed), "set /d/f");
    let moved: Way<'_> = &[(b"g", Some(b"/d/f")), (b"e", None)];
    for change in ALL {
        for is_single in [false, true] {
            assert_eq!(planned(change, is_single, moved), "keep");
        }
    }
}

#[test]
fn directories_may_have_other_names_below() {
    let renamed: Way<'_> = &[(b"f", None), (b"e", Some(b"d")), (b"top", None)];
    assert_eq!(planned(Change::Link, true, renamed), "set /top/d/f");
    // What is above an absolute redirect does not matter, not even whether it is sound.
    let moved: Way<'_> = &[
        (b"f", None),
        (b"e", None),
        (b"d", Some(b"/old/d")),
        (b"..", Some(b"")),
    ];
    assert_eq!(planned(Change::Link, true, moved), "set /old/d/e/f");
    assert_eq!(planned(Change::RenameWithin, true, moved), "set f");
}

#[test]
fn a_path_that_is_too_long_is_none() {
    let (name, wide) = ([b'n'; 127], [b'w'; 255]);
    let fits: Way<'_> = &[(&name, None), (&name, None)];
    let path = format!("set /{0}/{0}", "n".repeat(127));
    assert_eq!(path.len(), "set ".len() + MAX_REDIRECT);
    assert_eq!(planned(Change::Link, true, fits), path);
    let long: Way<'_> = &[(&name, None), (&name[1..], None), (b"d", None)];
    assert_eq!(planned(Change::Link, true, long), "copy");
    assert_eq!(
        planned(Change::Link, true, &[(&wide, None)]),
        format!("set /{}", "w".repeat(255))
    );
    let beneath: Way<'_> = &[(b"f", None), (&wide, None)];
    assert_eq!(planned(Change::RenameAway, true, beneath), "copy");
    // A name alone always fits.
    assert_eq!(
        planned(Change::RenameWithin, true, &[(&wide, None), (&wide, None)]),
        format!("set {}", "w".repeat(255))
    );
    let far = [b'/', b'p'].repeat(128);
    let far: Way<'_> = &[(b"f", None), (b"d", Some(&far))];
    assert_eq!(planned(Change::RenameAway, true, far), "copy");
}

#[test]
fn what_is_corrupt_leads_nowhere() {
    for bad in [&b""[..], b"/", b"a/b", b"..", b"/a/../b", b"a\0"] {
        assert_eq!(planned(Change::Link, true, &[(b"f", Some(bad))]), "copy");
        let inside: Way<'_> = &[(b"f", None), (b"d", Some(bad))];
        assert_eq!(planned(Change::Link, true, inside), "copy");
    }
    for bad in [&b""[..], b"/", b"/a", b"a/b", b".", b"a\0"] {
        for change in ALL {
            assert_eq!(planned(change, true, &[(bad, None)]), "copy");
        }
        assert_eq!(
            planned(Change::Link, true, &[(b"f", None), (bad, None)]),
            "copy"
        );
    }
    assert_eq!(planned(Change::Link, true, &[]), "copy");
}

#[test]
fn the_way_is_asked_no_further_than_needed() {
    let torn = |change, way: Way<'_>| {
        let mut names = Names {
            left: way.iter(),
            torn: true,
        };
        let mut buffer = [0; MAX_REDIRECT];
        plan(change, true, &mut names, &mut buffer).map(drop)
    };
    assert_eq!(torn(Change::Link, &[(b"f", None)]), Err(Torn));
    assert_eq!(torn(Change::RenameWithin, &[(b"f", None)]), Ok(()));
    assert_eq!(torn(Change::Link, &[(b"f", Some(b"/d/f"))]), Ok(()));
    let moved: Way<'_> = &[(b"f", None), (b"e", Some(b"/d"))];
    assert_eq!(torn(Change::Link, moved), Ok(()));
}

fn bytes() -> impl Strategy<Value = Vec<u8>> {
    prop_oneof![
        4 => "[a-c]{1,3}".prop_map(String::into_bytes),
        1 => "(/[a-c]{1,3}){1,3}".prop_map(String::into_bytes),
        1 => "[a./\0]{0,4}".prop_map(String::into_bytes),
        1 => vec(any::<u8>(), 0..300),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(3000))]

    /// Whatever the names and redirects are, what is set is a sound redirect of the form that the
    /// change needs.
    #[test]
    fn any_way_gives_a_sound_redirect(
        way in vec((bytes(), prop::option::of(bytes())), 0..12),
        change in prop::sample::select(&ALL[..]),
        is_single: bool,
    ) {
        let way: Vec<_> = way.iter().map(|(name, to)| (&name[..], to.as_deref())).collect();
        let mut names = Names { left: way.iter(), torn: false };
        let mut buffer = [b'?'; MAX_REDIRECT];
        if let Ok(Plan::Set(to)) = plan(change, is_single, &mut names, &mut buffer) {
            match redirect(to) {
                Ok(Redirect::Relative(name)) => {
                    prop_assert!(is_single && change == Change::RenameWithin);
                    prop_assert_eq!(name, way[0].0);
                }
                Ok(Redirect::Absolute(_)) => {
                    prop_assert!(!is_single || change != Change::RenameWithin);
                }
                Err(corrupt) => prop_assert!(false, "{corrupt:?}: {to:?}"),
            }
        }
    }
}
