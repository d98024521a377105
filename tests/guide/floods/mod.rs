//! Five rules for a flood, on the same schedules: which of them end, and with how many lines.

mod herd;
mod rules;

use herd::{Outcome, flood};
use rules::{Rule, Update};

/// Schedules that each rule is tried on.
const SEEDS: u64 = 200;

const WELSH: Update = Update {
    time: 1,
    heard_by: 3,
};
const HANDS: Update = Update {
    time: 2,
    heard_by: 1,
};

/// The table of the page, in Markdown.
pub fn table() -> String {
    let mut text = "| rule | one update | two updates of one client at once |\n".to_string();
    text += "|---|---|---|\n";
    for (rule, words) in Rule::ALL {
        let [one, two] = [&[WELSH][..], &[WELSH, HANDS]].map(|updates| cell(rule, updates));
        text += &format!("| {words} | {one} | {two} |\n");
    }
    text
}

/// The lines that a flood takes, from the luckiest schedule to the unluckiest.
fn cell(rule: Rule, updates: &[Update]) -> String {
    let all: Vec<Outcome> = (1..=SEEDS).map(|seed| flood(rule, updates, seed)).collect();
    let endless = all.iter().filter(|it| it.lines.is_none()).count();
    let lines = || all.iter().filter_map(|it| it.lines);
    let lines = match (lines().min(), lines().max()) {
        _ if endless > 0 => format!("**no end** in {endless} of {SEEDS}"),
        (Some(least), Some(most)) if least == most => format!("{least} lines"),
        (Some(least), Some(most)) => format!("{least} to {most} lines"),
        _ => "nothing".to_string(),
    };
    let differ = all
        .iter()
        .filter(|it| it.lines.is_some() && !it.agree)
        .count();
    match differ {
        0 => lines,
        _ => format!("{lines}; **tables differ** in {differ} of {SEEDS}"),
    }
}
