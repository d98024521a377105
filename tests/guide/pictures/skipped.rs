//! The changes that two watchers are told, of which one does not read for a while.

use std::collections::BTreeSet;

use super::told;
use crate::draw::{At, BLUE, GREY, Look, Picture};

/// The numbers of the changes that each of the two was told, until the slow one reads again.
fn heard() -> [BTreeSet<usize>; 2] {
    let (mut heard, mut is_over) = ([BTreeSet::new(), BTreeSet::new()], false);
    told("watch-slow.herd", |_, command, output| {
        for line in output.iter().filter(|_| !is_over) {
            let place = usize::from(line.starts_with("slow < "));
            if place == 1 || line.starts_with("fast < ") {
                let numbers = line.split("CHANGE ").skip(1);
                let numbers = numbers.filter_map(|it| it.split(' ').next()?.parse::<usize>().ok());
                heard[place].extend(numbers);
            }
        }
        is_over |= command.starts_with("hits ");
    });
    heard
}

const LEFT: usize = 130;
const WIDE: usize = 48;
const ROW: usize = 58;
const TOP: usize = 56;

pub fn picture() -> String {
    let heard = heard();
    let most = *heard[0].last().unwrap();
    let title = "Two watchers: one is told every change, the other skips those that were overtaken";
    let mut picture = Picture::new(title, LEFT + WIDE * most + 16, TOP + 2 * ROW + 38);
    picture.bold((LEFT, 28), At::Start, "three moves of each of four clients");
    for (row, name) in ["reads", "does not read"].iter().enumerate() {
        let y = TOP + ROW * row;
        picture.text((16, y + 25), At::Start, name);
        for number in 1..=most {
            let x = LEFT + WIDE * (number - 1);
            let is_told = heard[row].contains(&number);
            let look = match is_told {
                true => Look::boxed(BLUE),
                false => Look {
                    is_dashed: true,
                    opacity: 0,
                    ..Look::boxed(GREY)
                },
            };
            picture.rectangle((x, y), (WIDE - 8, 40), look);
            let middle = x + (WIDE - 8) / 2;
            picture.bold((middle, y + 17), At::Middle, &number.to_string());
            let client = format!("m{}", (number - 1) % 4);
            picture.text((middle, y + 34), At::Middle, &client);
        }
    }
    let note =
        "Its outbox holds the first four. When it reads again, its cursor finds only the newest.";
    picture.text((LEFT, TOP + 2 * ROW + 16), At::Start, note);
    picture.end()
}
