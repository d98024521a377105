//! `herd trace`: the way of an update through the herd, out of the logs of a run.
//!
//! `files.rs` reads; all else is pure. A line of a log is perhaps an arrival (`line.rs`), arrivals
//! make updates (`collect.rs`), an update has a way (`way.rs`), for which the clocks of the servers
//! must agree (`clocks.rs`), and a way is shown as text (`ladder.rs`) or as a picture (`svg.rs`)
//! with the same words (`words.rs`).
//!
//! It knows no socket and asks no server. Lines that it cannot read are skipped: a log may be torn,
//! and other programs write there, too.

mod clocks;
mod collect;
mod files;
mod ladder;
mod line;
mod svg;
mod way;
mod words;

use std::path::PathBuf;

use crate::units::Wall;
use collect::{Collected, Collector};
pub use files::{Error, in_directory};
pub use ladder::text as ladder;
pub use line::Client;
pub use svg::picture;
pub use way::{Fate, Way};

/// The updates of a client, out of logs.
pub struct Trace {
    order: Vec<String>,
    collected: Collected,
}

impl Trace {
    /// Reads logs. Columns begin with the servers of `order`. Updates before `since` matter less:
    /// those without room are not counted.
    ///
    /// # Errors
    /// A log that cannot be read.
    pub fn read(
        client: &Client,
        paths: &[PathBuf],
        order: Vec<String>,
        since: Option<Wall>,
    ) -> Result<Trace, Error> {
        let mut collector = Collector::new(client, since);
        for log in files::open(paths)? {
            collector.begin(&log.server);
            log.lines(|line| collector.line(line))?;
        }
        Ok(Trace {
            order,
            collected: collector.end(),
        })
    }

    /// There was no room for at least this number of updates.
    pub fn dropped(&self) -> u64 {
        self.collected.dropped
    }

    /// The time of the newest update; none: the logs do not name the client.
    pub fn newest(&self) -> Option<Wall> {
        self.collected.updates.last().and_then(|it| it.1.begin())
    }

    /// The ways of the updates that began at `since` or later, the oldest first.
    pub fn since(&self, since: Wall) -> Vec<Way> {
        let updates = self.collected.updates.iter().enumerate();
        let chosen = updates.filter(|(_, it)| it.1.begin() >= Some(since));
        chosen.map(|(place, _)| self.way(place)).collect()
    }

    /// The way of the newest update that all servers know, or of the newest if there is none; and
    /// of the newest if that is another one.
    pub fn complete(&self) -> Option<(Way, Option<Way>)> {
        let last = self.collected.updates.len().checked_sub(1)?;
        let mut complete = (0..=last).rev().map(|place| (place, self.way(place)));
        let newest = self.way(last);
        match complete.find(|(_, way)| way.is_complete()) {
            Some((place, way)) if place < last => Some((way, Some(newest))),
            _ => Some((newest, None)),
        }
    }

