//! One line of a table of what is promised (of faults, of hosts): what was measured, and whether it
//! holds. Bytes, descriptors and answers are judged in both forms; times only in the full one,
//! which has the machine to itself.

use std::fmt::Display;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::time::{Duration, Instant};

/// How much of a fault is tried.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Form {
    /// Within `cargo test`, beside other tests: seconds, and small numbers.
    Short,
    /// `make faults`: the numbers of the table.
    Full,
}

impl Form {
    /// The one for this form.
    pub fn pick<T>(self, short: T, full: T) -> T {
        match self {
            Form::Short => short,
            Form::Full => full,
        }
    }
}

/// A fault, what must be seen under it, and how it is tried.
pub struct Row {
    pub name: &'static str,
    pub fault: &'static str,
    pub must: &'static str,
    pub run: fn(&mut Sheet),
}

/// The measurements under one fault.
pub struct Sheet {
    pub form: Form,
    findings: Vec<Finding>,
}

struct Finding {
    text: String,
    /// None: it was not tried.
    holds: Option<bool>,
}

impl Sheet {
    fn new(form: Form) -> Sheet {
        Sheet {
            form,
            findings: Vec::new(),
        }
    }

    /// Something that is so or is not, whatever the time.
    pub fn holds(&mut self, holds: bool, text: impl Into<String>) {
        let text = text.into();
        println!("{} {text}", if holds { "holds:" } else { "FAILS:" });
        let holds = Some(holds);
        self.findings.push(Finding { text, holds });
    }

    /// Something that cannot be tried here, and why.
    pub fn skipped(&mut self, why: impl Display) {
        let text = format!("skipped: {why}");
        println!("{text}");
        self.findings.push(Finding { text, holds: None });
    }

    /// A number that may be so large at most.
    pub fn at_most(&mut self, what: &str, measured: impl Into<f64>, most: f64, unit: &str) {
        let measured = measured.into();
        let text = format!("{what}: {}{unit}, at most {}", short(measured), short(most));
        self.holds(measured <= most, text);
    }

    /// A number that must be so large at least.
    pub fn at_least(&mut self, what: &str, measured: impl Into<f64>, least: f64, unit: &str) {
        let measured = measured.into();
        let text = format!(
            "{what}: {}{unit}, at least {}",
            short(measured),
            short(least)
        );
        self.holds(measured >= least, text);
    }

    /// Something that takes time, judged in the full form only.
    pub fn timed(&mut self, holds: bool, text: impl Into<String>) {
        self.holds(holds || self.form == Form::Short, text);
    }

    /// A time that may be so long at most.
    pub fn within(&mut self, what: &str, measured: Duration, most: Duration) {
        let text = format!("{what}: {}, at most {}", time(measured), time(most));
        self.timed(measured <= most, text);
    }
}

impl Row {
    /// The short form, which fails the test with all that does not hold.
    pub fn check(&self) {
        let mut sheet = Sheet::new(Form::Short);
        (self.run)(&mut sheet);
        let all = sheet.findings.iter();
        let wrong: Vec<&str> = all
            .filter(|f| f.holds == Some(false))
            .map(|f| &*f.text)
            .collect();
        assert!(wrong.is_empty(), "{}:\n{}", self.fault, wrong.join("\n"));
        assert!(!sheet.findings.is_empty(), "nothing was looked at");
    }

