//! The key of a place service: it is read from the environment and shown to nobody.
//!
//! A service may send the key back, in any spelling: as it is, percent-encoded in a URL, escaped in
//! JSON, or with only some of its characters in disguise. [`Key::hide`] takes it out of a text.

use std::ffi::OsString;
use std::fmt;
use std::ops::Range;

/// The environment variables that may hold a key; the first that is set is used.
const VARIABLES: [&str; 2] = ["GOOGLE_MAPS_API_KEY", "PLACES_API_KEY"];

/// Replaces the key in every text.
const HIDDEN: &str = "***";

/// A key: one or more visible ASCII characters, so that a header can hold it as it is.
#[derive(Clone, PartialEq, Eq)]
pub struct Key(String);

impl Key {
    /// Takes a key without the white space around it. The error never repeats it.
    pub fn new(text: &str) -> Result<Key, String> {
        let text = text.trim_ascii();
        if text.is_empty() {
            return Err("is empty; set it to your key".into());
        }
        if !text.bytes().all(|byte| byte.is_ascii_graphic()) {
            return Err("has a character that no key has; copy the key again".into());
        }
        Ok(Key(text.into()))
    }

    /// The key in the environment, if there is one; an empty variable counts as not set. The
    /// error names the variable.
    pub fn from_env() -> Result<Option<Key>, String> {
        Key::from_variables(|name| std::env::var_os(name))
    }

    fn from_variables(get: impl Fn(&str) -> Option<OsString>) -> Result<Option<Key>, String> {
        for name in VARIABLES {
            let value = get(name).unwrap_or_default();
            // Lossy is fine: the replacement character is not in any key.
            let text = value.to_string_lossy();
            if !text.trim_ascii().is_empty() {
                let key = Key::new(&text).map(Some);
                return key.map_err(|what| format!("{name} {what}"));
            }
        }
        Ok(None)
    }

    /// The key itself, for the one place in a request that it belongs in.
    pub(super) fn reveal(&self) -> &str {
        &self.0
    }

    /// The text with `***` in place of the key, however its characters are disguised.
    pub(super) fn hide(&self, text: &str) -> String {
        let (mut out, mut rest) = (String::new(), text);
        while let Some(found) = self.find(rest.as_bytes()) {
            out = out + &rest[..found.start] + HIDDEN;
            rest = &rest[found.end..];
        }
        out + rest
    }

    /// Where the key first occurs. A match that begins or ends inside a JSON escape is widened to
    /// all of the escape, because half of one is not JSON.
    fn find(&self, text: &[u8]) -> Option<Range<usize>> {
        let mut start = 0;
        while start < text.len() {
            let next = start + escape_len(&text[start..]);
            let end = (start..next).find_map(|at| Some(at + self.len_at(&text[at..])?));
            if let Some(match_end) = end {
                let mut end = next;
                while end < match_end {
                    end += escape_len(&text[end..]);
                }
                return Some(start..end);
            }
            start = next;
        }
        None
    }

    /// How many bytes the key takes at the start of `text`, if it is there.
    fn len_at(&self, text: &[u8]) -> Option<usize> {
        // A key may itself look like an escape.
        if text.starts_with(self.0.as_bytes()) {
            return Some(self.0.len());
        }
        let add = |len: usize, wanted| Some(len + spelling_len(wanted, &text[len..])?);
        self.0.bytes().try_fold(0, add)
    }
}

/// How many bytes one character of the key takes at the start of `text`, disguised or not.
fn spelling_len(wanted: u8, text: &[u8]) -> Option<usize> {
    match text {
        [b'%', rest @ ..] if hex(rest, 2) == Some(wanted.into()) => Some(3),
        [b'\\', b'u', rest @ ..] if hex(rest, 4) == Some(wanted.into()) => Some(6),
        [b'\\', byte @ (b'"' | b'\\' | b'/'), ..] if *byte == wanted => Some(2),
        [byte, ..] if *byte == wanted => Some(1),
        _ => None,
    }
}

/// How many bytes the JSON escape at the start of `text` takes; 1 if there is none.
fn escape_len(text: &[u8]) -> usize {
    match text {
        [b'\\', b'u', rest @ ..] if hex(rest, 4).is_some() => 6,
        [b'\\', byte, ..] if b"\"\\/bfnrt".contains(byte) => 2,
        _ => 1,
    }
}

/// The value of `count` hex digits at the start of `text`.
fn hex(text: &[u8], count: usize) -> Option<u32> {
    let digits = text.get(..count)?;
    let add = |value, digit: &u8| Some(value << 4 | char::from(*digit).to_digit(16)?);
    digits.iter().try_fold(0, add)
}

impl fmt::Debug for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(HIDDEN)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_shows_itself_to_nobody() {
        let key = Key::new("sesame-open").unwrap();
        assert_eq!(format!("{key:?} {:?}", Some(&key)), "*** Some(***)");
    }

    #[test]
    fn the_environment_is_asked_in_order() {
        let from = |maps: Option<&str>, places: Option<&str>| {
            Key::from_variables(|name| match name {
                "GOOGLE_MAPS_API_KEY" => maps.map(OsString::from),
                "PLACES_API_KEY" => places.map(OsString::from),
                other => panic!("{other} is not for keys"),
            })
        };
        let key = |text| Ok(Some(Key::new(text).unwrap()));
        assert_eq!(from(None, None), Ok(None));
        assert_eq!(from(Some(""), None), Ok(None));
        assert_eq!(from(Some("a"), Some("b")), key("a"));
        assert_eq!(from(Some(""), Some("b")), key("b"));
        assert_eq!(from(Some(" a\n"), None), key("a"));
        assert_eq!(
            from(None, Some("open\nsesame")).unwrap_err(),
            "PLACES_API_KEY has a character that no key has; copy the key again"
        );
        assert!(from(Some("ö"), Some("b")).is_err());
    }

    #[test]
    fn a_key_is_found_in_every_disguise() {
        let check = |key: &str, text: &str, want: &str| {
            assert_eq!(Key::new(key).unwrap().hide(text), want, "{key} in {text}");
        };
        check("sesame", "no such thing, öffne", "no such thing, öffne");
        check("sesame", "é sesame, sesame!", "é ***, ***!");
        check("sesame", "sesam", "sesam");
        check("a+b/c", "key=a%2Bb%2fc&x", "key=***&x");
        check("a\"b\\<", r#""a\"b\\\u003c""#, r#""***""#);
        check("a/b", r#""a\/b""#, r#""***""#);
        check("a%25b", "a%25b a%2525b", "*** ***");
        check("sesame", r"\u0073es%61me", "***");
        check("aab", "aaab", "a***");
        check("ab", "a\u{e9}b%", "a\u{e9}b%");
        check("sesame", r#""\\u0073esame""#, r#""***""#);
        check("sesame", r#""\\\\sesame\\""#, r#""\\\\***\\""#);
        check("nose", r#""\nose""#, r#""***""#);
        check("41b", r#""\u0041b""#, r#""***""#);
        check("a\\", r#""a\n" "a\\" "\\""#, r#""***" "***" "\\""#);
    }
}
