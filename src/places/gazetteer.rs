//! The places that are part of the program, searched without an index. The text of
//! `gazetteer.tsv` is sorted by latitude: a search finds the first line that can be near, and reads
//! on to the last. There is nothing to do at the start.
//!
//! This is pure and total: a line that does not match the header is skipped.

/// The mean radius of the earth in kilometres (IUGG).
const EARTH_RADIUS_KM: f64 = 6371.0088;

/// Populated places: latitude, longitude, kind, region, population, id, name; by latitude.
const PLACES: &str = include_str!("gazetteer.tsv");

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
    pub(super) id: u64,
    pub(super) name: &'a str,
}

/// All places within `radius_km` of the point, nearest first; equally distant ones by id.
pub(super) fn near(point: [f64; 2], radius_km: f64) -> Vec<Row<'static>> {
    near_in(PLACES, point, radius_km)
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

fn near_in(table: &str, point: [f64; 2], radius_km: f64) -> Vec<Row<'_>> {
    // A margin of a ten-thousandth of a degree on either side, so that rounding loses no place.
    let reach = (radius_km / EARTH_RADIUS_KM).to_degrees() + 1e-4;
    let (south, north) = (point[0] - reach, point[0] + reach);
    let degrees = |text: &str| text.parse::<f64>().unwrap_or(f64::NAN);
    let latitude = |line: &str| degrees(line.split('\t').next().unwrap_or_default());

    let mut found: Vec<(f64, Row)> = lines_from(table, |line| latitude(line) < south)
        .filter_map(Row::parse)
        .map(|row| ([degrees(row.latitude), degrees(row.longitude)], row))
        .take_while(|(there, _)| there[0] <= north)
        .map(|(there, row)| (distance_km(point, there), row))
        .filter(|(distance, _)| *distance <= radius_km)
        .collect();
    found.sort_by(|a, b| a.0.total_cmp(&b.0).then(a.1.id.cmp(&b.1.id)));
    found.into_iter().map(|(_, row)| row).collect()
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

impl Row<'_> {
    fn parse(line: &str) -> Option<Row<'_>> {
        let mut fields = line.split('\t');
        let mut next = || fields.next();
        let (latitude, longitude, kind, region) = (next()?, next()?, next()?, next()?);
        let (_population, id, name) = (next()?, next()?.parse().ok()?, next()?);
        Some(Row {
            latitude,
            longitude,
            kind,
            region,
            id,
            name,
        })
    }
}

/// The great-circle distance of two points in degrees (haversine). It is right at the poles, where
/// every longitude is the same place, and across the date line.
fn distance_km(a: [f64; 2], b: [f64; 2]) -> f64 {
    let half_sine = |degrees: f64| (degrees / 2.0).to_radians().sin();
    let cosines = a[0].to_radians().cos() * b[0].to_radians().cos();
    // The shorter way round, -180 to 180: the sine has a period, but rounding would keep the two
    // longitudes of the date line a hair apart.
    let east = b[1] - a[1] - 360.0 * ((b[1] - a[1]) / 360.0).round();
    let chord = half_sine(b[0] - a[0]).powi(2) + cosines * half_sine(east).powi(2);
    2.0 * EARTH_RADIUS_KM * chord.min(1.0).sqrt().asin()
}

#[cfg(test)]
mod tests {
    use super::*;

    const WORLD: &str = "# a header\n# of two lines\n\
        -90.0000\t12.0000\tP\tAQ.\t1\t10\tSouth\n\
        -0.3000\t180.0000\tP\tKI.\t1\t20\tEast of the line\n\
        -0.3000\t-180.0000\tP\tKI.\t1\t19\tWest of the line\n\
        -0.1000\t-179.9000\tP\tKI.\t1\t21\tNearby\n\
        0.0000\t0.0000\tX\tGH.\t1\t30\tNull Island\n\
        89.7000\t-90.0000\tP\tXX.\t1\t40\tIce\n\
        89.9000\t90.0000\tP\tXX.\t1\t41\tMore Ice\n";

