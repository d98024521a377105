//! Five floods, as bars: how many lines each takes, and which never end.

use crate::draw::{At, BLUE, GREY, Look, ORANGE, Picture};
use crate::floods::{Cost, costs};

const LEFT: usize = 330;
/// Pixels a line, and where a bar without an end is left.
const WIDE: usize = 12;
const EDGE: usize = 650;
const STEP: usize = 72;
const TOP: usize = 66;

pub fn picture() -> String {
    let rows = costs();
    let title = "Lines of five floods over the five servers: two of the rules never end";
    let mut picture = Picture::new(title, 760, TOP + STEP * rows.len() + 46);
    // Dark and light, for paper without colours.
    let looks = [Look::filled(BLUE, 100), Look::filled(ORANGE, 60)];
    picture.rectangle((LEFT, 16), (14, 14), looks[0]);
    picture.text((LEFT + 22, 28), At::Start, "one update");
    picture.rectangle((LEFT + 120, 16), (14, 14), looks[1]);
    picture.text(
        (LEFT + 142, 28),
        At::Start,
        "two updates of one client at once",
    );
    let bottom = TOP + STEP * rows.len() - 14;
    for lines in [0, 8, 16, 24] {
        let x = LEFT + WIDE * lines;
        let top = if lines == 0 { TOP - 16 } else { bottom - 5 };
        picture.way(&format!("M{x} {top}V{bottom}"), GREY, "1", false);
        picture.text((x, bottom + 18), At::Middle, &lines.to_string());
    }
    for (row, (words, costs)) in rows.iter().enumerate() {
        let y = TOP + STEP * row;
        let (who, rule) = words.split_once(": ").unwrap();
        picture.bold((16, y + 14), At::Start, who);
        for (line, words) in halves(rule).iter().enumerate() {
            picture.text((56, y + 14 + 18 * line), At::Start, words);
        }
        for (place, (cost, look)) in costs.iter().zip(looks).enumerate() {
            bar(&mut picture, y + 24 * place, *cost, look);
        }
    }
    let note = "lines on the links, on 200 schedules: the luckiest to the unluckiest";
    picture.text((LEFT, bottom + 38), At::Start, note);
    picture.end()
}

fn bar(picture: &mut Picture, y: usize, cost: Cost, look: Look) {
    let Some((least, most)) = cost.lines else {
        picture.rectangle((LEFT, y), (EDGE - LEFT, 18), look);
        picture.arrow((EDGE, y + 9), (EDGE + 44, y + 9), look.fill, false);
        return picture.bold((EDGE + 52, y + 14), At::Start, "no end");
    };
    picture.rectangle((LEFT, y), (WIDE * least, 18), look);
    if most > least {
        let from = LEFT + WIDE * least;
        picture.rectangle(
            (from, y),
            (WIDE * (most - least), 18),
            Look::filled(look.fill, 30),
        );
    }
    let differ = if cost.differs { "; tables differ" } else { "" };
    let words = match most > least {
        true => format!("{least} to {most}{differ}"),
        false => format!("{least}{differ}"),
    };
    picture.text((LEFT + WIDE * most + 8, y + 14), At::Start, &words);
}

/// Words in two lines of about one length.
fn halves(text: &str) -> Vec<String> {
    let middle = text.len() / 2;
    let spaces = text.match_indices(' ').map(|(at, _)| at);
    let nearest = spaces.min_by_key(|at| at.abs_diff(middle)).unwrap();
    vec![text[..nearest].to_string(), text[nearest + 1..].to_string()]
}
