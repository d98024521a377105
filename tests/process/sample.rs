//! The client of the protocol page, run as it is written.

use std::process::Command;

use super::support::herd::Herd;
use super::support::mixed::has_python;

/// The only block of Python on the page, with the doors of this herd.
fn sample(herd: &Herd) -> String {
    let page = include_str!("../../src/guide/protocol.md");
    let (_, rest) = page.split_once("```python\n").expect("a sample");
    let (sample, _) = rest.split_once("```").unwrap();
    let mut sample = sample.to_string();
    for (door, name) in [("12001", "Goloman"), ("12002", "Hands")] {
        assert!(sample.contains(door));
        sample = sample.replace(door, &herd[name].clients.to_string());
    }
    sample
}

#[test]
fn the_client_of_the_page_gets_its_answers() {
    if !has_python() {
        return;
    }
    let herd = Herd::running("topology.txt");
    let output = Command::new("python3")
        .args(["-c", &sample(&herd)])
        .output();
    let output = output.unwrap();
    let text = String::from_utf8(output.stdout).unwrap();
    let lines: Vec<&str> = text.lines().collect();
    let stderr = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{text}{stderr}");
    assert!(
        lines[0].starts_with("AT Goloman +0.0") && lines[1] == lines[0],
        "{text}"
    );
    assert!(lines.len() == 7 && lines.contains(&"Bel Air"), "{text}");
}
