//! Every limit of the product, once: its name, its value, why it is there, and what happens at it.
//!
//! One macro turns the rows of `table.rs` into the struct [`Limits`] with its docs, the product's
//! values ([`Limits::PRODUCT`]), the table that `herd limits` prints ([`Limits::rows`]), and the
//! names under which hits are counted ([`Limit`], [`Hits`]). This room does not know who keeps to
//! the limits.

mod table;
mod throttle;

pub use table::{Limit, Limits};
pub use throttle::{Throttle, Withheld};

/// A limit as people read it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Row {
    /// The heading that it belongs under.
    pub group: &'static str,
    /// Its name in [`Limits`] and among the hits.
    pub name: &'static str,
    /// Its value and unit: `8 KiB`.
    pub value: String,
    /// The reason: sentences that say why it is there.
    pub why: &'static str,
    /// The consequence: sentences that say what happens at the limit.
    pub at: &'static str,
}

/// How often each limit was met since the start.
#[derive(Debug)]
pub struct Hits([u64; Limit::NAMES.len()]);

impl Hits {
    /// Counts one more hit of `limit`.
    pub fn add(&mut self, limit: Limit) {
        self.0[limit as usize] += 1;
    }

    /// The limits that were hit, each by its name with its count, in the order of the table.
    pub fn iter(&self) -> impl Iterator<Item = (&'static str, u64)> {
        let all = Limit::NAMES.into_iter().zip(self.0);
        all.filter(|(_, count)| *count > 0)
    }
}

impl Default for Hits {
    fn default() -> Hits {
        Hits([0; Limit::NAMES.len()])
    }
}

/// Makes the struct, its values and its rows from one table:
/// `"heading" { name: type = value, unit; "why" "what happens" … }`.
macro_rules! limits {
    ($($group:literal {
        $($name:ident: $type:ty = $value:expr, $unit:ident; $why:literal $at:literal)*
    })*) => {
        /// The numbers that bound the product. Sizes are in bytes, times in nanoseconds. Tests
        /// and the simulator choose other values.
        #[derive(Clone, Debug)]
        pub struct Limits {
            $($(
                #[doc = concat!($why, " ", $at)]
                pub $name: $type,
            )*)*
        }

        impl Limits {
            /// The values with which the program runs.
            pub const PRODUCT: Limits = Limits { $($($name: $value,)*)* };

            /// All limits, in the order of the table.
            pub fn rows(&self) -> Vec<Row> {
                vec![$($(Row {
                    group: $group,
                    name: stringify!($name),
                    value: units::$unit(self.$name as u64),
                    why: $why,
                    at: $at,
                },)*)*]
            }
        }

        impl Default for Limits {
            fn default() -> Limits {
                Limits::PRODUCT
            }
        }

        /// Names a limit. Each variant is spelled like its field in [`Limits`].
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        #[expect(non_camel_case_types, reason = "each variant is spelled like its field")]
        pub enum Limit {
            $($(
                #[doc = concat!("See [`Limits::", stringify!($name), "`].")]
                $name,
            )*)*
        }

        impl Limit {
            /// The names of all limits, in the order of the table.
            pub const NAMES: [&str; [$($(stringify!($name)),*),*].len()] =
                [$($(stringify!($name)),*),*];
        }
    };
}
use limits;

/// Writes values with the unit that reads best.
mod units {
    use crate::units::{MILLISECOND, SECOND};

    /// `5 MiB`, `1,000 bytes`.
    pub fn bytes(value: u64) -> String {
        let units = [(30, "GiB"), (20, "MiB"), (10, "KiB")];
        let unit = units
            .iter()
            .find(|(bits, _)| value > 0 && value.is_multiple_of(1 << bits));
        match unit {
            Some((bits, name)) => format!("{} {name}", value >> bits),
            None => format!("{} bytes", count(value)),
        }
    }

    /// `10,000,000`.
    pub fn count(value: u64) -> String {
        let digits = value.to_string();
        let mut text = String::new();
        for (place, digit) in digits.chars().enumerate() {
            if place > 0 && (digits.len() - place).is_multiple_of(3) {
                text.push(',');
            }
            text.push(digit);
        }
        text
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
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::units::SECOND;

    #[test]
    fn values_have_the_unit_that_reads_best() {
        assert_eq!(units::bytes(8192), "8 KiB");
        assert_eq!(units::bytes(5 << 20), "5 MiB");
        assert_eq!(units::bytes(1000), "1,000 bytes");
        assert_eq!(units::count(999), "999");
        assert_eq!(units::count(10_000_000), "10,000,000");
        assert_eq!(units::time(86_400 * SECOND), "24 h");
        assert_eq!(units::time(SECOND * 9 / 2), "4.5 s");
        assert_eq!(units::time(SECOND / 20), "50 ms");
    }

    #[test]
    fn every_row_is_named_once_and_says_why_and_what_happens() {
        let rows = Limits::default().rows();
        assert_eq!(rows.len(), Limit::NAMES.len());
        for (row, name) in rows.iter().zip(Limit::NAMES) {
            assert_eq!(row.name, name);
            assert!(row.why.ends_with('.') && row.at.ends_with('.'), "{row:?}");
        }
        let mut names: Vec<&str> = rows.iter().map(|row| row.name).collect();
        names.sort_unstable();
        names.dedup();
        assert_eq!(names.len(), rows.len());
    }

    #[test]
    fn hits_are_counted_by_name() {
        let mut hits = Hits::default();
        assert_eq!(hits.iter().count(), 0);
        hits.add(Limit::records);
        hits.add(Limit::client_line);
        hits.add(Limit::records);
        let met: Vec<(&str, u64)> = hits.iter().collect();
        assert_eq!(met, [("client_line", 1), ("records", 2)]);
    }
}
