//! A place on Earth as clients write it: ISO 6709, decimal degrees, `+34.068930-118.445127`.

use super::number::{Number, value};

/// A valid location, still in the client's own bytes: AT lines repeat it as it came, and the
/// providers of places get every digit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Location<'a> {
    /// Latitude and longitude as the client wrote them.
    pub text: &'a [u8],
    /// Where the longitude begins.
    split: usize,
}

impl<'a> Location<'a> {
    /// Reads latitude and longitude: each a sign, digits (1 or 2; 1 to 3), and perhaps a point and
    /// digits. The bounds of 90 and 180 degrees are exact, however many digits there are.
    pub fn parse(text: &'a [u8]) -> Option<Location<'a>> {
        let longitude = after_degrees(text, 2, 90)?;
        let rest = after_degrees(longitude, 3, 180)?;
        let split = text.len() - longitude.len();
        rest.is_empty().then_some(Location { text, split })
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

/// The text after the coordinate that it starts with: a sign, 1 to `whole_max` digits and perhaps
/// a fraction, at most `bound` degrees. It is compared as text: as a float, 90.00…01 would be 90.
fn after_degrees(text: &[u8], whole_max: usize, bound: u64) -> Option<&[u8]> {
    let number = Number::split(text);
    let fraction = number.fraction.unwrap_or(b"0");
    let is_number = (1..=whole_max).contains(&number.whole.len()) && !fraction.is_empty();
    is_number.then_some(number.sign?)?;
    let degrees = value(number.whole);
    let is_inside =
        degrees < bound || degrees == bound && fraction.iter().all(|&digit| digit == b'0');
    is_inside.then_some(number.rest)
}

/// The fault of a location that is refused; none: it is right.
pub(super) fn fault(text: &[u8]) -> Option<&'static str> {
    let latitude = [
        "the latitude has no sign",
        "the latitude is not in decimal degrees",
        "the latitude goes from -90 to +90, with 1 or 2 digits before the point",
    ];
    let longitude = [
        "the longitude has no sign",
        "the longitude is not in decimal degrees",
        "the longitude goes from -180 to +180, with 1 to 3 digits before the point",
    ];
    let Some(rest) = after_degrees(text, 2, 90) else {
        return Some(latitude[degrees_fault(text)]);
    };
    match after_degrees(rest, 3, 180) {
        None if rest.is_empty() => Some("there is no longitude"),
        Some([]) => None,
        Some(_) => Some(longitude[1]),
        None => Some(longitude[degrees_fault(rest)]),
    }
}

/// Whether a coordinate that is refused lacks its sign (0), is not a number (1) or is out of bounds
/// (2).
fn degrees_fault(text: &[u8]) -> usize {
    let number = Number::split(text);
    match number.sign {
        None => 0,
        Some(_) if number.whole.is_empty() || number.fraction == Some(b"") => 1,
        Some(_) => 2,
    }
}

/// A coordinate without its plus sign and leading zeros, which JSON does not allow.
fn json_number(coordinate: &[u8]) -> String {
    let number = Number::split(coordinate);
    let minus = if number.sign == Some(b'-') { "-" } else { "" };
    let fraction = String::from_utf8_lossy(&coordinate[1 + number.whole.len()..]);
    format!("{minus}{}{fraction}", value(number.whole))
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
