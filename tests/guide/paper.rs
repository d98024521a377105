//! The pages fit on paper. Nobody prints them after every edit, so this compares sizes: whatever is
//! within them fitted when Chromium printed all pages, on A4 and on Letter. Firefox has wider
//! margins, for which there is room.

use std::fs;
use std::path::Path;

use super::pages;

/// Code as wide as code may be.
const COLUMNS: usize = 100;
/// The margins leave these CSS pixels of the width of A4, and of the height of Letter.
const WIDTH: f64 = 698.0;
const HEIGHT: f64 = 960.0;

#[test]
fn code_is_not_wider_than_paper() {
    let mut wide = String::new();
    for path in pages::all() {
        let text = fs::read_to_string(&path).unwrap();
        for (number, line) in too_wide(&text) {
            wide += &format!("{}:{number}: {line}\n", path.display());
        }
    }
    assert!(wide.is_empty(), "wider than {COLUMNS} columns:\n{wide}");
}

/// A chapter is read in one go.
#[test]
fn a_chapter_has_at_most_200_lines() {
    let is_chapter = |path: &Path| path.parent().is_some_and(|it| it.ends_with("book"));
    for path in pages::all().iter().filter(|path| is_chapter(path)) {
        let count = fs::read_to_string(path).unwrap().lines().count();
        assert!(count <= 200, "{}: {count} lines", path.display());
    }
}

/// The lines of fences that are too wide. A story's lines are as its file has them.
fn too_wide(page: &str) -> Vec<(usize, &str)> {
    let (mut found, mut is_fenced, mut is_story) = (Vec::new(), false, false);
    for (number, line) in (1..).zip(page.lines()) {
        if line.starts_with("```") {
            is_fenced = !is_fenced;
            is_story &= is_fenced;
        } else if is_fenced && !is_story && line.chars().count() > COLUMNS {
            found.push((number, line));
        }
        is_story |= line.starts_with("<!-- story ");
    }
    found
}

#[test]
fn a_wide_line_is_found_in_a_fence_and_not_in_a_story() {
    let wide = "x".repeat(COLUMNS + 1);
    let fits = "é".repeat(COLUMNS);
    let page = format!(
        "{wide}\n```sh\n{wide}\n```\n<!-- story a -->\n\n```text\n{wide}\n```\n\
         ```\n{fits}\n```\n```\n{wide}\n```\n"
    );
    let lines: Vec<usize> = too_wide(&page).iter().map(|it| it.0).collect();
    assert_eq!(lines, [3, 14]);
}

#[test]
fn so_much_code_fits_on_paper() {
    let rules = include_str!("../../src/guide/pages.css");
    let pixels = |rule: &str, property: &str| {
        let (_, rest) = rules.split_once(rule).expect(rule);
        let (_, rest) = rest.split_once(property).expect(property);
        let (pixels, _) = rest.split_once("px").expect("pixels");
        pixels.parse::<f64>().unwrap()
    };
    // A letter of rustdoc's code is 0.6 as wide as it is high.
    let code = COLUMNS as f64 * 0.6 * pixels("\n    pre code,", "font-size: ");
    let wide = code + 2.0 * pixels(".example-wrap pre {", "padding: ");
    assert!(wide <= WIDTH, "{COLUMNS} columns are {wide} pixels");
}

#[test]
fn tables_fit_on_paper() {
    let mut seen = 0;
    for path in pages::all() {
        let text = fs::read_to_string(&path).unwrap();
        let blocks = text.split("\n\n").filter(|it| it.starts_with("| "));
        for table in blocks {
            let width = narrowest(table);
            seen += 1;
            assert!(
                width <= WIDTH,
                "{}: {width} pixels at least for\n{table}",
                path.display()
            );
        }
    }
    assert!(seen > 40, "only {seen} tables were found");
    // Four columns of fifty letters are too much.
    assert!(narrowest(&format!("| {0} | {0} {0} | {0} | {0} |", "x".repeat(50))) > WIDTH);
}

/// How far a table can shrink: a column is as wide as its longest word.
fn narrowest(table: &str) -> f64 {
    let mut columns: Vec<usize> = Vec::new();
    for row in table.lines() {
        let cells = row.trim_matches('|').split(" | ");
        for (place, cell) in cells.enumerate() {
            // Of a link, the text alone is printed.
            let words = cell.split_whitespace().map(|it| it.split("](").next());
            let longest = words.flatten().map(|it| it.chars().count()).max();
            if columns.len() <= place {
                columns.push(0);
            }
            columns[place] = columns[place].max(longest.unwrap_or(0));
        }
    }
    // A letter of code is 6.6 wide, and a column has 13 for its rule and the space beside it.
    columns.iter().map(|it| *it as f64 * 6.6 + 13.0).sum()
}

#[test]
fn pictures_fit_on_a_page_of_paper() {
    let guide = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/guide");
    let folders = [guide.clone(), guide.join("book/pictures")];
    let entries = folders.iter().flat_map(|it| fs::read_dir(it).unwrap());
    let paths = entries.map(|it| it.unwrap().path());
    let pictures: Vec<_> = paths
        .filter(|it| it.extension().is_some_and(|it| it == "svg"))
        .collect();
    assert!(pictures.len() > 10, "{pictures:?}");
    for path in pictures {
        let text = fs::read_to_string(&path).unwrap();
        // Without a viewBox a picture does not shrink with its page, but is cut.
        let (_, rest) = text.split_once(" viewBox=\"0 0 ").expect("a viewBox");
        let (size, _) = rest.split_once('"').unwrap();
        let (width, height) = size.split_once(' ').unwrap();
        let (width, height): (f64, f64) = (width.parse().unwrap(), height.parse().unwrap());
        let shrunk = height * (WIDTH / width).min(1.0);
        assert!(shrunk <= HEIGHT, "{}: {shrunk} pixels", path.display());
    }
}
