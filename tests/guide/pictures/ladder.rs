//! The way of an update through the five servers: news, and lines that repeat it.

use crate::draw::{At, BLUE, GREY, Look, ORANGE, Picture};
use crate::support::stories::story::Story;

const SERVERS: [&str; 5] = ["Goloman", "Hands", "Holiday", "Welsh", "Wilkes"];
/// The links of `topology.txt`.
const LINKS: [[usize; 2]; 6] = [[0, 1], [0, 2], [0, 4], [1, 4], [2, 3], [2, 4]];
/// The server that the client tells.
const TOLD: usize = 3;

/// An AT line that arrived: from, to, and whether it was news there.
struct Arrival {
    from: usize,
    to: usize,
    is_news: bool,
}

fn arrivals() -> Vec<Arrival> {
    let mut story = Story::new();
    let mut obey = |command: String| story.obey(&command).unwrap();
    let links = LINKS.map(|link| link.map(|it| SERVERS[it]).join("-"));
    obey(format!("herd {}", links.join(" ")));
    for [one, other] in LINKS.map(|link| link.map(|it| SERVERS[it])) {
        obey(format!("watch {one} {other}"));
        obey(format!("watch {other} {one}"));
    }
    obey(format!("connect kiwi {}", SERVERS[TOLD]));
    let told = obey("kiwi sends \"IAMAT kiwi +34.068930-118.445127 1000\\n\"".to_string());
    let mut knows = [false; SERVERS.len()];
    knows[TOLD] = true;
    let mut arrivals = Vec::new();
    for line in &told {
        let Some((ways, what)) = line.split_once(": ") else {
            continue;
        };
        let Some((from, to)) = ways.split_once(" > ").filter(|_| what.starts_with("AT ")) else {
            continue;
        };
        let [from, to] = [from, to].map(|name| SERVERS.iter().position(|it| *it == name).unwrap());
        let is_news = !std::mem::replace(&mut knows[to], true);
        arrivals.push(Arrival { from, to, is_news });
    }
    arrivals
}

const LEFT: usize = 110;
const GAP: usize = 124;
const TOP: usize = 96;
const STEP: usize = 34;

pub fn picture() -> String {
    let arrivals = arrivals();
    let news = arrivals.iter().filter(|it| it.is_news).count();
    let title = format!(
        "An update crosses five servers in {} lines, {news} of them news",
        arrivals.len()
    );
    let end = TOP + STEP * arrivals.len() + 24;
    let x = |place: usize| LEFT + GAP * place;
    let y = |row: usize| TOP + STEP * (row + 1) - 4;
    let mut picture = Picture::new(&title, x(SERVERS.len() - 1) + 140, end + 44);
    picture.text((16, 24), At::Start, &format!("{title}."));
    for (place, name) in SERVERS.iter().enumerate() {
        picture.rectangle((x(place) - 48, 44), (96, 30), Look::boxed(GREY));
        picture.bold((x(place), 64), At::Middle, name);
        picture.way(&format!("M{} 74V{end}", x(place)), GREY, "1", false);
        let row = arrivals.iter().position(|it| it.is_news && it.to == place);
        let from = row.map_or(TOP - 4, y);
        picture.way(&format!("M{} {from}V{end}", x(place)), BLUE, "4", false);
    }
    picture.dot((x(TOLD), TOP - 4), BLUE);
    picture.text(
        (x(SERVERS.len() - 1) + 14, TOP + 1),
        At::Start,
        "IAMAT to Welsh",
    );
    for (row, arrival) in arrivals.iter().enumerate() {
        let (from, to) = (x(arrival.from), x(arrival.to));
        let tip = if from < to { to - 5 } else { to + 5 };
        let colour = if arrival.is_news { BLUE } else { ORANGE };
        picture.arrow((from, y(row)), (tip, y(row)), colour, !arrival.is_news);
        picture.text((46, y(row) + 5), At::End, &format!("{}", row + 1));
        let what = if arrival.is_news { "news" } else { "again" };
        picture.text((x(SERVERS.len() - 1) + 14, y(row) + 5), At::Start, what);
    }
    let note = "A server's line is thick from when it knows. It does not tell the news back.";
    picture.text((16, end + 26), At::Start, note);
    picture.end()
}
