// SPDX-License-Identifier: GPL-2.0-only

//! The manual and the user's guide have every option that the module takes, and no other.

use union_logic::options::Key;

const MANUAL: &str = include_str!("../../../Documentation/mount.union.8");
const GUIDE: &str = include_str!("../../../Documentation/union.rst");

const COMPLETIONS: [(&str, &str); 3] = [
    (
        "mount.union.bash",
        include_str!("../../../scripts/completions/mount.union.bash"),
    ),
    (
        "_union",
        include_str!("../../../scripts/completions/_union"),
    ),
    (
        "union.fish",
        include_str!("../../../scripts/completions/union.fish"),
    ),
];

/// The tags of the paragraphs in one subsection of the manual, one line each.
fn tags(subsection: &str) -> Vec<&'static str> {
    let mut lines = MANUAL
        .lines()
        .skip_while(|line| *line != format!(".SS {subsection}"));
    assert!(
        lines.next().is_some(),
        "mount.union.8 has no subsection {subsection:?}"
    );
    let mut tags = Vec::new();
    let mut expected = false;
    for line in lines.take_while(|line| !line.starts_with(".S")) {
        if expected {
            tags.push(line);
        }
        expected = line == ".TP" || line == ".TQ";
    }
    tags
}

/// The option that a tag is about: the word after its font.
fn option(tag: &str) -> &str {
    let name = tag.split_whitespace().nth(1).expect("a font and a name");
    name.trim_end_matches('=')
}

const OF_THE_UNION: [&str; 3] = [
    "Layers",
    "Behaviour",
    "Options accepted for compatibility with overlayfs",
];

#[test]
fn the_manual_has_every_option() {
    let documented: Vec<_> = OF_THE_UNION
        .iter()
        .flat_map(|part| tags(part))
        .map(option)
        .collect();
    let missing: Vec<_> = Key::ALL
        .iter()
        .map(|key| key.name())
        .filter(|name| !documented.iter().any(|word| word == name))
        .collect();
    assert!(missing.is_empty(), "not in mount.union.8: {missing:?}");
}

#[test]
fn the_manual_has_no_other_option() {
    for part in OF_THE_UNION {
        for name in tags(part).into_iter().map(option) {
            assert!(
                Key::from_name(name.as_bytes()).is_some(),
                "mount.union.8, {part}: the module has no option {name:?}"
            );
        }
    }
}

#[test]
fn the_guide_has_every_option() {
    let has = |name: &str| {
        let quoted = [format!("``{name}``"), format!("``{name}=")];
        quoted.iter().any(|text| GUIDE.contains(text))
    };
    let missing: Vec<_> = Key::ALL
        .iter()
        .map(|key| key.name())
        .filter(|name| !has(name))
        .collect();
    assert!(missing.is_empty(), "not in union.rst: {missing:?}");
}

#[test]
fn the_completions_have_every_option() {
    for (file, text) in COMPLETIONS {
        let words: Vec<_> = text
            .split(|c: char| !c.is_alphanumeric() && !"_+".contains(c))
            .collect();
        let missing: Vec<_> = Key::ALL
            .iter()
            .map(|key| key.name())
            .filter(|name| !words.contains(name))
            .collect();
        assert!(
            missing.is_empty(),
            "not in scripts/completions/{file}: {missing:?}"
        );
    }
}
