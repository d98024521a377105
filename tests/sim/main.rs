//! In any weather the herd ends with equal tables and nothing lost: a thousand seeds of bad weather
//! over the very `Node` that runs under mio.
//!
//! `HERD_SEED=n cargo test --test sim` replays a seed and tells it as a ladder, on standard output
//! or in the file `HERD_LADDER`, and of it what `HERD_SHOW` chooses (see `shows.rs`).
//! `HERD_SEEDS=n` runs seeds 0 to n − 1.

// Helpers of tests may fail as tests do.
#![allow(clippy::unwrap_used)]

#[path = "../support/mod.rs"]
mod support;

mod simulator;

use std::fs::File;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::thread;

use herd::units::MILLISECOND;
use simulator::runner::{replay, run_all};
use simulator::troubles::Garbled;
use simulator::{bad_lines, hub, run, scale, steady};

/// Seeds of a plain `cargo test`.
const SEEDS: u64 = 1000;

fn from_environment(name: &str) -> Option<u64> {
    let text = std::env::var(name).ok()?;
    Some(
        text.parse()
            .unwrap_or_else(|_| panic!("{name}={text} is not a number")),
    )
}

#[test]
fn the_herd_survives_every_seed() {
    if let Some(seed) = from_environment("HERD_SEED") {
        return tell(seed);
    }
    let tally = run_all(from_environment("HERD_SEEDS").unwrap_or(SEEDS));
    if let Some((seed, failure)) = tally.failure {
        panic!("seed {seed}: {failure}\nHERD_SEED={seed} cargo test --test sim shows how");
    }
    println!(
        "{} seeds, fingerprint {:016x}",
        tally.count, tally.fingerprint
    );
}

/// Straight to standard output, past the test harness, which keeps what a good test prints; or past
/// its own words, too.
fn tell(seed: u64) {
    let out: Box<dyn Write> = match std::env::var_os("HERD_LADDER") {
        None => Box::new(std::io::stdout()),
        Some(path) => Box::new(
            File::options()
                .append(true)
                .create(true)
                .open(path)
                .unwrap(),
        ),
    };
    let show = std::env::var("HERD_SHOW").ok();
    match replay(seed, show.as_deref(), out) {
        // A panic would bury that line.
        Err(wrong) => {
            eprintln!("{wrong}");
            std::process::exit(2);
        }
        Ok(outcome) => drop(outcome.unwrap_or_else(|failure| panic!("seed {seed}: {failure}"))),
    }
}

#[test]
fn a_seed_is_the_same_run_every_time() {
    let once: Vec<_> = (0..20).map(|seed| run(seed, None)).collect();
    let again: Vec<_> = (0..20).map(|seed| run(seed, None)).collect();
    assert_eq!(once, again);
    assert!(once.windows(2).all(|pair| pair[0] != pair[1]));
}

/// 5 KB a second, and 40 KB to carry: more than fits between two heartbeats.
#[test]
fn a_slow_link_catches_up() {
    let caught_up = scale::catch_up(4096, 400 * MILLISECOND, 500);
    assert!(caught_up.is_ok(), "{caught_up:?}");
}

/// Links of two lengths, and little and much traffic, all the time.
#[test]
fn a_herd_that_never_rests_repairs_a_silent_difference() {
    for (delay, updates, seconds) in [(100, 50, 180), (5, 50, 180), (20, 250, 60)] {
        for garbled in [None, Some(Garbled::Dropped), Some(Garbled::Flipped)] {
            let outcome = steady::repaired(delay * MILLISECOND, updates, garbled, seconds);
            let (healed, repairs) = outcome.unwrap_or_else(|failure| panic!("{failure}"));
            let what =
                format!("{delay} ms, {updates}/s, {garbled:?}: {healed:?} s, {repairs} repairs");
            println!("{what}");
            assert!(healed.is_some_and(|seconds| seconds <= 100), "{what}");
            // Both ends of a link may find it. After that there is nothing to repair.
            let most = if garbled.is_some() { 2 } else { 0 };
            assert!((most / 2..=most).contains(&repairs), "{what}");
        }
    }
}

