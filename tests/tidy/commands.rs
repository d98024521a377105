//! Each command and each verb of the servers' door is in every place that has the others: pages,
//! help, dictionaries, doubles, the load generator, the simulator. The tables are in
//! `src/wire/forms.rs`.

use herd::wire::{FORMS, Form, VERBS};

use crate::source::{files, read, report, top};

/// A file or a folder that has each command, and how: `VERB` is its verb, `KEY` the verb in small
/// letters, `USAGE` and `REPLY` are a row of the protocol page, `FORM` is the form in capitals.
const HAVE_COMMANDS: [(&str, &str); 16] = [
    ("README.md", "VERB "),
    ("src/guide/protocol.md", "| `USAGE` | REPLY |"),
    ("src/guide/protocol.md", "`KEY`"),
    ("src/ask/prompt.rs", "FORM"),
    ("src/cli/help/ask.txt", " VERB "),
    ("src/load", "b\"VERB "),
    ("src/status", "\"KEY\""),
    ("tests/fuzz/corpus/client_line", "VERB"),
    ("tests/fuzz/dictionaries/client_line.dict", "\"VERB \""),
    ("tests/fuzz/dictionaries/session.dict", "\"VERB "),
    ("tests/model/wire.rs", "\"VERB\""),
    ("tests/peers/asyncio_herd.py", "b\"VERB\""),
    ("tests/peers/cases.py", "b\"VERB "),
    ("tests/scripts", "sends \"VERB "),
    ("tests/sim", "\"VERB "),
    ("tests/support/model.rs", "b\"VERB\""),
];
/// The same for the verbs of servers.
const HAVE_VERBS: [(&str, &str); 5] = [
    ("src/guide/protocol.md", "→ VERB "),
    ("tests/fuzz/corpus/server_line", "VERB"),
    ("tests/fuzz/dictionaries/server_line.dict", "\"VERB"),
    ("tests/fuzz/dictionaries/session.dict", "\"VERB"),
    ("tests/support/model.rs", "b\"VERB\""),
];
/// Words that a place leaves out, and the reason.
const LEFT_OUT: &[(&str, &str, &str)] = &[];

#[test]
fn every_command_is_wherever_commands_are() {
    let mut wrong = Vec::new();
    for (place, pattern) in HAVE_COMMANDS {
        let text = text(place);
        for form in &FORMS {
            let pattern = filled(pattern, form);
            wrong.extend(missing(place, &text, form.verb, &pattern));
        }
    }
    report(wrong);
}

#[test]
fn every_verb_of_servers_is_wherever_they_are() {
    let mut wrong = Vec::new();
    for (place, pattern) in HAVE_VERBS {
        let text = text(place);
        for verb in VERBS {
            let pattern = pattern.replace("VERB", verb);
            wrong.extend(missing(place, &text, verb, &pattern));
        }
    }
    report(wrong);
}

#[test]
fn the_protocol_page_has_no_other_commands() {
    let page = read("src/guide/protocol.md");
    let (_, table) = page.split_once("| command | reply |\n").unwrap();
    let rows = table
        .lines()
        .skip(1)
        .take_while(|line| line.starts_with('|'));
    let commands = rows.filter_map(|row| row.strip_prefix("| `")?.split([' ', '`']).next());
    let commands: Vec<&str> = commands.collect();
    let verbs = FORMS.map(|form| form.verb);
    let wrong = commands.iter().filter(|verb| !verbs.contains(verb));
    let wrong = wrong.map(|verb| {
        format!("{verb}: in the table of src/guide/protocol.md, not in FORMS of src/wire/forms.rs")
    });
    report(wrong.collect());
    assert!(!commands.is_empty(), "the table of commands was not found");
}

#[test]
fn the_protocol_page_has_every_key_of_status() {
    let story = read("tests/scripts/status.herd");
    let page = read("src/guide/protocol.md");
    let mut keys: Vec<&str> = story.split('"').collect();
    // A key is what a colon follows.
    keys = keys
        .windows(2)
        .filter(|pair| pair[1].starts_with(':'))
        .map(|pair| pair[0])
        .collect();
    keys.sort_unstable();
    keys.dedup();
    assert!(keys.len() > 40, "only {keys:?} were found");
    let missing = keys
        .iter()
        .filter(|key| !page.contains(&format!("`{key}`")));
    let wrong = missing
        .map(|key| format!("{key}: a key of STATUS, not in the table of src/guide/protocol.md"));
    report(wrong.collect());
}

/// The text of a file, or of all files of a folder.
fn text(place: &str) -> String {
    match top().join(place).is_dir() {
        true => files(&[place]).iter().map(|path| any_text(path)).collect(),
        false => any_text(place),
    }
}

/// Files of the corpus are not all UTF-8.
fn any_text(path: &str) -> String {
    let bytes = std::fs::read(top().join(path)).unwrap_or_else(|why| panic!("{path}: {why}"));
    String::from_utf8_lossy(&bytes).into_owned()
}

fn filled(pattern: &str, form: &Form) -> String {
    let fields = form.fields.iter().map(|it| format!(" <{}>", it.name()));
    let usage = fields.fold(form.verb.to_string(), |usage, field| usage + &field);
    pattern
        .replace("VERB", form.verb)
        .replace("KEY", &form.verb.to_ascii_lowercase())
        .replace("USAGE", &usage)
        .replace("REPLY", form.reply)
        .replace("FORM", &form.to_string())
}

/// A line about a word that a place lacks.
fn missing(place: &str, text: &str, word: &str, pattern: &str) -> Option<String> {
    let is_left_out = LEFT_OUT.iter().any(|it| (it.0, it.1) == (place, word));
    (!text.contains(pattern) && !is_left_out).then(|| {
        format!(
            "{word}: not in {place}; write ‘{pattern}’ there, or say in LEFT_OUT of \
             tests/tidy/commands.rs why not"
        )
    })
}

#[test]
fn a_command_that_a_place_lacks_is_named() {
    let form = FORMS[1];
    let pattern = filled("| `USAGE` | REPLY | KEY", &form);
    let row = "| `WHATSAT <client> <radius> <bound>` | the client's AT line, JSON, an empty line |";
    assert_eq!(pattern, format!("{row} whatsat"));
    assert_eq!(
        missing("a.dict", "\"WHATSAT \"", "WHATSAT", "\"WHATSAT "),
        None
    );
    let said = missing("a.dict", "\"WHATSAT \"", "WHEREIS", "\"WHEREIS ").unwrap();
    assert!(said.starts_with("WHEREIS: not in a.dict; "), "{said}");
}
