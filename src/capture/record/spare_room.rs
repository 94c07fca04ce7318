//! Room that buffers have and no longer need.

/// Items for which a buffer always keeps its room. A buffer of more values with heap of their own is
/// given back to the allocator.
pub(super) const RETAINED: usize = 1 << 14;

/// Captures in a row that leave room unused before it is given back, so that a game in which many
/// values change in every few captures doesn't pay for fresh memory each time.
const UNUSED_CAPTURES: u8 = 8;

/// The room of one buffer that is filled by each capture, and emptied by the thread that encodes it.
///
/// A capture of everything needs room for the whole world, and the deltas after it for little.
#[derive(Default)]
pub(super) struct SpareRoom {
    /// The captures in a row that used less than a quarter of the room.
    unused: u8,
}

impl SpareRoom {
    /// Gives back room of an emptied buffer that the last captures didn't use.
    pub(super) fn give_back<T>(&mut self, emptied: &mut Vec<T>, used: usize) {
        let needed = used.max(RETAINED);
        if emptied.capacity() / 4 < needed {
            self.unused = 0;
            return;
        }
        self.unused += 1;
        if self.unused == UNUSED_CAPTURES {
            self.unused = 0;
            emptied.shrink_to(needed);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn room_is_given_back_after_eight_captures_that_use_less_than_a_quarter_of_it() {
        let (mut room, mut buffer) = (SpareRoom::default(), Vec::<u8>::with_capacity(RETAINED * 5));
        let whole = buffer.capacity();
        for used in [0, 1, RETAINED, 0, 0, 0, 0] {
            room.give_back(&mut buffer, used);
            assert_eq!(buffer.capacity(), whole);
        }
        room.give_back(&mut buffer, 0);
        assert_eq!(buffer.capacity(), RETAINED);
        room.give_back(&mut buffer, 0);
        assert_eq!(buffer.capacity(), RETAINED);
    }

    #[test]
    fn room_that_one_of_eight_captures_uses_stays() {
        let (mut room, mut buffer) = (SpareRoom::default(), Vec::<u8>::with_capacity(RETAINED * 5));
        let whole = buffer.capacity();
        for capture in 0..100 {
            room.give_back(&mut buffer, if capture % 8 == 0 { RETAINED * 2 } else { 0 });
        }
        assert_eq!(buffer.capacity(), whole);
    }
}
