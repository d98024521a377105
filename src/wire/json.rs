//! Writes JSON in the layout of Google's legacy Nearby Search: three spaces a level,
//! `"key" : value`, keys in alphabetical order, `<` and `>` escaped.

/// `text` as a JSON string with its quotes.
pub fn quoted(text: &str) -> String {
    let mut out = String::new();
    push_quoted(&mut out, text);
    out
}

/// Appends `text` as a JSON string with its quotes. Text without escapes is copied as a whole.
pub fn push_quoted(out: &mut String, text: &str) {
    let is_special = |byte: u8| matches!(byte, b'\0'..b' ' | b'"' | b'\\' | b'<' | b'>');
    out.push('"');
    let mut rest = text;
    while let Some(at) = rest.bytes().position(is_special) {
        out.push_str(&rest[..at]);
        match char::from(rest.as_bytes()[at]) {
            c @ ('"' | '\\' | '\n' | '\r' | '\t') => out.extend(c.escape_default()),
            c => *out += &format!("\\u{:04x}", u32::from(c)),
        }
        rest = &rest[at + 1..];
    }
    out.push_str(rest);
    out.push('"');
}

/// The answer to a WHATSAT whose lookup failed: no results, `status`, and what happened.
pub fn no_answer(status: &str, message: &str) -> String {
    let (status, message) = (quoted(status), quoted(message));
    format!(
        "{{\n   \"error_message\" : {message},\n   \"html_attributions\" : [],\n   \
         \"results\" : [],\n   \"status\" : {status}\n}}"
    )
}

/// Replaces each run of newlines by one and drops those at the end, so that the blank line after
/// an answer is the only one that a client sees.
pub fn without_blank_lines(text: &[u8]) -> Vec<u8> {
    let mut out = text.to_vec();
    out.dedup_by(|byte, before| (*byte, *before) == (b'\n', b'\n'));
    out.pop_if(|last| *last == b'\n');
    out
}

/// How deep the brackets of a JSON text are nested. Of text that is not JSON this is a guess.
pub fn depth(text: &str) -> usize {
    let (mut depth, mut deepest) = (0_usize, 0);
    let mut bytes = text.bytes();
    while let Some(byte) = bytes.next() {
        match byte {
            b'"' => skip_string(&mut bytes),
            b'[' | b'{' => {
                depth += 1;
                deepest = deepest.max(depth);
            }
            b']' | b'}' => depth = depth.saturating_sub(1),
            _ => {}
        }
    }
    deepest
}

/// Passes over the rest of a string and its closing quote.
fn skip_string(bytes: &mut impl Iterator<Item = u8>) {
    while let Some(byte) = bytes.next() {
        match byte {
            b'"' => return,
            b'\\' => drop(bytes.next()),
            _ => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn strings_are_escaped_as_google_escapes_them() {
        let out = quoted("<a href=\"x\">\\\u{1}é\n\r\t</a>");
        assert_eq!(
            out,
            r#""\u003ca href=\"x\"\u003e\\\u0001é\n\r\t\u003c/a\u003e""#
        );
        assert_eq!(
            serde_json::from_str::<String>(&out).unwrap(),
            "<a href=\"x\">\\\u{1}é\n\r\t</a>"
        );
    }

    #[test]
    fn an_error_is_an_answer_of_the_same_shape() {
        let text = no_answer("UNKNOWN_ERROR", "queue \"full\"");
        let value: serde_json::Value = serde_json::from_str(&text).unwrap();
        assert_eq!(value["status"], "UNKNOWN_ERROR");
        assert_eq!(value["error_message"], "queue \"full\"");
        assert_eq!(value["results"], serde_json::json!([]));
        assert_eq!(value["html_attributions"], serde_json::json!([]));
    }

    #[test]
    fn runs_of_newlines_become_one() {
        let check = |text: &str, want: &str| {
            assert_eq!(without_blank_lines(text.as_bytes()), want.as_bytes());
        };
        check("", "");
        check("\n\n", "");
        check("{}", "{}");
        check("\n\n{\n\n\n}\n\n", "\n{\n}");
        check("a\r\n\r\nb\n", "a\r\n\r\nb");
    }

    #[test]
    fn brackets_outside_of_strings_are_nested() {
        for (text, want) in [
            ("", 0),
            ("1", 0),
            ("{}", 1),
            ("[[],[{}]]", 3),
            (r#"["[[[", "\"[", "\\", [1]]"#, 2),
            ("[]][", 1),
            ("\"[", 0),
            ("\"\\", 0),
        ] {
            assert_eq!(depth(text), want, "{text}");
        }
        assert_eq!(depth(&"[{".repeat(100_000)), 200_000);
    }
}
