//! Sends replies in the order of their requests, although some are ready late.

use std::collections::VecDeque;

use super::outbox::Outbox;

/// A slot for each request that cannot be answered yet, and for each request after it. While no
/// request waits, replies go directly to the outbox and the queue stays empty.
#[derive(Debug, Default)]
pub struct ReplyQueue {
    /// The ticket of the first slot.
    first: u64,
    /// `None` while no request waits: most connections never need it.
    waiting: Option<Box<Waiting>>,
}

#[derive(Debug, Default)]
struct Waiting {
    slots: VecDeque<Slot>,
    /// The number of bytes in the slots.
    held: usize,
}

/// A request's place in the queue. No ticket is given out twice, so filling a slot a second time,
/// or after its reply has left, does nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Ticket(u64);

#[derive(Debug)]
struct Slot {
    bytes: Vec<u8>,
    ready: bool,
}

impl ReplyQueue {
    /// Queues a reply of which only the `head` is known.
    pub fn reserve(&mut self, head: Vec<u8>) -> Ticket {
        let ticket = Ticket(self.first + self.len() as u64);
        self.put(head, false);
        ticket
    }

    /// Answers at once: directly to `outbox`, or after the requests that wait.
    pub fn answer(&mut self, reply: &[u8], outbox: &mut Outbox) {
        if self.is_empty() {
            outbox.push(reply);
        } else {
            self.put(reply.to_vec(), true);
        }
    }

    /// Keeps one of the two lines of a reserved reply, the first or the second, and returns it. The
    /// reply is still to be filled.
    pub fn choose(&mut self, ticket: Ticket, is_first: bool) -> Option<&[u8]> {
        let Waiting { slots, held } = self.waiting.as_deref_mut()?;
        let slot = reserved(slots, self.first, ticket)?;
        *held -= slot.bytes.len();
        let end = slot.bytes.iter().position(|byte| *byte == b'\n');
        let second = end.map_or(slot.bytes.len(), |end| end + 1);
        match is_first {
            true => slot.bytes.truncate(second),
            false => drop(slot.bytes.drain(..second)),
        }
        *held += slot.bytes.len();
        Some(&slot.bytes)
    }

    /// Completes a reserved reply with its `rest`. All complete replies at the front of the queue
    /// move to `outbox`.
    pub fn fill(&mut self, ticket: Ticket, rest: &[u8], outbox: &mut Outbox) {
        let Some(Waiting { slots, held }) = self.waiting.as_deref_mut() else {
            return;
        };
        let Some(slot) = reserved(slots, self.first, ticket) else {
            return;
        };
        slot.bytes.extend_from_slice(rest);
        slot.ready = true;
        *held += rest.len();
        while slots.front().is_some_and(|slot| slot.ready)
            && let Some(slot) = slots.pop_front()
        {
            self.first += 1;
            *held -= slot.bytes.len();
            outbox.push(&slot.bytes);
        }
        if slots.is_empty() {
            self.waiting = None;
        }
    }

    /// How many requests are in the queue.
    pub fn len(&self) -> usize {
        self.waiting.as_ref().map_or(0, |it| it.slots.len())
    }

    /// The bytes of each slot, in order, and whether its reply is complete.
    pub fn slots(&self) -> Vec<(usize, bool)> {
        let slots = self.waiting.iter().flat_map(|it| &it.slots);
        slots.map(|slot| (slot.bytes.len(), slot.ready)).collect()
    }

    /// Whether no request waits.
    pub fn is_empty(&self) -> bool {
        self.waiting.is_none()
    }

    /// How many bytes of replies are in the queue.
    pub fn held(&self) -> usize {
        self.waiting.as_ref().map_or(0, |it| it.held)
    }

    fn put(&mut self, bytes: Vec<u8>, ready: bool) {
        let waiting = self.waiting.get_or_insert_default();
        waiting.held += bytes.len();
        waiting.slots.push_back(Slot { bytes, ready });
    }
}

/// The slot of a ticket, if it is not filled yet. `first` is the ticket of the first slot.
fn reserved(slots: &mut VecDeque<Slot>, first: u64, ticket: Ticket) -> Option<&mut Slot> {
    // The place of a ticket from before `first` wraps to one beyond the end.
    let place = ticket.0.wrapping_sub(first) as usize;
    slots.get_mut(place).filter(|slot| !slot.ready)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn unsent(outbox: &Outbox) -> String {
        outbox.unsent().escape_ascii().to_string()
    }

    #[test]
    fn only_complete_replies_at_the_front_leave() {
        let (mut queue, mut outbox) = (ReplyQueue::default(), Outbox::default());
        queue.answer(b"a", &mut outbox);
        let b = queue.reserve(b"b(".to_vec());
        queue.answer(b"c", &mut outbox);
        let d = queue.reserve(b"d(".to_vec());
        queue.answer(b"e", &mut outbox);
        assert_eq!((queue.len(), queue.held()), (4, 6));
        assert_eq!(unsent(&outbox), "a");
        let slots = [(2, false), (1, true), (2, false), (1, true)];
        assert_eq!(queue.slots(), slots);
        queue.fill(d, b")", &mut outbox);
        assert_eq!(unsent(&outbox), "a");
        queue.fill(b, b")", &mut outbox);
        assert_eq!(unsent(&outbox), "ab()cd()e");
        assert_eq!((queue.len(), queue.held()), (0, 0));
    }

    #[test]
    fn one_of_two_lines_is_kept() {
        let (mut queue, mut outbox) = (ReplyQueue::default(), Outbox::default());
        let [a, b] = [0, 1].map(|_| queue.reserve(b"AT\n? IAMAT\n".to_vec()));
        assert_eq!(queue.choose(b, false), Some(&b"? IAMAT\n"[..]));
        assert_eq!(queue.choose(a, true), Some(&b"AT\n"[..]));
        assert_eq!((queue.len(), queue.held()), (2, 11));
        queue.fill(a, b"", &mut outbox);
        assert_eq!(queue.choose(a, false), None);
        queue.fill(b, b"", &mut outbox);
        assert_eq!(unsent(&outbox), r"AT\n? IAMAT\n");
        assert_eq!((queue.len(), queue.held()), (0, 0));
    }

    #[test]
    fn a_slot_is_filled_once() {
        let (mut queue, mut outbox) = (ReplyQueue::default(), Outbox::default());
        let first = queue.reserve(Vec::new());
        let second = queue.reserve(Vec::new());
        queue.fill(second, b"2", &mut outbox);
        queue.fill(second, b"again", &mut outbox);
        queue.fill(first, b"1", &mut outbox);
        queue.fill(first, b"again", &mut outbox);
        assert_eq!(unsent(&outbox), "12");
        let third = queue.reserve(Vec::new());
        queue.fill(first, b"stale", &mut outbox);
        assert_eq!((queue.len(), unsent(&outbox).as_str()), (1, "12"));
        queue.fill(third, b"3", &mut outbox);
        assert_eq!(unsent(&outbox), "123");
    }
}
