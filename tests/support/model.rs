//! The words on the wire a second time, slow and obvious: text is cut into text, numbers are
//! compared as text. It shares nothing with `wire` but the protocol page, so that a mistake would
//! have to be made twice, in two ways, to go unseen.

use herd::wire::{Command, Message};

/// The words between white space.
pub fn fields(line: &[u8]) -> Vec<Vec<u8>> {
    let mut fields = vec![Vec::new()];
    for byte in line {
        if b" \t\n\x0b\x0c\r".contains(byte) {
            fields.push(Vec::new());
        } else {
            fields.last_mut().unwrap().push(*byte);
        }
    }
    fields.retain(|field| !field.is_empty());
    fields
}

/// Latitude and longitude as JSON numbers; none for what is no location. Every place where the
/// longitude could begin is tried.
pub fn location(text: &[u8]) -> Option<(String, String)> {
    let text = std::str::from_utf8(text).ok().filter(|t| t.is_ascii())?;
    (0..=text.len()).find_map(|split| {
        let (latitude, longitude) = text.split_at(split);
        Some((degrees(latitude, 2, "90")?, degrees(longitude, 3, "180")?))
    })
}

/// A coordinate as a JSON number.
fn degrees(text: &str, whole_max: usize, bound: &str) -> Option<String> {
    let (sign, number) = text.split_at_checked(1)?;
    let (whole, fraction) = number.split_once('.').unwrap_or((number, "0"));
    let is_fine = is_number(whole, whole_max) && is_number(fraction, usize::MAX);
    if !is_fine || !is_at_most(whole, fraction, bound) {
        return None;
    }
    let shown = match whole.trim_start_matches('0') {
        "" => "0",
        shown => shown,
    };
    let rest = &number[whole.len()..];
    match sign {
        "+" => Some(format!("{shown}{rest}")),
        "-" => Some(format!("-{shown}{rest}")),
        _ => None,
    }
}

/// One to this many decimal digits, and nothing else.
fn is_number(text: &str, length_max: usize) -> bool {
    !text.is_empty() && text.len() <= length_max && text.chars().all(|c| c.is_ascii_digit())
}

/// Whether `whole.fraction` is at most `bound`: both are written with three digits before the
/// point and equally many behind it, and then the order of the text is the order of the numbers.
fn is_at_most(whole: &str, fraction: &str, bound: &str) -> bool {
    let zeros = "0".repeat(fraction.len());
    format!("{whole:0>3}{fraction}") <= format!("{bound:0>3}{zeros}")
}

/// A time in nanoseconds; none for what is no time.
pub fn time(text: &[u8]) -> Option<i128> {
    let text = std::str::from_utf8(text).ok()?;
    let (sign, number) = match text.chars().next()? {
        sign @ ('+' | '-') => (sign, &text[1..]),
        _ => ('+', text),
    };
    let (whole, fraction) = number.split_once('.').unwrap_or((number, "0"));
    if !is_number(whole, 18) || !is_number(fraction, 9) {
        return None;
    }
    format!("{sign}{whole}{fraction:0<9}").parse().ok()
}

/// The text of a difference; seconds beyond 64 bits are shown as the most that fits.
pub fn difference(nanoseconds: i128) -> String {
    let text = format!("{:0>10}", nanoseconds.unsigned_abs());
    let (seconds, fraction) = text.split_at(text.len() - 9);
    let seconds: u128 = seconds.parse().unwrap();
    let sign = if nanoseconds < 0 { '-' } else { '+' };
    format!("{sign}{}.{fraction}", seconds.min(u64::MAX.into()))
}

/// Whether a text is a difference: its parts are, and it is one when it is put together again.
fn is_difference(text: &[u8]) -> bool {
    let Ok(text) = std::str::from_utf8(text) else {
        return false;
    };
    let Some((whole, fraction)) = text.split_once('.') else {
        return false;
    };
    let unsigned = whole.strip_prefix(['+', '-']).unwrap_or("");
    is_number(unsigned, 20) && is_number(fraction, 9) && fraction.len() == 9
}

/// The value of decimal digits up to `most`, however many there are.
pub fn decimal(text: &[u8], most: u64) -> Option<u64> {
    let text = std::str::from_utf8(text).ok()?;
    if !is_number(text, usize::MAX) {
        return None;
    }
    let text = text.trim_start_matches('0');
    let most = most.to_string();
    let is_more = text.len() > most.len() || text.len() == most.len() && text > most.as_str();
    match text {
        "" => Some(0),
        _ if is_more => None,
        text => text.parse().ok(),
    }
}

