// SPDX-License-Identifier: GPL-2.0-only
//! POSIX ACLs as the kernel stores them in extended attributes, written as text.

/// Attribute of the access ACL.
pub const ACCESS: &str = "system.posix_acl_access";
/// Attribute of the default ACL.
pub const DEFAULT: &str = "system.posix_acl_default";

const TAGS: [(&str, u16); 6] = [
    ("u", 0x01),
    ("user", 0x02),
    ("g", 0x04),
    ("group", 0x08),
    ("m", 0x10),
    ("o", 0x20),
];

/// Encodes a text such as `u:7,user:1000:6,g:5,m:7,o:5`: owner, a named user, owning group, mask, others.
///
/// Panics on anything else: the texts are written in scenarios.
pub fn encode(text: &str) -> Vec<u8> {
    let mut bytes = 2u32.to_le_bytes().to_vec();
    for entry in text.split(',') {
        let fields: Vec<&str> = entry.split(':').collect();
        let (word, id, permissions) = match fields[..] {
            [word, permissions] => (word, u32::MAX, permissions),
            [word, id, permissions] => (word, id.parse().expect("an id"), permissions),
            _ => panic!("an ACL entry has two or three fields: {entry}"),
        };
        let (_, tag) = TAGS
            .iter()
            .find(|(name, _)| *name == word)
            .unwrap_or_else(|| panic!("no such ACL tag: {word}"));
        let permissions: u16 = permissions.parse().expect("a digit");
        bytes.extend(tag.to_le_bytes());
        bytes.extend(permissions.to_le_bytes());
        bytes.extend(id.to_le_bytes());
    }
    bytes
}

/// The text of an encoded ACL.
pub fn decode(bytes: &[u8]) -> String {
    let Some(entries) = bytes.strip_prefix(&2u32.to_le_bytes()) else {
        return format!("not an ACL: {}", bytes.escape_ascii());
    };
    let texts = entries.chunks_exact(8).map(|entry| {
        let tag = u16::from_le_bytes([entry[0], entry[1]]);
        let permissions = u16::from_le_bytes([entry[2], entry[3]]);
        let id = u32::from_le_bytes([entry[4], entry[5], entry[6], entry[7]]);
        let word = TAGS
            .iter()
            .find(|(_, number)| *number == tag)
            .map_or("?", |(name, _)| name);
        match id {
            u32::MAX => format!("{word}:{permissions}"),
            _ => format!("{word}:{id}:{permissions}"),
        }
    });
    texts.collect::<Vec<_>>().join(",")
}

#[cfg(test)]
mod tests {
    #[test]
    fn text_survives() {
        let text = "u:7,user:1000:6,g:5,group:50:4,m:7,o:5";
        assert_eq!(super::decode(&super::encode(text)), text);
    }
}