/// Both sides dial each other again. A dial is a round trip for the connection, one for the HELLOs
/// and one for the proofs; the hub's proof reaches a neighbour after two and a half, and then that
/// neighbour dials at the latest. So five and a half, however long the neighbours waited before.
#[test]
fn a_hub_of_fifty_is_whole_again_after_five_and_a_half_round_trips() {
    for away in [20, 500, 30_000] {
        let whole = hub::whole_again(50, 100 * MILLISECOND, away * MILLISECOND);
        let whole = whole.unwrap_or_else(|failure| panic!("away for {away} ms: {failure}"));
        assert!(whole <= 1_110, "away for {away} ms: {whole} ms");
    }
}

#[test]
fn links_live_on_bad_lines_and_a_dead_neighbour_is_found() {
    measure_bad_lines(2, 60);
}

/// Runs this many seeds of each row, with traffic for this many seconds, and prints the table.
fn measure_bad_lines(seeds: u64, seconds: u64) {
    println!("\n| line | minutes | links ended | equal after | found dead after |");
    println!("|---|---|---|---|---|");
    for kind in &bad_lines::KINDS {
        let rows = thread::scope(|scope| {
            let run = |seed| scope.spawn(move || bad_lines::run(kind, seed, seconds).unwrap());
            let runs: Vec<_> = (0..seeds).map(run).collect();
            let rows = runs.into_iter().map(|run| run.join().unwrap());
            rows.reduce(bad_lines::Row::with)
        });
        println!("{}", rows.unwrap());
    }
}

/// The code that the bugs of tests/mutants change is still there: `make mutants` plants them.
#[test]
fn every_planted_bug_still_applies() {
    let top = Path::new(env!("CARGO_MANIFEST_DIR"));
    let read = |path: PathBuf| std::fs::read_to_string(&path).unwrap_or_default();
    let entries = std::fs::read_dir(top.join("tests/mutants")).expect("the folder of the bugs");
    let paths = entries.map(|entry| entry.expect("an entry").path());
    let patches: Vec<PathBuf> = paths
        .filter(|path| path.extension().is_some_and(|it| it == "patch"))
        .collect();
    assert!(patches.len() >= 12, "bugs are missing: {}", patches.len());
    for patch in patches {
        let (name, text) = (patch.display().to_string(), read(patch));
        let (_, diff) = text
            .split_once("\n--- a/")
            .expect("what the bug is, and a diff");
        let (file, hunks) = diff.split_once('\n').expect("a file's name");
        let source = read(top.join(file));
        for hunk in hunks.split("\n@@").skip(1) {
            let lines = hunk.lines().skip(1).filter(|line| !line.starts_with('+'));
            let old: String = lines.map(|line| format!("{}\n", &line[1..])).collect();
            assert!(source.contains(&old), "{name}: does not apply any more");
        }
    }
}

#[test]
#[ignore = "takes a while in a debug build: make sim-scale"]
fn hours_on_bad_lines() {
    measure_bad_lines(6, 300);
}

#[test]
#[ignore = "takes a while in a debug build: make sim-scale"]
fn a_thousand_servers() {
    println!("\n1,000 servers, 100 ms links\n");
    println!(
        "| herd | links | hops | to all | AT lines | at most | cut healed | lines per client |"
    );
    println!("|---|---|---|---|---|---|---|---|");
    for (shape, size, links) in scale::thousand() {
        let row = scale::measure(shape, size, &links);
        assert!(row.lines <= row.lines_max, "{row:?}");
        println!(
            "| {} | {} | {} | {} ms | {} | {} | {} ms | {:.0} |",
            row.shape,
            row.size.1,
            row.hops,
            row.all_ms,
            row.lines,
            row.lines_max,
            row.heal_ms,
            row.heal_lines
        );
    }
    println!("\n25 servers, 100 ms links, an operation every 10 ms, every other one a read\n");
    println!("| herd | messages per operation | heartbeats per operation | median | most |");
    println!("|---|---|---|---|---|");
    for (shape, links) in [
        ("grid 5 × 5", scale::grid(5, 5)),
        ("tree, 4 children", scale::tree(25, 4)),
    ] {
        let row = scale::broadcast(shape, &links);
        println!(
            "| {} | {:.1} | {:.1} | {} ms | {} ms |",
            row.shape, row.messages, row.others, row.median_ms, row.most_ms
        );
    }
}
