//! The places that are part of the program, as text: two tables, and how their lines are read.
//!
//! This is pure and total: a line that does not match the header is skipped.

/// Populated places: latitude, longitude, kind, region, population, id, name; by latitude.
pub(super) const PLACES: &str = include_str!("gazetteer.tsv");

/// Names of countries (`US`) and of their parts (`US.CA`), sorted by code.
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

/// The name of a region: `California, United States`; or the country alone, if the part has no
/// name. `None` if the country has none.
pub(super) fn name_of(region: &str) -> Option<String> {
    let country_code = region.split('.').next()?;
    let country = region_name(country_code)?;
    Some(match region_name(region) {
        Some(part) if region != country_code => format!("{part}, {country}"),
        _ => country.into(),
    })
}

fn region_name(code: &str) -> Option<&'static str> {
    let (at, name) = lines_from(REGIONS, |line| {
        line.split('\t').next().is_some_and(|key| key < code)
    })
    .next()?
    .split_once('\t')?;
    (at == code).then_some(name)
}

/// The lines of a sorted table (after its `#` header) from the first that is not `before` the
/// wanted one. A binary search finds it.
fn lines_from(table: &str, before: impl Fn(&str) -> bool) -> std::str::Lines<'_> {
    let end_of_line = |at: usize| table[at..].find('\n').map_or(table.len(), |n| at + n + 1);
    let mut low = 0;
    while table[low..].starts_with('#') {
        low = end_of_line(low);
    }
    // All lines below `low` are before it; none from `high` on is. Both are starts of lines.
    let mut high = table.len();
    while low < high {
        let middle = low + (high - low) / 2;
        let bytes = &table.as_bytes()[low..middle];
        let start = memchr::memrchr(b'\n', bytes).map_or(low, |n| low + n + 1);
        let end = end_of_line(start);
        if before(&table[start..end]) {
            low = end;
        } else {
            high = start;
        }
    }
    table[low..].lines()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_shipped_is_as_its_header_says() {
        let lines: Vec<&str> = PLACES.lines().skip_while(|l| l.starts_with('#')).collect();
        assert_eq!(lines.len(), 100_420);
        let mut last = f64::NEG_INFINITY;
        let mut ids = Vec::new();
        for line in lines {
            let row = Row::parse(line).unwrap();
            let [latitude, longitude] = row.degrees().unwrap();
            assert!(last <= latitude && latitude.abs() <= 90.0 && longitude.abs() <= 180.0);
            assert!(
                matches!(row.kind, "P" | "X") && !row.name.is_empty(),
                "{line}"
            );
            assert!(name_of(row.region).is_some(), "{line}");
            last = latitude;
            ids.push(row.id.parse::<u32>().unwrap());
        }
        ids.sort_unstable();
        ids.dedup();
        assert_eq!(ids.len(), 100_420);
    }

    #[test]
    fn every_region_is_found_by_its_code() {
        let mut last = "";
        for line in REGIONS.lines().skip(1) {
            let (code, name) = line.split_once('\t').unwrap();
            assert!(last < code, "{code} is out of order");
            assert_eq!(region_name(code), Some(name));
            last = code;
        }
        assert_eq!(name_of("US.CA").unwrap(), "California, United States");
        assert_eq!(
            name_of("LS.00").unwrap(),
            "Lesotho",
            "a part without a name"
        );
        assert_eq!(name_of("US").unwrap(), "United States");
        assert_eq!(name_of("??.1"), None);
    }
}
