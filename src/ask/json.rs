//! JSON for a terminal: indented as the servers write it, three spaces a level and `"key" : value`,
//! with a list of plain values on one line, and coloured.

use crate::terminal::one_line;

const KEY: &str = "34;1";
const TEXT: &str = "32";
const VALUE: &str = "36";

/// Valid JSON, indented. The tokens are those of `text`: no number is read and written again.
pub fn indented(text: &str, has_colours: bool) -> String {
    let paint = |token: &str, colour: &str| match has_colours {
        true => format!("\x1b[{colour}m{}\x1b[0m", one_line(token)),
        false => one_line(token),
    };
    let tokens = tokens(text);
    let (mut out, mut depth, mut is_flat) = (String::new(), 0, false);
    let line = |depth: usize| format!("\n{}", "   ".repeat(depth));
    for (place, &token) in tokens.iter().enumerate() {
        let next = tokens.get(place + 1).copied();
        let before = place.checked_sub(1).map(|place| tokens[place]);
        match token {
            "{" | "[" => {
                out += token;
                is_flat = token == "[" && is_plain(&tokens[place + 1..]);
                if is_flat {
                    out += if next == Some("]") { "" } else { " " };
                } else if next != Some("}") {
                    depth += 1;
                    out += &line(depth);
                }
            }
            "]" if is_flat => {
                out += if before == Some("[") { "]" } else { " ]" };
                is_flat = false;
            }
            "}" if before == Some("{") => out += token,
            "}" | "]" => {
                depth = depth.saturating_sub(1);
                out += &line(depth);
                out += token;
            }
            "," if is_flat => out += ", ",
            "," => out += &format!(",{}", line(depth)),
            ":" => out += " : ",
            _ if next == Some(":") => out += &paint(token, KEY),
            _ if token.starts_with('"') => out += &paint(token, TEXT),
            _ => out += &paint(token, VALUE),
        }
    }
    out
}

/// Whether a list whose first token comes first here has no list and no object in it.
fn is_plain(tokens: &[&str]) -> bool {
    let mut marks = tokens.iter().filter(|it| ["[", "{", "]"].contains(it));
    marks.next() == Some(&"]")
}

/// The brackets, commas, colons, strings and other values.
fn tokens(text: &str) -> Vec<&str> {
    let mut tokens = Vec::new();
    let mut rest = text.trim_start();
    while let Some(first) = rest.chars().next() {
        let length = match first {
            '"' => string_len(rest),
            '{' | '}' | '[' | ']' | ',' | ':' => 1,
            _ => rest
                .find(|c: char| ",]}: \t\r\n".contains(c))
                .unwrap_or(rest.len()),
        };
        let (token, after) = rest.split_at(length);
        tokens.push(token);
        rest = after.trim_start();
    }
    tokens
}

/// The length of the string with its quotes that `text` begins with.
fn string_len(text: &str) -> usize {
    let mut is_escaped = false;
    for (place, byte) in text.bytes().enumerate().skip(1) {
        match byte {
            b'"' if !is_escaped => return place + 1,
            b'\\' => is_escaped = !is_escaped,
            _ => is_escaped = false,
        }
    }
    text.len()
}

#[cfg(test)]
mod tests {
    use super::*;

    const LAYOUT: &str = r#"{
   "html_attributions" : [ "a \"b\" \\", "c" ],
   "results" : [
      {
         "geometry" : {
            "lat" : 34.0833000,
            "lng" : -1.5e3
         },
         "none" : {},
         "open" : true,
         "types" : []
      },
      [
         [ 1, null ],
         {}
      ]
   ],
   "status" : "OK"
}"#;

    #[test]
    fn the_layout_is_the_servers_own() {
        assert_eq!(indented(LAYOUT, false), LAYOUT);
        let compact: String = LAYOUT.replace("\n", "").replace("   ", "");
        assert_eq!(indented(&compact.replace(" : ", ":"), false), LAYOUT);
    }

    #[test]
    fn colours_tell_keys_from_values_and_nothing_else_reaches_the_terminal() {
        let shown = indented("[{\"a\u{9b}\": \"b\"}, 1]", true);
        let want = [
            "[",
            "   {",
            "      \u{1b}[34;1m\"a\\u{9b}\"\u{1b}[0m : \u{1b}[32m\"b\"\u{1b}[0m",
            "   },",
            "   \u{1b}[36m1\u{1b}[0m",
            "]",
        ];
        let want = want.join("\n");
        assert_eq!(shown, want);
    }

    #[test]
    fn half_a_text_is_no_trouble() {
        for end in (0..=LAYOUT.len()).filter(|end| LAYOUT.is_char_boundary(*end)) {
            indented(&LAYOUT[..end], true);
        }
        indented("]}]:,", false);
    }
}
