//! The actions of a play.

use super::{Random, failed_seeds};

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
    /// There is room for the least that must be kept of the sessions that aren't played.
    CrowdOthers,
    /// All sessions are looked at.
    List,
    /// The sessions of another profile are played from now on, unless one is being played.
    SwitchProfile,
    /// The session is left, to be continued.
    Close,
    /// The session ends.
    End,
    /// The process is killed, and the next one starts on the same disk: nothing is lost yet.
    Kill,
    /// The app exits while the session is played, and another process starts.
    Exit,
    /// The crashed or closed session is resumed where it was left.
    Recover,
    /// It is resumed from an older checkpoint.
    RecoverOlder,
    /// While it is played, the session goes back to an older checkpoint.
    Rewind,
    /// A crashed session is set aside.
    Decline,
    /// The session that is not being played is deleted.
    Forget,
    /// The player saves under one of a few names, if that is free.
    SaveSlot,
    /// The player saves under one of a few names, and overwrites any slot that is there.
    Overwrite,
    /// The player copies a slot, if there is one of a name.
    CopySlot,
    /// The player calls a slot something else.
    RenameSlot,
    /// The player deletes a slot.
    DeleteSlot,
    /// The player loads a slot.
    LoadSlot,
    /// Something is laid beside the newest checkpoint.
    Attach,
    /// The session's own map is attached, or the next drawing of it.
    AttachMap,
    /// The map is taken away from the session.
    DetachMap,
    /// A report about the last process is written, while the game runs.
    Report,
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
        [Self::of_sessions(), Self::of_room(), Self::of_slots(), Self::of_processes()].concat()
    }

    fn of_sessions() -> Vec<Self> {
        use Action::{
            Auto, BeginMerge, Burst, Close, Decline, End, Forget, Full, Kill, Manual, Merge, Pause,
            Recover, RecoverOlder, Rename, Resume, Rewind, Settle, Start, Turn,
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
            Self::named(
                "a long pause",
                &[
                    Start, Auto, Rename, Pause, Settle, Full, Full, Full, Full, Settle, Auto, Kill,
                    Recover, Auto,
                ],
            ),
            Self::named("decline", &[Start, Auto, Kill, Decline, Start, Auto, Close]),
            Self::named("forget", &[Start, Auto, Merge, Auto, Close, Forget, Start, Auto]),
            Self::named("end", &[Start, Auto, End, Start, Manual, Kill, Recover]),
            Self::named("bursts", &[Start, Burst, Burst, Manual, Burst, Settle, Full, Auto, Close]),
        ]
    }

    fn of_room() -> Vec<Self> {
        use Action::{
            Attach, Auto, Close, Crowd, CrowdOthers, Full, Kill, Manual, Merge, Recover,
            RecoverOlder, Settle, Start,
        };
        let little =
            [Start, Crowd, Auto, Auto, Merge, Auto, Auto, Merge, Full, Kill, Recover, Full, Full];
        let gathering = [
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
        ];
        let events = [
            Start, Auto, Close, Recover, Auto, Kill, Recover, Auto, Close, Recover, Auto, Merge,
            Auto, Kill, Recover, Merge, Auto,
        ];
        let others = [
            Start,
            Manual,
            Attach,
            Full,
            Full,
            Full,
            Settle,
            Close,
            Start,
            CrowdOthers,
            Auto,
            Full,
            Settle,
            Manual,
            Close,
        ];
        vec![
            Self::named("little room", &little),
            Self::named("gathering", &gathering),
            Self::named("gathering what happened", &events),
            Self::named("little room for others", &others),
        ]
    }

    fn of_slots() -> Vec<Self> {
        use Action::{
            Attach, AttachMap, Auto, Close, CopySlot, DeleteSlot, DetachMap, Forget, Kill,
            LoadSlot, Overwrite, Recover, RenameSlot, SaveSlot, Settle, Start, Turn,
        };
        let saved = [
            Start, SaveSlot, Auto, Overwrite, Overwrite, SaveSlot, Settle, Kill, Overwrite,
            Recover, Overwrite, DeleteSlot, Settle, Overwrite, Close, Forget, DeleteSlot,
        ];
        let renamed = [
            Start, SaveSlot, Settle, CopySlot, Settle, RenameSlot, Overwrite, Turn, Kill, CopySlot,
            RenameSlot, Settle, DeleteSlot, Settle,
        ];
        let attached = [
            Start, Attach, SaveSlot, Attach, Settle, Attach, Turn, Kill, Recover, Attach,
            Overwrite, Attach, CopySlot, Settle, Attach, Close,
        ];
        let of_session = [
            Start, AttachMap, Auto, AttachMap, Settle, AttachMap, Kill, Recover, AttachMap, Auto,
            DetachMap, AttachMap, Turn, AttachMap, DetachMap, Close, Recover, AttachMap, Forget,
        ];
        let loaded = [
            Start, SaveSlot, Auto, Settle, LoadSlot, Auto, Kill, LoadSlot, Auto, Close, Forget,
            LoadSlot, Auto, Kill, Recover,
        ];
        vec![
            Self::named("slots", &saved),
            Self::named("slots that are copied and renamed", &renamed),
            Self::named("attachments", &attached),
            Self::named("attachments of the session", &of_session),
            Self::named("slots that are loaded", &loaded),
        ]
    }

    fn of_processes() -> Vec<Self> {
        use Action::{
            Auto, Burst, Close, Exit, Kill, List, Manual, Merge, Recover, Report, SaveSlot, Settle,
            Start, SwitchProfile, Turn,
        };
        let profiles = [
            Start,
            SaveSlot,
            Settle,
            Close,
            SwitchProfile,
            Start,
            SaveSlot,
            Auto,
            Kill,
            Recover,
            Auto,
            Close,
            SwitchProfile,
            Recover,
            Auto,
        ];
        vec![
            Self::named("profiles", &profiles),
            Self::named("exits", &[Start, Auto, Exit, Recover, Burst, Exit, Recover, Manual, Kill]),
            Self::named(
                "crash reports",
                &[
                    Start, Auto, Kill, Report, Turn, Recover, Auto, Report, Auto, Kill, Report,
                    Settle,
                ],
            ),
            Self::named(
                "listing",
                &[Start, Auto, List, Auto, Close, List, Start, Auto, List, Merge, List, Kill],
            ),
        ]
    }

    /// A scenario that no one thought of.
    pub fn drawn(seed: u64) -> Self {
        let mut random = Random::new(seed);
        // Maps are drawn for themselves, and what failed once is played as it was then.
        let mut maps = Some(Random::new(!seed)).filter(|_| !has_failed(seed));
        let mut actions = vec![Action::Start];
        let mut playing = true;
        for _ in 0..12 + random.below(14) {
            let action = Self::draw(playing, &mut random);
            playing = match action {
                Action::Close
                | Action::End
                | Action::Kill
                | Action::Exit
                | Action::Decline
                | Action::Forget => false,
                Action::Start | Action::Recover | Action::RecoverOlder => true,
                _ => playing,
            };
            actions.push(action);
            if let Some(maps) = maps.as_mut().filter(|_| playing)
                && maps.one_in(4)
            {
                let detaches = maps.one_in(4);
                actions.push(if detaches { Action::DetachMap } else { Action::AttachMap });
            }
        }
        Self { name: "drawn".to_owned(), seed, actions }
    }

    fn draw(playing: bool, random: &mut Random) -> Action {
        let choices: &[Action] = if playing { &drawn::PLAYED } else { &drawn::LEFT };
        random.pick(choices).copied().unwrap_or(Action::Turn)
    }
}

