//! A small repeatable source of chance for tests (xorshift).

/// Its seed, which is not zero.
#[derive(Debug)]
pub(crate) struct Random(pub(crate) u64);

impl Random {
    pub(crate) fn next(&mut self) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0
    }

    pub(crate) fn octet(&mut self) -> u8 {
        self.next().to_le_bytes()[3]
    }

    pub(crate) fn below(&mut self, limit: usize) -> usize {
        usize::try_from(self.next() >> 33).unwrap() % limit
    }

    /// 0 to 1.
    pub(crate) fn share(&mut self) -> f32 {
        f32::from(u16::from_le_bytes([self.octet(), self.octet()])) / f32::from(u16::MAX)
    }
}
