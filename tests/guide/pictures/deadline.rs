//! Half a line, its deadline, and the clock that stands still while the server does not read.

use herd::limits::Limit;

use super::{seconds, told, with_conn};
use crate::draw::{At, BLUE, GREY, Look, ORANGE, Picture};

const CLIENT: &str = "c2";

/// A moment: the time, what the line has left of its time if its clock runs, and whether the client
/// is paused.
struct Moment {
    time: f64,
    left: Option<f64>,
    is_paused: bool,
}

/// From the first byte of the line to its refusal.
fn moments() -> Vec<Moment> {
    let mut moments: Vec<Moment> = Vec::new();
    told("half-line-paused.herd", |story, _, told| {
        let now = story.world().map_or(0, |it| it.time().0);
        let time = seconds(now);
        let seen = with_conn(story, CLIENT, |shell, socket| {
            let deadline = shell.node.inspect().deadline(socket.conn);
            let line = deadline.filter(|it| it.1 == Limit::half_line);
            let left = line.map(|(at, _)| seconds(at.0 - now));
            (left, socket.paused)
        });
        let is_refused = told.iter().any(|it| it == "c2 < ? x\\n");
        let (left, is_paused) = match seen {
            _ if is_refused => (Some(0.0), false),
            Some(seen) => seen,
            None => return,
        };
        if left.is_some() || is_paused {
            moments.push(Moment {
                time,
                left,
                is_paused,
            });
        }
    });
    moments
}

const LEFT: usize = 70;
const BOTTOM: usize = 230;
/// Pixels a second.
const WIDE: usize = 9;
const HIGH: usize = 6;

pub fn picture() -> String {
    let moments = moments();
    let start = moments[0].time;
    let length = moments.last().unwrap().time - start;
    let x = |time: f64| LEFT + ((time - start) * WIDE as f64).round() as usize;
    let y = |left: f64| BOTTOM - (left * HIGH as f64).round() as usize;
    let title = "Half a line has 30 seconds. They stand still while the server does not read";
    let end = x(start + length);
    let mut picture = Picture::new(title, end + 64, BOTTOM + 60);
    picture.text((16, 24), At::Start, "time that the rest of the line has");
    let paused = || moments.iter().filter(|it| it.is_paused);
    let first = paused().next().unwrap().time;
    let resumed = moments
        .iter()
        .find(|it| it.time > first && !it.is_paused)
        .unwrap()
        .time;
    let (from, to) = (x(first), x(resumed));
    picture.rectangle(
        (from, 40),
        (to - from, BOTTOM - 40),
        Look::filled(ORANGE, 20),
    );
    picture.text(
        ((from + to) / 2, 140),
        At::Middle,
        "the server does not read: no time is lost",
    );
    for left in [0, 10, 20, 30] {
        picture.text(
            (LEFT - 8, y(f64::from(left)) + 5),
            At::End,
            &format!("{left} s"),
        );
        picture.way(
            &format!("M{LEFT} {}H{end}", y(f64::from(left))),
            GREY,
            "0.5",
            false,
        );
    }
    let (mut way, mut left) = (String::new(), 0.0);
    for moment in &moments {
        left = moment.left.unwrap_or(left);
        let to = if way.is_empty() { 'M' } else { 'L' };
        way += &format!("{to}{} {}", x(moment.time), y(left));
    }
    picture.way(&way, BLUE, "3", false);
    picture.dot((end, BOTTOM), ORANGE);
    for second in (0..=length as usize).step_by(10) {
        let at = x(start + second as f64);
        picture.way(&format!("M{at} {BOTTOM}V{}", BOTTOM + 5), GREY, "1", false);
        picture.text((at, BOTTOM + 20), At::Middle, &format!("{second} s"));
    }
    picture.text((LEFT, BOTTOM + 48), At::Start, "the first byte comes");
    picture.text((to, BOTTOM + 48), At::Middle, "the server reads again");
    picture.text((end + 48, BOTTOM + 48), At::End, "? x, and the end");
    picture.end()
}
