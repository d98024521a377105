//! A short difference of two texts, for a person.

/// Equal lines that are shown before and after those that differ.
const AROUND: usize = 2;
/// Lines of one difference that are shown.
const LINES_MAX: usize = 40;
/// Columns of a line that are shown, from shortly before it differs from the line in its place.
const COLUMNS_MAX: usize = 100;
const BEFORE: usize = 20;

/// Lines of `want` alone begin with `-`, those of `got` alone with `+`, and the few equal lines
/// around them with a space; `...` is in the place of all others. It is the shortest way from one
/// to the other, by their longest common subsequence.
pub fn difference(want: &[&str], got: &[String]) -> Vec<String> {
    let all = marked(want, got);
    let is_near = |at: usize| {
        let around = &all[at.saturating_sub(AROUND)..all.len().min(at + AROUND + 1)];
        around.iter().any(|(mark, _)| *mark != ' ')
    };
    let (mut lines, mut is_left_out) = (Vec::new(), false);
    for (at, (mark, line)) in all.iter().enumerate() {
        if is_near(at) {
            let neighbour = match mark {
                '-' => all.get(at + 1).filter(|it| it.0 == '+'),
                '+' => all[..at].last().filter(|it| it.0 == '-'),
                _ => None,
            };
            let line = neighbour.map_or(line.to_string(), |other| clipped(line, other.1));
            lines.push(format!("{mark} {line}"));
        } else if !is_left_out {
            lines.push("...".to_string());
        }
        is_left_out = !is_near(at);
    }
    if lines.len() > LINES_MAX {
        let count = lines.len() - LINES_MAX;
        lines.truncate(LINES_MAX);
        lines.push(format!("... and {count} more lines"));
    }
    lines
}

/// The part of a long line that differs from the other one.
fn clipped(line: &str, other: &str) -> String {
    let chars: Vec<char> = line.chars().collect();
    if chars.len() <= COLUMNS_MAX {
        return line.to_string();
    }
    let same = chars
        .iter()
        .zip(other.chars())
        .take_while(|(a, b)| **a == *b);
    let start = same.count().saturating_sub(BEFORE);
    let end = chars.len().min(start + COLUMNS_MAX);
    let dots = |is_cut| if is_cut { "..." } else { "" };
    let shown: String = chars[start..end].iter().collect();
    format!("{}{shown}{}", dots(start > 0), dots(end < chars.len()))
}

/// All lines of both, each with its mark.
fn marked<'t>(want: &[&'t str], got: &'t [String]) -> Vec<(char, &'t str)> {
    let mut common = vec![vec![0; got.len() + 1]; want.len() + 1];
    for (i, wanted) in want.iter().enumerate().rev() {
        for (j, line) in got.iter().enumerate().rev() {
            common[i][j] = if wanted == line {
                common[i + 1][j + 1] + 1
            } else {
                common[i + 1][j].max(common[i][j + 1])
            };
        }
    }
    let (mut i, mut j, mut lines) = (0, 0, Vec::new());
    while i < want.len() || j < got.len() {
        lines.push(if i < want.len() && j < got.len() && want[i] == got[j] {
            (i, j) = (i + 1, j + 1);
            (' ', want[i - 1])
        } else if j == got.len() || i < want.len() && common[i + 1][j] >= common[i][j + 1] {
            i += 1;
            ('-', want[i - 1])
        } else {
            j += 1;
            ('+', &got[j - 1][..])
        });
    }
    lines
}

#[test]
fn differences_are_short() {
    let want: Vec<String> = (1..=9).map(|it| it.to_string()).collect();
    let want: Vec<&str> = want.iter().map(|it| &it[..]).collect();
    let mut got: Vec<String> = want.iter().map(|it| it.to_string()).collect();
    got[3] = "x".into();
    let lines = ["...", "  2", "  3", "- 4", "+ x", "  5", "  6", "..."];
    assert_eq!(difference(&want, &got), lines);
    let long = |it: &str| format!("{}{it}{}", "a".repeat(90), "c".repeat(90));
    let shown =
        |mark: &str, it: &str| format!("{mark} ...{}{it}{}...", "a".repeat(20), "c".repeat(79));
    let lines = difference(&[&long("x")], &[long("y")]);
    assert_eq!(lines, [shown("-", "x"), shown("+", "y")]);
    let many: Vec<String> = (0..50).map(|it| format!("n{it}")).collect();
    let lines = difference(&[], &many);
    assert_eq!((lines.len(), &lines[40][..]), (41, "... and 10 more lines"));
}
