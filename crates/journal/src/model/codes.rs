//! Codes of all that the game, the tool and a monitoring find: one catalogue, with what to do first.

use std::fmt;

/// The severity of a finding.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Weight {
    /// Something is wrong.
    Problem,
    /// Something is to be known, and nothing is wrong.
    Note,
}

/// Declares the codes, each with its text, its weight, the title of its section in the documents, and the first thing
/// to do.
macro_rules! codes {
    ($($name:ident $text:literal $weight:ident, $title:literal, $advice:literal;)*) => {
        /// A finding's code, such as `BS0101`. A code never gets another meaning.
        ///
        /// The first two digits say where it belongs: `01` to `05` are found in files, `06` by a running game and `07`
        /// by alerts: `docs/RUNBOOK.md` has a section for each. `08` are hints for developers and `09` what the doctor
        /// finds in a game: `docs/guide/hints.md` has those.
        ///
        /// ```
        /// use bevy_session_journal::{Code, Weight};
        ///
        /// let code = Code::SessionDamaged;
        /// assert_eq!(code.to_string(), "BS0101");
        /// assert_eq!(code.weight(), Weight::Problem);
        /// assert_eq!(code.page(), "docs/RUNBOOK.md#bs0101-a-session-is-damaged");
        /// ```
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
        #[non_exhaustive]
        pub enum Code {
            $(#[doc = concat!($text, ": ", $title, ".")] $name,)*
        }

        impl Code {
            /// All of them, in the order of their texts.
            pub const ALL: &[Self] = &[$(Self::$name,)*];

            /// The code as people write it, `BS0601`.
            #[must_use]
            pub const fn text(self) -> &'static str {
                match self { $(Self::$name => $text,)* }
            }

            /// Returns its severity.
            #[must_use]
            pub const fn weight(self) -> Weight {
                match self { $(Self::$name => Weight::$weight,)* }
            }

            /// The title of its section in the documents.
            #[must_use]
            pub const fn title(self) -> &'static str {
                match self { $(Self::$name => $title,)* }
            }

            /// The first thing to do, in one sentence. Verbs are those of `bevy-session`.
            #[must_use]
            pub const fn advice(self) -> &'static str {
                match self { $(Self::$name => $advice,)* }
            }
        }
    };
}

