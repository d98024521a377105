//! The lines of a run that a ladder shows: the words of `SHOW=at,iamat`.

use std::collections::BTreeSet;

/// Every word, and what it lets through.
const WORDS: [&str; 14] = [
    // Lines by their verb. The answer to an IAMAT and the first line of that to a WHATSAT are AT
    // lines; `whatsat` has the rest of the answer, too.
    "at", "iamat", "whatsat", // Lines between servers.
    "hello", "auth", "since", "mark", "compare", "digests", "audit", "wave", "done",
    // Lines without any of these verbs, and their answers.
    "other", // Events at servers and between them.
    "events",
];

/// The words that were chosen.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Shows(BTreeSet<&'static str>);

impl Shows {
    /// The choice in `text`, words with commas between them; everything without a text.
    ///
    /// # Errors
    /// A word is none of these: one line that lists them.
    pub fn of(text: Option<&str>) -> Result<Shows, String> {
        let text = text.unwrap_or_default().to_lowercase();
        let chosen: Vec<&str> = text
            .split(',')
            .map(str::trim)
            .filter(|it| !it.is_empty())
            .collect();
        if chosen.is_empty() {
            return Ok(Shows(WORDS.into()));
        }
        let known = |word| {
            let found = WORDS.into_iter().find(|it| *it == word);
            found.ok_or_else(|| {
                let words = WORDS.join(", ");
                format!("SHOW: there is no {word:?}; choose from {words}")
            })
        };
        Ok(Shows(
            chosen.into_iter().map(known).collect::<Result<_, _>>()?,
        ))
    }

    /// Whether a line of the run is shown.
    pub fn line(&self, line: &[u8]) -> bool {
        let verb = line.trim_ascii_end().split(|byte| *byte == b' ').next();
        let verb = String::from_utf8_lossy(verb.unwrap_or_default());
        let is_json = matches!(
            line.trim_ascii_start().first(),
            None | Some(b'{' | b'}' | b'"')
        );
        let word = match WORDS.iter().find(|word| word.to_uppercase() == *verb) {
            Some(word) => word,
            None if is_json => "whatsat",
            None => "other",
        };
        self.0.contains(word)
    }

    /// Whether what happens to servers is shown.
    pub fn events(&self) -> bool {
        self.0.contains("events")
    }

    /// Whether anything is left out.
    pub fn is_part(&self) -> bool {
        self.0.len() < WORDS.len()
    }
}

#[test]
fn words_choose_lines_by_their_verbs() {
    let all: [(&str, &[u8]); 9] = [
        ("at", b"AT A +0.000000001 k +1-1 1"),
        ("iamat", b"IAMAT k +1-1 1\n"),
        ("whatsat", b"WHATSAT k 1 2"),
        ("whatsat", b"{\"results\": []}"),
        ("whatsat", b"\n"),
        ("since", b"SINCE 0123456789abcdef 1 2 0"),
        ("other", b"? IAMAT"),
        ("other", b"events"),
        ("other", b"iamat k +1-1 1"),
    ];
    let everything = Shows::of(None).unwrap();
    assert_eq!(Shows::of(Some("")), Ok(everything.clone()));
    assert!(everything.events() && !everything.is_part());
    for (word, line) in all {
        assert!(everything.line(line), "{line:?}");
        let one = Shows::of(Some(word)).unwrap();
        assert!(one.is_part() && !one.events());
        for (other, line) in all {
            assert_eq!(one.line(line), word == other, "{word}: {line:?}");
        }
    }
    assert!(Shows::of(Some(" events, AT")).unwrap().events());
    let wrong = Shows::of(Some("at,imat")).unwrap_err();
    let want = "SHOW: there is no \"imat\"; choose from at, iamat, whatsat, hello, auth, since, \
                mark, compare, digests, audit, wave, done, other, events";
    assert_eq!(wrong, want);
}

#[test]
fn the_guide_has_every_word() {
    let guide = include_str!("../../../src/guide/simulator.md");
    for word in WORDS {
        assert!(guide.contains(&format!("`{word}`")), "{word}");
    }
}
