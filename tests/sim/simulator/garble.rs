//! Lines that do not arrive as they were sent, though no side notices: what a defect of memory or
//! of a program would do.

use std::collections::{BTreeMap, BTreeSet};

use super::troubles::Garbled;
use super::world::World;
use crate::support::wire::{End, Network};

/// The lines that are to be garbled, and the ones that were.
#[derive(Debug, Default)]
pub struct Garble {
    /// The next AT line from the first to the second does not arrive as it was sent.
    pub due: BTreeMap<(usize, usize), Garbled>,
    /// It has happened.
    pub is_done: bool,
    /// Ends to which half a line was sent.
    halves: BTreeSet<End>,
}

impl World {
    /// If it is time for that, the first whole AT line among the bytes is lost, or another one.
    pub fn garble(&mut self, to: End, bytes: &mut Vec<u8>) {
        let Some(way) = self.wires[to.wire].way(1 - to.side) else {
            return;
        };
        let is_half = match bytes.last() {
            Some(b'\n') => self.garble.halves.remove(&to),
            _ => !self.garble.halves.insert(to),
        };
        let begins = |&at: &usize| match at {
            0 => !is_half,
            _ => bytes[at - 1] == b'\n',
        };
        let mut starts = (0..bytes.len()).filter(|at| bytes[*at..].starts_with(b"AT "));
        let Some(start) = starts.find(begins).filter(|_| self.rough) else {
            return;
        };
        let Some(end) = bytes[start..].iter().position(|&byte| byte == b'\n') else {
            return;
        };
        match self.garble.due.remove(&way) {
            None => return,
            Some(Garbled::Dropped) => {
                bytes.drain(start..=start + end);
                self.side(to).coming -= end + 1;
            }
            Some(Garbled::Flipped) => {
                let point = bytes[start..].iter().position(|&byte| byte == b'.');
                if let Some(digit) = point.map(|point| start + point + 1) {
                    bytes[digit] = if bytes[digit] == b'7' { b'3' } else { b'7' };
                }
            }
        }
        self.garble.is_done = true;
        self.note_at(way.0, "sends a line that is garbled");
    }
}
