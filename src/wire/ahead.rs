//! A glance at lines that are still to be parsed.

use memchr::memchr_iter;

use super::fields::fields;

/// The clients that the next whole lines name, as far as that can be seen at a glance: the second
/// field of a client's line, the fourth of an AT line. A wrong guess costs a look-up, no more.
pub fn clients_ahead(bytes: &[u8]) -> impl Iterator<Item = &[u8]> {
    let mut start = 0;
    memchr_iter(b'\n', bytes).filter_map(move |end| {
        let line = &bytes[start..end];
        start = end + 1;
        let mut fields = fields(line);
        match fields.next()? {
            b"AT" => fields.nth(2),
            _ => fields.next(),
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_to_come_name_their_clients() {
        let bytes = b"IAMAT kiwi +1+1 1\n\nAT A +0.000000000 lime +1+1 1\nMARK 1 1 0\nIAMAT ki";
        let found: Vec<_> = clients_ahead(bytes).collect();
        assert_eq!(found, [&b"kiwi"[..], b"lime", b"1"]);
    }
}
