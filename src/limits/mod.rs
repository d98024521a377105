//! Every limit of the product, once: its name, its value, why it is there, and what happens at it.
//!
//! One macro turns the rows of `table.rs` into the struct [`Limits`] with its docs, the product's
//! values ([`Limits::PRODUCT`]), the table that `herd limits` prints ([`Limits::rows`]), and the
//! names under which hits are counted ([`Limit`], [`Hits`]). This room does not know who keeps to
//! the limits.

mod format;
mod hits;
mod row;
mod table;
mod throttle;

pub use format::{bytes as shown_bytes, count};
pub use hits::Hits;
pub use row::Row;
pub use table::{Limit, Limits};
pub use throttle::Throttle;

/// The product's limits.
pub const LIMITS: Limits = Limits::PRODUCT;

#[cfg(test)]
mod tests {
    use super::*;

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
}
