//! Step 8: a name means one client, or none.

use std::io::{self, BufRead, BufReader};

use super::{Client, Door, Trial, tells_from_the_step_before};

impl Client {
    /// Asks for its own name.
    fn name(&mut self) -> io::Result<String> {
        self.say("name\n")?;
        let mut line = String::new();
        BufReader::new(&self.0).read_line(&mut line)?;
        let name = line
            .strip_prefix("you are ")
            .ok_or(io::ErrorKind::InvalidData)?;
        Ok(name.to_string())
    }
}

/// The client of a name leaves, a second one comes, and a third still has the old name.
pub fn stale_names_hit_nobody(trial: Trial) -> io::Result<()> {
    let door = Door::open(trial)?;
    door.serve()?;
    let mut third = door.client()?;
    third.say("hello\n")?;
    third.hears("? hello\n")?;
    let mut first = door.client()?;
    let name = first.name()?;
    first.says_no_more()?;
    // From here on the place is free.
    first.hears_the_end()?;
    let mut second = door.client()?;
    second.name()?;
    third.say(format!("bye {name}"))?;
    third.say("hello\n")?;
    third.hears("? hello\n")?;
    // By now the name was looked for.
    second.say("hello\n")?;
    second.hears("? hello\n")
}

#[test]
fn step_8_lets_a_stale_name_hit_nobody() {
    tells_from_the_step_before(8, stale_names_hit_nobody);
}

/// A name that is not stale hits its client.
#[test]
fn step_8_closes_the_client_of_a_name() {
    let trial = super::trial(8, 30);
    let door = Door::open(trial).unwrap();
    door.serve().unwrap();
    let (mut one, mut other) = (door.client().unwrap(), door.client().unwrap());
    let name = other.name().unwrap();
    one.say(format!("bye {name}")).unwrap();
    other.hears_the_end().unwrap();
}
