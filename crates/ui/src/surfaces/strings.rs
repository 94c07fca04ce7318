//! Every word that a player reads.

mod file;

use bevy::prelude::*;
use serde::{Deserialize, Serialize};

pub use file::StringsFile;
pub(super) use file::{StringsLoader, take_strings};

/// A text that counts something: `one` for 1, `other` for everything else, with `{n}` for the number.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Counted {
    /// The text for the number 1.
    pub one: String,
    /// The text for all other numbers.
    pub other: String,
}

impl Counted {
    /// The text for this number.
    #[must_use]
    pub fn of(&self, n: u64) -> String {
        let text = if n == 1 { &self.one } else { &self.other };
        text.replace("{n}", &n.to_string())
    }
}

trait English {
    type Owned;
    fn owned(self) -> Self::Owned;
}

impl English for &str {
    type Owned = String;
    fn owned(self) -> String {
        self.to_owned()
    }
}

impl English for (&str, &str) {
    type Owned = Counted;
    fn owned(self) -> Counted {
        Counted { one: self.0.to_owned(), other: self.1.to_owned() }
    }
}

/// Declares the strings with their English, so that none can be declared and forgotten.
macro_rules! strings {
    ($($(#[$attribute:meta])* $name:ident: $type:ty = $english:expr,)*) => {
        /// Every word of the ready-made UI. English is built in.
        ///
        /// Replace what you like, or load another language, of which `assets/strings/de.ron` in the
        /// repository is an example; what a file doesn't name stays English. A part in braces, such
        /// as `{ago}`, is filled in.
        ///
        /// ```
        /// use bevy::prelude::*;
        /// use bevy_session_ui::{SessionStrings, StringsFile};
        ///
        /// fn our_own_words(mut strings: ResMut<SessionStrings>) {
        ///     strings.dialog_title = "The Chronicle is torn".to_owned();
        /// }
        ///
        /// fn german(server: Res<AssetServer>, mut commands: Commands) {
        ///     commands.insert_resource(StringsFile(server.load("strings/de.ron")));
        /// }
        /// # bevy::ecs::system::assert_is_system(our_own_words);
        /// # bevy::ecs::system::assert_is_system(german);
        /// ```
        #[derive(Resource, Asset, TypePath, Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
        #[serde(default)]
        pub struct SessionStrings {
            $($(#[$attribute])* pub $name: $type,)*
        }

        impl Default for SessionStrings {
            fn default() -> Self {
                Self { $($name: $english.owned(),)* }
            }
        }
    };
}

strings! {
    /// A moment that isn't known.
    some_time_ago: String = "some time ago",
    /// Less than a minute ago.
    just_now: String = "just now",
    /// Minutes ago.
    minutes_ago: Counted = ("a minute ago", "{n} minutes ago"),
    /// Hours ago.
    hours_ago: Counted = ("an hour ago", "{n} hours ago"),
    /// Days ago.
    days_ago: Counted = ("a day ago", "{n} days ago"),
    /// A span of seconds.
    seconds: Counted = ("1 second", "{n} seconds"),
    /// A span of minutes.
    minutes: Counted = ("1 minute", "{n} minutes"),
    /// A span of hours.
    hours: Counted = ("1 hour", "{n} hours"),
    /// Two spans together.
    span_and_span: String = "{large} {small}",
    /// A play time.
    played: String = "{time} played",

    /// The title of the recovery dialog.
    dialog_title: String = "Welcome back",
    /// The process panicked.
    ended_in_a_crash: String = "The game crashed {ago}.",
    /// The process died without a word.
    ended_unexpectedly: String = "The game closed unexpectedly {ago}.",
    /// The same, and the machine was restarted since.
    ended_with_the_computer: String = "Your computer restarted or lost power while the game was running, {ago}.",
    /// The process hung and was killed.
    ended_not_responding: String = "The game stopped responding and was closed {ago}.",
    /// The process was asked to exit, and its last checkpoint is missing.
    ended_while_closing: String = "The game was closed {ago}, before its last save was finished.",
    /// The process ran on another machine.
    ended_elsewhere: String = "You played on another device {ago}. The game may still be open there.",
    /// The game is in the replica alone, and whoever played it is gone.
    elsewhere_all: String = "You played on another device {ago}. You can continue here.",
    /// The same, and this machine has an earlier state of it.
    elsewhere_newer: String = "You played on another device {ago}. That save is newer than the one here, and you can continue from it.",
    /// The game went on here and on another machine, and what is here is offered.
    elsewhere_fork: String = "This game was also continued on another device. Both are kept: what is here becomes a separate game.",
    /// A side of a fork that was left in good order.
    played_apart: String = "This game was played in more than one place.",
    /// Next to nothing was lost.
    nothing_lost: String = "Nothing was lost.",
    /// The play that was lost.
    lost: String = "The last {time} of play could not be saved.",
    /// It isn't known what was lost.
    lost_unknown: String = "The last moments of play may be missing.",
    /// Checkpoints that had been saved are damaged.
    lost_saves: Counted = ("One save is damaged, so an earlier one is offered.", "{n} saves are damaged, so an earlier one is offered."),
    /// An older checkpoint is preselected, since the game died soon after a newer one was loaded.
    older_is_chosen: String = "The game closed soon after this save was loaded. We chose an earlier one, which should be safer.",
    /// Nothing is preselected, since the game died again and again.
    fresh_is_chosen: Counted = ("The game closed right after loading. A fresh start should work; your saves are kept.", "The game closed right after loading, {n} times in a row. A fresh start should work; your saves are kept."),
    /// The checkpoint that was chosen can't be restored.
    choice_failed: String = "This save could not be loaded: {reason}.",
    /// Another choice is preselected in its place.
    next_best: String = "The next best save is chosen now.",
    /// Nothing can be restored.
    nothing_readable: String = "The saves of \"{name}\" could not be read: {reason}. Nothing was deleted.",
    /// The same of a session whose name isn't known.
    a_game: String = "your last game",
    /// Above the list of checkpoints.
    continue_from: String = "Continue from",
    /// Which of several crashed sessions this is.
    one_of: String = "{name} ({n} of {total})",
    /// The button that shows the session before.
    previous: String = "<",
    /// The button that shows the next session.
    next: String = ">",
    /// A checkpoint at the very end.
    before_the_end_now: String = "right before the end",
    /// The time between a checkpoint and the end.
    before_the_end: String = "{time} before the end",
    /// The session went on in two places, here and on another device, say.
    forked: String = "The same until {moment}; then {sides}. Both are kept.",
    /// The same, and it isn't known when.
    forked_some_time: String = "This game was continued in two places: {sides}. Both are kept.",
    /// The play on this machine since.
    forked_here: String = "{time} here",
    /// The play on another machine since.
    forked_elsewhere: String = "{time} on another device",
    /// The side that the dialog shows.
    forked_shown: String = "{side} (shown now)",
    /// A day of the week.
    monday: String = "Monday",
    /// A day of the week.
    tuesday: String = "Tuesday",
    /// A day of the week.
    wednesday: String = "Wednesday",
    /// A day of the week.
    thursday: String = "Thursday",
    /// A day of the week.
    friday: String = "Friday",
    /// A day of the week.
    saturday: String = "Saturday",
    /// A day of the week.
    sunday: String = "Sunday",
    /// The chapters that were open at a checkpoint, the outermost first.
    in_chapters: String = "in \"{chapters}\"",
    /// The button that recovers.
    recover: String = "Recover",
    /// The button that declines.
    start_fresh: String = "Start fresh",
    /// A note beside that button.
    start_fresh_keeps: String = "Starting fresh keeps your saves.",
    /// The button that declines one side of a fork.
    set_aside: String = "Set this one aside",
    /// A note beside that button.
    set_aside_keeps: String = "What you set aside is kept, and isn't asked about again.",
    /// The button that shows more.
    details: String = "Details",
    /// The button that leads back.
    back: String = "Back",
    /// The button that closes a message.
    ok: String = "OK",
    /// The button that gives a restore up.
    cancel: String = "Cancel",
    /// In the details: what happened.
    what_happened: String = "What happened",
    /// In the details: the message of a panic.
    message: String = "Message",
    /// In the details: where it panicked.
    place: String = "Place in the program",
    /// In the details: when the game is known to have lived last.
    last_seen: String = "Last seen",
    /// In the details: an alert that stood when the game is known to have lived last.
    alert_stood: String = "Warning before that",
    /// In the details: the version of the game.
    game_version: String = "Version",
    /// In the details: where the files are.
    files: String = "Files",
    /// The button that writes a report.
    save_report: String = "Save a report",
    /// A report is being written.
    saving_report: String = "Saving the report ...",
    /// A report was written.
    report_saved: String = "Saved: {path}",
    /// A report could not be written.
    report_failed: String = "The report could not be saved: {reason}.",
    /// The purpose of a report.
    report_explained: String = "A report helps the makers of the game find the problem. It contains your newest save, but no personal paths.",
    /// While a checkpoint is being restored: it is being read.
    restoring_reading: String = "Reading your save ...",
    /// The game loads its level.
    restoring_loading: String = "Loading the world ...",
    /// Things are being put back.
    restoring_replacing: String = "Putting everything back ...",
    /// The game takes long to load.
    restoring_stalled: String = "This takes longer than usual. Please wait ...",

    /// A checkpoint of kind auto.
    kind_auto: String = "Autosave",
    /// A checkpoint of kind manual.
    kind_manual: String = "Saved by the game",
    /// A checkpoint of kind quick, and a quick slot.
    kind_quick: String = "Quick save",
    /// A checkpoint of kind state.
    kind_state: String = "Autosave",
    /// A checkpoint of kind pause.
    kind_pause: String = "Autosave at a pause",
    /// A checkpoint of kind exit.
    kind_exit: String = "Autosave at the exit",
    /// A checkpoint of kind opening.
    kind_opening: String = "Start of play",
    /// A checkpoint of kind rewind.
    kind_rewind: String = "Autosave before going back",
    /// A slot.
    kind_slot: String = "Saved by you",
    /// A way out of a crash that the game adds.
    kind_option: String = "Another way to continue",
    /// Beside what can't be chosen now.
    not_available: String = "Not available",
    /// A slot that was left behind at the exit.
    kind_exit_slot: String = "Saved at the exit",
    /// It can't be restored.
    damaged: String = "Damaged",
    /// A newer version of the game saved it.
    from_newer_version: String = "From a newer version of the game",
    /// Something of it can't be used by this version.
    from_other_version: String = "From another version of the game",

    /// The title of the menu.
    menu_title: String = "Your games",
    /// There is nothing in it.
    menu_empty: String = "Nothing has been saved yet.",
    /// The sessions are still being looked for.
    menu_looking: String = "Looking for your games ...",
    /// A search found nothing.
    menu_nothing_found: String = "Nothing matches \"{search}\".",
    /// Nothing has the tags that are chosen.
    menu_nothing_tagged: String = "Nothing here is tagged \"{tags}\".",
    /// There are no favourites.
    menu_no_favourites: String = "There are no favourites yet.",
    /// The archive is empty.
    menu_no_archive: String = "The archive is empty.",
    /// The trash is empty.
    menu_no_trash: String = "The trash is empty.",
    /// The tab of all that is at hand.
    tab_games: String = "Games",
    /// The tab of favourites.
    tab_favourites: String = "Favourites",
    /// The tab of the archive.
    tab_archive: String = "Archive",
    /// The tab of the trash.
    tab_trash: String = "Trash",
    /// In the search field, as long as nothing is typed.
    search: String = "Search",
    /// The button that clears the search.
    clear_search: String = "Clear the search",
    /// Before the ways to sort.
    sort_by: String = "Sort by",
    /// Newest first.
    sort_newest: String = "Newest",
    /// By name.
    sort_name: String = "Name",
    /// The longest play time first.
    sort_play_time: String = "Play time",
    /// The button that shows what the list is grouped by.
    group_by: String = "Group by: {what}",
    /// Above the ways to group.
    group_by_what: String = "Group the list by:",
    /// No groups.
    group_nothing: String = "None",
    /// Groups by player.
    group_player: String = "Player",
    /// Groups by tag.
    group_tag: String = "Tag",
    /// Groups by what a session began with.
    group_scenario: String = "Scenario",
    /// Groups by the week of the last play.
    group_week: String = "Week",
    /// Groups by how it went.
    group_outcome: String = "Outcome",
    /// Above sessions without a player.
    no_player: String = "No player",
    /// Above sessions without tags.
    no_tags: String = "No tags",
    /// Above sessions that began with no scenario.
    no_scenario: String = "No scenario",
    /// Above sessions that were played this week.
    this_week: String = "This week",
    /// Above sessions that were played in an earlier week.
    weeks_ago: Counted = ("Last week", "{n} weeks ago"),
    /// Above what the player saved.
    saves: String = "Your saves",
    /// A session, beside slots.
    entry_session: String = "Game in progress",
    /// A session that is planned, and hasn't begun.
    entry_draft: String = "Planned",
    /// A session that crashed.
    entry_crashed: String = "Closed unexpectedly",
    /// A session that is being played.
    entry_in_use: String = "Being played now",
    /// The same, and it is paused.
    entry_paused: String = "Paused",
    /// A file that can't be used.
    entry_unreadable: String = "This file can't be used",
    /// A slot that is neither overwritten nor deleted.
    entry_protected: String = "Protected",
    /// A session that another process plays.
    entry_elsewhere: String = "Open in another window",
    /// A session whose goal was reached.
    entry_completed: String = "Completed",
    /// A session that was lost.
    entry_failed: String = "Lost",
    /// A session that was given up.
    entry_abandoned: String = "Given up",
    /// A session of which only the summary was archived.
    entry_summary_only: String = "Only its summary is kept",
    /// When a session was archived.
    archived_ago: String = "archived {ago}",
    /// When a session was deleted.
    deleted_ago: String = "deleted {ago}",
    /// The days for which a session can still be taken out of the trash.
    trash_days: Counted = ("removed for good in a day", "removed for good in {n} days"),
    /// The same, and its time is over.
    trash_soon: String = "removed for good soon",
    /// The button that continues a session.
    continue_it: String = "Continue",
    /// The button that begins a session that was planned.
    begin_it: String = "Begin",
    /// The button that loads a slot.
    load_it: String = "Load",
    /// The button that deletes.
    delete: String = "Delete",
    /// The button that makes a session a favourite.
    favourite: String = "Favourite",
    /// The button that takes that back.
    no_favourite: String = "Remove from favourites",
    /// The button that renames.
    rename: String = "Rename",
    /// The button that makes a second session of one.
    duplicate: String = "Duplicate",
    /// The name of the second one.
    copy_name: String = "{name} (copy)",
    /// The button that archives.
    archive_it: String = "Archive it",
    /// The button that takes a session out of the archive.
    bring_back: String = "Bring back",
    /// The button that pauses the session that is played.
    pause_it: String = "Pause",
    /// The button that resumes it.
    resume_it: String = "Resume",
    /// The button that ends the session that is played.
    end_it: String = "End it",
    /// The button that takes a session out of the trash.
    restore_it: String = "Restore",
    /// The button that removes a session from the trash.
    delete_for_good: String = "Delete for good",
    /// In a small window, the button that shows what else can be done.
    more: String = "More",
    /// The button for a new session.
    new_it: String = "New",
    /// Above the field for its name.
    new_what: String = "Name of the new game:",
    /// The scenario that it begins with.
    new_scenario: String = "Scenario: {name}",
    /// Below that: its difficulty.
    new_difficulty: String = "Difficulty: {difficulty}",
    /// The scenario that was chosen is gone.
    scenario_gone: String = "This scenario is not there any more.",
    /// The end of the session that is played until then.
    new_closes: String = "\"{name}\" is saved and closed first.",
    /// The button that starts it.
    start_it: String = "Start",
    /// Above the field for a new name.
    rename_what: String = "A new name for \"{name}\":",
    /// In that field, as long as nothing is typed.
    name_hint: String = "Name",
    /// The new name is empty.
    name_empty: String = "Please give it a name.",
    /// The new name is too long.
    name_too_long: String = "This name is too long: {n} of at most {limit} bytes.",
    /// Before a session is archived.
    sure_archive: String = "Archive \"{name}\"? Its newest save is kept, earlier ones are removed.",
    /// Before the session that is played ends.
    sure_end: String = "End \"{name}\" for good? It can't be continued after that.",
    /// Before a session is removed for good.
    sure_forget: String = "Delete \"{name}\" for good? This can't be undone.",
    /// The button that closes the menu.
    close: String = "Close",
    /// Something is about to be deleted.
    deleted: String = "\"{name}\" will be deleted.",
    /// Something was put into the trash.
    said_deleted: String = "\"{name}\" is in the trash.",
    /// Something was archived.
    said_archived: String = "\"{name}\" is in the archive.",
    /// Something was brought back.
    said_back: String = "\"{name}\" is back.",
    /// A second session was made of one.
    said_copied: String = "Copied as \"{name}\".",
    /// The button that keeps it.
    undo: String = "Undo ({n})",
    /// A request could not be done.
    menu_failed: String = "That did not work: {reason}.",

    /// The title of the timeline, and the buttons that open it.
    timeline_title: String = "Timeline",
    /// There is nothing in it.
    timeline_empty: String = "There is nothing to go back to yet.",
    /// Going back loses no play.
    timeline_keeps: String = "What you have played is kept when you go back: it stays in the timeline as a branch.",
    /// A checkpoint of this moment.
    timeline_now: String = "Now",
    /// The play time between a checkpoint and now.
    timeline_back: String = "{time} back",
    /// A chapter begins with a checkpoint.
    timeline_chapter: String = "a chapter begins",
    /// The end of a branch.
    timeline_left: String = "What you left {ago}",
    /// Below the end of a branch.
    timeline_branch: String = "the end of a branch",
    /// Below another checkpoint of a branch.
    timeline_on_branch: String = "on this branch",
    /// Below the end of a line that went on in another place.
    timeline_other: String = "continued in another place",
    /// The button that goes back to a checkpoint of the line that is played.
    timeline_go_back: String = "Go back here",
    /// The button that goes to a checkpoint of a branch.
    timeline_go_on: String = "Go on from here",
    /// The button that goes back to what the newest rewind has left.
    timeline_undo_rewind: String = "Undo going back",
    /// The button that goes back to what the newest load has left.
    timeline_undo_load: String = "Undo loading",

    /// Beside the mark while something is being saved.
    saving: String = "Saving",
    /// Nothing can be saved.
    saving_fails: String = "Your progress can't be saved: {reason}. You can go on playing; we keep trying.",
    /// Nothing can be saved until the game is restarted.
    saving_stopped: String = "Your progress is no longer saved. Please restart the game; what was saved is safe.",
    /// A slot could not be saved.
    slot_fails: String = "\"{name}\" could not be saved: {reason}.",

    /// The title of the developer's panel.
    panel_title: String = "Session",
    /// In the panel: no session is being played.
    panel_no_session: String = "none is being played",
    /// In the panel: the status of the session.
    panel_status: String = "Status",
    /// In the panel: how long it was played.
    panel_played: String = "Played",
    /// In the panel: the newest checkpoint that is durable.
    panel_last: String = "Last checkpoint",
    /// In the panel: checkpoints that are captured and not durable yet.
    panel_queue: String = "Being saved",
    /// In the panel: the directory of sessions and slots.
    panel_place: String = "Saved in",
    /// In the panel: sessions are in memory, and in no directory.
    panel_in_memory: String = "memory",
    /// In the panel: the file system can't sync directories.
    panel_power_cuts: String = "Files may be lost in a power cut",
    /// In the panel: time that captures take on the main thread.
    panel_capture: String = "Capture, ms",
    /// In the panel: time from the hand-over to the end of the sync.
    panel_write: String = "Write, ms",
    /// In the panel: bytes of checkpoints.
    panel_size: String = "Size, KiB",
    /// In the panel: the newest and the largest value.
    panel_value: String = "{last} (max {max})",
    /// In the panel: what the session has recorded last.
    panel_activity: String = "Activity",
    /// In the panel: what went wrong.
    panel_errors: String = "Errors",
    /// In the panel: nothing did.
    panel_no_errors: String = "none",
    /// The button that takes a checkpoint.
    panel_checkpoint: String = "Checkpoint",
    /// The button that crashes the game.
    panel_crash: String = "Crash",

    /// The button that goes back to the checkpoint before, in a recorded run that is watched.
    replay_back: String = "Back",
    /// The button that goes on to the checkpoint after.
    replay_forward: String = "Forward",
    /// The button that pauses a recorded run.
    replay_pause: String = "Pause",
    /// The button that plays it on.
    replay_resume: String = "Play",
    /// The button that plays one frame of it.
    replay_step: String = "Step",
    /// The button that halves its speed.
    replay_slower: String = "Slower",
    /// The button that doubles its speed.
    replay_faster: String = "Faster",
    /// Its speed; 1 is that of the recording.
    replay_speed: String = "{speed} times",
    /// Its position, and its length.
    replay_time: String = "{at} of {end}",
    /// The recorded run is over.
    replay_at_end: String = "The end of the recording",
    /// The game panicked in it.
    replay_panicked: String = "The game panicked: {message}",
    /// A checkpoint of it can't be restored.
    replay_failed: String = "The replay stopped: {error}",
    /// What was played isn't what was recorded.
    replay_differs: String = "Checkpoints that differ from the recording: {count}",
    /// The recording has no inputs.
    replay_no_inputs: String = "No inputs were recorded",
    /// Something is missing in the recording.
    replay_missing: String = "{count} recorded events are missing",
    /// This build doesn't know these inputs.
    replay_unreadable: String = "Unknown inputs: {types}",
    /// Steps of the game run at other moments than in the recording.
    replay_out_of_step: String = "Out of step from frame {frame}",

    /// There is no room on the disk.
    reason_disk_full: String = "the disk is full",
    /// Why the disk refuses: the player has used up their share of it.
    reason_quota: String = "your share of the disk is used up",
    /// The disk can't be written to.
    reason_read_only: String = "the folder is write-protected",
    /// The disk refuses for another reason.
    reason_disk: String = "the disk reports an error",
    /// The files are damaged.
    reason_damaged: String = "the file is damaged",
    /// The files are of a newer version.
    reason_newer: String = "a newer version of the game wrote it",
    /// It is gone.
    reason_missing: String = "it is not there any more",
    /// Another process has it.
    reason_in_use: String = "it is open in another window of the game",
    /// A crash waits for an answer.
    reason_crashed: String = "it closed unexpectedly, so recover it first",
    /// It went on in two places.
    reason_forked: String = "it was continued in two places, so choose one of them first",
    /// It is being played.
    reason_played: String = "it is being played",
    /// Another slot is called so.
    reason_name_taken: String = "another save has this name",
    /// Why a save is neither overwritten nor deleted.
    reason_protected: String = "this save is protected",
    /// Nothing that a player would understand.
    reason_other: String = "something went wrong",
}

#[cfg(test)]
mod tests;
