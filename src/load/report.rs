//! The load report, for people and for programs.

use serde_json::{Map, Value, json};

use super::tally::{Fault, Tally};
use super::{Outcome, Plan};
use crate::terminal::{row, table};

/// The shares of requests whose latency is told.
const QUANTILES: [(&str, f64); 3] = [("p50", 0.5), ("p99", 0.99), ("p99.9", 0.999)];

/// The line that is shown while it runs, `elapsed` nanoseconds from its start.
pub fn progress(tally: &Tally, elapsed: u64) -> String {
    let faults = match tally.faults() {
        0 => String::new(),
        count => format!(", {count} faults"),
    };
    format!(
        "{} s: {} right, {:.0} a second, p99 {}{faults}",
        elapsed / 1_000_000_000,
        tally.right,
        per_second(tally.right, elapsed),
        duration(tally.latency.quantile(0.99)),
    )
}

/// The result as a table.
pub fn text(words: &[String], plan: &Plan, outcome: &Outcome) -> String {
    let tally = &outcome.tally;
    let rate = match plan.rate {
        Some(rate) => format!("{rate} a second"),
        None => "as fast as answered".to_string(),
    };
    let near = match plan.whatsat_percent {
        0 => String::new(),
        percent => format!(", {percent} % WHATSAT"),
    };
    let head = format!(
        "{}: connections {}, pipeline {}, clients {}, {rate}{near}",
        words.join(" "),
        plan.connections,
        plan.pipeline,
        plan.clients,
    );
    let faults = match tally.faults() {
        0 => "none".to_string(),
        _ => {
            let all = Fault::ALL.map(|fault| (fault.name(), tally.seen(fault).count));
            let all = all.iter().filter(|(_, count)| *count > 0);
            let all = all.map(|(name, count)| format!("{count} {name}"));
            all.collect::<Vec<_>>().join(", ")
        }
    };
    let latency = QUANTILES.map(|(name, share)| {
        let value = duration(tally.latency.quantile(share));
        format!("{name} {value}, ")
    });
    let max = duration(tally.latency.max());
    let rows = [
        row([
            "right replies",
            &format!("{} in {}", tally.right, duration(outcome.elapsed)),
        ]),
        row([
            "a second",
            &format!("{:.0}", per_second(tally.right, outcome.elapsed)),
        ]),
        row(["latency", &format!("{}max {max}", latency.concat())]),
        row(["faults", &faults]),
    ];
    format!("{head}\n{}", table(&rows))
}

/// The result as one JSON object; times in microseconds, but for `seconds`.
pub fn json(words: &[String], plan: &Plan, outcome: &Outcome) -> String {
    let tally = &outcome.tally;
    let micros = |nanoseconds: u64| nanoseconds as f64 / 1e3;
    let mut latency: Map<String, Value> = QUANTILES
        .iter()
        .map(|(name, share)| {
            (
                name.replace('.', "_"),
                json!(micros(tally.latency.quantile(*share))),
            )
        })
        .collect();
    latency.insert("max".to_string(), json!(micros(tally.latency.max())));
    let faults: Map<String, Value> = Fault::ALL
        .iter()
        .map(|fault| {
            let seen = tally.seen(*fault);
            let value = json!({"count": seen.count, "sample": seen.sample});
            (fault.name().to_string(), value)
        })
        .collect();
    let object = json!({
        "addresses": words,
        "connections": plan.connections,
        "pipeline": plan.pipeline,
        "clients": plan.clients,
        "rate": plan.rate,
        "whatsat_percent": plan.whatsat_percent,
        "seconds": outcome.elapsed as f64 / 1e9,
        "asked": tally.asked,
        "right": tally.right,
        "right_per_second": per_second(tally.right, outcome.elapsed),
        "latency_us": latency,
        "faults": faults,
    });
    format!("{object}\n")
}

fn per_second(count: u64, nanoseconds: u64) -> f64 {
    count as f64 * 1e9 / nanoseconds.max(1) as f64
}

/// Nanoseconds for a person: three digits or more, and a unit.
fn duration(nanoseconds: u64) -> String {
    let value = nanoseconds as f64;
    match nanoseconds {
        0..10_000 => format!("{:.2} µs", value / 1e3),
        10_000..1_000_000 => format!("{:.0} µs", value / 1e3),
        1_000_000..1_000_000_000 => format!("{:.2} ms", value / 1e6),
        _ => format!("{:.2} s", value / 1e9),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::load::Until;

    /// A run of three requests: one right, one refused, one lost with its connection.
    fn outcome() -> (Plan, Outcome) {
        let plan = Plan {
            addresses: vec![],
            connections: 2,
            pipeline: 16,
            until: Until::Requests(3),
            clients: 1_000,
            rate: Some(500),
            whatsat_percent: 5,
        };
        let mut tally = Tally::default();
        (tally.asked, tally.right) = (3, 1);
        tally.latency.record(20_480);
        tally.fault(Fault::Refused, 1, || "a\nb".to_string());
        tally.fault(Fault::Unanswered, 1, || "gone".to_string());
        tally.fault(Fault::Lost, 1, || "gone".to_string());
        let elapsed = 2_000_000_000;
        (plan, Outcome { tally, elapsed })
    }

    #[test]
    fn a_person_reads_a_table() {
        let (plan, outcome) = outcome();
        let want = "\
h:1 h:2: connections 2, pipeline 16, clients 1000, 500 a second, 5 % WHATSAT
right replies  1 in 2.00 s
a second       0
latency        p50 20 µs, p99 20 µs, p99.9 20 µs, max 20 µs
faults         1 refused, 1 unanswered, 1 lost
";
        let words = ["h:1".to_string(), "h:2".to_string()];
        assert_eq!(text(&words, &plan, &outcome), want);
        let line = progress(&outcome.tally, 2_000_000_000);
        assert_eq!(line, "2 s: 1 right, 0 a second, p99 20 µs, 3 faults");
    }

    #[test]
    fn a_program_reads_an_object() {
        let (plan, outcome) = outcome();
        let found: Value = serde_json::from_str(&json(&[], &plan, &outcome)).unwrap();
        assert_eq!(found["right_per_second"], 0.5);
        assert_eq!(found["latency_us"]["p99_9"], 20.48);
        assert_eq!(found["faults"]["refused"]["count"], 1);
        assert_eq!(found["faults"]["refused"]["sample"], "a\nb");
        assert_eq!(found["faults"]["wrong"]["count"], 0);
    }
}
