//! Five rules for a flood, on the same schedules: which of them end, and with how many lines.

mod herd;
mod rules;
// `make exercise N=flood` puts the reader's rule in place of this one.
#[path = "../solutions/flood.rs"]
mod yours;

use herd::{Outcome, flood};
use rules::{Rule, Update};

/// Schedules that each rule is tried on.
const SEEDS: u64 = 200;
/// Schedules that the rule of the exercise is tried on.
const MANY_SEEDS: u64 = 1000;

const WELSH: Update = Update {
    time: 1,
    heard_by: 3,
};
const HANDS: Update = Update {
    time: 2,
    heard_by: 1,
};

/// The rule of the exercise ends every flood and makes the tables equal, with few lines.
#[test]
fn your_flood_ends_and_all_servers_agree() {
    let most = 2 * herd::LINKS.len() - herd::SERVERS + 1;
    for seed in 1..=MANY_SEEDS {
        let [one, two] = [&[WELSH][..], &[WELSH, HANDS]];
        let [one, two] = [one, two].map(|updates| flood(Rule::Yours, updates, seed));
        for (words, outcome) in [("one update", one), ("two updates at once", two)] {
            let ends = outcome.lines.is_some();
            assert!(ends, "schedule {seed}, {words}: the flood does not end");
            assert!(outcome.agree, "schedule {seed}, {words}: the tables differ");
        }
        let lines = one.lines.unwrap_or_default();
        assert!(
            lines <= most,
            "schedule {seed}: one update takes {lines} lines; {most} are enough"
        );
    }
}

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

/// The cost of a flood on all schedules.
#[derive(Clone, Copy)]
pub struct Cost {
    /// The lines on the luckiest schedule and on the unluckiest; none: on some it never ends.
    pub lines: Option<(usize, usize)>,
    /// On some the servers do not agree in the end.
    pub differs: bool,
}

/// The words of each rule, and what one update and two at once cost.
pub fn costs() -> Vec<(&'static str, [Cost; 2])> {
    let both = [&[WELSH][..], &[WELSH, HANDS]];
    let cost = |rule, updates| {
        let all = outcomes(rule, updates);
        let lines: Option<Vec<usize>> = all.iter().map(|it| it.lines).collect();
        let differs = all.iter().any(|it| it.lines.is_some() && !it.agree);
        let lines = lines.and_then(|it| Some((*it.iter().min()?, *it.iter().max()?)));
        Cost { lines, differs }
    };
    let all = Rule::ALL.iter();
    all.map(|(rule, words)| (*words, both.map(|updates| cost(*rule, updates))))
        .collect()
}

fn outcomes(rule: Rule, updates: &[Update]) -> Vec<Outcome> {
    (1..=SEEDS).map(|seed| flood(rule, updates, seed)).collect()
}

/// The lines that a flood takes, from the luckiest schedule to the unluckiest.
fn cell(rule: Rule, updates: &[Update]) -> String {
    let all = outcomes(rule, updates);
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
