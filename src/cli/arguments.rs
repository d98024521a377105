//! How the arguments of a verb are parsed. Its help text declares its options.

use getopts::{Fail, Matches, Options, ParsingStyle};

use super::failure::Failure::{self, Wrong};
use crate::terminal::print;

/// Parses the arguments of `verb`, whose `help` declares its options. None: help was asked for, and
/// has been printed.
pub(super) fn parse(
    verb: &str,
    help: &str,
    arguments: &[&str],
) -> Result<Option<Matches>, Failure> {
    let help = format!("{help}    -h, --help          show this help\n");
    let options = declared(&help);
    let matches = parse_options(&options, help.contains(COMMAND), arguments).map_err(|fail| {
        let fail = fail.to_string();
        let (first, rest) = fail.split_at(1);
        let first = first.to_lowercase();
        Wrong(format!(
            "{first}{rest}; herd {verb} --help lists the options"
        ))
    })?;
    if matches.opt_present("help") {
        print(&help)?;
        return Ok(None);
    }
    Ok(Some(matches))
}

/// The help of a verb with a command among its words, after the first, says so.
const COMMAND: &str = "[COMMAND ...]";

/// Words of a command may begin with `-`, as a southern latitude does.
fn parse_options(
    options: &Options,
    has_command: bool,
    arguments: &[&str],
) -> Result<Matches, Fail> {
    if !has_command {
        return options.parse(arguments);
    }
    let mut options = options.clone();
    options.parsing_style(ParsingStyle::StopAtFirstFree);
    let first = arguments.len() - options.parse(arguments)?.free.len();
    let Some((word, rest)) = arguments[first..].split_first() else {
        return options.parse(arguments);
    };
    let command = rest.len() - options.parse(rest)?.free.len();
    let (after, command) = rest.split_at(command);
    let before = arguments[..first].iter().chain(after);
    let before = before.filter(|it| **it != "--").copied();
    let words = before.chain(["--", word]).chain(command.iter().copied());
    options.parse(words)
}

/// The options that a help text lists, each on a line that begins with `-t, --topology FILE` or, if
/// it has no short name, no argument or neither, with less. Two spaces follow one without argument.
/// One whose argument ends with `...` may be given several times, and one in brackets left out.
fn declared(help: &str) -> Options {
    let mut options = Options::new();
    let lines = help.lines().map(str::trim_start);
    for line in lines.filter(|line| line.starts_with('-')) {
        let (short, rest) = line.split_once("--").unwrap_or_default();
        let mut words = rest.split(' ');
        let [long, hint] = [(); 2].map(|()| words.next().unwrap_or_default());
        let short = short.trim_matches(['-', ',', ' ']);
        match hint {
            "" => options.optflag(short, long, ""),
            hint if hint.starts_with('[') => options.optflagopt(short, long, "", hint),
            hint if hint.ends_with("...") => options.optmulti(short, long, "", hint),
            hint => options.optopt(short, long, "", hint),
        };
    }
    options
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_help_text_declares_its_options() {
        let text = "It is - so.\n\nOptions:\n    -t, --topology FILE the file\n        \
            --places-url URL\n                it\n        --each FILE...\n    \
            -h, --help      help\n";
        let words = ["--places-url", "u", "-t", "f", "-h", "x"];
        let matches = declared(text).parse(words).unwrap();
        assert_eq!(matches.opt_str("topology").as_deref(), Some("f"));
        assert_eq!(matches.opt_str("places-url").as_deref(), Some("u"));
        assert!(matches.opt_present("help") && matches.free == ["x"]);
        assert!(declared(text).parse(["-u"]).is_err());
        let matches = declared(text).parse(["--each", "a", "--each=b"]).unwrap();
        assert_eq!(matches.opt_strs("each"), ["a", "b"]);
        assert!(declared(text).parse(["-t", "a", "-t", "b"]).is_err());
        let text = "    --places [KIND]  it\n    --url URL it";
        let kind = |words: &[&str]| declared(text).parse(words).map(|it| it.opt_str("places"));
        assert_eq!(kind(&["--places", "--url", "u"]), Ok(None));
        assert_eq!(kind(&["--places=google"]), Ok(Some("google".into())));
    }

    #[test]
    fn a_command_may_have_words_that_begin_like_options() {
        let text = "herd ask SERVER [COMMAND ...]: x\n\n    -t, --topology FILE x\n    --raw  x\n";
        let check = |words: &[&str], topology: Option<&str>, raw: bool, free: &[&str]| {
            let matches = parse_options(&declared(text), true, words).unwrap();
            assert_eq!(
                matches.opt_str("topology").as_deref(),
                topology,
                "{words:?}"
            );
            assert_eq!(matches.opt_present("raw"), raw, "{words:?}");
            assert_eq!(matches.free, free, "{words:?}");
        };
        check(&[], None, false, &[]);
        check(&["--raw"], None, true, &[]);
        check(&["A"], None, false, &["A"]);
        check(
            &["-t", "f", "A", "I", "-1"],
            Some("f"),
            false,
            &["A", "I", "-1"],
        );
        check(
            &["A", "-t", "f", "I", "--raw"],
            Some("f"),
            false,
            &["A", "I", "--raw"],
        );
        check(&["--raw", "A", "-tf", "I"], Some("f"), true, &["A", "I"]);
        check(
            &["--", "A", "I", "--", "-t"],
            None,
            false,
            &["A", "I", "--", "-t"],
        );
        for words in [&["-x", "A"][..], &["A", "-x"], &["-t"], &["A", "-t"]] {
            assert!(
                parse_options(&declared(text), true, words).is_err(),
                "{words:?}"
            );
        }
    }
}