codes! {
    SessionDamaged "BS0101" Problem, "A session is damaged",
        "repair --to a new directory, and let the game play that";
    SessionLost "BS0102" Problem, "Nothing of a session is left",
        "look for another copy: a slot, a cloud's history, a backup";
    SessionNewer "BS0103" Note, "A newer version wrote a session",
        "update the game, or this tool";
    FileUnreadable "BS0104" Problem, "A file can't be read",
        "look at the rights of the files and at the disk";
    SessionForked "BS0105" Note, "A session is a fork",
        "compare the sides with fork show, and let the player choose in the game";
    CrashUndecided "BS0106" Note, "A crash waits for an answer",
        "start the game: it offers what can be restored";
    DeletionUnfinished "BS0107" Note, "A deletion isn't finished",
        "start the game: it finishes the deletion";
    EventsDamaged "BS0108" Problem, "Events are damaged",
        "do nothing: no checkpoint depends on events; log shows those that are left";
    AttachmentDamaged "BS0109" Problem, "An attachment is damaged",
        "do nothing: only the attachment is missing, and no checkpoint depends on it";
    RestoreUnproven "BS0110" Note, "A restore hasn't proven itself",
        "do nothing: the game watches the restore, and offers an older checkpoint if it dies";
    DiesAgain "BS0111" Problem, "The game dies again and again",
        "read its last lines with log, and compare its checkpoints with diff";
    SlotDamaged "BS0201" Problem, "A slot is damaged",
        "save again under that name, or load the session or another slot";
    SessionLarge "BS0301" Note, "A session is large",
        "find out with stats what makes it large, and with prune what rules would remove";
    RecordDamaged "BS0401" Note, "A process record is damaged",
        "start the game: how its last process ended isn't known, and nothing else is missing";
    ProcessHangs "BS0402" Problem, "A game hangs",
        "check it with health, and restart the game if it still hangs: checkpoints are safe";
    LocksLeft "BS0403" Note, "Locks were left behind",
        "start the game: it removes locks of dead processes once its first checkpoint is safe";
    FilesLeft "BS0404" Note, "Files were left behind",
        "start the game: it removes files that a dead process left unfinished";
    RecordsMissing "BS0405" Note, "The state directory isn't there",
        "copy the game's state directory as well: on Linux it is apart from the data";
    DiskFull "BS0501" Problem, "The disk is nearly full",
        "make room: with too little, saving stops";
    InSecondPlace "BS0502" Note, "Sessions lie in a second place",
        "start the game: it reads both places and goes on with the newer; copy nothing by hand";

    WriterGone "BS0601" Problem, "The writer is gone",
        "restart the game: what was acknowledged is on disk";
    SavingStopped "BS0602" Problem, "Saving has stopped",
        "read why in the log, and restart the game if it stays so";
    NothingDurable "BS0603" Problem, "Nothing becomes durable",
        "look at the disk: is it full, slow or gone";
    SessionHeld "BS0604" Note, "A session is played elsewhere",
        "end the other process, or let it play on";
    IndexMade "BS0605" Note, "The index was made again",
        "do nothing, unless it happens at each start: then check the rights of the state directory";
    SwitchedOff "BS0606" Note, "Features are switched off",
        "switch them on again once the reason is gone";
    PoliciesUnreadable "BS0607" Problem, "The policies can't be read",
        "correct the file at the line that is named, and start the game again: until then nothing is played";

    ManyErrors "BS0701" Problem, "Too much fails",
        "read the errors in the log, and look at the disk";
    SlowOperation "BS0702" Problem, "An operation is slow",
        "look at what else uses the disk, and at what makes the session large";
    IndexMisses "BS0703" Problem, "The index knows too little",
        "look whether something else writes into the directory of sessions";
    StaleLocks "BS0704" Problem, "Locks were left behind",
        "find out why processes die before their first checkpoint is durable";
    DiskLow "BS0705" Problem, "There is little room on the disk",
        "make room: with too little, saving stops";
    CheckpointOld "BS0706" Problem, "The newest durable checkpoint is old",
        "look at the disk: is it full, slow or gone";
    ManyCrashes "BS0707" Problem, "Many sessions crash",
        "read the last log lines of the sessions, and look for what they have in common";
    MemoryHigh "BS0708" Problem, "The process takes much memory",
        "look at what the game has loaded, and restart it at a quiet moment";
    SessionOversized "BS0709" Problem, "A session takes much of the disk",
        "find out which types make it large, and keep less of its history";
    SessionLong "BS0710" Problem, "A session was played for long",
        "let the player end it, or raise the level";
    ManyEntities "BS0711" Problem, "A session has many entities",
        "look for what the game spawns and never despawns";
    DiesOften "BS0712" Problem, "The game died several times lately",
        "read the last log lines of the processes, and roll back the update that it began with";
    ReplicaLags "BS0713" Problem, "The replica is behind",
        "check the network and the replica's store: what it lacks is lost if this machine is";

    NoSessionStarted "BS0801" Problem, "No session was started",
        "call start when a new game begins, or start_or_continue at start-up";
    NoEntitySaved "BS0802" Problem, "No entity is saved",
        "put the marker Saved on an entity, or let a component require it";
    GateStaysShut "BS0803" Problem, "A gate stays shut",
        "enter the state in which the game is played, or change the condition";
    ConditionFailed "BS0804" Problem, "A condition can't run",
        "insert what it needs, or take it as an Option";
    StateNotAdded "BS0805" Problem, "A state isn't part of the app",
        "call init_state or add_sub_state";
    CalledTooLate "BS0806" Problem, "A call came too late",
        "call it while the app is built";
    StoppedInDevelopment "BS0807" Note, "A debug build was killed",
        "call SessionPlugin::development(false), or start with BEVY_SESSION=continue";
    WentOnAfterFailure "BS0808" Problem, "The game went on after a failure",
        "let the system return before it changes anything, or let the game end";
    KeyedEntityWentAgain "BS0809" Note, "An entity with a key is despawned at once",
        "forget the keys before a new round, or put a SaveScope on the level";
    LostBeforeRestore "BS0810" Problem, "Entities were lost before the restore",
        "let the game stand still until the player has answered the offer";
    NotPutBack "BS0811" Problem, "Components didn't come back",
        "save them, require them, or add them in an observer of what is saved";
    LinkNotRestored "BS0812" Problem, "A relationship didn't come back",
        "save its target, or give the target a SaveKey";
    EntityNotMapped "BS0813" Problem, "An entity in a field isn't mapped",
        "mark the field with #[entities]";
    SavedUnmapped "BS0814" Problem, "An entity was saved unmapped",
        "set the field after the restore: an earlier build saved it before it was marked";
    InstanceNotRegistered "BS0815" Problem, "A generic type isn't registered",
        "call register_type for each instance";
    ContextTooLong "BS0816" Note, "The game's context is too long",
        "shorten the texts of GameContext: what is over the limit is cut";
    DialogWithoutCamera "BS0817" Problem, "The recovery dialog can't be seen",
        "spawn a camera";
    SpawnedTwice "BS0818" Problem, "A level was spawned twice",
        "give what a level spawns a SaveKey, or spawn it only for a new session";
    NothingToAccept "BS0819" Note, "There was no offer to accept",
        "show the button only while recovery_is_pending";
    StartedBeside "BS0820" Note, "Each start begins a new session",
        "call start_or_continue at start-up, not start";

    ComponentNotSaved "BS0901" Note, "A component isn't saved",
        "mark it with #[reflect(Component, Saved)], or let the doctor ignore it";
    PlaceNotSaved "BS0902" Problem, "Places aren't saved",
        "call save_component::<Transform>()";
    ResourceNotSaved "BS0903" Note, "A resource isn't saved",
        "mark it with #[reflect(Resource, Saved)], or let the doctor ignore it";
    UnknownComponents "BS0904" Note, "Components aren't registered",
        "register them; Bevy's feature debug shows their names";
    ReferenceToUnsaved "BS0905" Problem, "A reference leads to an unsaved entity",
        "save that entity, or give it a SaveKey";
    NothingSaved "BS0906" Problem, "A saved entity has nothing saved",
        "save one of its components, or take the marker away";
    StatesNeverGated "BS0907" Note, "Checkpoints are taken in every state",
        "call checkpoint_session_while(in_state(…))";
    DuplicateKey "BS0908" Problem, "Two entities have one key",
        "make keys unique";
    EntityObserver "BS0909" Note, "An observer of one entity doesn't come back",
        "add it in an observer of On<Add<…>>";
    TypeNotSaved "BS0910" Problem, "A type can't be saved",
        "do what the reason says";
    RarelyChanges "BS0911" Note, "A type rarely changes",
        "mark it with #[component(summary_tick)]";
    PowerCutsNotCovered "BS0912" Note, "A power cut may cost checkpoints",
        "keep the game's data on a local disk";
    KeyedNotSaved "BS0913" Problem, "An entity has a key and isn't saved",
        "mark it with Saved";
}

