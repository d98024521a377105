//! Instants in exact integer nanoseconds. A float cannot tell 1520023934.918963997 from …998.
//! Times have up to 18 digits of seconds and nine of nanoseconds, which need 90 bits; so the wall
//! clock has 128.

use std::fmt;
use std::ops::{Add, Sub};

/// A thousandth of a second, in nanoseconds.
pub const MILLISECOND: u64 = 1_000_000;
/// A second, in nanoseconds.
pub const SECOND: u64 = 1_000_000_000;

/// Monotonic time: nanoseconds since the process started. Deadlines use it, so that a jump of the
/// wall clock does not move them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Mono(pub u64);

impl Mono {
    /// Nanoseconds since `earlier`; 0 if that is later.
    pub const fn since(self, earlier: Mono) -> u64 {
        self.0.saturating_sub(earlier.0)
    }
}

impl Add<u64> for Mono {
    type Output = Mono;

    fn add(self, nanoseconds: u64) -> Mono {
        Mono(self.0.saturating_add(nanoseconds))
    }
}

/// POSIX time in nanoseconds; negative before 1970.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Wall(pub i128);

impl Wall {
    /// The time as RFC 3339 in UTC, without a fraction: `2018-03-02T20:52:15Z`.
    pub fn to_the_second(self) -> String {
        let mut text = self.to_string();
        text.truncate("2018-03-02T20:52:15".len());
        text + "Z"
    }

    /// Reads RFC 3339 in UTC as it is written below; the fraction may have fewer digits, or be left
    /// out. `None` if it is anything else, or no date.
    pub fn parse(text: &[u8]) -> Option<Wall> {
        let text = text.strip_suffix(b"Z")?;
        let (whole, fraction) = text.split_at_checked("2018-03-02T20:52:15".len())?;
        let marks = [(4, b'-'), (7, b'-'), (10, b'T'), (13, b':'), (16, b':')];
        let is_marked = marks.iter().all(|(at, mark)| whole[*at] == *mark);
        is_marked.then_some(())?;
        let places = [0..4, 5..7, 8..10, 11..13, 14..16, 17..19];
        let mut values = [0; 6];
        for (value, place) in values.iter_mut().zip(places) {
            *value = digits(&whole[place])?;
        }
        let [year, month, day, hour, minute, second] = values;
        let days = days(year, month, day);
        let is_time = hour < 24 && minute < 60 && second < 60;
        // A day that no month has comes out as one of the next month.
        (is_time && civil(days) == (year, month, day)).then_some(())?;
        let seconds = ((days * 24 + hour) * 60 + minute) * 60 + second;
        let nanoseconds = match fraction {
            [] => 0,
            [b'.', fraction @ ..] if (1..=9).contains(&fraction.len()) => {
                digits(fraction)? * 10i128.pow(9 - fraction.len() as u32)
            }
            _ => return None,
        };
        Some(Wall(seconds * i128::from(SECOND) + nanoseconds))
    }
}

/// The value of at most nine digits.
fn digits(text: &[u8]) -> Option<i128> {
    text.iter().try_fold(0, |value, digit| {
        let digit = digit.is_ascii_digit().then(|| digit - b'0')?;
        Some(value * 10 + i128::from(digit))
    })
}

impl Sub for Wall {
    type Output = i128;

    fn sub(self, earlier: Wall) -> i128 {
        self.0 - earlier.0
    }
}

/// Writes RFC 3339 in UTC: `2018-03-02T20:52:15.182228999Z`.
impl fmt::Display for Wall {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let seconds = self.0.div_euclid(SECOND.into());
        let fraction = self.0.rem_euclid(SECOND.into());
        let (days, second) = (seconds.div_euclid(86_400), seconds.rem_euclid(86_400));
        let (year, month, day) = civil(days);
        let (hour, minute, second) = (second / 3600, second / 60 % 60, second % 60);
        write!(
            f,
            "{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}.{fraction:09}Z"
        )
    }
}

