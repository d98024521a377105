//! IAMAT: a client says where it is.

use super::reply::Reply;
use crate::limits::Limit;
use crate::node::context::Context;
use crate::store::{Offered, Source, Store};
use crate::wire::{Difference, Location, Report, Time};

/// Takes in a client's report of its location.
pub fn iamat(
    client: &[u8],
    location: Location<'_>,
    time: Time<'_>,
    store: &mut Store,
    cx: &mut Context,
) -> Reply {
    let difference = cx.now.wall - time.at;
    if difference < -cx.limits.clock_ahead {
        cx.hit(Limit::clock_ahead);
        return Reply::Invalid;
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
        Offered::Accepted(slot) => Reply::Updated(slot),
        Offered::Duplicate(_) | Offered::Older => {
            let mut at = Vec::with_capacity(report.line_len());
            report.push(&mut at);
            Reply::Repeated(at)
        }
        Offered::Full(limit) => {
            cx.hit(limit);
            Reply::Invalid
        }
    }
}
