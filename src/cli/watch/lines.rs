//! The lines of `herd watch`: for a person, or for a program. It knows no server, no clock and no
//! output.

use serde_json::json;

use crate::terminal::{Colour, Screen, one_line};
use crate::topology::Topology;
use crate::watch::Event;
use crate::wire::shown;

/// The columns that are given to a name of a server, at most.
const NAME_MAX: usize = 16;
/// The columns of a client's name, unless it is longer.
const CLIENT: usize = 20;
const COLOURS: [Colour; 5] = [
    Colour::Green,
    Colour::Yellow,
    Colour::Blue,
    Colour::Magenta,
    Colour::Cyan,
];

/// The form of the lines.
pub(super) struct Form {
    pub json: bool,
    /// None: the reader is not a terminal.
    pub screen: Option<Screen>,
    /// The columns of the way of a change.
    way: usize,
}

impl Form {
    pub(super) fn new(topology: &Topology, json: bool, screen: Option<Screen>) -> Form {
        let names = topology.servers.iter().map(|it| it.name.chars().count());
        let longest = names.max().unwrap_or(0).min(NAME_MAX);
        Form {
            json,
            screen,
            way: 2 * longest + 3,
        }
    }

    /// The line of an event at a time, RFC 3339 in UTC.
    pub(super) fn line(&self, event: &Event<'_>, time: &str, topology: &Topology) -> String {
        match self.json {
            true => format!("{}\n", object(event, time, topology)),
            false => self.text(event, time, topology),
        }
    }

    fn text(&self, event: &Event<'_>, time: &str, topology: &Topology) -> String {
        let clock = &time[11..23];
        let name = |server: usize| &topology.servers[server].name;
        let (server, head, rest) = match event {
            Event::Up {
                server,
                is_restarted,
            } => {
                let more = match is_restarted {
                    true => "is watched again; it was restarted, and changes may be missing",
                    false => "is watched",
                };
                (server, name(*server).clone(), more.to_string())
            }
            Event::Down { server, why, .. } => {
                let rest = format!("cannot be watched: {}", one_line(why));
                (server, name(*server).clone(), rest)
            }
            Event::Skipped { server, count } => {
                let changes = if *count == 1 { "change" } else { "changes" };
                let rest = format!("left out {count} {changes}: newer ones came before they went");
                (server, name(*server).clone(), rest)
            }
            Event::Change {
                server,
                teller,
                report,
                ..
            } => {
                let me = name(*server);
                let way = match teller {
                    Some(teller) => format!("{me} ← {}", shown(teller)),
                    None if report.server == me.as_bytes() => format!("heard by {me}"),
                    None => format!("{me} ← its journal"),
                };
                let (client, location) = (shown(report.client), shown(report.location.text));
                let way = format!("{way:0$}", self.way);
                (server, way, format!("{client:CLIENT$}  {location}"))
            }
        };
        let width = self.screen.map_or(usize::MAX, |screen| screen.columns);
        let rest = cut(&rest, width.saturating_sub(16 + head.chars().count()));
        let head = match self.screen {
            Some(screen) if screen.has_colour => COLOURS[server % COLOURS.len()].paint(&head),
            _ => head,
        };
        format!("{clock}  {head}  {rest}\n")
    }
}

fn object(event: &Event<'_>, time: &str, topology: &Topology) -> String {
    let name = |server: &usize| &topology.servers[*server].name;
    let object = match event {
        Event::Up {
            server,
            is_restarted,
        } => json!({"event": "up", "time": time, "server": name(server),
            "restarted": is_restarted}),
        Event::Down {
            server,
            why,
            is_locked,
        } => json!({"event": "down", "time": time, "server": name(server), "why": why,
            "locked": is_locked}),
        Event::Skipped { server, count } => {
            json!({"event": "skipped", "time": time, "server": name(server), "count": count})
        }
        Event::Change {
            server,
            seq,
            teller,
            report,
            ..
        } => json!({"event": "change", "time": time, "server": name(server), "seq": seq,
            "teller": teller.map(shown), "heard_by": shown(report.server),
            "difference": shown(report.difference), "client": shown(report.client),
            "location": shown(report.location.text), "sent": shown(report.time.text)}),
    };
    object.to_string()
}

