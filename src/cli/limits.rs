//! `herd limits`: every limit, why it is there, and what happens at it.

use getopts::Matches;

use super::failure::Failure;
use super::options;
use super::serve::clients_max;
use super::system::descriptors_left;
use crate::limits::{LIMITS, Limits};
use crate::terminal::{COLUMNS, print, wrap};

pub(super) fn run(matches: &Matches) -> Result<(), Failure> {
    options::no_words("limits", matches, "it shows them all")?;
    let clients = clients_max(descriptors_left(), 0);
    Ok(print(&describe(&LIMITS, clients))?)
}

/// The whole output.
fn describe(limits: &Limits, clients: usize) -> String {
    let rows = limits.rows();
    let width = |cell: fn(&_) -> usize| rows.iter().map(cell).max().unwrap_or_default();
    let names = width(|row| row.name.len());
    let values = width(|row| row.value.len());
    let indent = names + 2 + values + 2;
    let (mut text, mut group) = (String::new(), "");
    for row in &rows {
        if row.group != group {
            group = row.group;
            let gap = if text.is_empty() { "" } else { "\n" };
            text += &format!("{gap}{}\n", group.to_uppercase());
        }
        let mut start = format!("{:names$}  {:values$}", row.name, row.value);
        for sentences in [row.why, &format!("→ {}", row.at)] {
            for line in wrap(sentences.split(' '), " ", COLUMNS - indent) {
                text += &format!("{start:indent$}{line}\n");
                start.clear();
            }
        }
    }
    text + &format!(
        "\nWith the descriptors that a process may have here, a server takes {clients} clients\n\
         at once: four fewer for each neighbour, 20 for a plain one, 12 more for a name.\n"
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_fits_a_terminal_and_holds_every_word() {
        let text = describe(&Limits::PRODUCT, 984);
        assert!(text.lines().all(|line| line.chars().count() <= COLUMNS));
        let words = |text: &str| {
            text.split_whitespace()
                .map(String::from)
                .collect::<Vec<_>>()
        };
        let all = words(&text).join(" ");
        for row in Limits::PRODUCT.rows() {
            let row = format!("{} {} {} → {}", row.name, row.value, row.why, row.at);
            assert!(all.contains(&row), "{row}");
        }
        assert!(text.contains("984 clients"), "{text}");
    }
}
