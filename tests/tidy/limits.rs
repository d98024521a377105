//! Every limit bounds something: somebody outside `src/limits` reads its field.

use herd::limits::{Limit, Limits};

use crate::source::{product, report};

/// Limits of 0 that are only counted, and the reason.
const ONLY_COUNTED: [(&str, &str); 2] = [
    ("unknown_words", "a word that is not known is too much"),
    ("unknown_verb", "a verb that is not known is too much"),
];
/// Names that a struct of limits has in the code.
const NAMES: [&str; 3] = ["limits", "LIMITS", "PRODUCT"];

#[test]
fn every_limit_is_read() {
    let sources = product();
    let outside = sources.iter().filter(|it| it.room() != Some("limits"));
    let code: Vec<&str> = outside.map(|source| &source.code[..]).collect();
    let mut wrong = Vec::new();
    for name in Limit::NAMES {
        let is_counted = ONLY_COUNTED.iter().any(|it| it.0 == name);
        let is_read = code.iter().any(|code| reads(code, name));
        let is_hit = code.iter().any(|it| it.contains(&format!("Limit::{name}")));
        if !(is_read || is_counted && is_hit) {
            wrong.push(format!(
                "{name}: nobody in src reads limits.{name}; read it where it bounds something, or \
                 take its row out of src/limits/table.rs"
            ));
        }
    }
    for row in Limits::PRODUCT.rows() {
        if ONLY_COUNTED.iter().any(|it| it.0 == row.name) && row.value != "0" {
            wrong.push(format!(
                "{}: it is {}, so somebody must read it; take it out of ONLY_COUNTED in \
                 tests/tidy/limits.rs",
                row.name, row.value
            ));
        }
    }
    report(wrong);
}

/// Whether the code reads this field of some limits. To set it is not to read it.
fn reads(code: &str, name: &str) -> bool {
    code.match_indices(name).any(|(at, _)| {
        let (before, after) = (code[..at].trim_end(), &code[at + name.len()..]);
        let owner = before.strip_suffix('.').map_or("", str::trim_end);
        let is_whole = !after.starts_with(|char: char| char.is_alphanumeric() || char == '_');
        let after = after.trim_start();
        let is_read = after.starts_with("==") || after.starts_with("=>");
        let is_set = after.starts_with('=') && !is_read;
        is_whole && !is_set && NAMES.iter().any(|it| owner.ends_with(it))
    })
}

#[test]
fn reading_is_told_from_setting() {
    assert!(reads("let a = cx.limits.wait;", "wait"));
    assert!(reads("limits\n    .wait == 1", "wait"));
    assert!(reads("limits.wait = limits.wait.max(1)", "wait"));
    assert!(reads("Some(it) if it < limits.wait => it,", "wait"));
    for code in [
        "limits.wait = 1;",
        "limits.waits",
        "self.wait",
        "Limit::wait",
        "wait",
    ] {
        assert!(!reads(code, "wait"), "{code}");
    }
}
