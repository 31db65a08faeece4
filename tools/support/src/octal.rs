// SPDX-License-Identifier: GPL-2.0-only
//! `\NNN`, three octal digits, by which the kernel's lists escape field separators.

/// Resolves `\NNN`, and nothing else.
pub fn decode(field: &[u8]) -> Vec<u8> {
    let mut plain = Vec::with_capacity(field.len());
    let mut rest = field;
    while let [first, tail @ ..] = rest {
        match byte(tail).filter(|_| *first == b'\\') {
            Some(byte) => {
                plain.push(byte);
                rest = &tail[3..];
            }
            None => {
                plain.push(*first);
                rest = tail;
            }
        }
    }
    plain
}

/// The byte that `NNN` at the start of `text` stands for.
pub fn byte(text: &[u8]) -> Option<u8> {
    let digits = text.get(..3)?;
    digits
        .iter()
        .try_fold(0u32, |sum, digit| match digit {
            b'0'..=b'7' => Some(sum * 8 + u32::from(digit - b'0')),
            _ => None,
        })
        .and_then(|value| u8::try_from(value).ok())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_three_digits_of_a_byte_count() {
        assert_eq!(decode(br"a\134:b\054c\x\"), br"a\:b,c\x\");
        assert_eq!(decode(br"a\09\777"), br"a\09\777");
    }
}
