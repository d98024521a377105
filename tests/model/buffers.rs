//! `buffers` against naive models: whole streams split at once, lists in order, sorted vectors.
//!
//! Each property is tried on the same 2,000 cases every time. Others are looked for with
//! `ARBTEST_BUDGET_MS=60000 cargo test --test model buffers`; a failure prints a seed, and
//! `ARBTEST_SEED=0x… cargo test --test model buffers::NAME` runs that case again.

use crate::support::{model, random};
use arbtest::arbitrary::{Result, Unstructured};
use herd::buffers::{BufferPool, Line, LineBuffer, Outbox, ReplyQueue, Ticket, Timers};
use herd::units::Mono;

/// A stream of short lines, some empty, some with CR, perhaps without an end.
fn stream(u: &mut Unstructured<'_>) -> Result<Vec<u8>> {
    let length = u.int_in_range(0..=120)?;
    (0..length)
        .map(|_| Ok(*u.choose(b"\n\nabcd\r\xff\0 ")?))
        .collect()
}

/// The right output for a stream: its lines up to the first that is too long, of which only
/// the first `limit` bytes come, and an `!`.
fn wanted(stream: &[u8], limit: usize) -> Vec<String> {
    let mut wanted = Vec::new();
    for line in model::lines(stream) {
        if line.len() > limit {
            wanted.push(format!("!{}", line[..limit].escape_ascii()));
            break;
        }
        wanted.push(line.escape_ascii().to_string());
    }
    wanted
}

#[test]
fn lines_are_those_of_the_whole_stream_however_it_comes() {
    random::try_property(|u| {
        let stream = stream(u)?;
        let limit = u.int_in_range(1..=20)?;
        let read_max = u.int_in_range(1..=40)?;
        let want = wanted(&stream, limit);
        let (mut buffer, mut found) = (LineBuffer::default(), Vec::new());
        let mut spares = BufferPool::new(1000);
        let mut to_come = &stream[..];
        'reads: loop {
            // One read, or none while lines are left: then its owner is paused.
            let may_read = found.len() >= complete(&stream[..stream.len() - to_come.len()]);
            let count = match may_read {
                true => u.int_in_range(1..=read_max)?.min(to_come.len()),
                false => 0,
            };
            let is_last = may_read && to_come.is_empty();
            let (mut fresh, rest) = to_come.split_at(count);
            to_come = rest;
            // The lines that are obeyed before it is paused.
            let mut budget = u.int_in_range(1..=4)?;
            while budget > 0 {
                match buffer.next(&mut fresh, limit) {
                    Some(Line::Whole(line)) => found.push(line.escape_ascii().to_string()),
                    Some(Line::Overlong(line)) => {
                        found.push(format!("!{}", line.escape_ascii()));
                        break 'reads;
                    }
                    None => break,
                }
                budget -= 1;
            }
            buffer.keep(fresh, &mut spares);
            assert!(buffer.len() <= limit + read_max, "{}", buffer.len());
            if budget > 0 && is_last {
                let rest = buffer.rest();
                found.extend(rest.map(|rest| rest.escape_ascii().to_string()));
                assert!(buffer.is_empty());
                break;
            }
        }
        assert_eq!(found, want, "{}", stream.escape_ascii());
        Ok(())
    });
}

/// How many lines have their LF.
fn complete(stream: &[u8]) -> usize {
    stream.iter().filter(|byte| **byte == b'\n').count()
}

#[test]
fn an_outbox_is_a_queue_of_bytes() {
    random::try_property(|u| {
        let (mut outbox, mut model) = (Outbox::default(), Vec::new());
        for _ in 0..u.int_in_range(0..=60)? {
            if u.arbitrary()? {
                let most = *u.choose(&[0, 1, 10, 3000])?;
                let length = u.int_in_range(0..=most)?;
                let bytes: Vec<u8> = (0..length).map(|n| n as u8).collect();
                outbox.push(&bytes);
                model.extend_from_slice(&bytes);
            } else {
                let count = match u.arbitrary()? {
                    true => model.len(),
                    false => u.int_in_range(0..=model.len())?,
                };
                outbox.advance(count);
                model.drain(..count);
            }
            assert_eq!(outbox.unsent(), model);
            assert_eq!(
                (outbox.len(), outbox.is_empty()),
                (model.len(), model.is_empty())
            );
        }
        Ok(())
    });
}

/// A request as the model has it: its reply so far, whether that is all, and its ticket if it
/// had to wait.
struct Request {
    reply: Vec<u8>,
    is_answered: bool,
    ticket: Option<Ticket>,
}

#[test]
fn replies_leave_in_the_order_of_their_requests() {
    random::try_property(|u| {
        let (mut queue, mut outbox) = (ReplyQueue::default(), Outbox::default());
        let mut requests: Vec<Request> = Vec::new();
        for number in 0..u.int_in_range(0..=60)? {
            let text = format!("{number}:{}", "x".repeat(u.int_in_range(0..=3)?)).into_bytes();
            match u.int_in_range(0..=3)? {
                0 => {
                    queue.answer(&text, &mut outbox);
                    requests.push(Request {
                        reply: text,
                        is_answered: true,
                        ticket: None,
                    });
                }
                1 => {
                    let ticket = queue.reserve(text.clone());
                    assert!(requests.iter().all(|it| it.ticket != Some(ticket)));
                    requests.push(Request {
                        reply: text,
                        is_answered: false,
                        ticket: Some(ticket),
                    });
                }
                // Any of them, answered or not: the second time does nothing.
                _ if !requests.is_empty() => {
                    let place = u.choose_index(requests.len())?;
                    let request = &mut requests[place];
                    let Some(ticket) = request.ticket else {
                        continue;
                    };
                    queue.fill(ticket, &text, &mut outbox);
                    if !request.is_answered {
                        request.reply.extend_from_slice(&text);
                        request.is_answered = true;
                    }
                }
                _ => {}
            }
            // A reply leaves when it is there, but not before those ahead of it.
            let split = requests.iter().position(|it| !it.is_answered);
            let (gone, here) = requests.split_at(split.unwrap_or(requests.len()));
            let sent: Vec<u8> = gone.iter().flat_map(|it| it.reply.clone()).collect();
            assert_eq!(outbox.unsent(), sent);
            let held: usize = here.iter().map(|it| it.reply.len()).sum();
            assert_eq!(
                (queue.len(), queue.is_empty()),
                (here.len(), here.is_empty())
            );
            assert_eq!(queue.held(), held);
        }
        Ok(())
    });
}

#[test]
fn timers_are_a_sorted_list() {
    random::try_property(|u| {
        let mut timers = Timers::default();
        let mut model: Vec<(Mono, u8)> = Vec::new();
        for _ in 0..u.int_in_range(0..=100)? {
            let key: u8 = u.int_in_range(0..=9)?;
            let at = Mono(*u.choose(&[0, 1, 2, 3, 4, 5, 6, 7, u64::MAX])?);
            match u.int_in_range(0..=3)? {
                0 | 1 => {
                    model.retain(|(_, other)| *other != key);
                    model.push((at, key));
                    timers.set(key, at);
                }
                2 => {
                    model.retain(|(_, other)| *other != key);
                    timers.stop(key);
                }
                _ => {
                    let want = model.first().filter(|(due, _)| *due <= at).copied();
                    assert_eq!(timers.expired(at), want.map(|(_, key)| key));
                    model.retain(|timer| Some(*timer) != want);
                }
            }
            model.sort();
            assert_eq!(timers.next(), model.first().map(|(at, _)| *at));
            assert_eq!(timers.count(), model.len());
        }
        Ok(())
    });
}
