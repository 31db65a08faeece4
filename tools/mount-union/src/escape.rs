// SPDX-License-Identifier: GPL-2.0-only
//! The text of mount options: splitting, quotes and escapes.
//!
//! An option string is a list separated by commas. A comma inside double quotes or after a backslash does not
//! separate. A value of `lowerdir` is a list of paths separated by colons, two of which stand before a data-only layer;
//! a colon after a backslash belongs to the path. `\NNN`, three octal digits, is accepted because /proc/mounts writes options that way, so text copied from
//! there can be given back.

use union_support::octal;

/// Splits an option string at its commas; the parts keep their quotes and escapes. Empty parts are dropped.
///
/// # Errors
///
/// A double quote that is not closed.
pub fn split_options(text: &[u8]) -> Result<Vec<&[u8]>, &'static str> {
    let mut parts = Vec::new();
    let mut start = 0;
    let mut quoted = false;
    let mut at = 0;
    while at < text.len() {
        match text[at] {
            b'\\' => at += 1,
            b'"' => quoted = !quoted,
            b',' if !quoted => {
                parts.push(&text[start..at]);
                start = at + 1;
            }
            _ => {}
        }
        at += 1;
    }
    if quoted {
        return Err("a double quote is not closed");
    }
    parts.push(&text[start..]);
    parts.retain(|part| !part.is_empty());
    Ok(parts)
}

/// Removes one pair of double quotes around a value.
pub fn unquote(value: &[u8]) -> &[u8] {
    match value {
        [b'"', inner @ .., b'"'] => inner,
        _ => value,
    }
}

/// Resolves `\X` and `\NNN`. A backslash at the very end stands for itself.
pub fn unescape(value: &[u8]) -> Vec<u8> {
    let mut plain = Vec::with_capacity(value.len());
    let mut rest = value;
    while let [first, tail @ ..] = rest {
        if *first != b'\\' || tail.is_empty() {
            plain.push(*first);
            rest = tail;
        } else if let Some(byte) = octal::byte(tail) {
            plain.push(byte);
            rest = &tail[3..];
        } else {
            plain.push(tail[0]);
            rest = &tail[1..];
        }
    }
    plain
}

/// The paths in a value of `lowerdir`.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Layers {
    /// The lower layers, topmost first.
    pub lowers: Vec<Vec<u8>>,
    /// The data-only layers, topmost first.
    pub data: Vec<Vec<u8>>,
}

/// Splits a value of `lowerdir` into the paths of its layers.
///
/// # Errors
///
/// A path is empty, or a lower layer stands after a data-only layer.
pub fn split_layers(value: &[u8]) -> Result<Layers, &'static str> {
    let mut layers = Layers::default();
    let parts = split_colons(value);
    let mut parts = parts.into_iter();
    let mut is_data = false;
    while let Some(mut path) = parts.next() {
        if path.is_empty() && !layers.lowers.is_empty() {
            is_data = true;
            path = parts.next().unwrap_or_default();
        } else if is_data {
            return Err(
                "a lower layer stands after a data-only layer; these come last, each after '::'",
            );
        }
        if path.is_empty() {
            return Err("a layer has an empty name");
        }
        let list = match is_data {
            true => &mut layers.data,
            false => &mut layers.lowers,
        };
        list.push(unescape(path));
    }
    Ok(layers)
}

fn split_colons(value: &[u8]) -> Vec<&[u8]> {
    let mut parts = Vec::new();
    let mut start = 0;
    let mut at = 0;
    while at < value.len() {
        match value[at] {
            b'\\' => at += 1,
            b':' => {
                parts.push(&value[start..at]);
                start = at + 1;
            }
            _ => {}
        }
        at += 1;
    }
    parts.push(&value[start..]);
    parts
}

/// An option as the kernel lists it, in the form in which it is parsed. Only `lowerdir+` and
/// `datadir+` are listed without backslashes; in the other lists of paths, commas have theirs.
pub fn for_parsing(option: &[u8]) -> Vec<u8> {
    let is_path = [&b"lowerdir="[..], b"upperdir=", b"workdir="]
        .iter()
        .any(|key| option.starts_with(key));
    let is_bare = [&b"lowerdir+="[..], b"datadir+="]
        .iter()
        .any(|key| option.starts_with(key));
    let special: &[u8] = match (is_path, is_bare) {
        (true, _) => b"\"",
        (_, true) => b"\\,\"",
        _ => b",\"",
    };
    let escaped = option.iter().flat_map(|&byte| {
        let backslash = special.contains(&byte).then_some(b'\\');
        backslash.into_iter().chain([byte])
    });
    escaped.collect()
}