impl Code {
    /// Returns true if something is wrong, false if it is only a note.
    #[must_use]
    pub const fn is_problem(self) -> bool {
        matches!(self.weight(), Weight::Problem)
    }

    /// The section of the documents that explains it: the page's path in the repository, and the section's anchor, as in
    /// `docs/guide/hints.md#bs0817-the-recovery-dialog-cant-be-seen`.
    #[must_use]
    pub fn page(self) -> String {
        let is_of_guide = ["BS08", "BS09"].iter().any(|group| self.text().starts_with(group));
        let page = if is_of_guide { "docs/guide/hints.md" } else { "docs/RUNBOOK.md" };
        format!("{page}#{}", anchor(&format!("{self} {}", self.title())))
    }
}

/// The anchor that hosts of Markdown give to a heading.
fn anchor(heading: &str) -> String {
    let kept = heading.chars().filter(|it| it.is_alphanumeric() || " -_".contains(*it));
    kept.map(|it| if it == ' ' { '-' } else { it.to_ascii_lowercase() }).collect()
}

impl fmt::Display for Code {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.text())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const RUNBOOK: &str = include_str!("../../../../docs/RUNBOOK.md");
    const HINTS: &str = include_str!("../../../../docs/guide/hints.md");

    /// The headings of a document that begin with a code.
    fn headings(document: &str) -> Vec<&str> {
        document.lines().filter_map(|line| line.strip_prefix("## BS")).collect()
    }

    // Feature: Health has findings, each with a code and a section that explains it.
    #[test]
    fn each_code_has_its_section_and_each_section_its_code() {
        let sections: Vec<String> = Code::ALL
            .iter()
            .map(|code| format!("{} {}", &code.text()[2..], code.title()))
            .collect();

        let documented = [headings(RUNBOOK), headings(HINTS)].concat();

        assert_eq!(documented, sections);
    }

    #[test]
    fn codes_are_sorted() {
        assert!(Code::ALL.is_sorted_by(|one, next| one.text() < next.text() && one < next));
    }
}
