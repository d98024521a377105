//! The slots of a client's replies, while a lookup is late.

use super::{told, with_conn};
use crate::draw::{At, BLUE, GREY, Look, ORANGE, Picture};

const CLIENT: &str = "c1";

/// A step: the command, the slots after it (request, bytes, complete), and the replies that left.
struct Step {
    command: String,
    slots: Vec<(String, usize, bool)>,
    left: Vec<String>,
}

fn steps() -> Vec<Step> {
    let (mut steps, mut asked, mut waiting) = (Vec::new(), Vec::new(), 0);
    told("order-late-lookup.herd", |story, command, _| {
        let is_send = command.starts_with("c1 sends ");
        if is_send {
            let text = command.split('"').nth(1).unwrap();
            let lines = text.split("\\n").filter(|it| !it.is_empty());
            asked.extend(lines.map(short));
        }
        if !is_send && !command.starts_with("answer ") {
            return;
        }
        let slots = with_conn(story, CLIENT, |shell, socket| {
            shell.node.inspect().slots(socket.conn)
        });
        let slots = slots.unwrap();
        // A reply without a slot has left.
        let gone = asked.len() - slots.len();
        let requests = asked[gone..].iter().zip(&slots);
        steps.push(Step {
            command: shortened(command),
            slots: requests
                .map(|(it, slot)| (it.clone(), slot.0, slot.1))
                .collect(),
            left: asked[waiting..gone].to_vec(),
        });
        waiting = gone;
    });
    steps
}

/// The verb of a request, with the radius of a WHATSAT.
fn short(line: &str) -> String {
    let words: Vec<&str> = line.split(' ').collect();
    match words[..] {
        ["WHATSAT", _, radius, _] => format!("WHATSAT {radius}"),
        _ => words[0].to_string(),
    }
}

/// A command without what its line says in full.
fn shortened(command: &str) -> String {
    if let Some(rest) = command.strip_prefix("answer ") {
        let (number, _) = rest.split_once(' ').unwrap();
        return format!("lookup {number} is answered");
    }
    let text = command.split('"').nth(1).unwrap();
    let lines: Vec<String> = text
        .split("\\n")
        .filter(|it| !it.is_empty())
        .map(short)
        .collect();
    lines.join(", ")
}

const LEFT: usize = 200;
const WIDE: usize = 124;
const STEP: usize = 62;
const TOP: usize = 62;

pub fn picture() -> String {
    let steps = steps();
    let title =
        "Slots of replies: the second lookup is answered first, and its reply waits for the first";
    let most = steps.iter().map(|it| it.slots.len()).max().unwrap();
    let right = LEFT + WIDE * most + 24;
    let mut picture = Picture::new(title, right + 156, TOP + STEP * steps.len() + 40);
    picture.bold((16, 28), At::Start, "what happens");
    picture.bold((LEFT, 28), At::Start, "slots, the oldest request first");
    picture.bold((right, 28), At::Start, "leaves at once");
    picture.way(&format!("M16 40H{}", right + 140), GREY, "1", false);
    for (row, step) in steps.iter().enumerate() {
        let y = TOP + STEP * row;
        picture.text((16, y + 25), At::Start, &step.command);
        for (place, (request, bytes, is_ready)) in step.slots.iter().enumerate() {
            let x = LEFT + WIDE * place;
            let (look, state) = match is_ready {
                true => (Look::boxed(BLUE), "ready"),
                false => (
                    Look {
                        is_dashed: true,
                        ..Look::boxed(ORANGE)
                    },
                    "waits",
                ),
            };
            picture.rectangle((x, y), (WIDE - 10, 42), look);
            picture.bold((x + 57, y + 18), At::Middle, request);
            picture.text(
                (x + 57, y + 35),
                At::Middle,
                &format!("{state}, {bytes} bytes"),
            );
        }
        if step.slots.is_empty() {
            picture.text((LEFT, y + 25), At::Start, "none");
        }
        for (line, words) in pairs(&step.left).iter().enumerate() {
            let gap = if step.left.len() > 1 { 18 } else { 25 };
            picture.text((right, y + gap + 17 * line), At::Start, words);
        }
    }
    let note = "The bytes of a slot that waits are its AT line. The JSON comes from the lookup.";
    picture.text((16, TOP + STEP * steps.len() + 20), At::Start, note);
    picture.end()
}

/// Two to a line.
fn pairs(words: &[String]) -> Vec<String> {
    words.chunks(2).map(|it| it.join(", ")).collect()
}
