//! Ways as a picture: time goes down, a row for each arrival, and an arrow from where its sender
//! had the news. The rows have one distance, whatever the time between them.
//!
//! Plain SVG for pages that are light or dark: no script, no style, and no blank line, which would
//! end it in Markdown.

use super::way::{Row, Way};
use super::words::{cut, label, notes, span, title};
use crate::terminal::wrap;

/// From one server to the next, from one row to the next, and left of the servers, in pixels.
const GAP: usize = 124;
const STEP: usize = 34;
const LEFT: usize = 150;
/// Room for the label of a row.
const RIGHT: usize = 150;
/// From the top of a way to its servers, and on to its first row.
const HEAD: usize = 74;
const FIRST: usize = 46;
/// The longest name in a box.
const NAME: usize = 13;
/// Room for a title, and the width of a character.
const LEAST: usize = 600;
const CHAR: usize = 8;

const GREY: &str = "#767676";
const NEWS: &str = "#3b82d6";
const AGAIN: &str = "#d0762a";

/// All ways, one below the other.
pub fn picture(client: &str, ways: &[Way]) -> String {
    let columns = ways.iter().map(|way| way.columns.len()).max().unwrap_or(1);
    let width = (LEFT + GAP * (columns - 1) + RIGHT).max(LEAST);
    let (mut body, mut top) = (String::new(), 0);
    for way in ways {
        let notes = notes(way);
        let notes = notes
            .iter()
            .flat_map(|it| wrap(it.split(' '), " ", width / CHAR - 4));
        let notes: Vec<String> = notes.collect();
        body += &drawn(client, way, &notes, top);
        top += HEAD + FIRST + STEP * way.rows.len() + 22 * notes.len() + 16;
    }
    let label = ways
        .first()
        .map_or(String::new(), |way| title(client, way)[0].clone());
    let marker = |id: &str, colour: &str| {
        format!(
            "<marker id=\"trace-{id}\" viewBox=\"0 0 10 10\" refX=\"9\" refY=\"5\" \
             markerWidth=\"9\" markerHeight=\"9\" markerUnits=\"userSpaceOnUse\" \
             orient=\"auto\"><path d=\"M0 0 10 5 0 10z\" fill=\"{colour}\"/></marker>\n"
        )
    };
    format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {width} {top}\" \
         width=\"{width}\" height=\"{top}\" role=\"img\" aria-label=\"{}\" \
         font-family=\"Helvetica, Arial, sans-serif\" font-size=\"14\">\n<defs>\n{}{}</defs>\n\
         {body}</svg>\n",
        escaped(&format!("The way of an update: {label}")),
        marker("news", NEWS),
        marker("again", AGAIN),
    )
}

fn x(place: usize) -> usize {
    LEFT + GAP * place
}

/// One way, from `top` on.
fn drawn(client: &str, way: &Way, notes: &[String], top: usize) -> String {
    let y = |row: usize| top + HEAD + FIRST + STEP * row;
    let end = y(way.rows.len()) - STEP / 2;
    let mut text = String::new();
    for (line, words) in title(client, way).iter().enumerate() {
        text += &words_at(16, top + 24 + 20 * line, "start", words);
    }
    // The row in which each server has the news.
    let news: Vec<Option<usize>> = (0..way.columns.len())
        .map(|place| {
            way.rows
                .iter()
                .position(|row| row.is_news() && row.to == place)
        })
        .collect();
    for (place, column) in way.columns.iter().enumerate() {
        text += &server(x(place), top + HEAD, &column.name);
        text += &post(x(place), top + HEAD + 19, end, 1);
        if let Some(row) = news[place] {
            text += &post(x(place), y(row), end, 4);
        }
    }
    for (place, row) in way.rows.iter().enumerate() {
        // A neighbour may tell what it knew long ago, and a clock that was set may reverse them.
        let start = row
            .from
            .and_then(|from| news[from])
            .filter(|start| *start < place);
        text += &arrival(row, way, y(start.unwrap_or(place)), y(place));
    }
    for (line, note) in notes.iter().enumerate() {
        text += &words_at(16, end + 28 + 22 * line, "start", note);
    }
    text
}

fn server(x: usize, y: usize, name: &str) -> String {
    format!(
        "<g><title>{}</title><rect x=\"{}\" y=\"{}\" width=\"108\" height=\"38\" rx=\"8\" \
         fill=\"#44607d\" stroke=\"#8aa4bf\"/><text x=\"{x}\" y=\"{}\" text-anchor=\"middle\" \
         fill=\"#fff\" font-weight=\"bold\">{}</text></g>\n",
        escaped(name),
        x - 54,
        y - 19,
        y + 5,
        escaped(&cut(name, NAME)),
    )
}

/// A server's line, thin or, once it has the news, broad.
fn post(x: usize, from: usize, to: usize, width: usize) -> String {
    let (colour, opacity) = if width > 1 {
        (NEWS, ".45")
    } else {
        (GREY, ".6")
    };
    format!(
        "<path d=\"M{x} {from}V{to}\" stroke=\"{colour}\" stroke-opacity=\"{opacity}\" \
         stroke-width=\"{width}\"/>\n"
    )
}

/// An arrow that begins at the height `start`, its time, and its label.
fn arrival(row: &Row, way: &Way, start: usize, y: usize) -> String {
    let to = x(row.to);
    let mark = if way.columns[row.to].shift == 0 {
        ""
    } else {
        " ~"
    };
    let time = format!("{}{mark}", span(row.at));
    let (colour, id, dashes) = match row.is_news() {
        true => (NEWS, "news", ""),
        false => (AGAIN, "again", " stroke-dasharray=\"6 4\""),
    };
    let who = &way.columns[row.to].name;
    let (arrow, from) = match row.from.filter(|from| *from != row.to) {
        None => (String::new(), label(row)),
        Some(from) => {
            let tip = if from < row.to { to - 7 } else { to + 7 };
            let arrow = format!(
                "<path d=\"M{} {start}L{tip} {y}\" stroke=\"{colour}\" stroke-width=\"2\" \
                 fill=\"none\"{dashes} marker-end=\"url(#trace-{id})\"/>",
                x(from)
            );
            (arrow, format!("AT from {}", way.columns[from].name))
        }
    };
    let what = if row.is_news() { "news" } else { "no news" };
    let title = escaped(&format!("{time}: {who} hears it, {from}: {what}"));
    let dot = format!("<circle cx=\"{to}\" cy=\"{y}\" r=\"5\" fill=\"{colour}\"/>");
    let time = words_at(LEFT - 70, y + 5, "end", &time);
    let label = match label(row) {
        label if label.is_empty() => label,
        label => words_at(x(way.columns.len() - 1) + 14, y + 5, "start", &label),
    };
    format!("<g><title>{title}</title>{arrow}{dot}</g>\n{time}{label}")
}

fn words_at(x: usize, y: usize, anchor: &str, words: &str) -> String {
    let words = escaped(words);
    format!("<text x=\"{x}\" y=\"{y}\" text-anchor=\"{anchor}\" fill=\"{GREY}\">{words}</text>\n")
}

/// Text in an element or an attribute.
fn escaped(text: &str) -> String {
    let mut safe = String::new();
    for char in text.chars() {
        match char {
            '&' => safe.push_str("&amp;"),
            '<' => safe.push_str("&lt;"),
            '>' => safe.push_str("&gt;"),
            '"' => safe.push_str("&quot;"),
            _ if char.is_control() => safe.extend(char.escape_default()),
            _ => safe.push(char),
        }
    }
    safe
}
