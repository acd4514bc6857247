//! How many requests one endpoint gets at once: one more per window of successes, half on a sign of overload.

/// The window of one endpoint.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Window(f64);

impl Default for Window {
    fn default() -> Self {
        Self(START)
    }
}

impl Window {
    /// How many requests may be under way.
    pub(crate) fn size(self) -> usize {
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "between 1 and 64"
        )]
        let size = self.0 as usize;
        size
    }

    /// A success while `in_flight` were under way; a window that is not used does not grow.
    pub(crate) fn on_success(&mut self, in_flight: usize) {
        if in_flight >= self.size() {
            self.0 = (self.0 + 1.0 / self.0).min(MOST);
        }
    }

    /// The receiver was too slow, or asked for less.
    pub(crate) fn on_overload(&mut self) {
        self.0 = (self.0 / 2.0).max(1.0);
    }
}

const START: f64 = 4.0;
const MOST: f64 = 64.0;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_grows_by_one_a_window_to_64_and_halves_down_to_one() {
        let mut window = Window::default();
        assert_eq!(window.size(), 4);
        for _ in 0..5 {
            window.on_success(4);
        }
        assert_eq!(window.size(), 5);
        window.on_success(1);
        assert_eq!(window.size(), 5);
        for _ in 0..5_000 {
            window.on_success(64);
        }
        assert_eq!(window.size(), 64);
        window.on_overload();
        assert_eq!(window.size(), 32);
        for _ in 0..20 {
            window.on_overload();
        }
        assert_eq!(window.size(), 1);
    }
}
