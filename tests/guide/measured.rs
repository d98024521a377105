//! The pictures of `tests/bench/pictures.py` show its newest data, and fit a page.

use std::fs;
use std::path::Path;

use ring::digest::{SHA256, digest};

/// The pictures, and what they are made from.
const PICTURES: [&str; 3] = ["cpu.svg", "flame_herd.svg", "flame_asyncio.svg"];
const SOURCES: [&str; 2] = ["src/guide/book/data/cores.json", "tests/bench/pictures.py"];

#[test]
fn measured_pictures_show_the_data_that_is_there() {
    let top = Path::new(env!("CARGO_MANIFEST_DIR"));
    let sources = SOURCES.map(|path| fs::read(top.join(path)).unwrap());
    let hash = digest(&SHA256, &sources.concat());
    let hash: String = (hash.as_ref().iter().take(8))
        .map(|byte| format!("{byte:02x}"))
        .collect();
    for name in PICTURES {
        let path = top.join("src/guide/book/pictures").join(name);
        let text = fs::read_to_string(path).unwrap();
        let comment = format!("<!-- tests/bench/pictures.py, {hash} -->");
        assert_eq!(
            text.lines().nth(1),
            Some(&comment[..]),
            "{name} is stale: python3 tests/bench/pictures.py draw"
        );
        assert!(text.len() <= 60 << 10, "{name} is too large for a page");
        // An empty line would end the HTML that rustdoc takes it for.
        assert!(!text.contains("\n\n"), "{name} has an empty line");
    }
}
