//! The line with which a server says that its doors are open, as far as `herd up` reads it.

const BEFORE: &str = " from its journal";

/// The end of that line, if the journal brought clients back; otherwise empty.
pub fn from_journal(clients: u64) -> String {
    match clients {
        0 => String::new(),
        1 => format!(", 1 client{BEFORE}"),
        _ => format!(", {clients} clients{BEFORE}"),
    }
}

/// How many clients the journal brought back.
pub(super) fn clients(line: &str) -> u64 {
    let end = line.strip_suffix(BEFORE);
    let end = end.and_then(|line| line.rsplit_once(", ")).map(|it| it.1);
    let count = end.and_then(|end| end.split(' ').next()?.parse().ok());
    count.unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_is_read_as_it_is_written() {
        for count in [0, 1, 1001, u64::MAX] {
            let line = format!("A: clients 1, log run/A.log{}", from_journal(count));
            assert_eq!(clients(&line), count, "{line}");
        }
        assert_eq!(clients("A: log , 5 clients"), 0);
    }
}
