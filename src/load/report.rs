//! The load report, for people and for programs.

use std::fmt;

use hdrhistogram::Histogram;
use serde_json::{Map, json};
use signal_hook::low_level::signal_name;

use super::plan::Plan;
use super::stats::{Seen, Stats};
use super::workload::Questions;
use crate::terminal::{list, table};
use crate::units::SECOND;

/// The result of a run.
#[derive(Clone, Debug)]
pub struct Report {
    pub stats: Stats,
    /// Nanoseconds from the first request to the last reply.
    pub elapsed: u64,
    /// The end that somebody put to it, before everything was asked and answered.
    pub cut: Option<Cut>,
}

/// A signal that ended a run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Cut {
    /// Its number.
    pub signal: i32,
    /// Nanoseconds from the start of the run.
    pub after: u64,
}

/// The line that is shown during a run, `elapsed` nanoseconds after its start.
pub fn progress(stats: &Stats, elapsed: u64) -> String {
    let faults = match stats.faults().map(|(_, seen)| seen.count).sum::<u64>() {
        0 => String::new(),
        count => format!(", {count} faults"),
    };
    let (seconds, right) = (elapsed / SECOND, stats.right);
    let speed = per_second(right, elapsed);
    let p99 = duration(stats.latency.value_at_quantile(0.99));
    format!("{seconds} s: {right} right, {speed:.0} a second, p99 {p99}{faults}")
}

impl Report {
    /// The report as a table.
    pub fn to_table(&self, words: &[String], plan: &Plan) -> String {
        let Report {
            stats,
            elapsed,
            cut,
        } = self;
        let rate = match plan.rate {
            Some(rate) => format!("{rate} a second"),
            None => "as fast as answered".to_string(),
        };
        let Questions { percent, bound, .. } = plan.questions;
        let (km, towns) = (plan.questions.radius_km, plan.questions.towns);
        let place = if towns { " in four towns" } else { "" };
        let near = match percent {
            0 => String::new(),
            _ => format!(", {percent} % WHATSAT ({km} km, {bound} results{place})"),
        };
        let named = |(name, value)| format!("{name} {}", duration(value));
        let latency = latencies(&stats.latency).map(named).join(", ");
        let faults = stats.faults();
        let faults = list(faults.map(|(name, seen)| format!("{} {name}", seen.count)));
        let (words, right, seconds) = (words.join(" "), stats.right, duration(*elapsed));
        let speed = per_second(right, *elapsed);
        let (connections, pipeline, clients) = (plan.connections, plan.pipeline, plan.clients);
        let rows = table(&format!(
            "right replies\t{right} in {seconds}\na second\t{speed:.0}\n\
             latency\t{latency}\nfaults\t{faults}\n"
        ));
        let cut = cut.map_or(String::new(), |cut| format!("{cut}\n"));
        format!(
            "{words}: connections {connections}, pipeline {pipeline}, clients {clients}, \
             {rate}{near}\n{cut}{rows}"
        )
    }

    /// The report as one JSON object on a line; times in microseconds, except `seconds`.
    pub fn to_json(&self, words: &[String], plan: &Plan) -> String {
        let stats = &self.stats;
        let latency = latencies(&stats.latency)
            .map(|(name, value)| (name.replace('.', "_"), json!(value as f64 / 1e3)));
        let fault = |seen: &Seen| json!({"count": seen.count, "sample": seen.sample});
        let kinds = stats.kinds();
        let faults = kinds.map(|(name, seen)| (name.to_string(), fault(seen)));
        let object = json!({
            "addresses": words,
            "connections": plan.connections,
            "pipeline": plan.pipeline,
            "clients": plan.clients,
            "rate": plan.rate,
            "whatsat_percent": plan.questions.percent,
            "radius_km": plan.questions.radius_km,
            "bound": plan.questions.bound,
            "towns": plan.questions.towns,
            "ended_by": self.cut.map(|cut| cut.name()),
            "seconds": self.elapsed as f64 / 1e9,
            "asked": stats.asked,
            "right": stats.right,
            "right_per_second": per_second(stats.right, self.elapsed),
            "latency_us": Map::from_iter(latency),
            "faults": Map::from_iter(faults),
        });
        format!("{object}\n")
    }
}

impl Cut {
    fn name(&self) -> &'static str {
        signal_name(self.signal).unwrap_or("a signal")
    }
}

impl fmt::Display for Cut {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let by = match self.name() {
            "SIGINT" => "Ctrl-C",
            name => name,
        };
        write!(f, "ended by {by} after {:.1} s", self.after as f64 / 1e9)
    }
}

/// The latencies that are shown, in nanoseconds.
fn latencies(histogram: &Histogram<u64>) -> [(&'static str, u64); 4] {
    [
        ("p50", histogram.value_at_quantile(0.5)),
        ("p99", histogram.value_at_quantile(0.99)),
        ("p99.9", histogram.value_at_quantile(0.999)),
        ("max", histogram.max()),
    ]
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
    use serde_json::Value;

    use super::*;
    use crate::load::{Fault, Until};

    /// A run of three requests: one right, one refused, one lost with its connection.
    fn run() -> (Plan, Report) {
        let plan = Plan {
            doors: vec![],
            connections: 2,
            pipeline: 16,
            until: Until::Requests(3),
            clients: 1_000,
            rate: Some(500),
            questions: Questions::usual(5),
        };
        let mut stats = Stats::default();
        stats.asked = 3;
        stats.answered(20_480);
        stats.fault(Fault::Refused, 1, || "a\nb".to_string());
        stats.fault(Fault::Unanswered, 1, || "gone".to_string());
        stats.fault(Fault::Lost, 1, || "gone".to_string());
        let elapsed = 2_000_000_000;
        let cut = None;
        (
            plan,
            Report {
                stats,
                elapsed,
                cut,
            },
        )
    }

    #[test]
    fn a_person_reads_a_table() {
        let (plan, report) = run();
        let want = "\
h:1 h:2: connections 2, pipeline 16, clients 1000, 500 a second, 5 % WHATSAT \
(50 km, 5 results)
right replies  1 in 2.00 s
a second       0
latency        p50 20 µs, p99 20 µs, p99.9 20 µs, max 20 µs
faults         1 refused, 1 unanswered, 1 lost
";
        let words = ["h:1".to_string(), "h:2".to_string()];
        assert_eq!(report.to_table(&words, &plan), want);
        let cut = Cut {
            signal: 2,
            after: 12_345_678_901,
        };
        let cut = Report {
            cut: Some(cut),
            ..report.clone()
        };
        let want = want.replacen('\n', "\nended by Ctrl-C after 12.3 s\n", 1);
        assert_eq!(cut.to_table(&words, &plan), want);
        let line = progress(&report.stats, 2_000_000_000);
        assert_eq!(line, "2 s: 1 right, 0 a second, p99 20 µs, 3 faults");
    }

    #[test]
    fn a_program_reads_an_object() {
        let (plan, report) = run();
        let found: Value = serde_json::from_str(&report.to_json(&[], &plan)).unwrap();
        assert_eq!(found["ended_by"], Value::Null);
        assert_eq!(found["right_per_second"], 0.5);
        assert_eq!(found["latency_us"]["p99_9"], 20.495);
        assert_eq!(found["faults"]["refused"]["count"], 1);
        assert_eq!(found["faults"]["refused"]["sample"], "a\nb");
        assert_eq!(found["faults"]["wrong"]["count"], 0);
    }
}
