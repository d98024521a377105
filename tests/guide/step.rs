//! Runs a step of the guide: `cargo run -q --example step 3`.

mod steps;

use std::process::ExitCode;

fn main() -> ExitCode {
    let number = std::env::args().nth(1).unwrap_or_default();
    let place = number.parse::<usize>().unwrap_or(0).wrapping_sub(1);
    let Some((_, serve)) = steps::STEPS.get(place) else {
        eprintln!(
            "step {number}: there is none; say a number from 1 to {}",
            steps::STEPS.len()
        );
        return ExitCode::from(2);
    };
    let address = ([127, 0, 0, 1], 12401 + place as u16).into();
    let ended = steps::s02_door::open(address).and_then(|listener| {
        println!("step {number} listens on {address}");
        serve(listener)
    });
    match ended {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("step {number} on {address}: {error}");
            ExitCode::FAILURE
        }
    }
}
