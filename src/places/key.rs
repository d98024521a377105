//! The key of a place service: read from the environment, shown to nobody.
//!
//! It knows how a key can be disguised in a text (percent-encoded in a URL, escaped in JSON) and
//! takes it out of what a service sends back.

use std::borrow::Cow;
use std::ffi::OsString;
use std::fmt;

/// Where keys are looked for, first found first used.
const VARIABLES: [&str; 2] = ["GOOGLE_MAPS_API_KEY", "PLACES_API_KEY"];

/// What stands for the key in every text.
const HIDDEN: &str = "***";

/// A key: one or more visible ASCII characters, so that it can stand in a header as it is.
#[derive(Clone, PartialEq, Eq)]
pub struct Key(String);

impl Key {
    /// Takes a key, less the white space around it. The error never repeats it.
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

    /// The key in the environment, if there is one; an empty variable is not set. The error
    /// names the variable.
    pub fn from_env() -> Result<Option<Key>, String> {
        Key::from_variables(|name| std::env::var_os(name))
    }

    fn from_variables(get: impl Fn(&str) -> Option<OsString>) -> Result<Option<Key>, String> {
        for name in VARIABLES {
            let value = get(name).unwrap_or_default();
            // Lossy is fine: what is not UTF-8 holds a character that no key has.
            let text = value.to_string_lossy();
            if !text.trim_ascii().is_empty() {
                return Key::new(&text)
                    .map(Some)
                    .map_err(|what| format!("{name} {what}"));
            }
        }
        Ok(None)
    }

    /// The key itself, for the one header that it belongs in.
    pub(super) fn reveal(&self) -> &str {
        &self.0
    }

    /// The key as a value in a URL's query.
    pub(super) fn percent_encoded(&self) -> String {
        let mut out = String::with_capacity(self.0.len());
        for c in self.0.chars() {
            if c.is_ascii_alphanumeric() || "-._~".contains(c) {
                out.push(c);
            } else {
                out.push_str(&format!("%{:02X}", u32::from(c)));
            }
        }
        out
    }

    /// The text with `***` wherever the key stood: as it is, or with any of its characters
    /// percent-encoded or escaped as in JSON.
    pub(super) fn hide<'a>(&self, text: &'a str) -> Cow<'a, str> {
        let bytes = text.as_bytes();
        let mut out = String::new();
        let (mut copied, mut at) = (0, 0);
        while at < bytes.len() {
            // What begins or ends within an escape takes all of it: half of one is no JSON.
            let mut within = at..at + escape_length(&bytes[at..]);
            let end = within.find_map(|from| Some(from + self.length_at(&bytes[from..])?));
            let Some(end) = end else {
                at += escape_length(&bytes[at..]);
                continue;
            };
            out.push_str(&text[copied..at]);
            out.push_str(HIDDEN);
            while at < end {
                at += escape_length(&bytes[at..]);
            }
            copied = at;
        }
        if copied == 0 {
            return Cow::Borrowed(text);
        }
        out.push_str(&text[copied..]);
        Cow::Owned(out)
    }

    /// How many bytes the key takes at the start of `bytes`, if it stands there.
    fn length_at(&self, bytes: &[u8]) -> Option<usize> {
        if bytes.starts_with(self.0.as_bytes()) {
            return Some(self.0.len());
        }
        let mut length = 0;
        for &wanted in self.0.as_bytes() {
            length += length_of(wanted, &bytes[length..])?;
        }
        Some(length)
    }
}

/// How many bytes the JSON escape at the start of `bytes` takes; 1 if there is none.
fn escape_length(bytes: &[u8]) -> usize {
    match bytes {
        [b'\\', b'u', hex @ ..] if hex.len() >= 4 && hex[..4].iter().all(u8::is_ascii_hexdigit) => {
            6
        }
        [
            b'\\',
            b'"' | b'\\' | b'/' | b'b' | b'f' | b'n' | b'r' | b't',
            ..,
        ] => 2,
        _ => 1,
    }
}

/// How many bytes one character of the key takes at the start of `bytes`, disguised or not.
fn length_of(wanted: u8, bytes: &[u8]) -> Option<usize> {
    let is_hex = |digits: &[u8]| {
        std::str::from_utf8(digits)
            .ok()
            .filter(|digits| digits.bytes().all(|b| b.is_ascii_hexdigit()))
            .and_then(|digits| u32::from_str_radix(digits, 16).ok())
            == Some(wanted.into())
    };
    match bytes {
        [b'%', a, b, ..] if is_hex(&[*a, *b]) => Some(3),
        [b'\\', b'u', a, b, c, d, ..] if is_hex(&[*a, *b, *c, *d]) => Some(6),
        [b'\\', escaped @ (b'"' | b'\\' | b'/'), ..] if *escaped == wanted => Some(2),
        [plain, ..] if *plain == wanted => Some(1),
        _ => None,
    }
}

impl fmt::Debug for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(HIDDEN)
    }
}

impl fmt::Display for Key {
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
        assert_eq!(
            format!("{key} {key:?} {:?}", Some(&key)),
            "*** *** Some(***)"
        );
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
    fn a_key_is_encoded_for_a_url() {
        let encoded = |text| Key::new(text).unwrap().percent_encoded();
        assert_eq!(encoded("AIza-_.~09"), "AIza-_.~09");
        assert_eq!(encoded("a+b/c=&%\"#"), "a%2Bb%2Fc%3D%26%25%22%23");
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
