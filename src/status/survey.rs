//! One look at a herd: a question to every server, and a second one if their tables seem to differ.

use std::io;

use serde_json::Value;

use super::answer::{Answer, to_json};
use super::client::{ask_all, wait_for};
use super::comparison::{Comparison, compare, pause, seem_different};
use super::health::Health;
use super::prometheus::to_samples;
use super::summary::{summary, word};
use super::table::to_tables;
use crate::secret::Secrets;
use crate::terminal::{Screen, one_line};
use crate::topology::Topology;

/// The answers of a herd, and the judgement on them.
pub struct Survey<'a> {
    topology: &'a Topology,
    answers: Vec<Answer>,
    pub health: Health,
}

impl<'a> Survey<'a> {
    /// Asks all servers. Each call of `random` gives a number that was not used before.
    ///
    /// # Errors
    /// When there is no poll, no thread for a host name, or no random number.
    pub fn take(
        topology: &'a Topology,
        secrets: Option<&Secrets>,
        random: impl Fn() -> io::Result<u128>,
    ) -> io::Result<Survey<'a>> {
        let mut answers = ask_all(topology, secrets, random()?)?;
        let mut comparison = Comparison::default();
        if seem_different(topology, &answers) {
            let before = answers;
            wait_for(pause(&before))?;
            answers = ask_all(topology, secrets, random()?)?;
            comparison = compare(topology, &before, &answers);
        }
        let health = Health::of(topology, &answers, comparison);
        Ok(Survey {
            topology,
            answers,
            health,
        })
    }

    /// An array for programs.
    pub fn json(&self) -> String {
        to_json(self.topology, &self.answers)
    }

    /// Samples for Prometheus.
    pub fn samples(&self) -> String {
        to_samples(self.topology, &self.answers, &self.health)
    }

    /// The facts that a page shows of it: see `summary.rs`.
    pub fn summary(&self) -> Value {
        summary(self.topology, &self.answers, &self.health)
    }

    /// Tables for a person, as many as the screen holds.
    pub fn tables(&self, screen: Option<&Screen>) -> String {
        to_tables(self.topology, &self.answers, &self.health, screen)
    }

    /// One line for monitoring.
    pub fn line(&self) -> String {
        let health = &self.health;
        let word = word(health.level());
        let mut parts = health.problems();
        if parts.is_empty() {
            let up = self.answers.iter().filter_map(Answer::status);
            let known = up.clone().filter_map(|status| status["known"].as_u64());
            let (count, known) = (up.count(), known.max().unwrap_or(0));
            let clients = if known == 1 { "client" } else { "clients" };
            parts.push(format!("{count} up, {known} {clients} known"));
        }
        parts.extend(health.moving.clone());
        // The word has said this.
        let text = format!("{word}: {}", parts.join("; "));
        let text = text.replacen("DOWN: down: ", "DOWN: ", 1);
        one_line(&text.replacen("LOCKED: locked: ", "LOCKED: ", 1)) + "\n"
    }
}