/// The start of a text that is too wide.
fn cut(text: &str, width: usize) -> String {
    match text.chars().count() > width {
        true => text
            .chars()
            .take(width.saturating_sub(1))
            .chain(['…'])
            .collect(),
        false => text.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wire::Report;

    const TIME: &str = "2018-03-02T20:52:15.918963997Z";

    fn herd() -> Topology {
        let text = "server Goloman ::1 clients=1 servers=2\nserver Hands ::1 clients=3 servers=4\n";
        Topology::parse("t", text.as_bytes()).unwrap()
    }

    fn change<'e>(server: usize, teller: Option<&'e [u8]>, line: &'e [u8]) -> Event<'e> {
        Event::Change {
            server,
            seq: 7,
            teller,
            report: Report::parse(line).unwrap(),
            is_past: false,
        }
    }

    #[test]
    fn a_line_says_the_way_of_a_change_and_fits_a_terminal() {
        let herd = herd();
        let line = b"AT Goloman +0.263873386 kiwi.cs.ucla.edu +34.068930-118.445127 1520023934.9";
        let screen = |has_colour| Screen {
            columns: 80,
            rows: 24,
            has_cursor: true,
            has_colour,
        };
        let form = Form::new(&herd, false, Some(screen(false)));
        let shown = |event| form.line(&event, TIME, &herd);
        let heard = shown(change(0, None, line));
        let place = "kiwi.cs.ucla.edu      +34.068930-118.445127";
        assert_eq!(heard, format!("20:52:15.918  heard by Goloman   {place}\n"));
        let told = shown(change(1, Some(b"Goloman"), line));
        assert_eq!(told, format!("20:52:15.918  Hands ← Goloman    {place}\n"));
        let journal = shown(change(1, None, line));
        assert!(journal.contains("Hands ← its journal"), "{journal}");
        let long = [b"AT A +0.000000000 ", &[b'k'; 99][..], b" +1+1 1"].concat();
        let long = shown(change(0, None, &long));
        assert_eq!(long.trim_end().chars().count(), 80, "{long}");
        let coloured = Form::new(&herd, false, Some(screen(true)));
        let coloured = coloured.line(&change(0, None, line), TIME, &herd);
        assert!(coloured.contains("\x1b[32mheard by Goloman"), "{coloured}");
        let pipe = Form::new(&herd, false, None);
        let skipped = Event::Skipped {
            server: 1,
            count: 9,
        };
        let skipped = pipe.line(&skipped, TIME, &herd);
        assert_eq!(skipped.split_whitespace().nth(1), Some("Hands"));
    }

    #[test]
    fn nothing_that_came_does_anything_to_a_terminal() {
        let herd = herd();
        let event = change(0, None, b"AT A +0.000000000 \x1b[2J\xff\\ +1+1 1");
        let down = Event::Down {
            server: 1,
            why: "it refuses: \x1b[2J".to_string(),
            is_locked: false,
        };
        for json in [false, true] {
            let form = Form::new(&herd, json, None);
            for event in [&event, &down] {
                let line = form.line(event, TIME, &herd);
                let control = line.trim_end().chars().find(|it| it.is_control());
                assert_eq!(control, None, "{line}");
            }
        }
        let form = Form::new(&herd, true, None);
        let line = form.line(&event, TIME, &herd);
        let value: serde_json::Value = serde_json::from_str(&line).unwrap();
        assert_eq!(value["client"], "\\x1b[2J\\xff\\\\");
        assert_eq!(
            (&value["event"], &value["seq"]),
            (&json!("change"), &json!(7))
        );
        assert_eq!(
            (&value["teller"], &value["heard_by"]),
            (&json!(null), &json!("A"))
        );
    }
}
