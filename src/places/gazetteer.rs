//! The places that are part of the program, as text: two tables, and how their lines are read.
//!
//! This is pure and total: a line that does not match the header is skipped.

use std::collections::BTreeMap;

/// Populated places: latitude, longitude, kind, region, population, id, name; by latitude.
pub(super) const PLACES: &str = include_str!("gazetteer.tsv");

/// Names of countries (`US`) and of their parts (`US.CA`); no header has a tab.
const REGIONS: &str = include_str!("regions.tsv");

/// One line of the gazetteer.
#[derive(Debug, PartialEq)]
pub(super) struct Row<'a> {
    /// Degrees with four decimals, as the file has them.
    pub(super) latitude: &'a str,
    pub(super) longitude: &'a str,
    /// `P` for a place, `X` for a section of one.
    pub(super) kind: &'a str,
    /// The code of the country, a point, and the code of its part, which may be empty.
    pub(super) region: &'a str,
    /// The GeoNames id.
    pub(super) id: &'a str,
    pub(super) name: &'a str,
}

impl Row<'_> {
    pub(super) fn parse(line: &str) -> Option<Row<'_>> {
        let mut fields = line.split('\t');
        let mut next = || fields.next();
        let (latitude, longitude, kind, region) = (next()?, next()?, next()?, next()?);
        let (_population, id, name) = (next()?, next()?, next()?);
        Some(Row {
            latitude,
            longitude,
            kind,
            region,
            id,
            name,
        })
    }

    /// Latitude and longitude.
    pub(super) fn degrees(&self) -> Option<[f64; 2]> {
        Some([self.latitude.parse().ok()?, self.longitude.parse().ok()?])
    }
}

/// The names of regions by their codes.
pub(super) type Regions = BTreeMap<&'static str, &'static str>;

/// Reads the names of all regions.
pub(super) fn regions() -> Regions {
    let lines = REGIONS.lines();
    lines.filter_map(|line| line.split_once('\t')).collect()
}

/// The name of a region: `California, United States`; or the country alone, if the part has no
/// name. `None` if the country has none.
pub(super) fn name_of(region: &str, regions: &Regions) -> Option<String> {
    let country_code = region.split('.').next()?;
    let country = *regions.get(country_code)?;
    Some(match regions.get(region) {
        Some(part) if region != country_code => format!("{part}, {country}"),
        _ => country.into(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_shipped_is_as_its_header_says() {
        let lines: Vec<&str> = PLACES.lines().skip_while(|l| l.starts_with('#')).collect();
        assert_eq!(lines.len(), 100_420);
        let mut last = f64::NEG_INFINITY;
        let (mut ids, regions) = (Vec::new(), regions());
        for line in lines {
            let row = Row::parse(line).unwrap();
            let [latitude, longitude] = row.degrees().unwrap();
            assert!(last <= latitude && latitude.abs() <= 90.0 && longitude.abs() <= 180.0);
            assert!(
                matches!(row.kind, "P" | "X") && !row.name.is_empty(),
                "{line}"
            );
            assert!(name_of(row.region, &regions).is_some(), "{line}");
            last = latitude;
            ids.push(row.id.parse::<u32>().unwrap());
        }
        ids.sort_unstable();
        ids.dedup();
        assert_eq!(ids.len(), 100_420);
    }

    #[test]
    fn every_region_is_found_by_its_code() {
        let regions = regions();
        assert_eq!(regions.len(), REGIONS.lines().count() - 1, "no code twice");
        let check = |code, want| assert_eq!(name_of(code, &regions).as_deref(), want);
        check("US.CA", Some("California, United States"));
        check("LS.00", Some("Lesotho"));
        check("US", Some("United States"));
        check("??.1", None);
    }
}