/// The right reading of a client's line, told in one line of text: its verb and its values.
pub fn command(line: &[u8]) -> Option<String> {
    let fields = fields(line);
    let [verb, client, third, fourth] = fields.as_slice() else {
        return None;
    };
    let client = client.escape_ascii();
    match verb.as_slice() {
        b"IAMAT" => {
            let (latitude, longitude) = location(third)?;
            let at = time(fourth)?;
            Some(format!("IAMAT {client} {latitude} {longitude} {at}"))
        }
        b"WHATSAT" => {
            let (radius, bound) = (decimal(third, 50)?, decimal(fourth, 20)?);
            Some(format!("WHATSAT {client} {radius} {bound}"))
        }
        _ => None,
    }
}

/// The reading of a client's line by `wire`, told in the same way.
pub fn told(command: &Command<'_>) -> String {
    match command {
        Command::Iamat {
            client,
            location,
            time,
        } => format!(
            "IAMAT {} {} {} {}",
            client.escape_ascii(),
            location.latitude(),
            location.longitude(),
            time.at.0
        ),
        Command::Whatsat {
            client,
            radius_km,
            bound,
        } => format!("WHATSAT {} {radius_km} {bound}", client.escape_ascii()),
    }
}

/// A line of a link in its one canonical form: one space between the fields, numbers without
/// leading zeros; none for garbage.
pub fn word(line: &[u8]) -> Option<Vec<u8>> {
    let fields = fields(line);
    let fields: Vec<&[u8]> = fields.iter().map(Vec::as_slice).collect();
    let number = |text: &[u8]| decimal(text, u64::MAX).map(|value| value.to_string());
    let is_extent =
        |seq, count, digest| number(seq).is_some() && number(count).is_some() && is_hex(digest, 16);
    let is_fine = match fields[..] {
        [b"AT", _, skew, _, place, at] => {
            is_difference(skew) && location(place).is_some() && time(at).is_some()
        }
        [b"MARK", seq, count, digest] => is_extent(seq, count, digest),
        [b"SINCE", run, seq, count, digest, ref more @ ..] => {
            let is_time = |word: &[u8]| word.strip_prefix(b"time=").and_then(time).is_some();
            let is_more = more.is_empty() || more.len() == 1 && is_time(more[0]);
            is_hex(run, 16) && is_extent(seq, count, digest) && is_more
        }
        [b"WAVE" | b"DONE", run, count] => is_hex(run, 16) && number(count).is_some(),
        [b"AUTH", _] | [b"STATUS"] => true,
        [b"STATUS", nonce] => is_hex(nonce, 32),
        [b"HELLO", _, _, run, nonce, ref more @ ..] => {
            let is_word = |word: &&[u8]| word.contains(&b'=') && word[0] != b'=';
            let more = match more {
                [proof, rest @ ..] if !proof.contains(&b'=') => rest,
                all => all,
            };
            is_hex(run, 16) && is_hex(nonce, 32) && more.iter().all(is_word)
        }
        [b"COMPARE" | b"AUDIT", scope] => is_scope(scope),
        [b"DIGESTS", scope, ref sums @ ..] => is_scope(scope) && are_sums(sums),
        [b"AUDIT", scope, seq, ref sums @ ..] => {
            is_scope(scope) && number(seq).is_some() && are_sums(sums)
        }
        [b"WATCH", ref more @ ..] => return watch(more),
        [b"WATCHING", _, run, seq] => is_hex(run, 16) && number(seq).is_some(),
        [b"CHANGE", seq, _, b"AT", _, skew, _, place, at] => {
            let is_report = is_difference(skew) && location(place).is_some() && time(at).is_some();
            is_report && number(seq).is_some()
        }
        [verb, ..] => return is_unknown(verb).then(|| b"LATER".to_vec()),
        _ => false,
    };
    let numbers = match fields.first() {
        Some(&b"MARK") => 1..3,
        Some(&b"SINCE") => 2..4,
        Some(&b"WAVE" | &b"DONE") => 2..3,
        Some(&b"COMPARE" | &b"DIGESTS") => 1..2,
        Some(&b"AUDIT") => 1..3,
        Some(&b"WATCHING") => 3..4,
        Some(&b"CHANGE") => 1..2,
        _ => 0..0,
    };
    let shown = |(place, field): (usize, &&[u8])| match (number(field), field) {
        (Some(number), _) if numbers.contains(&place) => number.into_bytes(),
        (_, [b't', b'i', b'm', b'e', b'=', text @ ..]) if fields[0] == b"SINCE" => {
            format!("time={}", difference(time(text).unwrap_or_default())).into_bytes()
        }
        _ => field.to_vec(),
    };
    let shown: Vec<Vec<u8>> = fields.iter().enumerate().map(shown).collect();
    is_fine.then(|| written_hello(shown.join(&b' ')))
}

