//! The kernel's words, and our reads: level, edge, and an edge with a list.

use crate::draw::{At, BLUE, GREY, Look, ORANGE, Picture};

/// How readiness is told, and kept.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Way {
    /// The kernel says so as long as there is something.
    Level,
    /// It says so when something comes.
    Edge,
    /// The same, and whoever is not read empty stays on our own list.
    List,
}

/// A call of the loop's, and the packets that are unread after it.
enum Call {
    /// A wait that says "readable", or one that finds the list not empty and does not wait.
    Wait {
        says: Option<&'static str>,
    },
    Read,
    /// A read that finds nothing.
    Empty,
}

/// The loop of each way, with one read a turn, after some packets have come.
fn calls(way: Way, packets: usize) -> Vec<(Call, usize)> {
    let (mut unread, mut is_edge, mut is_listed) = (packets, true, false);
    let mut calls = Vec::new();
    loop {
        let is_told = match way {
            Way::Level => unread > 0,
            Way::Edge | Way::List => std::mem::take(&mut is_edge),
        };
        if !is_told && !is_listed {
            // It waits, for ever if nothing else comes.
            calls.push((Call::Wait { says: None }, unread));
            return calls;
        }
        let says = if is_told { "readable" } else { "on the list" };
        calls.push((Call::Wait { says: Some(says) }, unread));
        if unread == 0 {
            calls.push((Call::Empty, 0));
            is_listed = false;
            continue;
        }
        unread -= 1;
        calls.push((Call::Read, unread));
        is_listed = way == Way::List;
    }
}

const PACKETS: usize = 3;
const LEFT: usize = 24;
const WIDE: usize = 70;
const LANE: usize = 168;

pub fn picture() -> String {
    let lanes = [
        (
            Way::Level,
            "Level: the kernel says it again and again, until nothing is left.",
        ),
        (
            Way::Edge,
            "Edge: the kernel says it once, when something comes.",
        ),
        (
            Way::List,
            "Edge with a list: it says it once, and we remember it until a read finds nothing.",
        ),
    ];
    let title = "Three packets and one read a turn: a loop on edges forgets two of them, unless it \
                 keeps a list";
    let mut picture = Picture::new(title, 760, LANE * lanes.len() + 40);
    for (lane, (way, words)) in lanes.into_iter().enumerate() {
        let top = 14 + LANE * lane;
        picture.bold((LEFT, top + 16), At::Start, words);
        let mut left = 0;
        for (place, (call, unread)) in calls(way, PACKETS).iter().enumerate() {
            let x = LEFT + (WIDE + 7) * place;
            draw(&mut picture, (x, top + 30), call);
            for packet in 0..*unread {
                let at = (x + 8 + 18 * packet, top + 112);
                picture.rectangle(at, (14, 14), Look::filled(BLUE, 80));
            }
            left = *unread;
        }
        let count = calls(way, PACKETS).len();
        let x = LEFT + (WIDE + 7) * count + 6;
        if left > 0 {
            picture.text(
                (x, top + 60),
                At::Start,
                &format!("It waits, and {left} packets lie there:"),
            );
            picture.text((x, top + 80), At::Start, "for ever, if no other comes.");
        }
        if lane + 1 < lanes.len() {
            picture.way(&format!("M{LEFT} {}H736", top + 148), GREY, "0.5", false);
        }
    }
    let bottom = LANE * lanes.len() + 14;
    picture.rectangle((LEFT, bottom - 12), (14, 14), Look::filled(BLUE, 80));
    let note = "a packet that is unread after the call";
    picture.text((LEFT + 22, bottom), At::Start, note);
    picture.end()
}

fn draw(picture: &mut Picture, (x, y): (usize, usize), call: &Call) {
    let (look, words, below) = match call {
        Call::Wait {
            says: Some("readable"),
        } => (Look::boxed(ORANGE), "wait", "readable"),
        Call::Wait { says: Some(says) } => (
            Look {
                is_dashed: true,
                ..Look::boxed(GREY)
            },
            "look",
            *says,
        ),
        Call::Wait { says: None } => (Look::boxed(GREY), "wait", "…"),
        Call::Read => (Look::boxed(BLUE), "read", "a packet"),
        Call::Empty => (Look::boxed(BLUE), "read", "nothing"),
    };
    picture.rectangle((x, y), (WIDE, 34), look);
    picture.bold((x + WIDE / 2, y + 22), At::Middle, words);
    picture.text((x + WIDE / 2, y + 54), At::Middle, below);
}
