//! `herd limits`, and the same limits in the guide.
//!
//! `HERD_BLESS=1 cargo test --test process cli::limits` writes the tables of the guide.

use std::fs;
use std::path::Path;

use herd::limits::Limits;

use super::right;

/// Everything after this heading of the page is made from the table in the source.
const HEADING: &str = "\n# All of them\n";

#[test]
fn the_guide_shows_every_limit_as_it_is() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/guide/limits.md");
    let page = fs::read_to_string(&path).unwrap();
    let (introduction, shown) = page.split_once(HEADING).unwrap();
    let tables = tables();
    if shown != tables && std::env::var_os("HERD_BLESS").is_some() {
        fs::write(&path, [introduction, HEADING, &tables].concat()).unwrap();
        return;
    }
    assert!(
        shown == tables,
        "src/guide/limits.md is out of date; HERD_BLESS=1 writes it:\n{tables}"
    );
}

/// A heading and a table for each group, as Markdown.
fn tables() -> String {
    let (mut text, mut group) = (String::new(), "");
    for row in Limits::PRODUCT.rows() {
        if row.group != group {
            group = row.group;
            let heading = group[..1].to_uppercase() + &group[1..];
            text += &format!("\n## {heading}\n\n| limit | value | why | what happens |\n");
            text += "|---|---|---|---|\n";
        }
        let line = format!(
            "| `{}` | {} | {} | {} |\n",
            row.name, row.value, row.why, row.at
        );
        // Rustdoc makes a dash of two hyphens that are not escaped.
        text += &line.replace("--", r"\--");
    }
    text
}

#[test]
fn it_shows_names_values_and_what_happens_and_this_machines_number() {
    let text = right(&["limits"]);
    for row in Limits::PRODUCT.rows() {
        let start = format!("\n{} ", row.name);
        let at = text.find(&start).unwrap_or_else(|| panic!("no {start:?}"));
        let line = text[at + 1..].lines().next().unwrap();
        assert!(line.contains(&format!(" {} ", row.value)), "{line}");
    }
    let sentence = text.lines().rev().nth(1).unwrap();
    assert!(sentence.contains(" a server takes "), "{sentence}");
    let clients = sentence.split(' ').rev().nth(1).unwrap();
    assert!(clients.parse::<u64>().unwrap() > 0, "{sentence}");
}
