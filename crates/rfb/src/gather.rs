//! Fixed-size fields out of bytes that come cut anywhere.

/// A field of `N` bytes that is coming in.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Gather<const N: usize> {
    bytes: [u8; N],
    have: usize,
}

impl<const N: usize> Gather<N> {
    pub(crate) const fn new() -> Self {
        Self {
            bytes: [0; N],
            have: 0,
        }
    }

    /// Takes what the field lacks off the front of `input`: the field, once it is whole.
    pub(crate) fn take(&mut self, input: &mut &[u8]) -> Option<[u8; N]> {
        let room = self.bytes.get_mut(self.have..)?;
        let part = front(input, room.len());
        for (to, from) in room.iter_mut().zip(part) {
            *to = *from;
        }
        self.have += part.len();
        (self.have == N).then_some(self.bytes)
    }

    /// What has come so far.
    pub(crate) fn so_far(&self) -> &[u8] {
        self.bytes.get(..self.have).unwrap_or_default()
    }
}

/// Takes at most `len` bytes off the front of `input`.
pub(crate) fn front<'a>(input: &mut &'a [u8], len: usize) -> &'a [u8] {
    input.split_off(..len.min(input.len())).unwrap_or_default()
}
