//! Writes values with the unit that reads best.

use crate::units::{MILLISECOND, SECOND};

/// `5 MiB`, `1,000 bytes`.
pub fn bytes(value: u64) -> String {
    match value.trailing_zeros() {
        30..64 => format!("{} GiB", value >> 30),
        20..30 => format!("{} MiB", value >> 20),
        10..20 => format!("{} KiB", value >> 10),
        _ => format!("{} bytes", count(value)),
    }
}

/// `10,000,000`.
pub fn count(value: u64) -> String {
    match value {
        0..1000 => value.to_string(),
        _ => format!("{},{:03}", count(value / 1000), value % 1000),
    }
}

/// `24 h`, `4.5 s`, `50 ms`.
pub fn time(value: u64) -> String {
    const HOUR: u64 = 3600 * SECOND;
    match value {
        _ if value >= HOUR && value.is_multiple_of(HOUR) => format!("{} h", value / HOUR),
        _ if value >= SECOND => format!("{} s", value as f64 / SECOND as f64),
        _ => format!("{} ms", value as f64 / MILLISECOND as f64),
    }
}

/// `ulimit -n - 40`: all descriptors of the process but `value`.
pub fn descriptors(value: u64) -> String {
    format!("ulimit -n - {value}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_have_the_unit_that_reads_best() {
        assert_eq!(bytes(8192), "8 KiB");
        assert_eq!(bytes(5 << 20), "5 MiB");
        assert_eq!(bytes(3 << 40), "3072 GiB");
        assert_eq!(bytes(1000), "1,000 bytes");
        assert_eq!(bytes(0), "0 bytes");
        assert_eq!(count(999), "999");
        assert_eq!(count(10_000_000), "10,000,000");
        assert_eq!(count(1_002_034), "1,002,034");
        assert_eq!(time(86_400 * SECOND), "24 h");
        assert_eq!(time(SECOND * 9 / 2), "4.5 s");
        assert_eq!(time(SECOND / 20), "50 ms");
    }
}
