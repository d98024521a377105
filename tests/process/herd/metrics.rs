//! `herd metrics` on real processes: every family has its samples, and a server that is down does
//! not hide the others.

use std::collections::BTreeMap;

use super::iamat;
use super::status::{said, truth, verb};
use super::support::herd::Herd;
use super::support::wait::wait_until;

/// Families without samples until something goes wrong.
const OF_TROUBLE: [&str; 4] = [
    "herd_invalid_lines_total",
    "herd_limit_hits_total",
    "herd_link_clock_skew_seconds",
    "herd_lookups_refused_total",
];

/// The samples by their family, which the lines before them declare.
fn families(text: &str) -> BTreeMap<&str, Vec<&str>> {
    let mut families = BTreeMap::new();
    let mut lines = text.lines().peekable();
    while let Some(help) = lines.next() {
        let name = help.strip_prefix("# HELP ").expect("a family begins");
        let name = name.split(' ').next().unwrap();
        let kind = lines.next().expect("a type");
        assert!(kind.starts_with(&format!("# TYPE {name} ")), "{kind}");
        let is_sample = |line: &&str| !line.starts_with('#');
        let samples: Vec<&str> = std::iter::from_fn(|| lines.next_if(is_sample)).collect();
        for sample in &samples {
            let end = sample.find(['{', ' ']).unwrap();
            assert_eq!(&sample[..end], name);
            let value = sample.rsplit(' ').next().unwrap();
            value.parse::<f64>().expect("a number");
        }
        let earlier = families.insert(name, samples);
        assert_eq!(earlier, None, "{name} is told once");
    }
    families
}

#[test]
fn every_family_has_samples_whoever_is_down() {
    let mut herd = Herd::new(&["A", "B"], &[["A", "B"]]);
    herd.start();
    let truth = truth(&herd);
    let mut client = herd["A"].client();
    client.ask(iamat("k"));
    client.ask("nonsense\n");
    herd.agreed("k");
    let told = |words: &[&str]| {
        let (code, text, error) = said(&verb("metrics", &truth, words));
        assert_eq!((code, error.as_str()), (Some(0), ""));
        text
    };
    wait_until("a heartbeat was answered", || {
        told(&[]).contains("herd_link_round_trip_seconds{server=\"A\",neighbour=\"B\"}")
    });
    let text = told(&[]);
    let all = families(&text);
    let listed = include_str!("../../../src/status/families.txt");
    for name in listed.lines().map(|line| line.split(' ').next().unwrap()) {
        let is_there = all.get(name).is_some_and(|samples| !samples.is_empty());
        assert!(is_there || OF_TROUBLE.contains(&name), "{name}: {text}");
    }
    assert_eq!(all["herd_problems"], ["herd_problems 0"]);
    let up = ["herd_up{server=\"A\"} 1", "herd_up{server=\"B\"} 1"];
    assert_eq!(all["herd_up"], up);
    let invalid = ["herd_invalid_lines_total{server=\"A\",reason=\"verb\"} 1"];
    assert_eq!(all["herd_invalid_lines_total"], invalid);

    let text = told(&["A"]);
    assert!(!text.contains("server=\"B\"") && text.contains("herd_known_clients{server=\"A\"} 1"));

    herd["B"].kill();
    let text = told(&[]);
    let all = families(&text);
    let up = ["herd_up{server=\"A\"} 1", "herd_up{server=\"B\"} 0"];
    assert_eq!(all["herd_up"], up);
    assert_ne!(all["herd_problems"], ["herd_problems 0"]);
    assert_eq!(all["herd_known_clients"].len(), 1);
}
