//! The client's mask (RFC 6455 section 5.3).

/// The masking key of one frame, turned so that its first byte belongs to the next payload byte.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Mask([u8; 4]);

impl Mask {
    pub(crate) const fn new(key: [u8; 4]) -> Self {
        Self(key)
    }

    /// Takes the mask off the next bytes of the frame's payload.
    pub(crate) fn apply(&mut self, bytes: &mut [u8]) {
        let [a, b, c, d] = self.0;
        let wide = u64::from_ne_bytes([a, b, c, d, a, b, c, d]);
        // Whole words in a loop without branches are what the compiler turns into vector
        // instructions; a byte loop with an index modulo four is not.
        let (words, tail) = bytes.as_chunks_mut::<8>();
        for word in words {
            *word = (u64::from_ne_bytes(*word) ^ wide).to_ne_bytes();
        }
        for (byte, key) in tail.iter_mut().zip([a, b, c, d, a, b, c]) {
            *byte ^= key;
        }
        self.0.rotate_left(tail.len() & 3);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn by_the_book(bytes: &mut [u8], key: [u8; 4]) {
        for (i, byte) in bytes.iter_mut().enumerate() {
            *byte ^= key[i % 4];
        }
    }

    #[test]
    fn any_cut_gives_what_the_rfc_says() {
        let key = [0x37, 0xfa, 0x21, 0x3d];
        for len in 0..70 {
            let plain: Vec<u8> = (0..len).collect();
            let mut expected = plain.clone();
            by_the_book(&mut expected, key);
            for cut in 0..=plain.len() {
                let mut bytes = plain.clone();
                let mut mask = Mask::new(key);
                let (left, right) = bytes.split_at_mut(cut);
                mask.apply(left);
                mask.apply(right);
                assert_eq!(bytes, expected, "length {len} cut at {cut}");
            }
        }
    }
}
