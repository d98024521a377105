//! Runs a step of the guide: `cargo run -q --example step 3`.

mod steps;

use std::io;
use std::net::SocketAddr;
use std::process::ExitCode;
use std::thread;

use steps::{STEPS, s02_door, s12_peers};

/// The door of step 1 is the next port.
const PORT: u16 = 12400;

fn main() -> ExitCode {
    let words: Vec<String> = std::env::args().skip(1).collect();
    let number = words.first().and_then(|word| word.parse().ok());
    let Some(number @ 1..=12) = number.filter(|_| words.len() == 1) else {
        eprintln!("step: say a number from 1 to 12");
        return ExitCode::from(2);
    };
    let Err(error) = run(number) else {
        return ExitCode::SUCCESS;
    };
    eprintln!("step {number}: {error}");
    ExitCode::FAILURE
}

fn run(number: usize) -> io::Result<()> {
    let address = SocketAddr::from(([127, 0, 0, 1], PORT + number as u16));
    let door = s02_door::open(address)?;
    if let Some((_, serve)) = STEPS.get(number - 1) {
        println!("step {number} listens on {address}");
        return serve(door);
    }
    let other = SocketAddr::from((address.ip(), address.port() + 10));
    let other_door = s02_door::open(other)?;
    println!("step {number} listens on {address} and {other}");
    thread::spawn(move || s12_peers::serve(other_door, 2, address));
    s12_peers::serve(door, 1, other)
}
