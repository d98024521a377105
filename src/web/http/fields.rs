//! The fields of a form, of a query and of a JSON object: names with values of any bytes.

use serde_json::Value;

/// Fields in their order.
pub type Fields = Vec<(String, Vec<u8>)>;

/// Reads `name=value&…` as HTML forms write it. A part without `=` has an empty value. An escape
/// that is none stands for itself.
pub fn form(text: &[u8]) -> Fields {
    let parts = text.split(|byte| *byte == b'&').filter(|it| !it.is_empty());
    let fields = parts.map(|part| {
        let mut words = part.splitn(2, |byte| *byte == b'=');
        let [name, value] = [(); 2].map(|()| words.next().unwrap_or_default());
        let name = String::from_utf8_lossy(&decoded(name)).into_owned();
        (name, decoded(value))
    });
    fields.collect()
}

/// Reads a JSON object whose values are strings and numbers; a number keeps its digits as far as
/// a float has them. None: it is something else.
pub fn object(text: &[u8]) -> Option<Fields> {
    let Ok(Value::Object(object)) = serde_json::from_slice(text) else {
        return None;
    };
    let fields = object.into_iter().map(|(name, value)| match value {
        Value::String(text) => Some((name, text.into_bytes())),
        Value::Number(number) => Some((name, number.to_string().into_bytes())),
        _ => None,
    });
    fields.collect()
}

/// The bytes that `%41` and `+` mean.
fn decoded(text: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(text.len());
    let mut rest = text;
    while let Some((&byte, after)) = rest.split_first() {
        rest = after;
        let digits = after.first_chunk::<2>().filter(|_| byte == b'%');
        let value = digits.and_then(|[high, low]| Some(hex(*high)? << 4 | hex(*low)?));
        match value {
            Some(value) => {
                out.push(value);
                rest = &after[2..];
            }
            None if byte == b'+' => out.push(b' '),
            None => out.push(byte),
        }
    }
    out
}

fn hex(digit: u8) -> Option<u8> {
    char::from(digit).to_digit(16).map(|value| value as u8)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(fields: Fields, want: &[(&str, &[u8])]) {
        let found: Vec<(&str, &[u8])> = fields.iter().map(|it| (&it.0[..], &it.1[..])).collect();
        assert_eq!(found, want);
    }

    #[test]
    fn forms_are_read_with_any_bytes() {
        check(
            form(b"client=k%C3%A9+w&location=%2B1-2&&a&b=c=d&%"),
            &[
                ("client", "ké w".as_bytes()),
                ("location", b"+1-2"),
                ("a", b""),
                ("b", b"c=d"),
                ("%", b""),
            ],
        );
        check(form(b"a=%0a%ff%zz%4"), &[("a", b"\n\xff%zz%4")]);
        check(form(b""), &[]);
    }

    #[test]
    fn objects_hold_words_and_numbers() {
        let text = br#"{"client": "k\n", "lat": 34.06893, "lon": -118}"#;
        check(
            object(text).unwrap(),
            &[("client", b"k\n"), ("lat", b"34.06893"), ("lon", b"-118")],
        );
        for text in [&b"[]"[..], b"{", b"{\"a\": []}", b"{\"a\": null}", b"\xff"] {
            assert_eq!(object(text), None);
        }
        let deep = format!("{{\"a\": {}", "[".repeat(4000));
        assert_eq!(object(deep.as_bytes()), None);
    }
}
