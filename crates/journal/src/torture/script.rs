//! What happens in a play.

use super::Random;

/// One thing that happens.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Action {
    /// A session is started.
    Start,
    /// The world changes, and an automatic checkpoint is taken.
    Auto,
    /// Two automatic checkpoints are taken before the writer gets a turn.
    Burst,
    /// The player saves.
    Manual,
    /// A checkpoint that holds everything.
    Full,
    /// The session is paused, with a checkpoint.
    Pause,
    Resume,
    /// The session gets another name.
    Rename,
    /// The writer gets one turn.
    Turn,
    /// So much time passes that a merge is due, and the writer works until nothing is left.
    Merge,
    /// A merge becomes due, and the writer gets its first turn at it.
    BeginMerge,
    /// The writer works until nothing is left to do.
    Settle,
    /// There is room for the least that must be kept.
    Crowd,
    /// There is room for everything again.
    Widen,
    /// The session is left, to be continued.
    Close,
    /// The session ends.
    End,
    /// The process is killed, and the next one starts on the same disk: nothing is lost yet.
    Kill,
    /// The crashed or closed session is taken up where it was left.
    Recover,
    /// It is taken up from an older checkpoint.
    RecoverOlder,
    /// While it is played, the session goes back to an older checkpoint.
    Rewind,
    /// A crashed session is set aside.
    Decline,
    /// The session that is not being played is deleted.
    Forget,
    /// The player saves under one of two names, if that is free.
    SaveSlot,
    /// The player saves under one of two names, whatever is there.
    Overwrite,
    /// The player deletes one of two slots.
    DeleteSlot,
}

/// A scenario: what happens, and the numbers that it happens with.
#[derive(Clone, Debug)]
pub struct Script {
    pub name: String,
    pub seed: u64,
    pub actions: Vec<Action>,
}

impl Script {
    fn named(name: &str, actions: &[Action]) -> Self {
        Self { name: name.to_owned(), seed: 7, actions: actions.to_vec() }
    }

    /// The scenarios that every test run explores.
    pub fn all() -> Vec<Self> {
        [Self::of_sessions(), Self::of_slots_and_room()].concat()
    }

    fn of_sessions() -> Vec<Self> {
        use Action::{
            Auto, BeginMerge, Burst, Close, Decline, Forget, Full, Kill, Manual, Merge, Pause,
            Recover, RecoverOlder, Rename, Resume, Rewind, Start, Turn,
        };
        vec![
            Self::named("play and close", &[Start, Auto, Manual, Auto, Close]),
            Self::named("merge", &[Start, Auto, Auto, Rename, Merge, Auto, Manual, Merge, Auto]),
            Self::named(
                "checkpoints while merging",
                &[Start, Auto, Auto, BeginMerge, Auto, Rename, Turn, Auto, Merge, Auto, Kill],
            ),
            Self::named("kill and recover", &[Start, Auto, Burst, Kill, Recover, Auto, Merge]),
            Self::named(
                "recover twice",
                &[Start, Auto, Kill, Recover, Kill, Recover, Auto, Kill, Recover, Auto],
            ),
            Self::named(
                "older checkpoints",
                &[Start, Auto, Manual, Auto, Kill, RecoverOlder, Auto, Rewind, Auto, Close],
            ),
            Self::named(
                "pauses",
                &[Start, Auto, Pause, Rename, Resume, Full, Auto, Close, Recover],
            ),
            Self::named("decline", &[Start, Auto, Kill, Decline, Start, Auto, Close]),
            Self::named("forget", &[Start, Auto, Merge, Auto, Close, Forget, Start, Auto]),
        ]
    }

    fn of_slots_and_room() -> Vec<Self> {
        use Action::{
            Auto, Burst, Close, Crowd, DeleteSlot, End, Forget, Full, Kill, Manual, Merge,
            Overwrite, Recover, RecoverOlder, SaveSlot, Settle, Start,
        };
        vec![
            Self::named(
                "slots",
                &[
                    Start, SaveSlot, Auto, Overwrite, Overwrite, SaveSlot, Settle, Kill, Overwrite,
                    Recover, Overwrite, DeleteSlot, Settle, Overwrite, Close, Forget, DeleteSlot,
                ],
            ),
            Self::named("end", &[Start, Auto, End, Start, Manual, Kill, Recover]),
            Self::named(
                "little room",
                &[
                    Start, Crowd, Auto, Auto, Merge, Auto, Auto, Merge, Full, Kill, Recover, Full,
                    Full,
                ],
            ),
            Self::named(
                "gathering",
                &[
                    Start,
                    Settle,
                    Manual,
                    Full,
                    Manual,
                    Full,
                    Full,
                    Full,
                    Settle,
                    Auto,
                    Close,
                    Recover,
                    Full,
                    Settle,
                    Manual,
                    Kill,
                    RecoverOlder,
                    Auto,
                    Settle,
                ],
            ),
            Self::named("bursts", &[Start, Burst, Burst, Manual, Burst, Settle, Full, Auto, Close]),
        ]
    }

    /// A scenario that nobody thought of.
    pub fn drawn(seed: u64) -> Self {
        let mut random = Random::new(seed);
        let mut actions = vec![Action::Start];
        let mut playing = true;
        for _ in 0..12 + random.below(14) {
            let action = Self::draw(playing, &mut random);
            playing = match action {
                Action::Close | Action::End | Action::Kill | Action::Decline | Action::Forget => {
                    false
                }
                Action::Start | Action::Recover | Action::RecoverOlder => true,
                _ => playing,
            };
            actions.push(action);
        }
        Self { name: "drawn".to_owned(), seed, actions }
    }

    fn draw(playing: bool, random: &mut Random) -> Action {
        use Action::{
            Auto, BeginMerge, Burst, Close, Crowd, Decline, DeleteSlot, End, Forget, Full, Kill,
            Manual, Merge, Overwrite, Pause, Recover, RecoverOlder, Rename, Resume, Rewind,
            SaveSlot, Settle, Start, Turn, Widen,
        };
        const PLAYED: [Action; 28] = [
            Auto, Auto, Auto, Auto, Auto, Burst, Burst, Manual, Full, Pause, Resume, Rename, Turn,
            Turn, SaveSlot, Overwrite, Overwrite, DeleteSlot, Merge, Merge, BeginMerge, Settle,
            Crowd, Widen, Rewind, Close, Kill, End,
        ];
        const LEFT: [Action; 10] = [
            Recover,
            Recover,
            Recover,
            Recover,
            RecoverOlder,
            RecoverOlder,
            Start,
            Kill,
            Decline,
            Forget,
        ];
        let choices: &[Action] = if playing { &PLAYED } else { &LEFT };
        random.pick(choices).copied().unwrap_or(Turn)
    }
}
