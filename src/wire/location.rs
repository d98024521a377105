//! A place on Earth as clients write it: ISO 6709, decimal degrees, `+34.068930-118.445127`.

use super::digits;

/// A checked location, still in the client's own bytes: it is repeated as it came, and asked of
/// the providers with every digit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Location<'a> {
    /// Latitude and longitude as written.
    pub text: &'a [u8],
    /// Where the longitude begins.
    split: usize,
}

impl<'a> Location<'a> {
    /// Sign, 1–2 digits, optional fraction; sign, 1–3 digits, optional fraction; |latitude| <= 90,
    /// |longitude| <= 180, exactly, however many digits there are.
    pub fn parse(text: &'a [u8]) -> Option<Location<'a>> {
        let split = degrees(text, 2, 90)?;
        let end = degrees(&text[split..], 3, 180)?;
        (split + end == text.len()).then_some(Location { text, split })
    }

    /// Degrees north as a JSON number with the client's digits: `-34.068930`.
    pub fn latitude(&self) -> String {
        json_number(&self.text[..self.split])
    }

    /// Degrees east as a JSON number with the client's digits.
    pub fn longitude(&self) -> String {
        json_number(&self.text[self.split..])
    }
}

/// The length of the coordinate that `text` starts with: a sign, 1 to `whole` digits and perhaps
/// a fraction, within `bound` degrees of 0. Text, not a float, decides: 90.00…01 is outside.
fn degrees(text: &[u8], whole: usize, bound: u64) -> Option<usize> {
    if !matches!(text.first(), Some(b'+' | b'-')) {
        return None;
    }
    let (count, value) = digits(&text[1..]);
    if count == 0 || count > whole {
        return None;
    }
    let mut end = 1 + count;
    let mut fraction = &text[..0];
    if text.get(end) == Some(&b'.') {
        let (count, _) = digits(&text[end + 1..]);
        if count == 0 {
            return None;
        }
        fraction = &text[end + 1..end + 1 + count];
        end += 1 + count;
    }
    let inside = value < bound || value == bound && fraction.iter().all(|&digit| digit == b'0');
    inside.then_some(end)
}

/// JSON knows no plus sign and no leading zeros; everything else stays as written.
fn json_number(coordinate: &[u8]) -> String {
    let (sign, rest) = (coordinate[0], &coordinate[1..]);
    let (whole, _) = digits(rest);
    let zeros = rest[..whole - 1]
        .iter()
        .take_while(|&&digit| digit == b'0')
        .count();
    let mut number = String::with_capacity(coordinate.len());
    if sign == b'-' {
        number.push('-');
    }
    number.extend(rest[zeros..].iter().map(|&byte| char::from(byte)));
    number
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn locations_are_checked_to_the_last_digit() {
        let good: [&[u8]; 9] = [
            b"+34.068930-118.445127",
            b"-0+0",
            b"+90-180",
            b"-90.000+180.0000",
            b"+9+9",
            b"+05.5-007.25",
            b"+89.99999999999999999999999999999+179.99999999999999999999999",
            b"+00.0-000.0",
            b"-33.86705222+151.1957",
        ];
        for text in good {
            assert!(Location::parse(text).is_some(), "{}", text.escape_ascii());
        }
        let bad: [&[u8]; 22] = [
            b"",
            b"+",
            b"+34",
            b"+34.0",
            b"34.0-118.0",
            b"+34.0118.0",
            b"+34.-118.0",
            b"+.5-118.0",
            b"+34.0-118.",
            b"+34.0-118.0/",
            b"+34.0-118.0+5",
            b"+91+0",
            b"+90.00000000000000000000000000001+0",
            b"+0+180.0000000000000000000000001",
            b"+0-181",
            b"+100+0",
            b"+0+1000",
            b"++34.0-118.0",
            b"+34.0--118.0",
            b"+nan-118.0",
            b"+3e1-118.0",
            b"+34,0-118,0",
        ];
        for text in bad {
            assert!(Location::parse(text).is_none(), "{}", text.escape_ascii());
        }
    }

    #[test]
    fn providers_get_every_digit() {
        let check = |text: &str, latitude: &str, longitude: &str| {
            let location = Location::parse(text.as_bytes()).unwrap();
            assert_eq!(location.latitude(), latitude);
            assert_eq!(location.longitude(), longitude);
        };
        check("+34.068930-118.445127", "34.068930", "-118.445127");
        check("-05.10+007", "-5.10", "7");
        check("+00.0-000", "0.0", "-0");
        check(
            "-00.00000000000000000001+000.5",
            "-0.00000000000000000001",
            "0.5",
        );
    }
}