/// A HELLO as [`written`] writes it: of its further words only what is known of them.
fn written_hello(line: Vec<u8>) -> Vec<u8> {
    if !line.starts_with(b"HELLO ") {
        return line;
    }
    let (head, more): (Vec<&[u8]>, Vec<&[u8]>) = {
        let mut words = line.split(|&byte| byte == b' ');
        let head = words.by_ref().take(5).collect();
        (head, words.collect())
    };
    let (further, proof): (Vec<&[u8]>, Vec<&[u8]>) =
        more.iter().partition(|word| word.contains(&b'='));
    let is_compare = |word: &&[u8]| *word == b"compare=1";
    let is_clock = |word: &&[u8]| *word == b"clock=1";
    let is_last = |word: &&[u8]| word.strip_prefix(b"last=").is_some_and(|it| is_hex(it, 32));
    let is_early = |word: &&[u8]| {
        let proof = word.strip_prefix(b"early=");
        proof.is_some_and(|it| it.len() % 2 == 0 && is_hex(it, it.len()))
    };
    let is_version = |word: &&[u8]| {
        let version = word.strip_prefix(b"version=").unwrap_or_default();
        let is_fine = |byte: &u8| byte.is_ascii_alphanumeric() || b".-+".contains(byte);
        !version.is_empty() && version.len() <= 32 && version.iter().all(is_fine)
    };
    // Of several of one kind the last one counts.
    let mut known = Vec::new();
    known.extend(further.iter().copied().rfind(is_compare));
    known.extend(further.iter().copied().rfind(is_clock));
    known.extend(further.iter().copied().rfind(is_last));
    known.extend(further.iter().copied().rfind(is_early));
    known.extend(further.iter().copied().rfind(is_version));
    let is_able = |word: &&[u8]| is_compare(word) || is_clock(word);
    let is_proof = |word: &&[u8]| is_last(word) || is_early(word);
    let is_unknown = |word: &&&[u8]| !is_able(word) && !is_proof(word) && !is_version(word);
    let unknown = vec![&b"x=y"[..]; further.iter().filter(is_unknown).count()];
    let all = head.into_iter().chain(proof).chain(known).chain(unknown);
    all.collect::<Vec<&[u8]>>().join(&b' ')
}

/// The words after WATCH as [`written`] writes them: the last run and the last number count, and
/// other words of the form `key=value` are left out.
fn watch(words: &[&[u8]]) -> Option<Vec<u8>> {
    let (nonce, more) = match words {
        [nonce, more @ ..] if !nonce.contains(&b'=') => (Some(*nonce), more),
        more => (None, more),
    };
    let (mut run, mut after) = (None, None);
    for word in more {
        let text = String::from_utf8_lossy(word);
        let (key, value) = text.split_once('=').filter(|(key, _)| !key.is_empty())?;
        match key {
            "run" => run = Some(is_hex(value.as_bytes(), 16).then(|| value.to_string())?),
            "after" => after = Some(decimal(value.as_bytes(), u64::MAX)?),
            _ => {}
        }
    }
    let mut line = b"WATCH".to_vec();
    if let Some(nonce) = nonce {
        is_hex(nonce, 32).then_some(())?;
        line.extend([b" ", nonce].concat());
    }
    line.extend(run.map_or(String::new(), |it| format!(" run={it}")).bytes());
    line.extend(
        after
            .map_or(String::new(), |it| format!(" after={it}"))
            .bytes(),
    );
    Some(line)
}

/// `-`, or the number of a group.
fn is_scope(text: &[u8]) -> bool {
    text == b"-" || decimal(text, 63).is_some()
}

fn are_sums(words: &[&[u8]]) -> bool {
    words.len() == 64 && words.iter().all(|sum| is_hex(sum, 16))
}

