//! The least that clocks must be wrong by: no line arrives before its sender has something to say.
//!
//! Each arrow between two servers demands that the shift of one clock exceeds that of the other by
//! at least some time. Bellman and Ford find the smallest shifts that do.

/// A demand: the shift of `to` is at least that of `from` and `least` more, in nanoseconds.
#[derive(Clone, Copy, Debug)]
pub struct Arrow {
    pub from: usize,
    pub to: usize,
    pub least: i128,
}

/// The nanoseconds to add to the times of each of `count` servers, so that every arrow points
/// forward: positive for a clock that is behind. Few servers are shifted rather than many. `None`:
/// no shifts do, for a clock was set meanwhile.
pub fn shifts(count: usize, arrows: &[Arrow]) -> Option<Vec<i128>> {
    let behind = settle(count, arrows, |shifts, arrow| {
        let least = shifts[arrow.from] + arrow.least;
        let is_less = shifts[arrow.to] < least;
        shifts[arrow.to] = shifts[arrow.to].max(least);
        is_less
    })?;
    let ahead = settle(count, arrows, |shifts, arrow| {
        let most = shifts[arrow.to] - arrow.least;
        let is_more = shifts[arrow.from] > most;
        shifts[arrow.from] = shifts[arrow.from].min(most);
        is_more
    })?;
    let price = |shifts: &[i128]| {
        let shifted = shifts.iter().filter(|it| **it != 0).count();
        (
            shifted,
            shifts.iter().map(|it| it.unsigned_abs()).sum::<u128>(),
        )
    };
    Some(match price(&behind) <= price(&ahead) {
        true => behind,
        false => ahead,
    })
}

/// Begins without shifts, and meets the demands until all are met. `None`: they never are.
fn settle(
    count: usize,
    arrows: &[Arrow],
    meet: impl Fn(&mut [i128], &Arrow) -> bool,
) -> Option<Vec<i128>> {
    let mut shifts = vec![0; count];
    for _ in 0..=count {
        let mut has_changed = false;
        for arrow in arrows {
            has_changed |= meet(&mut shifts, arrow);
        }
        if !has_changed {
            return Some(shifts);
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(count: usize, arrows: &[(usize, usize, i128)]) -> Option<Vec<i128>> {
        let arrow = |&(from, to, least)| Arrow { from, to, least };
        shifts(count, &arrows.iter().map(arrow).collect::<Vec<_>>())
    }

    #[test]
    fn clocks_that_agree_are_not_shifted() {
        assert_eq!(
            found(3, &[(0, 1, -5), (1, 2, -5), (1, 0, -9)]),
            Some(vec![0, 0, 0])
        );
        assert_eq!(found(1, &[]), Some(vec![0]));
    }

    #[test]
    fn one_clock_that_is_wrong_is_shifted_alone() {
        // Behind, and so is what it tells.
        assert_eq!(found(3, &[(0, 1, 7), (1, 2, -9)]), Some(vec![0, 7, 0]));
        // Ahead: the others would all be behind.
        assert_eq!(found(3, &[(0, 1, 7), (0, 2, 5)]), Some(vec![-7, 0, 0]));
    }

    #[test]
    fn a_shift_may_need_another() {
        let arrows = [(0, 1, 7), (1, 2, -3), (3, 0, -1)];
        assert_eq!(found(4, &arrows), Some(vec![0, 7, 4, 0]));
    }

    #[test]
    fn demands_that_contradict_each_other_have_no_answer() {
        assert_eq!(found(2, &[(0, 1, 7), (1, 0, -6)]), None);
        assert_eq!(found(2, &[(0, 1, 7), (1, 0, -7)]), Some(vec![0, 7]));
    }
}
