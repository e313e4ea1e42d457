//! A reproducible sequence of numbers from a seed; must not know what is drawn.

/// Numbers by splitmix64 (Steele, Lea, Flood 2014): the same for the same seed, on every machine.
#[derive(Clone, Debug)]
pub struct Draws(u64);

impl Draws {
    /// The sequence of this seed.
    pub fn new(seed: u64) -> Self {
        Self(seed)
    }

    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    /// A number below `limit`; 0 where there is none.
    pub fn below(&mut self, limit: usize) -> usize {
        // The bias of the remainder is below 2^-32 for every limit that is used.
        (self.next() % (limit as u64).max(1)) as usize
    }

    /// A bit.
    pub fn bit(&mut self) -> bool {
        self.next() >> 63 == 1
    }

    /// So many bits.
    pub fn bits(&mut self, count: usize) -> Vec<bool> {
        (0..count).map(|_| self.bit()).collect()
    }
}