/// Whether a later version may have such a verb, and this one has not.
fn is_unknown(verb: &[u8]) -> bool {
    let known = [
        "AT", "MARK", "SINCE", "WAVE", "DONE", "AUTH", "STATUS", "HELLO", "COMPARE", "AUDIT",
        "WATCH", "WATCHING", "CHANGE",
    ];
    let others = [&b"DIGESTS"[..], b"IAMAT", b"WHATSAT"];
    let is_known = known.iter().any(|it| it.as_bytes() == verb) || others.contains(&verb);
    !is_known && verb.len() <= 16 && verb.iter().all(u8::is_ascii_uppercase)
}

fn is_hex(text: &[u8], length: usize) -> bool {
    text.len() == length && text.iter().all(|byte| b"0123456789abcdef".contains(byte))
}

/// The reading of a link's line by `wire`, written in the same form.
pub fn written(word: &Message<'_>) -> Vec<u8> {
    match word {
        Message::Hello(hello) => {
            let run = hello.run.to_string();
            let mut fields = vec![
                &b"HELLO"[..],
                hello.from,
                hello.to,
                run.as_bytes(),
                hello.nonce,
            ];
            fields.extend(hello.proof);
            fields.extend(hello.compares.then_some(&b"compare=1"[..]));
            fields.extend(hello.has_clock.then_some(&b"clock=1"[..]));
            let last = hello.last.map(|nonce| [&b"last="[..], nonce].concat());
            let early = hello.early.map(|proof| [&b"early="[..], proof].concat());
            fields.extend(last.as_deref());
            let version = hello.version.map(|it| [&b"version="[..], it].concat());
            fields.extend(early.as_deref());
            fields.extend(version.as_deref());
            fields.extend(vec![&b"x=y"[..]; hello.unknown]);
            fields.join(&b' ')
        }
        Message::Since(run, extent, None) => format!("SINCE {run} {extent}").into_bytes(),
        Message::Since(run, extent, Some(at)) => {
            format!("SINCE {run} {extent} time={}", difference(at.0)).into_bytes()
        }
        Message::Mark(extent) => format!("MARK {extent}").into_bytes(),
        Message::Status(None) => b"STATUS".to_vec(),
        Message::Status(Some(nonce)) => [b"STATUS ", *nonce].concat(),
        Message::Compare(scope) => format!("COMPARE {scope}").into_bytes(),
        Message::Digests(digests) => {
            format!("DIGESTS {}{}", digests.scope, digests.sums()).into_bytes()
        }
        Message::Audit(scope) => format!("AUDIT {scope}").into_bytes(),
        Message::Audited(seq, digests) => {
            format!("AUDIT {} {seq}{}", digests.scope, digests.sums()).into_bytes()
        }
        Message::Watch(nonce, start) => {
            let nonce = nonce
                .map(|nonce| [b" ", nonce].concat())
                .unwrap_or_default();
            [b"WATCH", &nonce[..], start.to_string().as_bytes()].concat()
        }
        Message::Watching(server, run, seq) => {
            [b"WATCHING ", *server, format!(" {run} {seq}").as_bytes()].concat()
        }
        Message::Change(changed) => {
            let seq = changed.seq.to_string();
            let head = [b"CHANGE", seq.as_bytes(), changed.teller].join(&b' ');
            let report = written(&Message::At(changed.report));
            [&head[..], &report].join(&b' ')
        }
        Message::Unknown => b"LATER".to_vec(),
        Message::Auth(proof) => [b"AUTH ", *proof].concat(),
        Message::Wave(run, count) => format!("WAVE {run} {count}").into_bytes(),
        Message::Done(run, count) => format!("DONE {run} {count}").into_bytes(),
        Message::At(report) => {
            let mut line = Vec::new();
            report.push(&mut line);
            assert_eq!(line.len(), report.line_len(), "its length is known before");
            assert_eq!(line.pop(), Some(b'\n'));
            line
        }
    }
}

/// The lines of a whole stream, each less its LF; a rest without LF is one too, an empty one not.
pub fn lines(stream: &[u8]) -> Vec<&[u8]> {
    let mut lines: Vec<&[u8]> = stream.split(|byte| *byte == b'\n').collect();
    if lines.last() == Some(&&b""[..]) {
        lines.pop();
    }
    lines
}
