//! A plan in words: what a ladder says before it begins.

use herd::limits::{Limits, Row};
use herd::node::{Ack, Fsync};
use herd::units::{MILLISECOND, SECOND};

use super::plan::{Plan, Weather};
use super::troubles::{DiskFault, Fault, Garbled, Learns, Left};

/// A space at which no line breaks.
const HARD: &str = "\u{a0}";
/// Columns of the narrowest page.
const COLUMNS: usize = 80;

/// The herd, its settings as far as they differ from the product's, and the troubles to come.
pub fn described(seed: u64, plan: &Plan) -> String {
    let (servers, links) = (plan.names.len(), plan.links.len());
    let s = if links == 1 { "" } else { "s" };
    let mut text = format!("seed {seed}: {servers} servers, {links} link{s}\n");
    text += &paragraph("weather: ", &weather(&plan.weather));
    text += &paragraph(
        "not as in the product: ",
        &settings(&plan.weather, &Limits::default()),
    );
    for (at, fault) in &plan.faults {
        text += &paragraph(&format!("at {}: ", time(*at)), &[of(fault, &plan.names)]);
    }
    let healed = format!("at {}: everything is well again", time(plan.heal));
    let then = if plan.part {
        ", and then the herd is cut in two"
    } else {
        ""
    };
    text + &paragraph("", &[healed + then])
}

/// The world around the herd.
fn weather(weather: &Weather) -> Vec<String> {
    let way = match weather.same_delay {
        true => "links take",
        false => "links take up to",
    };
    let mut all = vec![
        format!("{way} {} each way", time(weather.delay_max)),
        format!("a connection holds {} bytes", weather.window),
    ];
    let mut add = |number: u64, text: String| {
        if number > 0 {
            all.push(text);
        }
    };
    let Weather {
        split,
        partial,
        refused,
        stale,
        ..
    } = *weather;
    add(
        split,
        format!("{split} % of reads find a part of what is there"),
    );
    add(partial, format!("{partial} % of writes are taken in part"));
    add(refused, format!("{refused} % of dials fail"));
    add(stale as u64, format!("{stale} events follow a close"));
    add(
        weather.skew,
        format!("clocks are wrong by up to {}", time(weather.skew)),
    );
    all.push(match weather.pool {
        0 => "no room for a lookup".to_string(),
        1 => "room for 1 lookup".to_string(),
        pool => format!("room for {pool} lookups"),
    });
    all
}

/// The settings that are not the product's.
fn settings(weather: &Weather, product: &Limits) -> Vec<String> {
    let mut all = Vec::new();
    if weather.secret {
        all.push("a secret".to_string());
    }
    match weather.ack {
        Ack::Local => {}
        Ack::Herd => all.push("--ack herd".to_string()),
        Ack::HerdOrError => all.push("--ack herd-or-error".to_string()),
    }
    all.push(match weather.journal {
        None => "no journal".to_string(),
        Some(Fsync::Always) => "--fsync always".to_string(),
        Some(Fsync::EverySecond) => "--fsync everysec".to_string(),
        Some(Fsync::Off) => "--fsync off".to_string(),
    });
    let rows = weather.limits.rows().into_iter().zip(product.rows());
    let other = rows.filter(|(ours, product)| ours.value != product.value);
    // A name and its value stay on one line.
    let item = |(ours, _): (Row, Row)| format!("{} {}", ours.name, ours.value).replace(' ', HARD);
    all.extend(other.map(item));
    all
}

/// One trouble.
fn of(fault: &Fault, names: &[String]) -> String {
    let name = |place: usize| names[place].as_str();
    let long = |nanoseconds: u64| format!("for {}", time(nanoseconds));
    let again = |after: u64| format!("another starts after {}", time(after));
    match *fault {
        Fault::Cut(from, to, ns) => {
            format!(
                "nothing gets from {} to {} {}",
                name(from),
                name(to),
                long(ns)
            )
        }
        Fault::CutBoth(one, other, ns) => {
            format!(
                "{} and {} are cut off from each other {}",
                name(one),
                name(other),
                long(ns)
            )
        }
        Fault::Kill(from, to, learns) => {
            let who = match learns {
                Learns::Both => "both learn of it",
                Learns::Dialler => "only the dialler learns of it",
                Learns::Dialled => "only the other learns of it",
            };
            format!(
                "the connection that {} dialled to {} dies, and {who}",
                name(from),
                name(to)
            )
        }
        Fault::Crash(place, ns) => format!("{} crashes; {}", name(place), again(ns)),
        Fault::Stop(place, ns) => format!("{} is asked to end; {}", name(place), again(ns)),
        Fault::Freeze(place, ns) => format!("{} freezes {}", name(place), long(ns)),
        Fault::Block(from, to, ns) => {
            format!("{} takes no bytes of {} {}", name(to), name(from), long(ns))
        }
        Fault::Jump(place, ns) => {
            let way = if ns < 0 { "back" } else { "on" };
            format!(
                "the clock of {} jumps {way} by {}",
                name(place),
                time(ns.unsigned_abs())
            )
        }
        Fault::Disk(place, what, ns) => {
            format!("the disk of {} {} {}", name(place), disk(what), long(ns))
        }
        Fault::KillWithin(place, actions, ns) => format!(
            "{} is killed in its next turn, after {actions} actions; {}",
            name(place),
            again(ns)
        ),
        Fault::Relapse(place, left, ns) => {
            format!("{} crashes, and {}; {}", name(place), kept(left), again(ns))
        }
        Fault::Garble(from, to, how) => {
            let fate = match how {
                Garbled::Dropped => "is lost",
                Garbled::Flipped => "has a wrong digit",
            };
            format!(
                "the next AT line from {} to {} {fate}, unnoticed",
                name(from),
                name(to)
            )
        }
    }
}

