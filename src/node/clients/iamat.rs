//! IAMAT: a client says where it is.

use crate::limits::Limit;
use crate::node::ack::Acks;
use crate::node::api::Ack;
use crate::node::conn::{Session, output};
use crate::node::context::{Context, Level};
use crate::node::parts::Parts;
use crate::store::{Offered, Source};
use crate::units::SECOND;
use crate::wire::{Difference, Invalid, Location, Report, Time};

/// Takes in a client's report of its location, and replies with the AT line.
///
/// # Errors
/// Why the command is invalid here and now.
pub fn iamat(
    session: &mut Session,
    line: &[u8],
    client: &[u8],
    location: Location<'_>,
    time: Time<'_>,
    parts: &mut Parts,
) -> Result<(), Invalid> {
    let (cx, store, acks) = (&mut parts.cx, &mut parts.store, &mut parts.acks);
    let difference = cx.now.wall - time.at;
    if difference < -cx.limits.clock_ahead {
        cx.hit(Limit::clock_ahead);
        let warnings = cx.clocks.refused(client, time.at, cx.now, &cx.limits);
        for warning in warnings.into_iter().flatten() {
            cx.log.write(Level::Warn, format_args!("{warning}"));
        }
        let seconds = difference.unsigned_abs() / u128::from(SECOND);
        return Err(Invalid::Ahead(seconds.try_into().unwrap_or(u64::MAX)));
    }
    let difference = Difference::new(difference);
    let report = Report {
        server: cx.me.name.as_bytes(),
        difference: difference.text(),
        client,
        location,
        time,
    };
    match store.offer(&report, Source::Client) {
        Offered::Accepted(slot) => {
            cx.effects.news = true;
            let (at, last) = (store.record(slot).line(), store.feed.last());
            acknowledge(session, [at, line], last, acks, cx);
        }
        Offered::Duplicate(_) | Offered::Older => {
            let mut at = Vec::with_capacity(report.line_len());
            report.push(&mut at);
            acknowledge(session, [&at, line], store.feed.last(), acks, cx);
        }
        Offered::Full(limit) => {
            cx.hit(limit);
            parts.report_loss(session, "its IAMAT is refused, for the table is full");
            return Err(Invalid::Full(Limit::NAMES[limit as usize]));
        }
    }
    Ok(())
}

/// Replies to the IAMAT `line` with its AT line `at` now, or when the reply's barrier is released.
/// `last` is the newest change. A report that changed nothing waits, too: the one that it repeats
/// may not be safe yet.
fn acknowledge(
    session: &mut Session,
    [at, line]: [&[u8]; 2],
    last: u64,
    acks: &mut Acks,
    cx: &mut Context,
) {
    let Some((change, wave)) = acks.barrier(last, cx.me.ack) else {
        return output::reply(session, at, cx);
    };
    let reply = match cx.me.ack {
        Ack::HerdOrError => output::reserve_two(session, [at, &output::echo(line)], cx),
        Ack::Local | Ack::Herd => output::reserve(session, at.to_vec(), cx),
    };
    acks.barriers.await_update(reply, change, wave);
    cx.effects.news = true;
}
