//! The places near a point: an R*-tree over the gazetteer.
//!
//! The tree holds unit vectors, so the poles and the date line need no special case: the shorter
//! the chord between two places, the nearer they are. Single precision saves a third of the memory,
//! and its error is below a metre; so the tree only proposes places, with a margin, and the
//! great-circle distance decides.
//!
//! This is pure and total: a line that does not match the header is skipped.

use std::collections::BTreeMap;

use rstar::{AABB, PointDistance, RTree, RTreeObject};

use super::gazetteer::{Row, name_of, regions};
use crate::wire::json::quoted;

/// The mean radius of the earth in kilometres (IUGG).
const EARTH_RADIUS_KM: f64 = 6371.0088;

/// More than twice the error of a chord in the tree, in radii of the earth: 6 m.
const MARGIN: f64 = 1e-6;

/// A unit vector.
type Vector = [f32; 3];

/// All places, and the names of their regions.
pub(super) struct Index {
    tree: RTree<Spot>,
    /// Names of regions as JSON strings.
    regions: Vec<Option<String>>,
}

/// A place in the tree: 40 bytes, which is what a node of the tree has room for.
pub(super) struct Spot {
    at: Vector,
    /// Ten-thousandths of degrees, exactly what the line says.
    ten_thousandths: [i32; 2],
    region: u32,
    line: &'static str,
}

impl Index {
    /// Reads a table in the format of the gazetteer.
    pub(super) fn build(table: &'static str) -> Index {
        let (names, mut codes, mut regions) = (regions(), BTreeMap::new(), Vec::new());
        let spot = |line: &'static str| {
            let row = Row::parse(line)?;
            let degrees = row.degrees()?;
            let region = *codes.entry(row.region).or_insert_with(|| {
                let name = name_of(row.region, &names);
                regions.push(name.as_deref().map(quoted));
                regions.len() - 1
            });
            Some(Spot {
                at: vector(degrees),
                ten_thousandths: degrees.map(|it| (it * 1e4).round() as i32),
                region: u32::try_from(region).ok()?,
                line,
            })
        };
        let lines = table.lines().filter(|line| !line.starts_with('#'));
        let tree = RTree::bulk_load(lines.filter_map(spot).collect());
        Index { tree, regions }
    }

    /// The number of places.
    pub(super) fn len(&self) -> usize {
        self.tree.size()
    }

    /// The nearest places within `radius_km` of the point, at most `most` (at least one), nearest
    /// first; equally distant ones by id.
    pub(super) fn near(&self, point: [f64; 2], radius_km: f64, most: usize) -> Vec<&Spot> {
        let mut chord_max = 2.0 * (radius_km / EARTH_RADIUS_KM / 2.0).sin() + MARGIN;
        let mut found = Vec::new();
        let (tree, point_at) = (&self.tree, vector(point));
        for (spot, square) in tree.nearest_neighbor_iter_with_distance_2(point_at) {
            let chord = f64::from(square).sqrt();
            if chord > chord_max {
                break;
            }
            found.push((distance_km(point, spot.degrees()), spot));
            if found.len() == most {
                // Others may be as near.
                chord_max = chord_max.min(chord + MARGIN);
            }
        }
        found.retain(|(distance, _)| *distance <= radius_km);
        found.sort_unstable_by(|a, b| a.0.total_cmp(&b.0).then_with(|| a.1.id().cmp(&b.1.id())));
        found.truncate(most);
        found.into_iter().map(|(_, spot)| spot).collect()
    }

    /// The name of a place's region as a JSON string.
    pub(super) fn region(&self, spot: &Spot) -> Option<&str> {
        self.regions.get(spot.region as usize)?.as_deref()
    }
}

impl Spot {
    /// Its line of the table.
    pub(super) fn row(&self) -> Option<Row<'static>> {
        Row::parse(self.line)
    }

    fn degrees(&self) -> [f64; 2] {
        self.ten_thousandths.map(|it| f64::from(it) / 1e4)
    }

    fn id(&self) -> Option<u64> {
        self.row()?.id.parse().ok()
    }
}

impl RTreeObject for Spot {
    type Envelope = AABB<Vector>;

    fn envelope(&self) -> AABB<Vector> {
        AABB::from_point(self.at)
    }
}

impl PointDistance for Spot {
    fn distance_2(&self, point: &Vector) -> f32 {
        self.at.distance_2(point)
    }
}