/// The proleptic Gregorian date, `days` days after 1970-01-01.
///
/// The year is counted from March, so that a leap day is its last; 400 years have 146,097 days.
fn civil(days: i128) -> (i128, i128, i128) {
    let days = days + 719_468; // from 0000-03-01
    let (era, day_of_era) = (days.div_euclid(146_097), days.rem_euclid(146_097));
    let leaps = day_of_era / 1_460 - day_of_era / 36_524 + day_of_era / 146_096;
    let year_of_era = (day_of_era - leaps) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let month_from_march = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * month_from_march + 2) / 5 + 1;
    let month = (month_from_march + 2) % 12 + 1;
    (era * 400 + year_of_era + i128::from(month <= 2), month, day)
}

/// How many days after 1970-01-01 this date is: the inverse of [`civil`].
fn days(year: i128, month: i128, day: i128) -> i128 {
    let year = year - i128::from(month <= 2);
    let (era, year_of_era) = (year.div_euclid(400), year.rem_euclid(400));
    let month_from_march = (month + 9) % 12;
    let day_of_year = (153 * month_from_march + 2) / 5 + day - 1;
    let day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;
    era * 146_097 + day_of_era - 719_468
}

/// Both clocks at one moment. The node never reads a clock: each event brings the time.
#[derive(Clone, Copy, Debug, Default)]
pub struct Now {
    /// The monotonic clock, for deadlines.
    pub mono: Mono,
    /// The wall clock, for differences and for the log.
    pub wall: Wall,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn wall_times_read_as_dates() {
        let at = |seconds: i128| Wall(seconds * i128::from(SECOND)).to_string();
        assert_eq!(at(0), "1970-01-01T00:00:00.000000000Z");
        assert_eq!(at(-1), "1969-12-31T23:59:59.000000000Z");
        assert_eq!(at(951_782_400), "2000-02-29T00:00:00.000000000Z");
        assert_eq!(at(951_868_800), "2000-03-01T00:00:00.000000000Z");
        assert_eq!(at(4_107_542_399), "2100-02-28T23:59:59.000000000Z");
        assert_eq!(at(4_107_542_400), "2100-03-01T00:00:00.000000000Z");
        let wall = Wall(1_520_023_935_182_228_999);
        assert_eq!(wall.to_string(), "2018-03-02T20:52:15.182228999Z");
        assert_eq!(wall.to_the_second(), "2018-03-02T20:52:15Z");
    }

    #[test]
    fn dates_are_read_as_they_are_written() {
        for seconds in [
            0,
            -1,
            951_782_400,
            4_107_542_399,
            4_107_542_400,
            253_402_300_799,
        ] {
            for nanoseconds in [0, 1, 182_228_999] {
                let wall = Wall(seconds * i128::from(SECOND) + nanoseconds);
                assert_eq!(
                    Wall::parse(wall.to_string().as_bytes()),
                    Some(wall),
                    "{wall}"
                );
            }
        }
        let read = |text: &str| Wall::parse(text.as_bytes()).map(|it| it.0);
        assert_eq!(read("1970-01-01T00:00:01Z"), Some(1_000_000_000));
        assert_eq!(read("1970-01-01T00:00:01.05Z"), Some(1_050_000_000));
        for text in [
            "",
            "Z",
            "1970-01-01T00:00:00",
            "1970-01-01 00:00:00Z",
            "1970-01-01T00:00:00.Z",
            "1970-01-01T00:00:00.1234567890Z",
            "1970-01-01T00:00:00+1Z",
            "1970-02-29T00:00:00Z",
            "1970-13-01T00:00:00Z",
            "1970-00-01T00:00:00Z",
            "1970-01-00T00:00:00Z",
            "1970-01-01T24:00:00Z",
            "1970-01-01T00:00:60Z",
            "197a-01-01T00:00:00Z",
            "+970-01-01T00:00:00Z",
            "1970-01-01T00:00:0\u{e9}Z",
        ] {
            assert_eq!(read(text), None, "{text}");
        }
    }

    #[test]
    fn monotonic_time_never_wraps() {
        assert_eq!(Mono(5).since(Mono(7)), 0);
        assert_eq!(Mono(u64::MAX) + SECOND, Mono(u64::MAX));
    }
}
