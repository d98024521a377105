//! Decimal digits: one by one, and eight at once, side by side in a word.

/// A one in each byte of a word.
const ONES: u64 = u64::MAX / 255;

/// The value of one decimal digit.
pub fn digit(byte: u8) -> Option<u64> {
    byte.is_ascii_digit().then(|| u64::from(byte - b'0'))
}

/// How many decimal digits `text` starts with, and their value. Beyond 18 digits the value means
/// nothing.
pub fn digits(text: &[u8]) -> (usize, u64) {
    digits_after(0, 0, text)
}

/// The same for many digits: eight at once, while there are so many.
pub fn many_digits(text: &[u8]) -> (usize, u64) {
    let (mut count, mut value) = (0, 0u64);
    while let Some(next) = text[count..].first_chunk()
        && let Some(eight) = eight_digits(*next)
    {
        value = value.wrapping_mul(100_000_000).wrapping_add(eight);
        count += 8;
    }
    digits_after(count, value, text)
}

/// Goes on from the first `count` digits and their value.
fn digits_after(mut count: usize, mut value: u64, text: &[u8]) -> (usize, u64) {
    for byte in &text[count..] {
        let digit = byte.wrapping_sub(b'0');
        if digit > 9 {
            break;
        }
        value = value.wrapping_mul(10).wrapping_add(digit.into());
        count += 1;
    }
    (count, value)
}

/// The value of eight decimal digits: twice one, twice two and twice four of them are put together,
/// side by side in a word.
fn eight_digits(text: [u8; 8]) -> Option<u64> {
    let ones = u64::from_le_bytes(text) ^ (ONES * u64::from(b'0'));
    // A byte beyond 9 and 118 are 128 or more.
    if (ones | ones.wrapping_add(ONES * 118)) & (ONES << 7) != 0 {
        return None;
    }
    let pairs = (ones * 10 + (ones >> 8)) & 0x00ff_00ff_00ff_00ff;
    let fours = (pairs * 100 + (pairs >> 16)) & 0x0000_ffff_0000_ffff;
    Some((fours * 10_000 + (fours >> 32)) & 0xffff_ffff)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn eight_digits_at_once_are_as_many_one_by_one() {
        for byte in 0..=255 {
            for place in 0..19 {
                let mut text = *b"1234567890987654321";
                text[place] = byte;
                assert_eq!(many_digits(&text[..18]), digits(&text[..18]), "{text:?}");
            }
        }
    }
}
