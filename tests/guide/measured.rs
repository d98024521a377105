//! The pictures that a program of `tests/bench` draws from measured data show the newest data, and
//! fit a page.

use std::fs;
use std::path::Path;

use ring::digest::{SHA256, digest};

/// Pictures, the data, and the program that draws the ones from the other.
type Drawn = (&'static [&'static str], &'static str, &'static str);

const DRAWN: [Drawn; 4] = [
    (
        &["cpu.svg", "flame_herd.svg", "flame_asyncio.svg"],
        "cores.json",
        "tests/bench/pictures.py",
    ),
    (&["../../turns.svg"], "turns.json", "tests/bench/turns.py"),
    (&["calls.svg"], "calls.json", "tests/bench/calls.py"),
    (
        &["taking_turns.svg"],
        "taking_turns.json",
        "tests/bench/taking_turns.py",
    ),
];

#[test]
fn measured_pictures_show_the_data_that_is_there() {
    let top = Path::new(env!("CARGO_MANIFEST_DIR"));
    let book = top.join("src/guide/book");
    for (pictures, data, program) in DRAWN {
        let data = fs::read(book.join("data").join(data)).unwrap();
        let hash = digest(
            &SHA256,
            &[data, fs::read(top.join(program)).unwrap()].concat(),
        );
        let hash: String = (hash.as_ref().iter().take(8))
            .map(|byte| format!("{byte:02x}"))
            .collect();
        for name in pictures {
            let text = fs::read_to_string(book.join("pictures").join(name)).unwrap();
            let comment = format!("<!-- {program}, {hash} -->");
            assert_eq!(
                text.lines().nth(1),
                Some(&comment[..]),
                "{name} is stale: python3 {program} draw"
            );
            assert!(text.len() <= 60 << 10, "{name} is too large for a page");
            // An empty line would end the HTML that rustdoc takes it for.
            assert!(!text.contains("\n\n"), "{name} has an empty line");
        }
    }
}
