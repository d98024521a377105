//! Tables on a screen: as many columns as fit, and states in colour.

use crate::terminal::{Colour, table};

/// Lays out a table in a number of columns of text. The columns called `least`, in this order, are
/// left out until it fits.
pub fn fit(text: &str, least: &[&str], columns: usize) -> String {
    let mut text = text.to_string();
    for name in least {
        if table(&text).lines().all(|it| it.chars().count() <= columns) {
            break;
        }
        let head = text.lines().next().unwrap_or_default();
        let is_kept: Vec<bool> = head.split('\t').map(|it| it != *name).collect();
        let rows = text.lines().map(|row| {
            let cells = row.split('\t').zip(&is_kept);
            let cells = cells.filter(|(_, is_kept)| **is_kept).map(|it| it.0);
            cells.collect::<Vec<_>>().join("\t")
        });
        text = rows.collect::<Vec<_>>().join("\n");
    }
    table(&text)
}

/// States that somebody should see, in colour.
pub fn coloured(table: &str) -> String {
    let mut text = table.to_string();
    for (word, colour) in [
        ("down", Colour::Red),
        ("refused", Colour::Red),
        ("failing", Colour::Red),
        ("locked", Colour::Yellow),
        ("dialling", Colour::Yellow),
        ("not heard", Colour::Yellow),
    ] {
        // No name of a server has a space before it.
        for end in ["\n", " (", ",", ")"] {
            let painted = format!(" {}{end}", colour.paint(word));
            text = text.replace(&format!(" {word}{end}"), &painted);
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_are_left_out_until_the_rest_fits() {
        let text = "a\tlong\tb\tlong\n1\t2\t3\t4";
        assert_eq!(
            fit(text, &["long", "b"], 16),
            "a  long  b  long\n1  2     3  4\n"
        );
        assert_eq!(fit(text, &["long", "b"], 15), "a  b\n1  3\n");
        assert_eq!(fit(text, &["long", "b"], 3), "a\n1\n");
        // The other columns stay, however wide they are.
        assert_eq!(fit(text, &["b"], 3), "a  long  long\n1  2     4\n");
    }
}
