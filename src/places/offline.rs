//! The provider that needs no network: GeoNames places (CC BY 4.0) in the shape of Google's answer,
//! with only the fields that GeoNames supports. It never fails for a query of the node.

use crate::node::{LookupError, Query};

use super::answer::{self, Place};
use super::gazetteer::{self, Row};
use super::provider::{Answer, Provider};

/// The credit that the licence requires. It is in each answer.
const CREDIT: &str =
    "Place data from <a href=\"https://www.geonames.org/\">GeoNames</a>, CC BY 4.0";

/// The gazetteer of the program as a [`Provider`].
pub(super) struct Offline;

impl Provider for Offline {
    fn nearby(&self, query: &Query) -> Answer {
        let degrees = |text: &str| {
            let what = || LookupError::Failed(format!("{text:?} is not a number of degrees"));
            text.parse::<f64>().map_err(|_| what())
        };
        let point = [degrees(&query.latitude)?, degrees(&query.longitude)?];
        let near = gazetteer::near(point, f64::from(query.radius_m) / 1000.0);
        let places: Vec<Place> = near.iter().take(query.bound).map(place).collect();
        Ok(answer::write(&[CREDIT], &places, !near.is_empty()).into_bytes())
    }

    fn describe(&self) -> String {
        "offline: GeoNames places shipped with herd (CC BY 4.0)".into()
    }
}

fn place(row: &Row) -> Place {
    let kind = match row.kind {
        "X" => "neighborhood",
        _ => "locality",
    };
    Place {
        location: Some([row.latitude, row.longitude].map(trimmed)),
        name: Some(row.name.into()),
        place_id: Some(format!("geonames:{}", row.id)),
        scope: Some("APP"),
        types: Some(vec![kind.into(), "political".into()]),
        vicinity: gazetteer::name_of(row.region),
    }
}

/// A decimal number without the zeros at its end, which mean nothing.
fn trimmed(degrees: &str) -> String {
    match degrees.trim_end_matches('0').trim_end_matches('.') {
        "" | "-" | "-0" => "0".into(),
        number => number.into(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn zeros_that_say_nothing_are_left_out() {
        let check = |text, want| assert_eq!(trimmed(text), want);
        check("34.0833", "34.0833");
        check("-118.4400", "-118.44");
        check("30.0000", "30");
        check("-100.0000", "-100");
        check("0.0000", "0");
        check("-0.0000", "0");
    }
}
