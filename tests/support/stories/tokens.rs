//! The words of a command of a story.

use std::collections::BTreeMap;

use herd::units::{MILLISECOND, SECOND};

use super::world::Wrong;

/// A word of a command, or bytes in quotes.
#[derive(Debug)]
pub enum Token {
    Message(String),
    Text(Vec<u8>),
}
use Token::{Message, Text};

impl Token {
    pub fn word(&self) -> Option<&str> {
        match self {
            Message(word) => Some(word),
            Text(_) => None,
        }
    }

    pub fn text(&self) -> Option<&[u8]> {
        match self {
            Message(_) => None,
            Text(text) => Some(text),
        }
    }
}

/// Words, and text in quotes: `\n`, `\r`, `\t`, `\0`, `\\`, `\"` and `\xff` are bytes, `<x*8192>`
/// is a byte repeated.
pub fn tokens(line: &str) -> Wrong<Vec<Token>> {
    let (mut tokens, mut rest) = (Vec::new(), line.trim());
    while !rest.is_empty() {
        if let Some(quoted) = rest.strip_prefix('"') {
            let (text, after) = text(quoted)?;
            tokens.push(Text(text));
            rest = after.trim_start();
        } else {
            let (word, after) = rest.split_once(' ').unwrap_or((rest, ""));
            tokens.push(Message(word.into()));
            rest = after.trim_start();
        }
    }
    Ok(tokens)
}

fn text(quoted: &str) -> Wrong<(Vec<u8>, &str)> {
    let (mut text, mut rest) = (Vec::new(), quoted);
    loop {
        let mut chars = rest.chars();
        match chars.next() {
            None => return Err("the text has no closing quote".into()),
            Some('"') => return Ok((text, chars.as_str())),
            Some('<') if rest.get(2..3) == Some("*") => {
                let run = rest[3..].split_once('>').ok_or("the run has no end")?;
                text.extend(vec![rest.as_bytes()[1]; number(run.0)?]);
                rest = run.1;
            }
            Some('\\') => {
                let escape = chars.next().ok_or("the text ends with a backslash")?;
                let byte = match escape {
                    'n' => b'\n',
                    'r' => b'\r',
                    't' => b'\t',
                    '0' => 0,
                    '\\' | '"' => escape as u8,
                    'x' => {
                        let hex = chars.as_str().get(..2).unwrap_or_default();
                        chars = chars.as_str()[hex.len()..].chars();
                        u8::from_str_radix(hex, 16).map_err(|_| "\\x needs two hex digits")?
                    }
                    _ => return Err(format!("there is no \\{escape}")),
                };
                text.push(byte);
                rest = chars.as_str();
            }
            Some(char) => {
                text.extend_from_slice(char.encode_utf8(&mut [0; 4]).as_bytes());
                rest = chars.as_str();
            }
        }
    }
}

/// A number of any kind.
pub fn number<T: std::str::FromStr>(text: &str) -> Wrong<T> {
    text.parse().map_err(|_| format!("{text} is no number"))
}

/// `5s` or `50ms`, in nanoseconds.
pub fn duration(text: &str) -> Wrong<u64> {
    let units = BTreeMap::from([("ms", MILLISECOND), ("s", SECOND), ("ns", 1)]);
    let digits = text.trim_end_matches(char::is_alphabetic);
    let unit = units.get(&text[digits.len()..]);
    let unit = unit.ok_or_else(|| format!("{text} is no time: 5s, 50ms or 1ns"))?;
    Ok(number::<u64>(digits)? * unit)
}