/// The state of a disk: `is full`.
pub fn disk(fault: DiskFault) -> &'static str {
    match fault {
        DiskFault::Full => "is full",
        DiskFault::Broken => "is broken",
        DiskFault::Hangs => "hangs",
    }
}

/// The rest of a journal.
pub fn kept(left: Left) -> String {
    match left {
        Left::Safe => "keeps what was synced of its journal".to_string(),
        Left::Old(percent) => format!("finds an old copy of its journal, {percent} % of it"),
        Left::Nothing => "loses its journal".to_string(),
    }
}

/// `12.5 s`, `30 ms`, `250 µs`.
fn time(nanoseconds: u64) -> String {
    let value = nanoseconds as f64;
    match nanoseconds {
        SECOND.. => format!("{} s", (value / 1e6).round() / 1e3),
        MILLISECOND.. => format!("{} ms", (value / 1e4).round() / 1e2),
        _ => format!("{} µs", (value / 1e1).round() / 1e2),
    }
}

/// The items after `start`, in lines of a page.
fn paragraph(start: &str, items: &[String]) -> String {
    let text = format!("{start}{}", items.join(", "));
    let (mut out, mut used) = (String::new(), 0);
    for word in text.split(' ') {
        let length = word.chars().count();
        if used > 0 && used + 1 + length > COLUMNS {
            out.push_str("\n    ");
            used = 4;
        } else if used > 0 {
            out.push(' ');
            used += 1;
        }
        out.push_str(word);
        used += length;
    }
    out.replace(HARD, " ") + "\n"
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_plan_reads_like_a_weather_report() {
        let mut weather = Weather::fair(20 * MILLISECOND);
        weather.limits.client_line = 100;
        weather.limits.lookup_wait = 1_500 * MILLISECOND;
        weather.ack = Ack::Herd;
        weather.secret = true;
        weather.split = 30;
        weather.skew = MILLISECOND / 2;
        let plan = Plan {
            names: ["Goloman", "Hands"].map(String::from).into(),
            links: vec![(0, 1)],
            weather,
            faults: vec![
                (230 * MILLISECOND, Fault::Crash(1, 1_250_000_000)),
                (SECOND, Fault::Jump(0, -3_600_000_000_000)),
                (SECOND, Fault::Relapse(0, Left::Old(40), MILLISECOND)),
            ],
            visits: Vec::new(),
            watchers: Vec::new(),
            heal: 2 * SECOND,
            part: true,
        };
        let want = "\
seed 7: 2 servers, 1 link
weather: links take 20 ms each way, a connection holds 65536 bytes, 30 % of
    reads find a part of what is there, clocks are wrong by up to 500 µs, room
    for 68 lookups
not as in the product: a secret, --ack herd, no journal, client_line 100 bytes,
    lookup_wait 1.5 s
at 230 ms: Hands crashes; another starts after 1.25 s
at 1 s: the clock of Goloman jumps back by 3600 s
at 1 s: Goloman crashes, and finds an old copy of its journal, 40 % of it;
    another starts after 1 ms
at 2 s: everything is well again, and then the herd is cut in two
";
        assert_eq!(described(7, &plan), want);
    }

    #[test]
    fn every_trouble_of_every_seed_has_its_words() {
        for seed in 0..200 {
            let text = described(seed, &Plan::of(seed));
            assert!(
                text.lines().all(|line| line.chars().count() <= COLUMNS),
                "{text}"
            );
            assert!(!text.contains(['{', '(', '[']), "{text}");
        }
    }
}
