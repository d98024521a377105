//! How long things took: a log-linear histogram of fixed size.
//!
//! A power of two is split into [`STEPS`] buckets of equal width, so a value is known to within
//! one part in 64, from a nanosecond to centuries, in 30 KiB; recording is a shift and an addition.

/// Buckets of a power of two, and the first values, which have a bucket each.
const STEPS: u64 = 1 << STEP_BITS;
const STEP_BITS: u32 = 6;
/// So many rows of [`STEPS`] buckets hold every `u64`.
const ROWS: usize = (u64::BITS - STEP_BITS + 1) as usize;

/// Counts of values, in whatever unit they are.
#[derive(Clone, Debug)]
pub struct Histogram {
    counts: Vec<u64>,
    total: u64,
    max: u64,
}

impl Default for Histogram {
    fn default() -> Histogram {
        Histogram {
            counts: vec![0; ROWS * STEPS as usize],
            total: 0,
            max: 0,
        }
    }
}

impl Histogram {
    /// Counts a value.
    pub fn record(&mut self, value: u64) {
        self.counts[bucket(value)] += 1;
        self.total += 1;
        self.max = self.max.max(value);
    }

    /// The least value that at least `share` (0 to 1) of all values do not exceed, rounded up by at
    /// most one part in 64; 0 where there are none.
    pub fn quantile(&self, share: f64) -> u64 {
        let rank = (self.total as f64 * share).ceil().max(1.0) as u64;
        let mut seen = 0;
        for (index, count) in self.counts.iter().enumerate() {
            seen += count;
            if seen >= rank {
                return highest(index).min(self.max);
            }
        }
        self.max
    }

    /// The greatest value, exactly; 0 where there are none.
    pub fn max(&self) -> u64 {
        self.max
    }

    /// How many values there are.
    pub fn len(&self) -> u64 {
        self.total
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.total == 0
    }
}

/// The bucket of a value. Row 0 holds the values below [`STEPS`]; each further row a power of two.
fn bucket(value: u64) -> usize {
    let row = (u64::BITS - value.leading_zeros()).saturating_sub(STEP_BITS);
    match row {
        0 => value as usize,
        row => (row as usize) * STEPS as usize + ((value >> (row - 1)) - STEPS) as usize,
    }
}

/// The highest value of a bucket.
fn highest(index: usize) -> u64 {
    let (row, step) = (index as u64 / STEPS, index as u64 % STEPS);
    match row {
        0 => step,
        row => ((STEPS + step) << (row - 1)) + ((1 << (row - 1)) - 1),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_value_has_one_bucket_and_lies_within_a_64th_of_its_end() {
        let mut values: Vec<u64> = (0..70_000).collect();
        for bit in 16..64 {
            let power = 1u64 << bit;
            values.extend([power - 1, power, power + 1, power + power / 3]);
        }
        values.extend([u64::MAX - 1, u64::MAX]);
        for value in values {
            let index = bucket(value);
            let high = highest(index);
            assert!(value <= high && bucket(high) == index, "{value}");
            assert!(high - value <= value / 64, "{value}: {high}");
            if let Some(next) = high.checked_add(1) {
                assert_eq!(bucket(next), index + 1, "{value}: no gap behind it");
            }
        }
        assert_eq!(bucket(u64::MAX) + 1, ROWS * STEPS as usize);
    }

    #[test]
    fn quantiles_are_those_of_the_sorted_values() {
        let mut histogram = Histogram::default();
        assert_eq!((histogram.quantile(0.5), histogram.max()), (0, 0));
        assert!(histogram.is_empty());
        // In no order: 7,919 and 100,000 have no common divisor.
        for number in 0..100_000 {
            histogram.record(number * 7_919 % 100_000 + 1);
        }
        for (share, want) in [(0.0, 1), (0.5, 50_000), (0.99, 99_000), (0.999, 99_900)] {
            let found = histogram.quantile(share);
            assert!(
                found >= want && found - want <= want / 64,
                "{share}: {found}"
            );
        }
        assert_eq!(histogram.quantile(1.0), 100_000);
        assert_eq!((histogram.max(), histogram.len()), (100_000, 100_000));
    }
}