fn has_failed(seed: u64) -> bool {
    failed_seeds::COMPOUND.contains(&seed) || failed_seeds::FAULTS.contains(&seed)
}

/// The actions of drawn scenarios, each as often as it is to come.
mod drawn {
    use super::Action::{
        Attach, Auto, BeginMerge, Burst, Close, CopySlot, Crowd, CrowdOthers, Decline, DeleteSlot,
        End, Exit, Forget, Full, Kill, List, LoadSlot, Manual, Merge, Overwrite, Pause, Recover,
        RecoverOlder, Rename, RenameSlot, Resume, Rewind, SaveSlot, Settle, Start, SwitchProfile,
        Turn, Widen,
    };

    /// While a session is played.
    pub const PLAYED: [super::Action; 36] = [
        Auto,
        Auto,
        Auto,
        Auto,
        Auto,
        Burst,
        Burst,
        Manual,
        Full,
        Full,
        Pause,
        Resume,
        Rename,
        Turn,
        Turn,
        SaveSlot,
        Overwrite,
        Overwrite,
        CopySlot,
        RenameSlot,
        DeleteSlot,
        LoadSlot,
        Attach,
        Attach,
        List,
        Merge,
        Merge,
        BeginMerge,
        Settle,
        Crowd,
        CrowdOthers,
        Widen,
        Rewind,
        Close,
        Kill,
        End,
    ];
    /// While none is.
    pub const LEFT: [super::Action; 13] = [
        Recover,
        Recover,
        Recover,
        Recover,
        RecoverOlder,
        RecoverOlder,
        Start,
        LoadSlot,
        Kill,
        Exit,
        Decline,
        Forget,
        SwitchProfile,
    ];
}
