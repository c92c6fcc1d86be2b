//! What either side can do: a set of numbers.

/// What a side of a channel can do. Bits without a meaning here are kept as they came.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Capabilities(Vec<u32>);

/// Capabilities that all channels share (`SPICE_COMMON_CAP_*`).
pub mod common {
    /// The client says how it proves who it is.
    pub const AUTH_SELECTION: u32 = 0;
    /// By an encrypted password.
    pub const AUTH_SPICE: u32 = 1;
    /// By SASL.
    pub const AUTH_SASL: u32 = 2;
    /// The channel's messages have short headers. Both sides must have it.
    pub const MINI_HEADER: u32 = 3;
}

impl Capabilities {
    pub(crate) fn from_words(words: Vec<u32>) -> Self {
        Self(words)
    }

    pub(crate) fn words(&self) -> &[u32] {
        &self.0
    }

    /// Whether it is among them.
    pub fn has(&self, capability: u32) -> bool {
        let (word, bit) = place(capability);
        self.0.get(word).is_some_and(|word| word & bit != 0)
    }

    /// The same with this one too.
    #[must_use]
    pub fn with(mut self, capability: u32) -> Self {
        let (at, bit) = place(capability);
        if self.0.len() <= at {
            self.0.resize(at + 1, 0);
        }
        if let Some(word) = self.0.get_mut(at) {
            *word |= bit;
        }
        self
    }

    /// The same without this one.
    #[must_use]
    pub fn without(mut self, capability: u32) -> Self {
        let (at, bit) = place(capability);
        if let Some(word) = self.0.get_mut(at) {
            *word &= !bit;
        }
        self
    }
}

fn place(capability: u32) -> (usize, u32) {
    ((capability / 32) as usize, 1 << (capability % 32))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_capability_comes_and_goes_alone() {
        let set = Capabilities::from_words(vec![0b1000]);
        assert!(set.has(common::MINI_HEADER) && !set.has(common::AUTH_SPICE));
        let more = set.clone().with(common::AUTH_SPICE).with(33);
        assert_eq!(more.words(), [0b1010, 0b10]);
        assert!(more.has(33) && !more.has(1000));
        assert_eq!(
            more.without(33).without(common::AUTH_SPICE).without(99).words(),
            [0b1000, 0]
        );
        assert_eq!(Capabilities::default().with(0).words(), [1]);
    }
}
