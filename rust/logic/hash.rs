// SPDX-License-Identifier: GPL-2.0-only

//! Hashing of names and numbers.

/// A finalizer that spreads every bit of `x` over the result. It is a bijection, so two numbers
/// never collide.
pub const fn spread(x: u64) -> u64 {
    let x = (x ^ (x >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let x = (x ^ (x >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    x ^ (x >> 31)
}

/// Takes one number more into a hash of several, of which the first was taken into 0.
pub const fn combine(hash: u64, more: u64) -> u64 {
    spread(hash.rotate_left(1) ^ spread(more))
}

/// The hash of a name.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub struct NameHash(pub u64);

impl NameHash {
    /// Half of it, for tables that are never so large that this would not do.
    pub const fn low(self) -> u32 {
        (self.0 ^ (self.0 >> 32)) as u32
    }
}

/// SipHash-1-3 of a name, or of any bytes, under a secret key.
///
/// The hash is keyed because users choose names: with predictable collisions, one directory would
/// cost the square of its size.
pub fn name(key: u64, name: &[u8]) -> NameHash {
    NameHash(Sip::new(key, spread(!key)).hash(name))
}

struct Sip([u64; 4]);

impl Sip {
    fn new(k0: u64, k1: u64) -> Self {
        Sip([
            k0 ^ 0x736f_6d65_7073_6575,
            k1 ^ 0x646f_7261_6e64_6f6d,
            k0 ^ 0x6c79_6765_6e65_7261,
            k1 ^ 0x7465_6462_7974_6573,
        ])
    }

    fn round(&mut self) {
        let [mut a, mut b, mut c, mut d] = self.0;
        a = a.wrapping_add(b);
        b = b.rotate_left(13) ^ a;
        a = a.rotate_left(32);
        c = c.wrapping_add(d);
        d = d.rotate_left(16) ^ c;
        a = a.wrapping_add(d);
        d = d.rotate_left(21) ^ a;
        c = c.wrapping_add(b);
        b = b.rotate_left(17) ^ c;
        c = c.rotate_left(32);
        self.0 = [a, b, c, d];
    }

    fn word(&mut self, word: u64) {
        self.0[3] ^= word;
        self.round();
        self.0[0] ^= word;
    }

    fn hash(mut self, bytes: &[u8]) -> u64 {
        let mut words = bytes.chunks_exact(8);
        for word in words.by_ref() {
            let mut le = [0; 8];
            le.copy_from_slice(word);
            self.word(u64::from_le_bytes(le));
        }
        // The last word holds the rest of the bytes and, on top, the length of all of them.
        let mut last = (bytes.len() as u64) << 56;
        for (i, &byte) in words.remainder().iter().enumerate() {
            last |= u64::from(byte) << (8 * i);
        }
        self.word(last);
        self.finish()
    }

    fn finish(mut self) -> u64 {
        self.0[2] ^= 0xff;
        for _ in 0..3 {
            self.round();
        }
        let [a, b, c, d] = self.0;
        a ^ b ^ c ^ d
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The standard library's default hasher is SipHash-1-3 under a key of zeroes.
    #[test]
    fn is_the_sip_hash_of_the_standard_library() {
        use std::hash::{DefaultHasher, Hasher};
        for len in 0..40u8 {
            let bytes: std::vec::Vec<u8> = (0..len).collect();
            let mut theirs = DefaultHasher::new();
            theirs.write(&bytes);
            assert_eq!(Sip::new(0, 0).hash(&bytes), theirs.finish(), "{len} bytes");
        }
    }

    #[test]
    fn the_key_matters() {
        assert_ne!(name(1, b"etc"), name(2, b"etc"));
    }

    #[test]
    fn names_spread_over_the_low_bits() {
        let mut buckets = [0u32; 256];
        for i in 0..65536u32 {
            buckets[name(7, format!("file-{i}").as_bytes()).low() as usize % 256] += 1;
        }
        assert!(buckets.iter().all(|&n| (160..=352).contains(&n)));
    }
}