    fn names(latitude: f64, longitude: f64, radius_km: f64) -> Vec<&'static str> {
        let rows = near_in(WORLD, [latitude, longitude], radius_km);
        rows.iter().map(|row| row.name).collect()
    }

    #[test]
    fn at_a_pole_every_longitude_is_the_same_place() {
        for longitude in [-180.0, -12.5, 0.0, 90.0, 180.0] {
            assert_eq!(names(90.0, longitude, 50.0), ["More Ice", "Ice"]);
            assert_eq!(names(90.0, longitude, 20.0), ["More Ice"]);
            assert_eq!(names(-90.0, longitude, 1.0), ["South"]);
        }
        // Over the pole: 0.1 degrees from the one, 0.5 from the other.
        assert_eq!(names(89.8, -90.0, 50.0), ["Ice", "More Ice"]);
    }

    #[test]
    fn the_date_line_is_crossed() {
        let both = ["West of the line", "East of the line"];
        assert_eq!(names(-0.3, 180.0, 0.0), both, "equally far: by id");
        assert_eq!(names(-0.3, -180.0, 0.0), both);
        assert_eq!(
            names(-0.1, 179.95, 50.0),
            ["Nearby", "West of the line", "East of the line"]
        );
    }

    #[test]
    fn the_edge_of_the_circle_belongs_to_it() {
        assert_eq!(names(0.0, 0.0, 0.0), ["Null Island"]);
        assert_eq!(names(0.0, 0.001, 0.0), [""; 0]);
        let exactly = distance_km([0.0, 0.4], [0.0, 0.0]);
        assert!((exactly - 44.478).abs() < 0.001, "{exactly}");
        assert_eq!(names(0.0, 0.4, exactly), ["Null Island"]);
        assert_eq!(names(0.0, 0.4, exactly - 1e-9), [""; 0]);
    }

    #[test]
    fn nothing_is_near_in_an_empty_table() {
        assert_eq!(near_in("", [0.0, 0.0], 50.0), []);
        assert_eq!(near_in("# only a header", [0.0, 0.0], 50.0), []);
        assert_eq!(near_in("0.0000\tno\tplace\n", [0.0, 0.0], 50.0), []);
    }

    #[test]
    fn the_search_finds_what_reading_everything_finds() {
        let all: Vec<Row> = PLACES.lines().filter_map(Row::parse).collect();
        for point in [
            [34.06893, -118.445127],
            [69.65, 18.95],
            [51.5, 0.0],
            [-54.9335, -67.6096],
            [66.3, 179.95],
            [78.2233, 15.6469],
            [-16.8, 179.6],
        ] {
            let is_near = |row: &&Row| {
                let there = [row.latitude, row.longitude].map(|text| text.parse().unwrap());
                distance_km(point, there) <= 50.0
            };
            let mut want: Vec<u64> = all.iter().filter(is_near).map(|row| row.id).collect();
            let mut got: Vec<u64> = near(point, 50.0).iter().map(|row| row.id).collect();
            want.sort_unstable();
            got.sort_unstable();
            assert_eq!(got, want, "{point:?}");
            assert!(!want.is_empty(), "{point:?}");
        }
    }

    /// Rings of places around a pole, where a degree of longitude is the shortest.
    #[test]
    fn near_a_pole_no_place_is_lost() {
        let mut table = String::new();
        for step in 0..40 {
            for longitude in (-180..180).step_by(3) {
                let latitude = 88.0 + f64::from(step) * 0.05;
                let id = step * 1000 + longitude + 180;
                table.push_str(&format!(
                    "{latitude:.4}\t{longitude}.0000\tP\tX.\t1\t{id}\tx\n"
                ));
            }
        }
        for latitude in [88.3, 88.9, 89.3, 89.55, 89.6, 89.97, 90.0] {
            for longitude in [-180.0, -91.5, 0.0, 179.9] {
                let point = [latitude, longitude];
                let is_near = |row: &Row| {
                    let there = [row.latitude, row.longitude].map(|text| text.parse().unwrap());
                    distance_km(point, there) <= 50.0
                };
                let all = table.lines().filter_map(Row::parse);
                let want = all.filter(is_near).count();
                assert_eq!(near_in(&table, point, 50.0).len(), want, "{point:?}");
                assert!(want > 0, "{point:?}");
            }
        }
    }

    #[test]
    fn what_is_shipped_is_as_its_header_says() {
        let lines: Vec<&str> = PLACES.lines().skip_while(|l| l.starts_with('#')).collect();
        assert_eq!(lines.len(), 100_420);
        let mut last = f64::NEG_INFINITY;
        let mut ids = Vec::new();
        for line in lines {
            let row = Row::parse(line).unwrap();
            let latitude: f64 = row.latitude.parse().unwrap();
            let longitude: f64 = row.longitude.parse().unwrap();
            assert!(last <= latitude && latitude.abs() <= 90.0 && longitude.abs() <= 180.0);
            assert!(
                matches!(row.kind, "P" | "X") && !row.name.is_empty(),
                "{line}"
            );
            assert!(name_of(row.region).is_some(), "{line}");
            last = latitude;
            ids.push(row.id);
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