    fn way(&self, place: usize) -> Way {
        let Collected {
            servers, updates, ..
        } = &self.collected;
        let (key, update) = &updates[place];
        let newer = &updates[place + 1..];
        let herd = way::Herd {
            logs: servers,
            order: &self.order,
        };
        Way::new(key, update, &herd, |server| {
            newer
                .iter()
                .any(|(_, update)| update.news_at(server).is_some())
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A line of a log: when, in microseconds, and its text.
    type Line<'a> = (i64, &'a str);

    /// The logs of servers, each with its lines.
    fn trace(order: &[&str], logs: &[(&str, &[Line<'_>])]) -> Trace {
        let client = Client::new("k").unwrap();
        let mut collector = Collector::new(&client, None);
        for (server, lines) in logs {
            collector.begin(server);
            for (at, text) in *lines {
                let at = Wall(1_000_000_000 + i128::from(*at) * 1000);
                collector.line(format!("{at} [INFO] {text}").as_bytes());
            }
        }
        Trace {
            order: order.iter().map(|it| it.to_string()).collect(),
            collected: collector.end(),
        }
    }

    /// The rows and the notes of the way that is shown.
    fn shown(order: &[&str], logs: &[(&str, &[Line<'_>])]) -> String {
        let (way, _) = trace(order, logs).complete().unwrap();
        let text = ladder("k", &way);
        let (_, rows) = text.split_once("\n\n").unwrap();
        let rows = rows.lines().skip(way.columns.len());
        let rows = rows.map(|line| line.to_string() + "\n");
        "\n".to_string() + &rows.collect::<String>()
    }

    const SAID: Line<'_> = (0, "[::1]:7 < IAMAT k +1+1 1");
    const A: &str = "A < AT A +0.000000000 k +1+1 1";
    const B: &str = "B < AT A +0.000000000 k +1+1 1";
    const C: &str = "C < AT A +0.000000000 k +1+1 1";

    #[test]
    fn a_circle_of_servers_hears_some_lines_again() {
        let logs: &[(&str, &[Line<'_>])] = &[
            ("A", &[SAID, (900, C)]),
            ("B", &[(80, A), (300, C)]),
            ("C", &[(200, B), (1_500, A)]),
        ];
        let want = "
     0 µs   *   |   |   IAMAT
  80.0 µs   o--->   |
 200.0 µs   |   o--->
 300.0 µs   |   <---o   again
 900.0 µs   <-------o   again
  1.50 ms   o------->   again

5 lines, 2 of them news; all 3 knew after 200.0 µs
";
        assert_eq!(shown(&[], logs), want);
    }

    #[test]
    fn a_server_that_heard_nothing_is_named_and_so_is_one_without_a_log() {
        let logs: &[(&str, &[Line<'_>])] = &[("A", &[SAID]), ("B", &[(80, A)]), ("C", &[])];
        let want = "
     0 µs   |   |   *   |   IAMAT
  80.0 µs   |   <---o   |

no log of Z: when it knew is not known
1 line, news; 2 of 3 with a log knew after 80.0 µs; C did not hear it
";
        assert_eq!(shown(&["Z", "B"], logs), want);
    }

    #[test]
    fn without_the_iamat_a_way_begins_at_the_first_arrival() {
        let logs: &[(&str, &[Line<'_>])] = &[("B", &[(80, A)]), ("C", &[(200, B), (500, A)])];
        let (way, _) = trace(&[], logs).complete().unwrap();
        let want = "k at +1+1, time 1
A heard it (in no log); first arrival at 1970-01-01T00:00:01.000080000Z

            B
            |   C
            |   |   A
     0 µs   <-------o
 120.0 µs   o--->   |
 420.0 µs   |   <---o   again

no log of A: when it knew is not known
3 lines, 2 of them news; all 2 with a log knew after 120.0 µs
";
        assert_eq!(ladder("k", &way), want);
        // Its log does not go back as far.
        let logs: &[(&str, &[Line<'_>])] = &[("A", &[(300, B)]), ("B", &[(80, A)])];
        let want = "
     0 µs   o--->
 220.0 µs   <---o   again

2 lines, 1 of them news; all 2 knew after 0 µs
";
        assert_eq!(shown(&[], logs), want);
    }

    #[test]
    fn a_clock_that_is_behind_is_shifted_and_said() {
        let logs: &[(&str, &[Line<'_>])] = &[
            ("A", &[SAID, (900, C)]),
            ("B", &[(-3_000, A), (-2_700, C)]),
            ("C", &[(200, B), (250, A)]),
        ];
        let want = "
     0 µs   *   |   |   IAMAT
     0 µs~  o--->   |
 200.0 µs   |   o--->
 250.0 µs   o------->   again
 300.0 µs~  |   <---o   again
 900.0 µs   <-------o   again

clock of B: at least 3.00 ms behind; shown shifted (~)
5 lines, 2 of them news; all 3 knew after 200.0 µs
";
        assert_eq!(shown(&[], logs), want);
    }

    #[test]
    fn a_clock_that_is_ahead_is_shifted_alone() {
        let (way, _) = trace(
            &[],
            &[
                ("A", &[(9_000, SAID.1)]),
                ("B", &[(80, "A < AT A +0.009000000 k +1+1 1")]),
                ("C", &[(90, "A < AT A +0.009000000 k +1+1 1")]),
            ],
        )
        .complete()
        .unwrap();
        let notes = words::notes(&way);
        assert_eq!(
            notes[0],
            "clock of A: at least 8.92 ms ahead; shown shifted (~)"
        );
    }

    #[test]
    fn a_clock_that_was_set_is_said() {
        // B heard from C before C knew, and C from B before B knew, and more than once.
        let logs: &[(&str, &[Line<'_>])] = &[
            ("A", &[SAID]),
            ("B", &[(500, A), (-600, C)]),
            ("C", &[(100, B)]),
        ];
        let want = "
     0 µs   |   <---o   again
 600.0 µs   *   |   |   IAMAT
 700.0 µs   |   o--->
  1.10 ms   o--->   |

no shift of the clocks makes every arrow point forward, so none is made: a clock
was set meanwhile
3 lines, 2 of them news; all 3 knew after 1.10 ms
";
        assert_eq!(shown(&[], logs), want);
    }

    #[test]
    fn servers_that_have_the_news_from_each_other_are_no_circle() {
        // B and C lost what they knew, and their logs do not go back to when they heard it first.
        let logs: &[(&str, &[Line<'_>])] = &[("B", &[(80, C)]), ("C", &[(9_000, B)])];
        let want = "
     0 µs   <---o
  8.92 ms   o--->

2 lines, 2 of them news; all 2 knew after 8.92 ms
";
        assert_eq!(shown(&[], logs), want);
    }

    #[test]
    fn a_server_that_was_overtaken_has_a_newer_update() {
        let newer = "A < AT A +0.000100000 k +2+2 1.1";
        let logs: &[(&str, &[Line<'_>])] = &[
            ("A", &[SAID, (100_100, "[::1]:7 < IAMAT k +2+2 1.1")]),
            ("B", &[(100_180, newer), (100_200, A)]),
            ("C", &[]),
        ];
        let trace = trace(&[], logs);
        let ways = trace.since(Wall(0));
        let [older, newer] = &ways[..] else {
            panic!("{} ways", ways.len());
        };
        assert_eq!(older.with(Fate::Newer), ["B"]);
        let text = ladder("k", older);
        assert!(
            text.contains("100.20 ms   o--->   |   it knew a newer one"),
            "{text}"
        );
        let notes = words::notes(older);
        let want = "1 line, no news; 1 of 3 knew after 0 µs; B heard a newer update first; \
                    C did not hear it";
        assert_eq!(notes, [want]);
        assert!(!newer.is_complete());
        // Neither is complete, so the newest is shown.
        let (shown, other) = trace.complete().unwrap();
        assert!(shown.key == newer.key && other.is_none());
        assert_eq!(trace.since(newer.begin).len(), 1);
        assert_eq!(trace.newest(), Some(newer.begin));
    }

    #[test]
    fn the_newest_update_that_all_know_is_shown() {
        let logs: &[(&str, &[Line<'_>])] = &[
            ("A", &[SAID, (100_100, "[::1]:7 < IAMAT k +2+2 1.1")]),
            ("B", &[(80, A)]),
        ];
        let (way, newer) = trace(&[], logs).complete().unwrap();
        assert_eq!(way.key.time(), "1");
        assert_eq!(newer.unwrap().with(Fate::Missed), ["B"]);
    }

    #[test]
    fn a_name_does_nothing_to_a_terminal() {
        let logs: &[(&str, &[Line<'_>])] =
            &[("B", &[(80, "\u{1b}[2J < AT A +0.000000000 k +1+1 1")])];
        let (way, _) = trace(&[], logs).complete().unwrap();
        assert!(!ladder("k", &way).contains('\u{1b}'));
        assert!(!picture("k", &[way]).contains('\u{1b}'));
    }

    #[test]
    fn a_plain_neighbour_has_no_column() {
        let logs: &[(&str, &[Line<'_>])] = &[
            ("B", &[(80, "[::1]:9 < AT A 0 k +1+1 1 A P")]),
            ("C", &[(90, B)]),
        ];
        let text = shown(&[], logs);
        assert!(
            text.starts_with("\n     0 µs   *   |   from [::1]:9, plain\n"),
            "{text}"
        );
    }

    #[test]
    fn a_ladder_of_five_fits_a_terminal_and_a_picture_has_no_blank_line() {
        let long = format!("B{}", "x".repeat(199));
        let said: &[Line<'_>] = &[(
            0,
            "[2001:db8:85a3:8d3:1319:8a2e:370:7348]:65535 < IAMAT k +1+1 1",
        )];
        let told = format!("{long} < AT B&< +0.000000000 k +1+1 1");
        let told: &[Line<'_>] = &[(4_000_000, &told)];
        let logs = [
            (&long[..], said),
            ("A", told),
            ("C", told),
            ("D", told),
            ("E&<", told),
        ];
        let trace = trace(&[], &logs);
        for way in trace.since(Wall(0)) {
            let text = ladder("k", &way);
            assert!(
                text.lines().all(|line| line.chars().count() <= 80),
                "{text}"
            );
            let picture = picture("k&<", &[way]);
            assert!(picture.lines().all(|line| !line.is_empty()), "{picture}");
            assert!(
                !picture.contains("k&<") && picture.contains("k&amp;&lt;"),
                "{picture}"
            );
            for tag in ["<g>", "<title>", "<text ", "<svg "] {
                let end = format!("</{}>", tag.trim_matches(['<', '>', ' ']));
                assert_eq!(picture.matches(tag).count(), picture.matches(&end).count());
            }
            for word in ["<style", "<script", "font-family=\"\""] {
                assert!(!picture.contains(word), "{word}");
            }
        }
    }
}
