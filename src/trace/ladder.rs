//! A way as text: a column for each server, a row for each arrival.

use super::way::{Row, Way};
use super::words::{cut, label, notes, span, title};
use crate::terminal::{COLUMNS, one_line, wrap};

/// From one server to the next.
const GAP: usize = 4;
/// The time and the mark of a shifted one.
const MARGIN: usize = 12;

/// The ladder, with its title and its notes.
pub fn text(client: &str, way: &Way) -> String {
    let wrapped = |text: &String| wrap(text.split(' '), " ", COLUMNS);
    let mut lines: Vec<String> = title(client, way).iter().flat_map(wrapped).collect();
    lines.push(String::new());
    for (place, column) in way.columns.iter().enumerate() {
        let indent = MARGIN + GAP * place;
        let name = cut(&column.name, COLUMNS.saturating_sub(indent).max(GAP));
        let posts = posts(place);
        lines.push(format!("{:MARGIN$}{posts}{name}", ""));
    }
    lines.extend(way.rows.iter().map(|it| row(it, way)));
    lines.push(String::new());
    lines.extend(notes(way).iter().flat_map(wrapped));
    // A name may come from a file that somebody made.
    lines.iter().map(|line| one_line(line) + "\n").collect()
}

/// The columns of the servers before this one.
fn posts(place: usize) -> String {
    format!("{:GAP$}", "|").repeat(place)
}

fn row(row: &Row, way: &Way) -> String {
    let mut cells: Vec<char> = posts(way.columns.len()).chars().collect();
    let [from, to] = [row.from.unwrap_or(row.to), row.to].map(|it| it * GAP);
    if from == to {
        cells[to] = '*';
    } else {
        cells[from.min(to)..=from.max(to)].fill('-');
        cells[from] = 'o';
        cells[to] = if from < to { '>' } else { '<' };
    }
    let mark = if way.columns[row.to].shift == 0 {
        ' '
    } else {
        '~'
    };
    let cells: String = cells.into_iter().collect();
    let line = format!("{:>9}{mark}  {cells}{}", span(row.at), label(row));
    line.trim_end().to_string()
}
