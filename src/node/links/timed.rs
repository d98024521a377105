//! When the question was asked that an answer belongs to. Answers come in the order of the
//! questions, and one question at a time is timed.

use crate::units::Mono;

/// The questions on a link.
#[derive(Debug, Default)]
pub struct Timed {
    /// Questions that are not answered.
    unanswered: u32,
    /// When one of them was asked, and how many answers come before its own.
    question: Option<(Mono, u32)>,
}

impl Timed {
    /// A question is asked. It is timed, unless an earlier one is.
    pub fn asked(&mut self, now: Mono) {
        self.question.get_or_insert((now, self.unanswered));
        self.unanswered += 1;
    }

    /// The oldest question is answered. If it was timed: when it was asked.
    pub fn answered(&mut self) -> Option<Mono> {
        self.unanswered = self.unanswered.saturating_sub(1);
        let (at, before) = self.question?;
        self.question = before.checked_sub(1).map(|before| (at, before));
        (before == 0).then_some(at)
    }
}
