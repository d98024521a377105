//! The page that a person sees, and the event that brings an open page up to date. Both have the
//! same cells, which are laid out here. Pure.
//!
//! Names and reasons are strangers' words. In HTML they are escaped here; the script of the page
//! writes them as text, and never as HTML.

use serde_json::{Value, json};

const PAGE: &str = include_str!("assets/page.html");
const COASTS: &str = include_str!("assets/coasts.svg");

/// The page of a summary (`status/summary.rs`), with the line of `herd status --check`.
pub fn page(summary: &Value, line: &str, time: &str) -> String {
    let names = array(&summary["servers"]).map(|it| text(&it["name"]));
    let options = names.map(|name| format!("<option>{}</option>", escaped(&name)));
    let options = options.collect::<String>();
    let [servers, links] = [
        rows(summary, "servers", server),
        rows(summary, "links", link),
    ];
    let table = |rows: &[(String, Vec<String>)]| rows.iter().map(html_row).collect::<String>();
    let items = |key: &str| {
        let all = array(&summary[key]).map(|it| format!("<li>{}</li>", escaped(&text(it))));
        all.collect::<String>()
    };
    let mut parts = PAGE.split("{{");
    let mut out = parts.next().unwrap_or_default().to_string();
    for part in parts {
        let (name, rest) = part.split_once("}}").unwrap_or_default();
        out += &match name {
            "event" => escaped(&object(summary, line, time).to_string()),
            "level" => escaped(&text(&summary["level"])),
            "line" => escaped(line.trim_end()),
            "time" => escaped(time),
            "problems" => items("problems"),
            "remarks" => items("remarks"),
            "servers" => table(&servers),
            "links" => table(&links),
            "options" => options.clone(),
            "coasts" => COASTS.to_string(),
            _ => String::new(),
        };
        out += rest;
    }
    out
}

/// The event of a summary: one line of JSON between `data: ` and an empty line.
pub fn event(summary: &Value, line: &str, time: &str) -> String {
    format!("data: {}\n\n", object(summary, line, time))
}

/// All that the script of the page shows.
fn object(summary: &Value, line: &str, time: &str) -> Value {
    let both = |key: &str, cells: Cells| {
        let rows = rows(summary, key, cells).into_iter();
        let rows = rows.map(|(state, cells)| json!({"state": state, "cells": cells}));
        rows.collect::<Vec<Value>>()
    };
    let ends = array(&summary["links"]).map(|link| link["ends"].clone());
    json!({
        "level": summary["level"],
        "line": line.trim_end(),
        "time": time,
        "problems": summary["problems"],
        "remarks": summary["remarks"],
        "servers": both("servers", server),
        "links": both("links", link),
        "ends": ends.collect::<Vec<Value>>(),
    })
}

/// Lays out a row: its state, and its cells.
type Cells = fn(&Value, &Value) -> (String, Vec<String>);

fn rows(summary: &Value, key: &str, cells: Cells) -> Vec<(String, Vec<String>)> {
    array(&summary[key]).map(|it| cells(it, summary)).collect()
}

/// In the order of the columns in page.html.
fn server(server: &Value, _: &Value) -> (String, Vec<String>) {
    let state = text(&server["state"]);
    let rate = |verb: &str| text(&server["rates"][verb]);
    let wait = server["shares"]["wait"].as_f64();
    let longest = server["longest_turn_us"].as_f64();
    let hits: Vec<String> = array(&server["limits_hit"]).map(text).collect();
    let cells = [
        text(&server["name"]),
        match server["why"].as_str() {
            Some(why) => format!("{state}: {why}"),
            None => state.clone(),
        },
        server["up_seconds"].as_u64().map_or(none(), age),
        text(&server["clients"]),
        text(&server["known"]),
        rate("iamat"),
        rate("whatsat"),
        rate("at_in"),
        rate("at_out"),
        wait.map_or(none(), |wait| format!("{:.1} %", (1.0 - wait) * 100.0)),
        longest.map_or(none(), |us| format!("{:.1} ms", us / 1000.0)),
        hits.join(", "),
    ];
    (state, cells.to_vec())
}

/// A link, by the words of both ends.
fn link(link: &Value, summary: &Value) -> (String, Vec<String>) {
    let ends = [0, 1].map(|end| text(&link["ends"][end]));
    let is_down = |name: &String| {
        let mut servers = array(&summary["servers"]);
        servers.any(|it| it["name"] == name.as_str() && it["state"] == "down")
    };
    let words = [0, 1].map(|end| link["states"][end]["state"].as_str());
    let known: Vec<&str> = words.iter().flatten().copied().collect();
    let state = match known[..] {
        _ if ends.iter().any(is_down) => "down",
        [] => "unknown",
        _ if known.contains(&"plain") => "plain",
        _ if known.iter().all(|word| *word == "up") => "up",
        _ if known.contains(&"refused") => "down",
        _ => "waiting",
    };
    let said = match words {
        _ if state == "up" => "up".to_string(),
        words => {
            let said = ends.iter().zip(words);
            let said = said.filter_map(|(end, word)| Some(format!("{end}: {}", word?)));
            let said = said.collect::<Vec<String>>().join(", ");
            if said.is_empty() {
                state.to_string()
            } else {
                said
            }
        }
    };
    let lags = [0, 1].map(|end| link["states"][end]["lag"].as_u64());
    let behind: Vec<String> = [1, 0]
        .iter()
        .zip(lags)
        .filter_map(|(other, lag)| {
            let lag = lag.filter(|lag| *lag > 0)?;
            Some(format!("{} {lag}", ends[*other]))
        })
        .collect();
    let trips = [0, 1].map(|end| link["states"][end]["round_trip_ms"].as_f64());
    let trip = trips.into_iter().flatten().reduce(f64::max);
    let cells = [
        ends.join(" – "),
        said,
        match behind.is_empty() {
            true if known.is_empty() => none(),
            true => "0".to_string(),
            false => behind.join(", "),
        },
        trip.map_or(none(), |ms| format!("{ms:.1} ms")),
    ];
    (state.to_string(), cells.to_vec())
}

