//! Numbers for jitter and nonces: SplitMix64 (Steele, Lea, Flood: Fast Splittable Pseudorandom
//! Number Generators, 2014), seeded by the shell. The same seed means the same run.

/// The generator.
#[derive(Debug)]
pub struct Random(pub u64);

impl Random {
    /// The next 64 bits.
    pub fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.0 ^ self.0 >> 30).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ mixed >> 27).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ mixed >> 31
    }

    /// `about`, give or take a quarter: so that many who lost the same peer do not meet again.
    pub fn jitter(&mut self, about: u64) -> u64 {
        about - about / 4 + self.next() % (about / 2 + 1)
    }
}

#[cfg(test)]
mod tests {
    use super::Random;

    #[test]
    fn it_is_the_published_generator() {
        // The first outputs for the seed 1234567 of the authors' Java code.
        let mut random = Random(1_234_567);
        assert_eq!(random.next(), 6_457_827_717_110_365_317);
        assert_eq!(random.next(), 3_203_168_211_198_807_973);
    }

    #[test]
    fn jitter_stays_within_a_quarter() {
        let mut random = Random(7);
        for about in [0, 1, 50_000_000, 1_000_000_000] {
            let delays: Vec<u64> = (0..1000).map(|_| random.jitter(about)).collect();
            assert!(
                delays
                    .iter()
                    .all(|delay| delay.abs_diff(about) <= about / 4 + 1)
            );
        }
    }
}
