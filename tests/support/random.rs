//! Random texts that are nearly right: what is quite random is refused at its first byte, and
//! tests nothing behind it.
//!
//! All is drawn from the property's own bytes, so its seed means the same text again.

use arbtest::arbitrary::{Result, Unstructured};
use arbtest::arbtest;

/// Cases of a property, of `SIZES` bytes in turn. A seed is a number and the size.
const CASES: u64 = 2_000;
const SIZES: [u64; 8] = [16, 32, 64, 128, 256, 512, 1024, 4096];

/// Tries a property on the same cases every time, so that a run that fails does so because of what
/// was changed. With `ARBTEST_BUDGET_MS` or `ARBTEST_SEED` in the environment on those that they
/// name.
pub fn try_property(mut property: impl FnMut(Random<'_, '_>) -> Result<()>) {
    let is_set = |name| std::env::var_os(name).is_some();
    if is_set("ARBTEST_BUDGET_MS") || is_set("ARBTEST_SEED") {
        arbtest(property).run();
        return;
    }
    for number in 0..CASES {
        let size = SIZES[number as usize % SIZES.len()];
        // A case that runs out of bytes is none.
        arbtest(&mut property).seed(number << 32 | size).run();
    }
}

/// The source of all that is random.
pub type Random<'a, 'b> = &'a mut Unstructured<'b>;

/// One in `of`.
pub fn one_in(u: Random<'_, '_>, of: u8) -> Result<bool> {
    u.ratio(1, of)
}

/// One of some texts.
pub fn choose<'t>(u: Random<'_, '_>, texts: &[&'t str]) -> Result<&'t str> {
    u.choose(texts).copied()
}

/// Up to `most` bytes of any value.
pub fn bytes(u: Random<'_, '_>, most: usize) -> Result<Vec<u8>> {
    let length = u.int_in_range(0..=most)?;
    (0..length).map(|_| u.arbitrary()).collect()
}

/// Up to `most` digits: all of a kind, mostly zeros, or any.
pub fn digits(u: Random<'_, '_>, most: usize) -> Result<String> {
    let length = u.int_in_range(0..=most)?;
    let kind: u8 = u.int_in_range(0..=3)?;
    let mut text = String::new();
    for _ in 0..length {
        text.push(match kind {
            0 => '0',
            1 => '9',
            _ => char::from(u.int_in_range(b'0'..=b'9')?),
        });
    }
    if kind == 2 {
        text = text.replace(|digit| digit < '8', "0");
    }
    Ok(text)
}

/// `text` with up to two bytes put in, left out or changed, but mostly as it is.
pub fn misspelt(u: Random<'_, '_>, text: impl Into<Vec<u8>>) -> Result<Vec<u8>> {
    let mut text = text.into();
    let count = if one_in(u, 3)? {
        u.int_in_range(1..=2)?
    } else {
        0
    };
    for _ in 0..count {
        let byte = match one_in(u, 4)? {
            true => u.arbitrary()?,
            false => *u.choose(b"+-.0959e_ \t\x0b\x0c\r\0A\xff")?,
        };
        let at = u.int_in_range(0..=text.len())?;
        match u.int_in_range(0..=2)? {
            0 => text.insert(at, byte),
            1 if at < text.len() => text[at] = byte,
            _ if at < text.len() => drop(text.remove(at)),
            _ => {}
        }
    }
    Ok(text)
}

/// A location, or nearly.
pub fn location(u: Random<'_, '_>) -> Result<Vec<u8>> {
    let latitude = coordinate(u, &["90", "89", "090", "9", "00", "91"])?;
    let longitude = coordinate(u, &["180", "179", "0180", "018", "000", "181", "90"])?;
    misspelt(u, latitude + &longitude)
}

fn coordinate(u: Random<'_, '_>, wholes: &[&str]) -> Result<String> {
    let mut text = choose(u, &["+", "-"])?.to_string();
    match one_in(u, 2)? {
        true => text.push_str(choose(u, wholes)?),
        false => text.push_str(&digits(u, 4)?),
    }
    if one_in(u, 2)? {
        text.push('.');
        let most = if one_in(u, 8)? { 300 } else { 6 };
        text.push_str(&digits(u, most)?);
    }
    Ok(text)
}

/// A time, or nearly.
pub fn time(u: Random<'_, '_>) -> Result<Vec<u8>> {
    let mut text = choose(u, &["", "", "+", "-"])?.to_string();
    text.push_str(&digits(u, 20)?);
    if one_in(u, 2)? {
        text.push('.');
        text.push_str(&digits(u, 11)?);
    }
    misspelt(u, text)
}

/// A whole number around `most`, or far from it, perhaps with many zeros before it.
pub fn decimal(u: Random<'_, '_>, most: u64) -> Result<Vec<u8>> {
    let zeros = if one_in(u, 4)? {
        u.int_in_range(0..=200)?
    } else {
        0
    };
    let near = u.int_in_range(-3i128..=3)?;
    let text = match u.int_in_range(0..=2)? {
        0 => (i128::from(most) + near).max(0).to_string(),
        1 => u.int_in_range(0..=most)?.to_string(),
        _ => digits(u, 25)?,
    };
    misspelt(u, "0".repeat(zeros) + &text)
}

/// Lower-case hex digits, as many as are asked for, or nearly.
pub fn hex(u: Random<'_, '_>, length: usize) -> Result<Vec<u8>> {
    let digits: Result<Vec<u8>> = (0..length)
        .map(|_| Ok(*u.choose(b"0123456789abcdef")?))
        .collect();
    let digits = digits?;
    match one_in(u, 12)? {
        true => misspelt(u, digits.to_ascii_uppercase()),
        false => Ok(digits),
    }
}

/// A difference, or nearly.
pub fn difference(u: Random<'_, '_>) -> Result<Vec<u8>> {
    let most = if one_in(u, 6)? { 22 } else { 4 };
    let (sign, whole) = (choose(u, &["+", "-"])?, digits(u, most)?);
    let fraction: u32 = u.int_in_range(0..=999_999_999)?;
    misspelt(u, format!("{sign}{whole}.{fraction:09}"))
}

/// A name: any bytes, mostly without white space.
pub fn name(u: Random<'_, '_>) -> Result<Vec<u8>> {
    let known = choose(u, &["kiwi.cs.ucla.edu", "Goloman", "k"])?;
    match one_in(u, 3)? {
        true => bytes(u, 12),
        false => misspelt(u, known),
    }
}

/// A line of fields with white space between, and perhaps around them.
pub fn line(u: Random<'_, '_>, fields: &[Vec<u8>]) -> Result<Vec<u8>> {
    let mut line = Vec::new();
    let spaces = ["", "", "", " ", "\r", " \t\x0b\x0c\r "];
    line.extend_from_slice(choose(u, &spaces)?.as_bytes());
    for (place, field) in fields.iter().enumerate() {
        if place > 0 {
            let spaces = [" ", " ", " ", "\t", "\x0b", "\x0c", "\r", " \r\t ", "\n"];
            line.extend_from_slice(choose(u, &spaces)?.as_bytes());
        }
        line.extend_from_slice(field);
    }
    line.extend_from_slice(choose(u, &spaces)?.as_bytes());
    misspelt(u, line)
}
