//! Sizes as people type them: `64M`, `1 GiB` without its blank, `1048576`.

use super::failure::Failure::{self, Wrong};
use crate::limits::shown_bytes;

/// The size in bytes that was given to an option: at least `least`, or `u64::MAX` for `none` or 0.
pub(super) fn at_least_or_none(option: &str, text: &str, least: u64) -> Result<u64, Failure> {
    match parse(text) {
        Some(0) => Ok(u64::MAX),
        Some(size) if size >= least => Ok(size),
        _ => Err(Wrong(format!(
            "--{option} takes a size of at least {}, such as 64M or 1G, or none, not {text:?}",
            shown_bytes(least)
        ))),
    }
}

/// A whole number, and perhaps K, M or G, of which each is 1024 times the one before; `none` is 0.
fn parse(text: &str) -> Option<u64> {
    let text = text.to_ascii_lowercase();
    if text == "none" {
        return Some(0);
    }
    let end = text.find(|c: char| !c.is_ascii_digit());
    let (number, unit) = text.split_at(end.unwrap_or(text.len()));
    let power = match unit {
        "" => 0,
        "k" | "kib" => 10,
        "m" | "mib" => 20,
        "g" | "gib" => 30,
        _ => return None,
    };
    number.parse::<u64>().ok()?.checked_mul(1 << power)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_have_a_unit_or_none() {
        for (text, want) in [
            ("64M", Some(64 << 20)),
            ("64MiB", Some(64 << 20)),
            ("1g", Some(1 << 30)),
            ("2048k", Some(2 << 20)),
            ("1048576", Some(1 << 20)),
            ("none", Some(u64::MAX)),
            ("0", Some(u64::MAX)),
            ("1023K", None),
            ("", None),
            ("M", None),
            ("-1M", None),
            ("1.5G", None),
            ("64 M", None),
            ("64MB", None),
            ("99999999999G", None),
        ] {
            let found = at_least_or_none("log-max", text, 1 << 20).ok();
            assert_eq!(found, want, "{text}");
        }
    }
}
