//! The bodies of the fuzz targets: what must hold for any bytes at all. tests/fuzz feeds them
//! from a fuzzer, tests/model/corpus.rs from the files that are kept, and some properties call
//! them too.
//!
//! A body panics when something does not hold, and says nothing otherwise.

mod answers;
mod seat;
mod session;
mod towns;
mod transcript;

pub use answers::provider_json;
pub use session::session;
pub use towns::topology;

use herd::wire::{Command, Invalid, Message, VERBS, fields, push_echo};

use super::model;

/// A target: its name, as its corpus folder has it, and its body.
pub type Target = (&'static str, fn(&[u8]));

/// All of them.
pub const TARGETS: [Target; 5] = [
    ("client_line", client_line),
    ("server_line", server_line),
    ("session", session),
    ("topology", topology),
    ("provider_json", provider_json),
];

/// A client's line: it is read as the model reads it, and its echo holds all of it.
pub fn client_line(line: &[u8]) {
    let read = Command::parse(line);
    if let Err(Invalid::Fields(form, count)) = read {
        let shown = line.escape_ascii();
        assert_ne!(count, 1 + form.fields.len(), "no reason was found: {shown}");
    }
    let found = read.ok();
    let told = found.as_ref().map(model::told);
    assert_eq!(told, model::command(line), "{}", line.escape_ascii());
    if let Some(Command::Iamat {
        client,
        location,
        time,
    }) = found
    {
        let again = [b"IAMAT", client, location.text, time.text].join(&b' ');
        assert_eq!(
            Command::parse(&again).ok(),
            found,
            "{}",
            line.escape_ascii()
        );
    }
    let mut echo = Vec::new();
    push_echo(&mut echo, line);
    let said = echo
        .strip_prefix(b"? ")
        .and_then(|echo| echo.strip_suffix(b"\n"));
    let said = said.expect("an echo begins and ends like one");
    assert!(said == line || [said, b"\r"].concat() == line);
}

/// A line of a link: it is read as the model reads it, and once written it is read as the same.
pub fn server_line(line: &[u8]) {
    let found = Message::parse(line);
    let written = found.as_ref().map(model::written);
    let (shown, want) = (written.as_deref(), model::word(line));
    assert_eq!(shown, want.as_deref(), "{}", line.escape_ascii());
    if let Some(written) = written {
        let verb = fields(&written).next().unwrap_or_default();
        let is_listed = VERBS.iter().any(|it| it.as_bytes() == verb);
        assert!(
            is_listed || found == Some(Message::Unknown),
            "{}",
            verb.escape_ascii()
        );
        assert_eq!(Message::parse(&written), found, "{}", line.escape_ascii());
    }
}