fn vector(degrees: [f64; 2]) -> Vector {
    let [north, east] = degrees.map(f64::to_radians);
    let (sin, cos) = north.sin_cos();
    [cos * east.cos(), cos * east.sin(), sin].map(|it| it as f32)
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
    use super::super::gazetteer::PLACES;
    use super::*;

    const WORLD: &str = "# a header\n# of two lines\n\
        -90.0000\t12.0000\tP\tAQ.\t1\t10\tSouth\n\
        -0.3000\t180.0000\tP\tKI.\t1\t20\tEast of the line\n\
        -0.3000\t-180.0000\tP\tKI.\t1\t19\tWest of the line\n\
        -0.1000\t-179.9000\tP\tKI.\t1\t21\tNearby\n\
        0.0000\t0.0000\tX\tGH.\t1\t30\tNull Island\n\
        89.7000\t-90.0000\tP\tXX.\t1\t40\tIce\n\
        89.9000\t90.0000\tP\tXX.\t1\t41\tMore Ice\n";

    fn ids(found: &[&Spot]) -> Vec<u64> {
        found.iter().map(|spot| spot.id().unwrap()).collect()
    }

    fn names(latitude: f64, longitude: f64, radius_km: f64) -> Vec<&'static str> {
        let index = Index::build(WORLD);
        let found = index.near([latitude, longitude], radius_km, usize::MAX);
        found.iter().map(|spot| spot.row().unwrap().name).collect()
    }

    /// Every place of a table and its id, by latitude.
    fn read(table: &str) -> Vec<([f64; 2], u64)> {
        let rows = table.lines().filter_map(Row::parse);
        rows.map(|row| (row.degrees().unwrap(), row.id.parse().unwrap()))
            .collect()
    }

    /// The ids of all places within `radius_km`, without an index: every place whose latitude can
    /// be near is measured.
    fn scan(places: &[([f64; 2], u64)], point: [f64; 2], radius_km: f64) -> Vec<u64> {
        let reach = (radius_km / EARTH_RADIUS_KM).to_degrees() + 1e-4;
        let first = places.partition_point(|(place, _)| place[0] < point[0] - reach);
        let mut found: Vec<(f64, u64)> = places[first..]
            .iter()
            .take_while(|(place, _)| place[0] <= point[0] + reach)
            .map(|(place, id)| (distance_km(point, *place), *id))
            .filter(|(distance, _)| *distance <= radius_km)
            .collect();
        found.sort_by(|a, b| a.0.total_cmp(&b.0).then(a.1.cmp(&b.1)));
        found.into_iter().map(|(_, id)| id).collect()
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
        for table in ["", "# only a header", "0.0000\tno\tplace\n"] {
            let index = Index::build(table);
            assert!(index.near([0.0, 0.0], 50.0, 5).is_empty(), "{table}");
        }
    }

    #[test]
    fn the_tree_finds_what_a_scan_finds() {
        let index = Index::build(PLACES);
        assert_eq!(index.len(), 100_420);
        let places = read(PLACES);
        let mut seed = 1_u64;
        // Xorshift, 0 to 1.
        let mut random = || {
            seed ^= seed << 13;
            seed ^= seed >> 7;
            seed ^= seed << 17;
            (seed >> 11) as f64 / (1_u64 << 53) as f64
        };
        let (mut most_found, mut on_the_rim) = (0, 0);
        for round in 0..10_000 {
            let place = places[(random() * places.len() as f64) as usize].0;
            let other = places[(random() * places.len() as f64) as usize].0;
            let point = match round % 8 {
                0 => [random() * 180.0 - 90.0, random() * 360.0 - 180.0],
                1 => [if random() < 0.5 { 90.0 } else { -90.0 }, place[1]],
                2 => [place[0], if random() < 0.5 { 180.0 } else { -180.0 }],
                3 => place,
                _ => [place[0] + random() - 0.5, place[1] + random() - 0.5],
            };
            let radius_km = match round % 7 {
                0 => 0.0,
                1 => (random() * 51.0).floor(),
                // The rim goes right through a place.
                2 => distance_km(point, place),
                3 => distance_km(point, other).min(60.0),
                _ => random() * 50.0,
            };
            let all = scan(&places, point, radius_km);
            let some = (random() * 21.0) as usize + 1;
            for most in [some, if round % 2 == 0 { 1 } else { usize::MAX }] {
                let want = &all[..all.len().min(most)];
                assert_eq!(
                    ids(&index.near(point, radius_km, most)),
                    want,
                    "{point:?} {radius_km}"
                );
            }
            most_found = most_found.max(all.len());
            on_the_rim += usize::from(round % 7 == 2 && !all.is_empty());
        }
        assert!(
            most_found > 500 && on_the_rim > 1_000,
            "{most_found} {on_the_rim}"
        );
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
        let table: &'static str = table.leak();
        let (index, places) = (Index::build(table), read(table));
        for latitude in [88.3, 88.9, 89.3, 89.55, 89.6, 89.97, 90.0] {
            for longitude in [-180.0, -91.5, 0.0, 179.9] {
                let point = [latitude, longitude];
                let want = scan(&places, point, 50.0);
                assert_eq!(ids(&index.near(point, 50.0, usize::MAX)), want, "{point:?}");
                assert!(!want.is_empty(), "{point:?}");
            }
        }
    }
}
