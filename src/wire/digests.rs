//! Digests of parts of a table, as two servers compare them.
//!
//! The clients are divided by the hash of their names into 4,096 buckets, and the buckets into 64
//! groups of 64. So one line holds the digests of all groups, and another those of the buckets of
//! one group. Both servers must divide alike: the protocol fixes the hash.

use std::fmt;

use xxhash_rust::xxh3::xxh3_64;

use super::fields::fields;
use super::hex::hex_64;
use super::number::decimal;

/// The number of groups, of buckets in a group, and of digests in a line.
pub const GROUPS: usize = 64;
/// The number of buckets.
pub const BUCKETS: usize = GROUPS * GROUPS;

/// The bucket of a client: the low 12 bits of the XXH3-64 of its name, with seed 0.
pub fn bucket(client: &[u8]) -> usize {
    xxh3_64(client) as usize % BUCKETS
}

/// The parts of a table of which a line holds the digests.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scope {
    /// All groups. It is written `-`.
    Groups,
    /// The buckets of one group, which is below [`GROUPS`].
    Group(usize),
}

impl fmt::Display for Scope {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Scope::Groups => f.write_str("-"),
            Scope::Group(group) => write!(f, "{group}"),
        }
    }
}

impl Scope {
    /// Reads a scope as it is written.
    pub(super) fn parse(text: &[u8]) -> Option<Scope> {
        match text {
            b"-" => Some(Scope::Groups),
            _ => decimal(text, GROUPS as u64 - 1).map(|group| Scope::Group(group as usize)),
        }
    }
}

/// The digests of a scope, in the order of its groups or buckets. Each is written as a space and 16
/// lower-case hex digits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Sums(pub [u64; GROUPS]);

impl fmt::Display for Sums {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|sum| write!(f, " {sum:016x}"))
    }
}

impl Sums {
    /// A bit for each digest that differs.
    pub fn differing(&self, other: &Sums) -> u64 {
        let pairs = self.0.iter().zip(&other.0).enumerate();
        pairs.fold(0, |bits, (at, (one, other))| {
            bits | u64::from(one != other) << at
        })
    }
}

/// A valid line of digests. The digests themselves stay text until they are asked for, so that a
/// message is small.
#[derive(Clone, Copy, Debug, Eq)]
pub struct Digests<'a> {
    /// The parts that they are of.
    pub scope: Scope,
    line: &'a [u8],
}

impl PartialEq for Digests<'_> {
    fn eq(&self, other: &Self) -> bool {
        (self.scope, self.sums()) == (other.scope, other.sums())
    }
}

impl<'a> Digests<'a> {
    /// Reads the `words` that are left of `line`: they are the digests of `scope`.
    pub(super) fn parse(
        scope: Scope,
        words: &mut impl Iterator<Item = &'a [u8]>,
        line: &'a [u8],
    ) -> Option<Digests<'a>> {
        let mut count = 0;
        for word in words {
            hex_64(word)?;
            count += 1;
        }
        (count == GROUPS).then_some(Digests { scope, line })
    }

    /// The digests: the last words of the line.
    pub fn sums(&self) -> Sums {
        let before = fields(self.line).count().saturating_sub(GROUPS);
        let mut words = fields(self.line).skip(before).filter_map(hex_64);
        Sums(std::array::from_fn(|_| words.next().unwrap_or_default()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wire::Message;

    /// The protocol page gives these, for whoever implements it.
    #[test]
    fn the_buckets_of_the_protocol_page_hold() {
        assert_eq!(bucket(b"kiwi.cs.ucla.edu"), 406);
    }

    #[test]
    fn digests_are_read_as_they_are_written() {
        let sums = Sums(std::array::from_fn(|at| (at as u64) << 40 | 7));
        for (scope, text) in [(Scope::Groups, "-"), (Scope::Group(63), "63")] {
            let line = format!("DIGESTS {scope}{sums}");
            assert!(line.starts_with(&format!("DIGESTS {text} 0000000000000007 ")));
            let audit = line.replacen(&format!("DIGESTS {text}"), &format!("AUDIT {text} 7"), 1);
            for (line, seq) in [(&line, None), (&audit, Some(7))] {
                let (digests, number) = match Message::parse(line.as_bytes()) {
                    Some(Message::Digests(digests)) => (digests, None),
                    Some(Message::Audited(seq, digests)) => (digests, Some(seq)),
                    other => panic!("{line}: {other:?}"),
                };
                assert_eq!((digests.scope, digests.sums(), number), (scope, sums, seq));
                for bad in [&line[..line.len() - 17], &format!("{line} {:016x}", 1)] {
                    assert_eq!(Message::parse(bad.as_bytes()), None);
                }
            }
        }
        let bad = format!("DIGESTS 64{sums}");
        assert_eq!(Message::parse(bad.as_bytes()), None);
    }

    #[test]
    fn each_digest_that_differs_has_a_bit() {
        let (one, mut other) = (Sums([5; GROUPS]), Sums([5; GROUPS]));
        assert_eq!(one.differing(&other), 0);
        (other.0[0], other.0[63]) = (6, 0);
        assert_eq!(one.differing(&other), 1 | 1 << 63);
    }
}
