//! The blocks of a story's file: commands, and what they put out.

/// A part of a file: commands, a line `---`, and the lines that they put out.
#[derive(Debug)]
pub struct Block<'a> {
    /// The number of its first line, from 1.
    pub line: usize,
    pub commands: Vec<&'a str>,
    /// None: there is no `---`, so nothing is said about it.
    pub want: Option<Vec<&'a str>>,
}

/// The blocks of a file, which blank lines divide.
pub fn blocks(text: &str) -> Vec<Block<'_>> {
    let lines: Vec<(usize, &str)> = text.lines().enumerate().collect();
    lines
        .split(|(_, line)| line.trim().is_empty())
        .filter(|lines| !lines.is_empty())
        .map(|lines| {
            let text: Vec<&str> = lines.iter().map(|(_, line)| *line).collect();
            let divide = text.iter().position(|line| *line == "---");
            Block {
                line: lines[0].0 + 1,
                commands: text[..divide.unwrap_or(text.len())].to_vec(),
                want: divide.map(|at| text[at + 1..].to_vec()),
            }
        })
        .collect()
}
