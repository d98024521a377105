//! Water marks: a client that does not read, reads slowly, and reads all.

use herd::limits::LIMITS;

use super::{seconds, with_conn};
use crate::draw::{At, BLUE, GREY, Look, ORANGE, Picture};
use crate::support::stories::story::Story;

/// A moment, and the server's outbox for the client at it.
struct Moment {
    time: f64,
    outbox: usize,
    is_paused: bool,
}

/// Ticks of a tenth of a second in which the client sends 8 KiB.
fn sends(tick: usize) -> bool {
    (1..=10).contains(&tick) || (33..=44).contains(&tick)
}

/// It takes nothing at first, and then 4 KiB in each tick.
const READS: usize = 20;

fn moments() -> Vec<Moment> {
    let mut story = Story::new();
    for command in ["herd Goloman", "connect c Goloman", "c stops reading"] {
        story.obey(command).unwrap();
    }
    let packet = format!("c sends \"{}\"", "<x*1021>\\n".repeat(8));
    let mut moments = Vec::new();
    for tick in 0..=SECONDS * TICKS {
        let is_reading = (tick >= READS).then_some("c takes 4096");
        let is_sending = sends(tick).then_some(&packet[..]);
        for command in is_reading.into_iter().chain(is_sending) {
            story.obey(command).unwrap();
        }
        let time = seconds(story.world().unwrap().time().0);
        let seen = with_conn(&mut story, "c", |shell, socket| Moment {
            time,
            outbox: shell.node.inspect().conn_stats(socket.conn).unwrap().unsent,
            is_paused: socket.paused,
        });
        moments.push(seen.unwrap());
        story.obey("wait 100ms").unwrap();
    }
    moments
}

/// Ticks a second.
const TICKS: usize = 10;
const SECONDS: usize = 7;
const LEFT: usize = 70;
const BOTTOM: usize = 250;
/// Pixels a second, and a KiB.
const WIDE: usize = 90;
const HIGH: usize = 3;

fn x(time: f64) -> usize {
    LEFT + (time * WIDE as f64).round() as usize
}

fn y(bytes: usize) -> usize {
    BOTTOM - bytes * HIGH / 1024
}

pub fn picture() -> String {
    let moments = moments();
    let title = "The outbox of a client that reads slowly: at the high water mark the server stops \
                 reading from it, at the low one it goes on";
    let mut picture = Picture::new(title, LEFT + WIDE * SECONDS + 60, BOTTOM + 116);
    picture.text((16, 24), At::Start, "bytes in the outbox");
    let end = x(SECONDS as f64);
    for (bytes, name) in [
        (LIMITS.outbox_high, "64 KiB"),
        (LIMITS.outbox_low, "16 KiB"),
    ] {
        picture.way(&format!("M{LEFT} {}H{end}", y(bytes)), ORANGE, "1.5", true);
        picture.text((LEFT - 8, y(bytes) + 5), At::End, name);
    }
    let mut way = format!("M{LEFT} {BOTTOM}");
    for moment in &moments {
        way += &format!("H{}V{}", x(moment.time), y(moment.outbox));
    }
    picture.area(&format!("{way}V{BOTTOM}"), Look::filled(BLUE, 35));
    picture.way(&way, BLUE, "2", false);
    picture.way(&format!("M{LEFT} {BOTTOM}H{end}"), GREY, "1", false);
    for second in 0..=SECONDS {
        let at = x(second as f64);
        picture.way(&format!("M{at} {BOTTOM}V{}", BOTTOM + 5), GREY, "1", false);
        picture.text((at, BOTTOM + 20), At::Middle, &format!("{second} s"));
    }
    let reads = READS as f64 / TICKS as f64;
    for (time, words) in [
        (0.0, "it reads nothing"),
        (reads, "it reads 4 KiB every 0.1 s"),
    ] {
        picture.text((x(time) + 6, 46), At::Start, words);
        picture.way(&format!("M{} 34V{BOTTOM}", x(time)), GREY, "1", true);
    }
    ribbon(&mut picture, BOTTOM + 38, "sends", BLUE, &moments, |tick| {
        sends(tick)
    });
    ribbon(
        &mut picture,
        BOTTOM + 62,
        "paused",
        ORANGE,
        &moments,
        |tick| moments[tick].is_paused,
    );
    let note = "Paused: the server does not read from the client, whose lines wait in the kernel.";
    picture.text((LEFT, BOTTOM + 104), At::Start, note);
    picture.end()
}

/// The ticks in which something was so.
fn ribbon(
    picture: &mut Picture,
    y: usize,
    name: &str,
    colour: &'static str,
    moments: &[Moment],
    is_so: impl Fn(usize) -> bool,
) {
    picture.text((LEFT - 8, y + 13), At::End, name);
    let mut start = None;
    for (tick, moment) in moments.iter().enumerate() {
        if is_so(tick) {
            start.get_or_insert(x(moment.time));
        } else if let Some(from) = start.take() {
            let size = (x(moment.time) - from, 16);
            picture.rectangle((from, y), size, Look::filled(colour, 70));
        }
    }
}
