//! Did you mean …? A word that is nearly a known one.

/// The name that a word was perhaps meant to be: the same letters in another case, or one letter
/// too many, too few, wrong, or two swapped.
pub fn meant<'a>(word: &[u8], names: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let word = word.to_ascii_lowercase();
    let is_near = |name: &&str| is_near(&word, name.to_ascii_lowercase().as_bytes());
    names.into_iter().find(is_near)
}

fn is_near(word: &[u8], name: &[u8]) -> bool {
    let same = word.iter().zip(name).take_while(|(a, b)| a == b).count();
    let (word, name) = (&word[same..], &name[same..]);
    match (word, name) {
        (&[a, b, ref rest @ ..], &[c, d, ref others @ ..])
            if (a, b) == (d, c) && rest == others =>
        {
            true
        }
        (&[_, ref rest @ ..], &[_, ref others @ ..]) => {
            rest == others || rest == name || word == others
        }
        (rest, []) | ([], rest) => rest.len() <= 1,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_slip_of_the_finger_is_near() {
        for word in [
            "serve", "Serve", "sevre", "srve", "sserve", "servee", "serbe", "erve",
        ] {
            assert_eq!(
                meant(word.as_bytes(), ["up", "serve"]),
                Some("serve"),
                "{word}"
            );
        }
        for word in ["", "s", "sever5", "evres", "stop", "servers1"] {
            assert_eq!(meant(word.as_bytes(), ["up", "serve"]), None, "{word}");
        }
    }
}
