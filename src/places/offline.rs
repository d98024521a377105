//! The provider that needs no network: GeoNames places (CC BY 4.0) in the shape of Google's answer,
//! with only the fields that GeoNames supports. It never fails for a query of the node.

use std::sync::OnceLock;
use std::time::Instant;

use crate::limits::LIMITS;
use crate::node::{LookupError, Query};

use super::answer::Writer;
use super::gazetteer::PLACES;
use super::index::{Index, Spot};
use super::provider::{Answer, Provider};

/// The credit that the licence requires. It is in each answer.
const CREDIT: &str =
    "Place data from <a href=\"https://www.geonames.org/\">GeoNames</a>, CC BY 4.0";

/// The gazetteer of the program as a [`Provider`]. The first lookup builds its index: a server that
/// is never asked what is near has no use for the memory.
#[derive(Default)]
pub(super) struct Offline(OnceLock<Index>);

impl Provider for Offline {
    fn nearby(&self, query: &Query) -> Answer {
        let degrees = |text: &str| {
            let number = text.parse::<f64>().ok().filter(|it| it.is_finite());
            let what = || LookupError::Failed(format!("{text:?} is not a number of degrees"));
            number.ok_or_else(what)
        };
        let point = [degrees(&query.latitude)?, degrees(&query.longitude)?];
        let index = self.0.get_or_init(build);
        let radius_km = f64::from(query.radius_m) / 1000.0;
        // One at least, to tell whether there is any.
        let near = index.near(point, radius_km, query.bound.max(1));
        let mut answer = Writer::new(&[CREDIT], near.len());
        for spot in near.iter().take(query.bound) {
            write(spot, index, &mut answer);
        }
        Ok(answer.finish(!near.is_empty()).into_bytes())
    }

    fn batch(&self) -> usize {
        LIMITS.lookup_batch
    }

    fn describe(&self) -> String {
        "offline: GeoNames places shipped with herd (CC BY 4.0)".into()
    }
}

fn build() -> Index {
    let start = Instant::now();
    let index = Index::build(PLACES);
    let (count, ms) = (index.len(), start.elapsed().as_millis());
    log::info!("the index of {count} places is built, in {ms} ms");
    index
}

/// Writes a place as a result.
fn write(spot: &Spot, index: &Index, answer: &mut Writer) {
    let Some(row) = spot.row() else {
        return;
    };
    answer.begin();
    answer.location(trimmed(row.latitude), trimmed(row.longitude));
    answer.text("name", Some(row.name));
    answer.json("place_id", &["\"geonames:", row.id, "\""]);
    answer.json("scope", &["\"APP\""]);
    let types = match row.kind {
        "X" => "[ \"neighborhood\", \"political\" ]",
        _ => "[ \"locality\", \"political\" ]",
    };
    answer.json("types", &[types]);
    if let Some(region) = index.region(spot) {
        answer.json("vicinity", &[region]);
    }
    answer.end();
}

/// A decimal number without the zeros at its end, which mean nothing.
fn trimmed(degrees: &str) -> &str {
    match degrees.trim_end_matches('0').trim_end_matches('.') {
        "" | "-" | "-0" => "0",
        number => number,
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