/// The inverse of [`unescape`] for a path that is to stand in an option string.
#[cfg(test)]
pub fn escape(path: &[u8]) -> Vec<u8> {
    let mut text = Vec::with_capacity(path.len());
    for &byte in path {
        if matches!(byte, b':' | b',' | b'\\' | b'"') {
            text.push(b'\\');
        }
        text.push(byte);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn commas_separate_unless_quoted_or_escaped() {
        assert_eq!(
            split_options(br#"ro,context="a,b",lowerdir=/x\,y,,nodev"#).unwrap(),
            [
                &b"ro"[..],
                br#"context="a,b""#,
                br"lowerdir=/x\,y",
                b"nodev"
            ]
        );
        assert!(split_options(br#"context="a"#).is_err());
    }

    #[test]
    fn colons_separate_unless_escaped() {
        let layers = split_layers(br"/a\:b:/c\\:/d\,e").unwrap();
        assert_eq!(layers.lowers, [&b"/a:b"[..], br"/c\", b"/d,e"]);
        assert!(layers.data.is_empty());
    }

    #[test]
    fn two_colons_stand_before_a_data_only_layer() {
        let layers = split_layers(br"/a:/b\:::/c\:\:::/d").unwrap();
        assert_eq!(layers.lowers, [&b"/a"[..], b"/b:"]);
        assert_eq!(layers.data, [&b"/c::"[..], b"/d"]);
        let late = split_layers(b"/a::/b:/c").unwrap_err();
        assert!(late.contains("after a data-only layer"), "{late}");
    }

    #[test]
    fn empty_layers_are_refused() {
        for bad in [
            &b""[..],
            b":/a",
            b"/a:",
            b"::/a",
            b"/a::",
            b"/a:::/b",
            b"/a::/b:",
            b"/a::/b::",
        ] {
            let text = String::from_utf8_lossy(bad);
            assert_eq!(
                split_layers(bad),
                Err("a layer has an empty name"),
                "{text}"
            );
        }
    }

    #[test]
    fn octal_is_what_proc_mounts_prints() {
        assert_eq!(
            unescape(br"/with\040space\054comma\134"),
            br"/with space,comma\"
        );
        assert_eq!(unescape(br"/a\09"), b"/a09");
        assert_eq!(unescape(br"/a\777"), b"/a777");
        assert_eq!(unescape(br"\"), br"\");
    }

    /// A path component whose bytes include every character that means something here. A digit right after a
    /// backslash is covered by `escape` writing the backslash twice.
    fn path() -> impl Strategy<Value = Vec<u8>> {
        prop::collection::vec(
            prop_oneof![
                Just(b':'),
                Just(b','),
                Just(b'\\'),
                Just(b'"'),
                Just(b'='),
                Just(b'0'),
                1u8..=255
            ],
            1..40,
        )
    }

    proptest! {
        #[test]
        fn escaped_paths_come_back(
            paths in prop::collection::vec(path(), 1..8),
            data in prop::collection::vec(path(), 0..3),
        ) {
            let mut option = b"lowerdir=".to_vec();
            option.extend(paths.iter().map(|path| escape(path)).collect::<Vec<_>>().join(&b':'));
            for path in &data {
                option.extend_from_slice(b"::");
                option.extend(escape(path));
            }
            let mut text = b"ro,".to_vec();
            text.extend_from_slice(&option);
            text.extend_from_slice(b",nodev");

            let parts = split_options(&text).unwrap();
            prop_assert_eq!(&parts, &[&b"ro"[..], &option[..], b"nodev"]);
            let layers = split_layers(&parts[1][b"lowerdir=".len()..]).unwrap();
            prop_assert_eq!(layers, Layers { lowers: paths, data });
        }

        #[test]
        fn any_text_is_split_without_panic(text in prop::collection::vec(any::<u8>(), 0..200)) {
            if let Ok(parts) = split_options(&text) {
                for part in parts {
                    let _ = split_layers(unquote(part));
                    let _ = unescape(part);
                }
            }
        }
    }
}
