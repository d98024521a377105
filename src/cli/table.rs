//! Columns for a terminal.

/// Writes `rows` with columns as wide as their widest cell, two spaces between them, and nothing
/// at the ends of lines.
pub(super) fn table(rows: &[Vec<String>]) -> String {
    let mut widths = Vec::new();
    for row in rows {
        widths.resize(widths.len().max(row.len()), 0);
        for (width, cell) in widths.iter_mut().zip(row) {
            *width = cell.chars().count().max(*width);
        }
    }
    let mut out = String::new();
    for row in rows {
        let mut line = String::new();
        for (cell, &width) in row.iter().zip(&widths) {
            line.push_str(&format!("{cell:width$}  "));
        }
        out.push_str(line.trim_end());
        out.push('\n');
    }
    out
}

/// A row of [`table`].
pub(super) fn row<const N: usize>(cells: [&str; N]) -> Vec<String> {
    cells.map(String::from).to_vec()
}

#[cfg(test)]
mod tests {
    use super::{row, table};

    #[test]
    fn columns_are_as_wide_as_they_must_be() {
        let rows = [
            row(["é", "bb", "c"]),
            row(["aaa", ""]),
            row([]),
            row(["a", "b", "ccc"]),
        ];
        assert_eq!(table(&rows), "é    bb  c\naaa\n\na    b   ccc\n");
        assert_eq!(table(&[]), "");
    }
}