    /// The full form: the lines of the table. A part that fails is a line that does not hold.
    pub fn measure(&self) -> (Vec<String>, bool) {
        println!("== {}: {}", self.name, self.fault);
        let (mut sheet, start) = (Sheet::new(Form::Full), Instant::now());
        if let Err(panic) = catch_unwind(AssertUnwindSafe(|| (self.run)(&mut sheet))) {
            let text = panic
                .downcast_ref::<String>()
                .map(|text| text.replace('\n', " "));
            let text = text.as_deref().unwrap_or("it failed");
            sheet.holds(false, format!("after {}: {text}", time(start.elapsed())));
        }
        let (mut fault, mut must) = (self.fault, self.must);
        let mut lines = Vec::new();
        for Finding { text, holds } in &sheet.findings {
            let verdict = match holds {
                Some(true) => "holds",
                Some(false) => "**no**",
                None => "not tried",
            };
            lines.push(format!("| {fault} | {must} | {text} | {verdict} |"));
            (fault, must) = ("", "");
        }
        (
            lines,
            sheet.findings.iter().all(|it| it.holds != Some(false)),
        )
    }
}

/// Makes the table `ROWS`, and a test for the short form of each row under `both`, which `$check`
/// runs.
// Most test programs have no table.
#[allow(unused_macros)]
macro_rules! rows {
    (
        $check:path;
        both { $($name:ident = $run:path: $fault:literal => $must:literal;)* }
        full { $($alone:ident = $measure:path: $what:literal => $then:literal;)* }
    ) => {
        const ROWS: &[Row] = &[
            $(Row { name: stringify!($name), fault: $fault, must: $must, run: $run },)*
            $(Row { name: stringify!($alone), fault: $what, must: $then, run: $measure },)*
        ];

        $(
            #[test]
            fn $name() {
                $check(&Row { name: stringify!($name), fault: $fault, must: $must, run: $run });
            }
        )*
    };
}
#[allow(unused_imports)]
pub(crate) use rows;

/// Everything in its full form, one after the other; or the rows alone whose names hold `HERD_ROW`.
pub fn measure_table(rows: &[Row]) {
    let only = std::env::var("HERD_ROW").unwrap_or_default();
    if !measure_all(rows.iter().filter(|row| row.name.contains(&only))) {
        // Every process has ended with its row; a panic would only hide the table.
        std::process::exit(1);
    }
}

/// Runs all rows and prints the table. False: something does not hold.
pub fn measure_all<'a>(rows: impl Iterator<Item = &'a Row>) -> bool {
    let (mut table, mut good) = (Vec::new(), true);
    for row in rows {
        let (lines, holds) = row.measure();
        table.extend(lines);
        good &= holds;
    }
    println!("\n| fault | what must be seen | what was measured | |\n|---|---|---|---|");
    table.iter().for_each(|line| println!("{line}"));
    println!();
    good
}

/// A number with as many digits as say something.
pub fn short(number: f64) -> String {
    match number.abs() {
        size if size >= 100.0 => {
            let digits = format!("{size:.0}");
            let mut text = String::new();
            for (place, digit) in digits.chars().enumerate() {
                if place > 0 && (digits.len() - place).is_multiple_of(3) {
                    text.push(',');
                }
                text.push(digit);
            }
            format!("{}{text}", if number < 0.0 { "-" } else { "" })
        }
        _ if number.fract() == 0.0 => format!("{number}"),
        _ => format!("{number:.2}"),
    }
}

/// A time as a person writes it.
pub fn time(time: Duration) -> String {
    match time.as_secs_f64() {
        seconds if seconds >= 1.0 => format!("{} s", short(seconds)),
        seconds if seconds >= 0.001 => format!("{} ms", short(seconds * 1e3)),
        seconds => format!("{:.0} µs", seconds * 1e6),
    }
}

/// The least.
pub fn best(all: &[Duration]) -> Duration {
    all.iter().copied().min().unwrap_or_default()
}

/// The middle one of an odd number of things, the upper middle one of an even number.
pub fn median<T: PartialOrd + Copy>(mut all: Vec<T>) -> T {
    all.sort_by(|one, other| one.partial_cmp(other).unwrap());
    all[all.len() / 2]
}

/// A list as words.
pub fn listed<T: Display>(all: &[T]) -> String {
    let words: Vec<String> = all.iter().map(T::to_string).collect();
    words.join(", ")
}
