//! `herd limits`, and the same table in the README.

use std::fs;
use std::path::Path;

use herd::limits::Limits;

use super::right;

#[test]
fn the_readme_shows_every_limit_as_it_is() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("README.md");
    let readme = fs::read_to_string(path).unwrap();
    let mut table = String::from("| limit | value | at it |\n|---|---|---|\n");
    for row in Limits::PRODUCT.rows() {
        table += &format!("| `{}` | {} | {} |\n", row.name, row.value, row.at);
    }
    assert!(
        readme.contains(&format!("\n{table}\n")),
        "README.md lacks this table:\n\n{table}"
    );
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
