//! The time as HTTP writes it (RFC 9110, 5.6.7): `Sun, 06 Nov 1994 08:49:37 GMT`.

use crate::units::{SECOND, Wall};

/// 1970 began on a Thursday.
const DAYS: [&str; 7] = ["Thu", "Fri", "Sat", "Sun", "Mon", "Tue", "Wed"];
const MONTHS: [&str; 12] = [
    "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec",
];

/// The value of a Date field.
pub fn date(time: Wall) -> String {
    let days = time.0.div_euclid(86_400 * i128::from(SECOND));
    let weekday = DAYS[days.rem_euclid(7) as usize];
    let text = time.to_the_second();
    let mut parts = text.split(['-', 'T', 'Z']);
    let [year, month, day, clock] = [(); 4].map(|()| parts.next().unwrap_or_default());
    let month = month.parse::<usize>().unwrap_or(1);
    let month = MONTHS[(month - 1) % 12];
    format!("{weekday}, {day} {month} {year} {clock} GMT")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dates_have_their_day_of_the_week() {
        for (seconds, want) in [
            (0, "Thu, 01 Jan 1970 00:00:00 GMT"),
            (784_111_777, "Sun, 06 Nov 1994 08:49:37 GMT"),
            (951_782_400, "Tue, 29 Feb 2000 00:00:00 GMT"),
            (-1, "Wed, 31 Dec 1969 23:59:59 GMT"),
        ] {
            assert_eq!(date(Wall(seconds * i128::from(SECOND))), want);
        }
    }
}