fn html_row((state, cells): &(String, Vec<String>)) -> String {
    let cells = cells.iter().enumerate().map(|(place, cell)| match place {
        0 => format!("<th scope=\"row\">{}</th>", escaped(cell)),
        _ => format!("<td>{}</td>", escaped(cell)),
    });
    let cells = cells.collect::<String>();
    format!("<tr class=\"{}\">{cells}</tr>\n", escaped(state))
}

fn array(value: &Value) -> impl Iterator<Item = &Value> {
    value.as_array().into_iter().flatten()
}

fn text(value: &Value) -> String {
    match value {
        Value::Null => none(),
        Value::String(text) => text.clone(),
        other => other.to_string(),
    }
}

fn none() -> String {
    "–".to_string()
}

/// Seconds, for a person.
fn age(seconds: u64) -> String {
    match seconds {
        0..60 => format!("{seconds} s"),
        60..3600 => format!("{} min", seconds / 60),
        3600..86_400 => format!("{} h {} min", seconds / 3600, seconds / 60 % 60),
        _ => format!("{} d {} h", seconds / 86_400, seconds / 3600 % 24),
    }
}

/// Text between tags, or in an attribute's quotes.
fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for char in text.chars() {
        match char {
            '&' => out += "&amp;",
            '<' => out += "&lt;",
            '>' => out += "&gt;",
            '"' => out += "&quot;",
            '\'' => out += "&#39;",
            char => out.push(char),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    fn summary() -> Value {
        let up = json!({"state": "up", "lag": 3, "round_trip_ms": 0.25, "hears": true});
        let dialling = json!({"state": "dialling", "lag": null, "round_trip_ms": null});
        json!({
            "level": "DOWN",
            "problems": ["down: <b>'&\""],
            "remarks": [],
            "servers": [
                {
                    "name": "A", "state": "up", "up_seconds": 61, "known": 7, "clients": 1,
                    "rates": {"iamat": 2.5, "whatsat": 0, "at_in": 1, "at_out": 4},
                    "shares": {"wait": 0.75}, "longest_turn_us": 1500, "limits_hit": ["records 2"],
                },
                {"name": "<b>", "state": "down", "why": "</script>"},
                {"name": "C", "state": "up"},
            ],
            "links": [
                {"ends": ["A", "<b>"], "states": [dialling, null]},
                {"ends": ["A", "C"], "states": [up, dialling]},
                {"ends": ["A", "C"], "states": [up, up]},
                {"ends": ["A", "C"], "states": [null, null]},
            ],
        })
    }

    #[test]
    fn every_word_is_text() {
        let page = page(&summary(), "DOWN: <b>\n", "now");
        for text in [
            "<li>down: &lt;b&gt;&#39;&amp;&quot;</li>",
            "<tr class=\"down\"><th scope=\"row\">&lt;b&gt;</th><td>down: &lt;/script&gt;</td>",
            "<tr class=\"up\"><th scope=\"row\">A</th><td>up</td><td>1 min</td><td>1</td><td>7\
             </td><td>2.5</td><td>0</td><td>1</td><td>4</td><td>25.0 %</td><td>1.5 ms</td><td>\
             records 2</td></tr>",
            "<option>&lt;b&gt;</option>",
            "DOWN: &lt;b&gt;",
        ] {
            assert!(page.contains(text), "{text} in {page}");
        }
        assert!(!page.contains("<b>") && !page.contains("{{"), "{page}");
        // The policy of each answer forbids what would run from within the page.
        assert!(!page.contains("<style") && !page.contains(" style=") && !page.contains("onclick"));
        assert_eq!(page.matches("<script").count(), 2);
    }

    #[test]
    fn a_link_has_the_words_of_both_ends() {
        let summary = summary();
        let rows = rows(&summary, "links", link);
        let found: Vec<String> = rows
            .iter()
            .map(|it| format!("{}|{}", it.0, it.1.join("|")))
            .collect();
        let want = [
            "down|A – <b>|A: dialling|0|–",
            "waiting|A – C|A: up, C: dialling|C 3|0.2 ms",
            "up|A – C|up|C 3, A 3|0.2 ms",
            "unknown|A – C|unknown|–|–",
        ];
        assert_eq!(found, want);
    }

    #[test]
    fn the_columns_of_the_page_are_those_of_the_rows() {
        let summary = summary();
        for (key, cells) in [("servers", server as Cells), ("links", link)] {
            let table = PAGE
                .split("<table")
                .find(|it| it.contains(&format!("{{{{{key}}}}}")));
            let columns = table.unwrap().matches("<th scope=\"col\"").count();
            for (_, cells) in rows(&summary, key, cells) {
                assert_eq!(cells.len(), columns, "{key}");
            }
        }
    }

    #[test]
    fn an_event_is_one_line() {
        let event = event(&summary(), "DOWN: \n", "now");
        let json = event
            .strip_prefix("data: ")
            .unwrap()
            .strip_suffix("\n\n")
            .unwrap();
        assert!(!json.contains('\n'));
        let value: Value = serde_json::from_str(json).unwrap();
        assert_eq!(value["servers"][1]["cells"][0], "<b>");
        assert_eq!(value["ends"][0], json!(["A", "<b>"]));
    }
}
