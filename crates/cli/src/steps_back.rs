//! `last` and `last~3`, which sessions and checkpoints are called alike.

/// The number of steps before the last one; `None` if the text isn't of this form.
pub fn steps_back(text: &str) -> Option<usize> {
    match text.strip_prefix("last")? {
        "" => Some(0),
        steps => steps.strip_prefix('~')?.parse().ok(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn steps_back_are_read_from_last_and_a_tilde_only() {
        assert_eq!((steps_back("last"), steps_back("last~3")), (Some(0), Some(3)));
        for text in ["", "las", "last~", "last~x", "last~-1", "lastly", "last 3"] {
            assert_eq!(steps_back(text), None, "{text}");
        }
    }
}
