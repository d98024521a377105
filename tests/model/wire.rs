//! `wire` against a slow and obvious model of the protocol page (tests/support/model.rs), on
//! texts that are nearly right.
//!
//! Each property is tried on the same 2,000 cases every time. Others are looked for with
//! `ARBTEST_BUDGET_MS=60000 cargo test --test model wire`; a failure prints a seed, and
//! `ARBTEST_SEED=0x… cargo test --test model wire::NAME` runs that case again.

use crate::support::{fuzz, model, random};
use herd::units::Wall;
use herd::wire::{
    Command, Difference, Hello, Location, Message, Position, Report, Run, Scope, Time, fields,
    is_space, json, push_echo,
};

#[test]
fn fields_are_what_stands_between_white_space() {
    random::try_property(|u| {
        let parts = [random::name(u)?, random::bytes(u, 5)?, random::time(u)?];
        let line = random::line(u, &parts)?;
        let found: Vec<&[u8]> = fields(&line).collect();
        assert_eq!(found, model::fields(&line));
        let has_space = |field: &&[u8]| field.iter().any(|byte| is_space(*byte));
        assert!(!found.iter().any(has_space));
        Ok(())
    });
}

#[test]
fn locations_are_those_of_the_model() {
    let (mut good, mut bad) = (0u32, 0u32);
    random::try_property(|u| {
        let text = random::location(u)?;
        let found = Location::parse(&text);
        let want = model::location(&text);
        let numbers = found.map(|place| (place.latitude(), place.longitude()));
        assert_eq!(numbers, want, "{}", text.escape_ascii());
        assert!(found.is_none_or(|place| place.text == text));
        *(if want.is_some() { &mut good } else { &mut bad }) += 1;
        Ok(())
    });
    assert!(good.min(bad) > 0 || is_one_case(), "{good} and {bad}");
}

#[test]
fn times_are_those_of_the_model() {
    let (mut good, mut bad) = (0u32, 0u32);
    random::try_property(|u| {
        let text = random::time(u)?;
        let found = Time::parse(&text);
        let want = model::time(&text);
        assert_eq!(found.map(|time| time.at.0), want, "{}", text.escape_ascii());
        assert!(found.is_none_or(|time| time.text == text));
        *(if want.is_some() { &mut good } else { &mut bad }) += 1;
        Ok(())
    });
    assert!(good.min(bad) > 0 || is_one_case(), "{good} and {bad}");
}

#[test]
fn differences_are_those_of_the_model_and_are_read_again() {
    random::try_property(|u| {
        let bits = u.int_in_range(0..=127)?;
        let nanoseconds: i128 = u.arbitrary::<i128>()? >> bits;
        let text = Difference::new(nanoseconds);
        assert_eq!(text.text(), model::difference(nanoseconds).as_bytes());
        let line = [b"AT s ", text.text(), b" k +1-1 1"].concat();
        assert!(Report::parse(&line).is_some(), "{}", line.escape_ascii());
        Ok(())
    });
}

#[test]
fn commands_are_those_of_the_model() {
    let mut good = 0u32;
    random::try_property(|u| {
        let parts = match random::one_in(u, 2)? {
            true => vec![
                random::misspelt(u, "IAMAT")?,
                random::name(u)?,
                random::location(u)?,
                random::time(u)?,
            ],
            false => vec![
                random::misspelt(u, "WHATSAT")?,
                random::name(u)?,
                random::decimal(u, 50)?,
                random::decimal(u, 20)?,
            ],
        };
        let line = random::line(u, &parts)?;
        good += u32::from(Command::parse(&line).is_ok());
        fuzz::client_line(&line);
        Ok(())
    });
    assert!(good > 0 || is_one_case(), "none was right");
}

#[test]
fn words_of_links_are_those_of_the_model() {
    let mut good = 0u32;
    random::try_property(|u| {
        let mut parts = Vec::new();
        let kind = u.int_in_range(0..=6)?;
        match kind {
            0 => parts.push(random::misspelt(u, "MARK")?),
            1 => parts.extend([random::misspelt(u, "SINCE")?, random::hex(u, 16)?]),
            2 => {
                parts.push(random::misspelt(u, "HELLO")?);
                parts.extend([random::name(u)?, random::name(u)?]);
                parts.extend([random::hex(u, 16)?, random::hex(u, 32)?]);
                if random::one_in(u, 2)? {
                    parts.push(random::name(u)?);
                }
                for word in [
                    "compare=1",
                    "later=2",
                    "=",
                    "clock=1",
                    "compare=1",
                    "version=0.2-a+1",
                ] {
                    if random::one_in(u, 3)? {
                        parts.push(random::misspelt(u, word)?);
                    }
                }
                for (key, length) in [("last=", 32), ("early=", 64), ("last=", 32)] {
                    if random::one_in(u, 3)? {
                        let value = random::hex(u, length)?;
                        parts.push([random::misspelt(u, key)?, value].concat());
                    }
                }
            }
            3 => {
                parts.extend([random::misspelt(u, "COMPARE")?, random::decimal(u, 70)?]);
            }
            4 => {
                parts.extend([random::misspelt(u, "DIGESTS")?, random::decimal(u, 63)?]);
                let sum = random::hex(u, 16)?;
                parts.extend(vec![sum; u.int_in_range(63..=65)?]);
            }
            5 => {
                parts.extend([random::misspelt(u, "AUDIT")?, random::decimal(u, 63)?]);
                if random::one_in(u, 2)? {
                    parts.push(random::decimal(u, u64::MAX)?);
                    let sum = random::hex(u, 16)?;
                    parts.extend(vec![sum; u.int_in_range(63..=65)?]);
                }
            }
            _ => {
                parts.extend([random::misspelt(u, "AT")?, random::name(u)?]);
                parts.extend([random::difference(u)?, random::name(u)?]);
                parts.extend([random::location(u)?, random::time(u)?]);
            }
        }
        if kind < 2 {
            let most = u64::MAX;
            parts.extend([random::decimal(u, most)?, random::decimal(u, most)?]);
            parts.push(random::hex(u, 16)?);
            if random::one_in(u, 3)? {
                parts.push([&b"time="[..], &random::time(u)?].concat());
            }
        }
        let line = random::line(u, &parts)?;
        good += u32::from(Message::parse(&line).is_some());
        fuzz::server_line(&line);
        Ok(())
    });
    assert!(good > 0 || is_one_case(), "none was right");
}

