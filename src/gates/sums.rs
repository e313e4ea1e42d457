//! 64 sums side by side, in integers of a width that the compiler turns into vectors; must not know what is summed.

/// An integer type for sums.
pub(super) trait Width: Copy + Default + Ord + 'static {
    /// For each byte: all ones where its bit is set.
    const MASKS: &'static [[Self; 8]; 256];

    /// The lower bits of a wider integer.
    fn cut(wide: i64) -> Self;

    /// The integer itself, if it has a place in this width.
    fn fit(wide: i64) -> Option<Self>;

    /// The same for the widest integers.
    fn take(wide: i128) -> Option<Self>;

    /// Adds `weight` where `mask` is all ones.
    fn add(&mut self, weight: Self, mask: Self);

    /// Adds a product.
    fn add_product(&mut self, factor: Self, other: Self);
}

macro_rules! width {
    ($type:ty, $masks:ident) => {
        static $masks: [[$type; 8]; 256] = {
            let mut masks = [[0; 8]; 256];
            let mut at = 0;
            while at < 256 * 8 {
                masks[at / 8][at % 8] = -((at / 8 >> at % 8 & 1) as $type);
                at += 1;
            }
            masks
        };

        impl Width for $type {
            const MASKS: &'static [[Self; 8]; 256] = &$masks;

            #[inline]
            fn cut(wide: i64) -> Self {
                wide as Self
            }

            #[inline]
            fn fit(wide: i64) -> Option<Self> {
                Self::try_from(wide).ok()
            }

            #[inline]
            fn take(wide: i128) -> Option<Self> {
                Self::try_from(wide).ok()
            }

            #[inline]
            fn add(&mut self, weight: Self, mask: Self) {
                *self = self.wrapping_add(weight & mask);
            }

            #[inline]
            fn add_product(&mut self, factor: Self, other: Self) {
                *self = self.wrapping_add(factor.wrapping_mul(other));
            }
        }
    };
}

width!(i16, MASKS_16);
width!(i32, MASKS_32);
width!(i64, MASKS_64);
width!(i128, MASKS_128);

/// One sum a lane.
pub(super) struct Sums<T>([[T; 8]; 8]);

impl<T: Width> Sums<T> {
    pub(super) fn new() -> Self {
        Self([[T::default(); 8]; 8])
    }

    /// Adds a weight in the lanes that are set.
    #[inline]
    pub(super) fn add(&mut self, weight: T, lanes: u64) {
        for (sums, byte) in self.0.iter_mut().zip(lanes.to_le_bytes()) {
            for (sum, &mask) in sums.iter_mut().zip(&T::MASKS[usize::from(byte)]) {
                sum.add(weight, mask);
            }
        }
    }

    /// Adds the other sums times a factor, lane by lane.
    #[inline]
    pub(super) fn add_scaled(&mut self, others: &Self, factor: T) {
        for (sum, &other) in self.0.as_flattened_mut().iter_mut().zip(others.0.as_flattened()) {
            sum.add_product(factor, other);
        }
    }

    /// The same sums in a wider type.
    pub(super) fn widen<U: Width + From<T>>(&self) -> Sums<U> {
        Sums(self.0.map(|sums| sums.map(U::from)))
    }

    /// The lanes whose sums reach the threshold.
    #[inline]
    pub(super) fn reach(&self, threshold: i64) -> u64 {
        match T::fit(threshold) {
            Some(threshold) => self.compare(threshold),
            None if threshold > 0 => 0,
            None => u64::MAX,
        }
    }

    /// The lanes whose sums reach a threshold of the widest type.
    #[inline]
    pub(super) fn reach_wide(&self, threshold: i128) -> u64 {
        match T::take(threshold) {
            Some(threshold) => self.compare(threshold),
            None if threshold > 0 => 0,
            None => u64::MAX,
        }
    }

    #[inline]
    fn compare(&self, threshold: T) -> u64 {
        let mut lanes = [0; 8];
        for (lane, sums) in lanes.iter_mut().zip(&self.0) {
            let mut reached = [0; 8];
            for (bit, sum) in reached.iter_mut().zip(sums) {
                *bit = u8::from(*sum >= threshold);
            }
            // Collects the lowest bits of eight bytes in the highest byte.
            *lane = (u64::from_le_bytes(reached).wrapping_mul(0x0102_0408_1020_4080) >> 56) as u8;
        }
        u64::from_le_bytes(lanes)
    }
}
