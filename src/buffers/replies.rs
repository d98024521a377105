//! Replies in the order of their requests, though some have to wait.

use std::collections::VecDeque;

use super::Outbox;

/// A slot per request that cannot be answered yet, and per request behind it. While nobody
/// waits, replies go straight to the outbox and the queue stays empty.
#[derive(Debug, Default)]
pub struct ReplyQueue {
    /// The ticket of the first slot.
    first: u64,
    /// None while nobody waits: most connections never need it.
    waiting: Option<Box<Waiting>>,
}

#[derive(Debug, Default)]
struct Waiting {
    slots: VecDeque<Slot>,
    /// The bytes in all slots.
    held: usize,
}

/// A request's place in the queue. It is never given out twice, so filling a slot again, or after
/// its time, does nothing.
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

    /// Answers at once: straight into `outbox`, or behind those who wait.
    pub fn answer(&mut self, reply: &[u8], outbox: &mut Outbox) {
        if self.is_empty() {
            outbox.push(reply);
        } else {
            self.put(reply.to_vec(), true);
        }
    }

    /// The rest of a reserved reply has come: head and rest take their place, and whatever is
    /// finished at the front moves to `outbox`.
    pub fn fill(&mut self, ticket: Ticket, rest: &[u8], outbox: &mut Outbox) {
        let Some(Waiting { slots, held }) = self.waiting.as_deref_mut() else {
            return;
        };
        let slot = ticket
            .0
            .checked_sub(self.first)
            .and_then(|place| usize::try_from(place).ok());
        let Some(slot) = slot.and_then(|place| slots.get_mut(place)) else {
            return;
        };
        if slot.ready {
            return;
        }
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

    /// How many requests stand here.
    pub fn len(&self) -> usize {
        self.waiting.as_ref().map_or(0, |it| it.slots.len())
    }

    /// Whether nobody waits.
    pub fn is_empty(&self) -> bool {
        self.waiting.is_none()
    }

    /// The bytes that wait with them.
    pub fn held(&self) -> usize {
        self.waiting.as_ref().map_or(0, |it| it.held)
    }

    fn put(&mut self, bytes: Vec<u8>, ready: bool) {
        let waiting = self.waiting.get_or_insert_default();
        waiting.held += bytes.len();
        waiting.slots.push_back(Slot { bytes, ready });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn unsent(outbox: &Outbox) -> String {
        outbox.unsent().escape_ascii().to_string()
    }

    #[test]
    fn only_the_finished_prefix_leaves() {
        let (mut queue, mut outbox) = (ReplyQueue::default(), Outbox::default());
        queue.answer(b"a", &mut outbox);
        let b = queue.reserve(b"b(".to_vec());
        queue.answer(b"c", &mut outbox);
        let d = queue.reserve(b"d(".to_vec());
        queue.answer(b"e", &mut outbox);
        assert_eq!((queue.len(), queue.held()), (4, 6));
        assert_eq!(unsent(&outbox), "a");
        queue.fill(d, b")", &mut outbox);
        assert_eq!(unsent(&outbox), "a");
        queue.fill(b, b")", &mut outbox);
        assert_eq!(unsent(&outbox), "ab()cd()e");
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