#[test]
fn what_is_written_is_read_as_the_same_value() {
    random::try_property(|u| {
        let run = Run(u.arbitrary()?);
        let extent = Position {
            seq: u.arbitrary()?,
            count: u.arbitrary()?,
            digest: u.arbitrary()?,
        };
        let nonce = format!("{:032x}", u.arbitrary::<u128>()?);
        let proof = random::one_in(u, 2)?.then_some(&b"-"[..]);
        let (from, to) = (random::name(u)?, random::name(u)?);
        let (nonce, is_name) = (nonce.as_bytes(), |name: &[u8]| {
            model::fields(name) == [name]
        });
        let number = u.arbitrary()?;
        let mut words = vec![
            Message::Since(run, extent, None),
            Message::Since(run, extent, Some(Wall(u.arbitrary::<i64>()?.into()))),
            Message::Mark(extent),
            Message::Wave(run, number),
            Message::Done(run, number),
            Message::Auth(nonce),
        ];
        if is_name(&from) && is_name(&to) {
            words.push(Message::Hello(Hello {
                from: &from,
                to: &to,
                run,
                nonce,
                proof,
                compares: random::one_in(u, 2)?,
                has_clock: random::one_in(u, 2)?,
                last: random::one_in(u, 2)?.then_some(nonce),
                early: random::one_in(u, 2)?.then_some(&b"00ff"[..]),
                version: random::one_in(u, 2)?.then_some(&b"1.2"[..]),
                unknown: u.int_in_range(0..=2)?,
            }));
            let scope = Scope::Group(u.int_in_range(0..=63)?);
            words.extend([Message::Compare(scope), Message::Audit(scope)]);
        }
        let difference = Difference::new(u.arbitrary()?);
        let (place, at) = (random::location(u)?, random::time(u)?);
        let location = Location::parse(&place).or(Location::parse(b"+90.0-180"));
        let time = Time::parse(&at).or(Time::parse(b"-0.000000001"));
        if is_name(&from) && is_name(&to) {
            words.push(Message::At(Report {
                server: &from,
                difference: difference.text(),
                client: &to,
                location: location.unwrap(),
                time: time.unwrap(),
            }));
        }
        for word in words {
            assert_eq!(Message::parse(&model::written(&word)), Some(word));
        }
        Ok(())
    });
}

#[test]
fn any_bytes_are_a_value_or_none() {
    random::try_property(|u| {
        let length = u.len().min(64);
        let bytes = u.bytes(length)?;
        fuzz::client_line(bytes);
        fuzz::server_line(bytes);
        Ok(())
    });
}

#[test]
fn echoes_and_texts_come_back_as_they_were() {
    random::try_property(|u| {
        let line = random::bytes(u, 30)?;
        let mut echo = Vec::new();
        push_echo(&mut echo, &line);
        let less = match line.last() {
            Some(b'\r') => &line[..line.len() - 1],
            _ => &line[..],
        };
        assert_eq!(echo, [b"? ", less, b"\n"].concat());

        let text: String = u.arbitrary()?;
        let shown = json::quoted(&text);
        assert_eq!(serde_json::from_str::<String>(&shown).unwrap(), text);
        assert!(!shown.contains(['<', '>', '\n', '\r']));
        let answer = json::no_answer(&text, &text);
        let value: serde_json::Value = serde_json::from_str(&answer).unwrap();
        assert_eq!(
            (&value["status"], &value["error_message"]),
            (&text.clone().into(), &text.into())
        );
        Ok(())
    });
}

#[test]
fn blank_lines_go_as_often_as_it_takes() {
    random::try_property(|u| {
        let text: Vec<u8> = random::bytes(u, 20)?;
        let text: String = text
            .iter()
            .map(|byte| ["\n", "\n\n", "a", "\r"][usize::from(byte % 4)])
            .collect();
        let mut want = text.clone();
        while want.contains("\n\n") {
            want = want.replace("\n\n", "\n");
        }
        let want = want.strip_suffix('\n').unwrap_or(&want);
        let found = json::without_blank_lines(text.as_bytes());
        assert_eq!(
            found.escape_ascii().to_string(),
            want.as_bytes().escape_ascii().to_string()
        );
        Ok(())
    });
}

/// Whether one seed is run again, which has no share of good and bad.
fn is_one_case() -> bool {
    std::env::var_os("ARBTEST_SEED").is_some()
}
