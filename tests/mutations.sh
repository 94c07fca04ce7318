#!/usr/bin/env bash
# Breaks the code in small ways, one after the other, in a copy, and expects a test to notice each.
#
#   tests/mutations.sh                tries all mutants
#   tests/mutations.sh <expression>   tries those whose promise and name ("promise: name") fit the expression
#   tests/mutations.sh --check        builds nothing: says whether each mutant still changes the code, and counts them
#
# The unmutated code goes first, with every test that is named below, and has to pass. A mutant counts as
# killed by an assertion of a test that is named with it, by the end of the process or by patience. It
# doesn't if it survives, changes nothing (STALE), doesn't compile (BROKEN), or if all that fails is an
# `unwrap` in a test (STRAY). On a busy machine, BEVY_SESSION_PATIENCE is how many seconds one may take.
set -uo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
only=${1:-} is_check=
[[ $only != --check ]] || only= is_check=yes
patience=${BEVY_SESSION_PATIENCE:-300}
export RUST_BACKTRACE=0
unset BEVY_SESSION_TORTURE BEVY_SESSION_TORTURE_SEED
# Always in the same place, so that cargo builds what a mutant changes and nothing else; and in a target
# directory of its own, since cargo can't tell a copy of a package from the package.
scratch=${CARGO_TARGET_DIR:-${XDG_CACHE_HOME:-$HOME/.cache}/bevy_session}/mutations
export CARGO_TARGET_DIR=$scratch/target
pristine=$scratch/pristine tree=$scratch/tree log=$scratch/log

# The table of mutants: a row has one element in each of these.
promises=() names=() places=() changes=() tests=()
promise=

# mutant <name> <places> <perl substitution> <test>…
#
# A place is a file, or a directory in which one file is changed, whichever that is. Each place has to be
# changed. A test is a part of its name; behind `syncs:` stand those of `crates/journal/tests/syncs.rs`, behind `it:`
# those of `tests/it`.
mutant() {
    [[ "$promise: $1" =~ $only ]] || return 0
    promises+=("$promise") names+=("$1") places+=("$2") changes+=("$3") tests+=("${*:4}")
}

journal=crates/journal/src
writer=$journal/write retention=$journal/write/retention store=$journal/disk oracle=$journal/torture/debt

worlds=any_world_is_restored_from_any_chain tested=the_self_test_names
crash=no_power_cut_loses faults=no_fault_loses compound=a_crash_in_the_recovery
shelf=torture::shelf damage=torture::damage trips=torture::round_trips hostile=torture::hostile copies=torture::copies

promise='A crash loop ends, and a button goes on where it says'
ladder=$journal/read/recovery/ladder.rs lifecycle=src/lifecycle
mutant 'step back for ever' $ladder \
    's/steps_back < MOST_STEPS_BACK/steps_back < u32::MAX/' it:modes::a_game_that_panics_at_each_start
mutant 'count kills as deaths of the game' $ladder \
    's/\(own_deaths >= DEATHS_UNTIL_STEP_DOWN, died_of_itself\)/(own_deaths + trial.tries >= DEATHS_UNTIL_STEP_DOWN, true)/' it:modes::only_the_games_own_deaths
mutant 'go back for a kill in the loading screen' $ladder \
    's/stay\(stored, head\.id, trial\.play_time\)/stay(stored, head.id, trial.oldest)/' it:modes::a_kill_in_the_loading_screen
mutant 'answer a second click on a named session with an error' $lifecycle/transitions/take_up.rs \
    's/parts\.start_up\.was_continued\(session, made\)/false/' it:two_clicks_on_a_button_that_names
mutant 'begin a second world beside one that cannot be read' $lifecycle/start_up/found.rs \
    's/Unreadable\(cause\) => Some\(RequestError::Store\(cause\.clone\(\)\)\)/Unreadable(_) => None/' it:no_second_world_begins
mutant 'look no more where sessions cannot be listed' $lifecycle/start_up/listing.rs \
    's/is_looking = true;\n        true/is_looking = true;\n        false/' it:sessions_that_cannot_be_listed
mutant 'continue what is not offered' $lifecycle/start_up/found.rs \
    's/policy != RecoveryPolicy::Never && is_at_hand\(&found\.offers\)/true/' it:a_continue_button_skips
mutant 'restore for each click' $lifecycle/start_up.rs \
    's/\(session, from\) && made_at < at/(session, from) \&\& made_at > at/' it:two_clicks
mutant 'continue without the backup' $lifecycle/transitions/take_up.rs \
    's/parts\.session\(\)\.is_none\(\) && take_up_backup/false && take_up_backup/' it:a_continue_button_loads
mutant 'accept another side of a fork' $journal/read/recovery/offer.rs \
    's/Proposal::Newest if self\.forked =>/Proposal::Newest if false =>/' it:accepting_a_fork_restores
mutant 'continue at the newest where the game dies of it' $lifecycle/transitions/take_up.rs \
    's/offer\.restore_by\(parts\.start_up\.to_go_on\(session\)\)/offer.restore_by(Proposal::Newest)/' it:modes::a_game_that_panics_at_each_start

promise='A replica has what was played, and ends only where it has to'
mutant 'end a replica for a full disk' $journal/replica/shipper.rs \
    's/if lasts && self\.is_draining \{/if true {/' a_passing_local_fault
mutant 'let go of a played session whose file is gone' $journal/replica/shipper.rs \
    's/if lasts && self\.is_draining \{/if lasts {/' a_player_keeps_the_ownership
mutant 'send the new bytes of a file by its old length' $journal/replica/recorder.rs \
    's/let is_it = \|note: &&Note\| file == note\.file;/let is_it = |_: \&\&Note| file < u64::MAX;/' a_file_replaced_twice_is_never_mixed
mutant 'fetch slots where a save removes them' $journal/replica/arrival.rs \
    's/Layout::unfinished\(&self\.place\.path_in_session\(&name\)\)/Layout::unfinished(\&self.place.path(\&name))/' slots_saved_during_a_fetch
mutant 'fetch a session without signs of life' $journal/replica/shipper/arriving.rs \
    's/owner\.renew\(&self\.options\.machine\);//' a_fetch_longer_than_a_lease
mutant 'place slots beside a save' $journal/replica/arrival.rs \
    's/Ok\(None\) => return Ok\(Arrived::WaitsForSlots\),/Ok(None) => None,/' a_slot_saved_during_a_fetch
mutant 'note what only makes way for a small file' $journal/replica/recorder.rs \
    's/Layout::place_of_aside\(name\)\.is_some\(\)/false/' a_small_file_in_replacement
mutant 'place a slot over another one of its session' $journal/replica/arrival.rs \
    's/\(number == 1 \|\| goes\(\) \|\| self\.are_equal\(written, &path\)\?\)/{ let _ = (goes, self.are_equal(written, \&path)?); true }/' a_fetched_slot_whose_name_is_taken
mutant 'take a slot under another name for a new one' $journal/replica/comparison.rs \
    's/if is_slot_under_another_name\(\(reach, log\), here, name, \(there, &past\)\)\.await\? =>/if false \&\& is_slot_under_another_name((reach, log), here, name, (there, \&past)).await? =>/' a_slot_that_a_dead_process
mutant 'remove the slot that took the place of one that goes' $journal/replica/arrival.rs \
    's/self\.gone\.retain\(\|name\| self\.place\.path\(name\) != path\);//' a_slot_saved_over_a_departing_one
mutant 'overwrite what was played here without the replica' $journal/replica/shipper.rs \
    's/Standing::MachineIsBehind if !self\.is_played => \{/Standing::MachineIsBehind | Standing::Forked if !self.is_played => {/' no_schedule_of_machine_faults
mutant 'join a fork with the shorter part of a journal' $journal/replica/arrival.rs \
    's/Some\(Difference::Longer\) => !keeps_own,/Some(Difference::Longer) => true,/' no_schedule_of_machine_faults
mutant 'say that a replica is caught up after its first entry' $journal/replica/shipper.rs \
    's/let \(is_done, count\) = \(catch_up\.is_done\(\), \*count\);/let (is_done, count) = (true, *count);/' no_schedule_of_machine_faults
mutant 'forget a comparison that a fault has ended' $journal/replica/shipper.rs \
    's/(owning\.catch_up = None;)\n(\s+block_on)/$1 owning.must_compare = false;\n$2/' no_schedule_of_machine_faults
mutant 'play a session without signs of life' $journal/replica/shipper.rs \
    's/owning\.owner\.renew\(&self\.options\.machine\);//' no_schedule_of_machine_faults
mutant 'release a session before everything is sent' $journal/replica/shipper.rs \
    's/if self\.is_draining && is_idle && owning/if self.is_draining \&\& owning/' no_schedule_of_machine_faults
mutant 'mirror a replica that went back' $journal/replica/mirror.rs \
    's/if !contained\.map_err\(Halt::of_comparison\)\? \{/if !contained.map_err(Halt::of_comparison)? \&\& false {/' a_replica_that_went_back
mutant 'mirror a replica that lost something of an older epoch' $journal/replica/mirror/place.rs \
    's/if self\.past\.seals == seals \{/if self.past.seals == seals || true {/' entries_that_are_lost_in_an_older_epoch
mutant 'say up to where a replica was read behind its files' $journal/replica/mirror/owning.rs \
    's/owning\.send_place\(end\);//' a_replica_that_went_back
mutant 'name a checkpoint that came while the replica was read' $journal/replica/mirror.rs \
    's/news\.push\(MirrorNews::Whole\(self\.promised\)\);/news.push(MirrorNews::Whole(self.newest));/' a_checkpoint_that_comes_while
mutant 'move archives by copies that no sync has made durable' $writer/moving_archives.rs \
    's/self\.copied && !is_ordered/false/' without_directory_syncs_the_next

promise='What is acknowledged is durable'
mutant 'leave out the sync' $writer \
    's/self\.file\.sync\(\)\.map_err\(\|source\| self\.failure\("sync", source\)\)\?;//' $crash
mutant 'leave out the sync of directories' $writer \
    's/store\.sync_directories\(&self\.target\.unsynced_directories\)\?;//' $crash
mutant 'ignore that the sync of directories fails' $writer \
    's/(store\.sync_directories\(&self\.target\.unsynced_directories\))\?;/let _ = $1;/' $faults
mutant 'acknowledge although the sync failed' $writer \
    's/segment\.sync\(&self\.local\.store\)\?;/let _ = segment.sync(&self.local.store);/' $faults
mutant 'acknowledge before the sync' $writer \
    's/segment\.sync\(&self\.local\.store\)\?;\n(\s+let end = [^;]*;)\n(\s+self\.segments\.note_durable\(end\);)\n\s+\/\/[^\n]*\n\s+self\.hold[^;]*;\n(\s+self\.acknowledge\([^;]*;)/$3\n let Some(segment) = &mut self.segments.open else { return Ok(()) };\n segment.sync(&self.local.store)?;\n$1\n$2/' $crash
mutant 'acknowledge what is only captured' $writer \
    's/(?=self\.pending\.push\(Item::Checkpoint)/let Commit { kind, time, play_time, .. } = checkpoint.commit;\n reports.push(News::Saved(Saved { id, kind, label: None, time, play_time, bytes: 0, write_time: Duration::ZERO }));\n/' $crash
mutant 'retry a sync on the same file' $writer \
    's/self\.file\.sync\(\)\.map_err/self.file.sync().or_else(|_| self.file.sync()).map_err/' $faults
mutant 'go on in a file that failed' $writer \
    's/(marked clean[^;]*)self\.segments\.drop_open\(&self\.local\.store\);/$1/' $faults
mutant 'sync only the directories of the first segment' $store/directory \
    's/match header\.predecessor \{/match Some(()).filter(|()| header.segment > 0) {/' $faults
mutant 'sync nothing above the data directory' $store/directory \
    's/let above = self\.layout\.data\.ancestors\(\)[^;]*;/let above = std::iter::empty::<PathBuf>();/' $crash
mutant 'take a merge for durable without a sync' $writer \
    's/segment\.sync\(store\)\?;\n    Ok\(\(segment, checkpoints/Ok((segment, checkpoints/' $crash
mutant 'move on to a merged file whose sync failed' $writer \
    's/segment\.sync\(store\)\?;\n    Ok\(\(segment, checkpoints/let _ = segment.sync(store);\n    Ok((segment, checkpoints/' $faults
mutant 'append to a file of a former run' "$store/directory $store/simulated_disk.rs" \
    's/self\.create_file\(self\.layout\.segment\(header\), header\)/self.create_file({\n let path = self.layout.segment(header);\n let old = self.disk.list(&self.layout.session(header.session)).unwrap_or_default();\n let old = old.into_iter().find(|entry| entry.name.ends_with(".journal"));\n old.map_or(path.clone(), |entry| path.with_file_name(entry.name)) }, header)/; s/(let mut state = self\.begin\(Operation::Create\)\?;)/$1\n if let Ok(file) = state.file(path) { return Ok(Box::new(SimulatedFile::new(self.clone(), file))); }/' $crash
mutant 'file a statement without a sync' $writer/filing.rs \
    's/segment\.sync\(&local\.store\)/Ok(())/' $crash
mutant 'report a draft before its sync' $writer/drafting.rs \
    's/segment\.sync\(&local\.store\)\?;//' $shelf
mutant 'end a run without a word' $writer \
    's/self\.pending\.push\(Item::Record\(end\)\);//' $crash
mutant 'say nothing of a failure' $writer \
    's/reports\.push\(News::Failed \{ checkpoint, error, retry_in: Some\(retry_in\) \}\);/let _ = (checkpoint, error, retry_in);/' $faults
mutant 'say nothing of a save that a rewind overtook' $writer \
    's/newest\.filter\(\|_\| self\.backoff\.has_failed\(\)\)/newest.filter(|_| false)/' $faults
mutant 'decline what could only be read in part' $writer/filing.rs \
    's/(pub fn decline\([^{]*\{\n[^\n]*\n)\s+refuse_to_guess\(stored\.index\(\)\)\?;/$1/' a_decline_after_a_read_fault
mutant 'forget what failed, and go on from it' "$writer/run_journal.rs $writer/run_journal" \
    's/if !checkpoint\.is_snapshot\(\) && checkpoint\.commit\.base != newest\.or\(self\.acknowledged\(\)\)/if false/; s/(marked clean[^;]*self\.segments\.drop_open\(&self\.local\.store\);)/$1 self.pending.give_up_checkpoints();/' $faults

branches=torture::branches
promise='What is left by going back comes back'
mutant 'keep no branches' $retention/history.rs \
    's/keep\.if_room\(kept_branches[^;]*;//' $branches
mutant 'keep the oldest branches' $retention/history.rs \
    's/played\.into_iter\(\)\.chain\(unplayed\)\.take/unplayed.into_iter().chain(played).rev().take/' $branches
mutant 'keep no branch for its play' $retention/history.rs \
    's/kept\.insert\(1, end\)/drop(end)/' it:rewinds::a_branch_with_the_most_play it:rewinds::a_long_branch_is_kept
mutant 'let a line that went on hide what it left' $journal/format/index/branches.rs \
    's/\*through < end\.counter/*through > end.counter/' $branches
mutant 'forget what was left by the run before' $journal/format/begun.rs \
    's/own\.into_iter\(\)\.chain\(earlier\.iter\(\)\.copied\(\)\)/own.into_iter().chain(earlier.iter().copied().filter(|_| false))/' $branches
mutant 'undo a load as if it were a rewind' $journal/format/begun.rs \
    's/left\.by == reason/true || left.by == reason/' $branches
mutant 'undo what was undone' $journal/format/begun.rs \
    's/RestoreReason::Rewound \| RestoreReason::Loaded\)/RestoreReason::Rewound | RestoreReason::Loaded | RestoreReason::Undone)/; s/Left \{ by: reason, checkpoint \}/Left { by: if reason == RestoreReason::Undone { RestoreReason::Rewound } else { reason }, checkpoint }/' $branches
mutant 'let the first generation go with its line' $retention/history.rs \
    's/keep\.if_room\(oldest\(index\)\);//' $branches

promise='What is kept is not removed'
mutant 'prune the last generations' $retention/history.rs \
    's/keep\.always\(index\.newest_intact\(head\.id\)[^;]*;//; s/const NEWEST_ON_FULL_DISK: usize = 2/const NEWEST_ON_FULL_DISK: usize = 0/; s/ \|\| speaks_of_a_head\(index, \*number\)//' a_full_disk $crash
mutant 'prune the run before at once' $retention/history.rs \
    's/if own < 2 \{/if false {/; s/const NEWEST_ON_FULL_DISK: usize = 2/const NEWEST_ON_FULL_DISK: usize = 1/' $damage $crash
mutant 'prune without looking whether the rest is intact' $writer/pruning.rs \
    's/self\.waiting = unread\(self\.stored\.index\(\)\);//' $damage $crash $compound
mutant 'prune what was written again because a file failed' $writer/pruning.rs \
    's/if repeats_one_of\(&kept, index, number\) \{/if false {/' $copies
mutant 'prune what follows a snapshot that was written again' $retention/history.rs \
    's/let is_begun_with_snapshot = own\.header\.base\.is_none\(\);/let is_begun_with_snapshot = own.header.base.is_none();\n if is_begun_with_snapshot { return false; }/' $copies
mutant 'count on what is left of a file that failed' $writer/pruning.rs \
    's/if remove_failed\(store, &stored, failed\)\? \{/if false {/' $copies
mutant 'remove what was attached while a session was pruned' $writer/pruning.rs \
    's/stored\.remove_left_attachments\(&\*\*store\.disk\(\)\)/store.remove_attachments(stored.id(), |it| stored.index().commit(it).is_none())/' attachments_added_during_a_pruning
mutant 'prune damaged files' $retention/history.rs \
    's/is_damaged\(stored, \*number\) \|\| //' $damage
mutant 'forget in any order' $store/directory \
    's/self\.sync_directories\(std::slice::from_ref\(&directory\)\)\?;//' $crash
mutant 'prune for an archive that is not durable' $store/archive_files.rs \
    's/(attempt\(StoreAction::Replace, &place\)\?;\n\s+)self\.sync_session\(header\.session\)\?;/$1/' $crash torture::gathering
mutant 'put an archive in its place without a sync' $writer/gathering.rs \
    's/segment\.sync\(store\)\?;\n//' $crash torture::gathering

promise='An erased player is gone, and nobody else is'
gone=an_erasure_removes_everything_of_the_player cut=an_erasure_that_a_power_cut
mutant 'erase without saying so first' $writer/erasing.rs \
    's/ErasureFiles::of\(store\)\.write\(&erasure\)\?;//' $cut
mutant 'take the beginning of a name for the name' $writer/ownership.rs \
    's/head\.metadata\.player\.as_deref\(\) == Some\(player\)/head.metadata.player.as_deref().is_some_and(|of| of.starts_with(player))/' $gone
mutant 'erase a fork whole' $writer/ownership.rs \
    's/lines if lines == heads\.len\(\) => self\.whole/_ if !heads.is_empty() => self.whole/' an_erasure_names_and_keeps_forks
mutant 'leave the index of sessions' $writer/erasing/state.rs \
    's/entry\.is_file && layout/false && layout/' $gone
mutant 'say that it is done while a session is played' $journal/model/session/erasure.rs \
    's/Self::InUse \{ \.\. \}\s+\| Self::Refused/Self::Refused/' a_played_session_is_erased
mutant 'forget an erasure once it is done' $writer/erasing/again.rs \
    's/\|\| erasure\.sessions\.iter\(\)\.any/|| !erasure.is_done && erasure.sessions.iter().any/' erased_files_that_are_brought_back
mutant 'remove what became another player'"'"'s' $writer/erasing/removing.rs \
    's/self\.erasure\.may_be_of\(player\)/true/' erased_files_that_are_brought_back
mutant 'leave the name in the audit log' $store/audit_file.rs \
    's/\*who = name\.into\(\);//' the_audit_log_says_who
mutant 'answer before the audit log is written' $writer/worker.rs \
    's/(self\.records\.audit\.note\(&news, now\.wall\);\s+)self\.records\.audit\.write\(&self\.local\.store\);/$1/' the_audit_log_says_who

promise='What happened is there, once'
mutant 'name events that are not durable' $writer/run_journal/writing.rs \
    's/self\.sync_events\(now, reports\);//' events_are_durable_before $crash
mutant 'begin a run before what is handed out again is durable' $writer/run_journal/events.rs \
    's/None => named\.max\(self\.events\.replayed_through\(\)\)/None => named/' events_handed_out_again
mutant 'overlook events that are in a file alone when it is given up' $writer/event_log.rs \
    's/let lost = std::mem::take\(&mut self\.in_file_alone\);/let lost = 0; self.in_file_alone = 0;/' after_any_fault_each_event
mutant 'lose what a failed file of events held' $writer/event_log.rs \
    's/(let held = if is_empty \{ 0 \} else \{ self\.file_through \};)\n\s+self\.appended = 0;/$1/' a_file_whose_sync_failed
mutant 'hand out what the checkpoint holds' $journal/read/recovery/event_line.rs \
    's/let low = through\.saturating_add\(1\);/let low = through.min(1);/' torture::events
mutant 'hand out again after a rewind' $journal/read/recovery/prepare.rs \
    's/wanted\.reason == RestoreReason::Recovered\n\s+&& checkpoint/checkpoint/' no_events_are_handed_out_after
mutant 'count a branch that was left to the line' $journal/read/recovery/event_line.rs \
    's/let mut line = vec!\[EventStretch \{ run: checkpoint\.run, through \}\];/let mut line = vec![EventStretch { run: checkpoint.run, through: through + 100 }];/' after_a_rewind_later_events
mutant 'forget what came before the runs that a header names' $journal/read/recovery/event_line.rs \
    's/while let Some\(run\) = next \{/if let Some(run) = next {/' more_runs_than_one_file
mutant 'gather less than a branch needs' $writer/event_gathering.rs \
    's/gatherable\.get\(&run\)\.is_some_and\(\|through\| \*through < named\)/false/; s/for \(run, named\) in/for (run, _) in/' events_that_a_branch_needs
mutant 'put a file of gathered events in its place before it is synced' $writer/event_gathering.rs \
    's/segment\.sync\(store\)\?;//' $crash
mutant 'remove a file because of one that is damaged' $retention/events.rs \
    's/scan\.damage\.is_empty\(\) && scan\.events\.iter\(\)\.all\(is_read\)/scan.events.iter().all(is_read) || true/' a_returned_event_file
mutant 'keep what was gathered' $retention/events.rs \
    's/if !repeated\.is_empty\(\)/if false/' events_of_many_runs
mutant 'hand out twice what two files hold' $journal/read/recovery/event_walk.rs \
    's/let is_admitted = is_next && /let is_admitted = /' a_file_whose_sync_failed
mutant 'prune events that no checkpoint holds' $retention/events.rs \
    's/!\(is_passed \|\| is_full_disk && is_held\(file, \*through\)\)/false \&\& !is_passed/' event_files_rotate_and_the_oldest
mutant 'give a file of events the name of one that could not be begun' $writer/event_log.rs \
    's/self\.files_begun \+= 1;\n(\s+let file = begun\?;)/$1\n self.files_begun += 1;/' events_go_to_another_file
mutant 'drop events that the disk would take' $writer/run_journal/events.rs \
    's/self\.write_events\(now, reports\);\n(\s+self\.events\.drop_oldest)/let _ = now;$1/' more_events_than_fit_in_memory_in_one_turn
mutant 'say nothing of lost events' $writer/event_log.rs \
    's/reports\.push\(News::EventsDropped \{ count, cause \}\);/let _ = (count, cause, reports);/' the_oldest_events_over_the_memory

promise='Nothing false is believed'
mutant 'accept a bad payload' $journal/format/frame.rs \
    's/if !header\.is_of\(stored, self\.nonce\)/if false/' $crash $damage
mutant 'accept a bad frame header' $journal/format/frame.rs \
    's/if checksum != xxh3_64_with_seed\(checked, nonce\)/if false/' $crash $damage
mutant 'accept a bad segment header' $journal/format/header_codec.rs \
    's/is_whole: checksum\(prelude, body\) == announced/is_whole: true/' $crash $damage
mutant 'offer what was not read' $store/stored_session.rs \
    's/if self\.verify\(&plan\)\? == Validity::Verified/if true/' $crash $damage
mutant 'accept a group without its first frame' $journal/format/scan.rs \
    's/self\.open\.take\(\)\.filter\(\|group\| group\.counter == place\.counter\)/Some(self.open.take().unwrap_or(OpenGroup::new(place.counter, entry.offset)))/' $crash $damage
mutant 'let a run without a checkpoint supersede' $journal/format/index/head.rs \
    's/\.filter\(\|run\| !run\.moments\.is_empty\(\)\)//' $crash
mutant 'overlook a run that vanished' $journal/read/recovery/judging.rs \
    's/witnesses\.filter\(\|it\| is_gone\(stored\.index\(\), \*it\)\)/witnesses.filter(|_| false)/' $damage
mutant 'leave a header as long as the game makes it' $journal/format/header_room.rs \
    's/for leave_out in LEFT_OUT \{/for leave_out in [] as [fn(\&mut SegmentHeader); 0] {/' any_texts_of_a_game_fit_the_header
mutant 'let what is released keep others waiting' $writer/worker/waiting.rs \
    's/self\.waiting\.retain\(\|waits\| !is_released\(waits\)\);/let _ = is_released;/' a_released_session_is_not_read
mutant 'read what waits before the last capture is written' $writer/worker/waiting.rs \
    's/self\.waiting\.retain\(\|order\| !order\.reads\(\)\);/while let Some(order) = self.waiting.pop_front() { self.begin(order, now); }/' an_ending_writer_saves_captures_first
mutant 'carry out in a profile what is about the next' $writer/worker/jobs.rs \
    's/(about the other profile\.\n\s+self\.)work/$1turn/' orders_after_a_change_of_profile
mutant 'overlook what a manifest remembers' $store/stored_session.rs \
    's/for \(place, range\) in manifest\.missing_ends\(self\.index\.segments\(\)\)/for (place, range) in manifest.missing_ends(\&[])/' each_cut_of_a_cleanly_closed_session
mutant 'write no manifest at the end' $writer/run_journal/writing.rs \
    's/self\.note_own_files\(\);//' each_cut_of_a_cleanly_closed_session
mutant 'let a run supersede of which nothing can be had' $journal/format/index/run.rs \
    's/!self\.is_at_hand\(\) && self\.descendants == 0/false/' $crash
mutant 'let a run that came to nothing take the place of all that it names' $journal/format/index/run.rs \
    's/let others = if self\.has_come_to_nothing\(\) \{ 0 \}/let others = if false { 0 }/' a_rewind_is_undone
mutant 'bring back what was rewound' $journal/format/index/run.rs \
    's/!self\.is_at_hand\(\) && self\.descendants == 0/true/' a_branch_stays_left
mutant 'go by heads from before damage was found' $journal/format/index.rs \
    's/self\.heads = OnceLock::new\(\);//' lines_superseded_only_by_an_unreadable_run
mutant 'let what was left go for the sake of a run that was not read' $retention/history.rs \
    's/of_lines\.chain\(index\.witnesses\(\)\)/of_lines/' an_unreadable_run_does_not_cause
mutant 'delete what another device played later' $journal/format/index/deletion.rs \
    's/deleted\.is_some_and\(\|deleted\|.*?\)\)$/deleted.is_some()/m' run_of_another_device_survives
mutant 'take the file of a merge for one that failed' $writer/run_journal/pruning.rs \
    's/ && merging != Some\(header\.segment\)//' a_stricter_quota_does_not_prune
mutant 'overlook a missing end' $store/findings.rs \
    's/for \(position, range\) in missing_ends\(&self\.summaries\)/for (position, range) in missing_ends(&[])/' $damage

promise='Runs follow each other'
mutant 'supersede nothing' $journal/format/index/head.rs \
    's/seen\.for_each\(\|seen\| superseded\.reach\(\*seen\)\);/seen.for_each(drop);/' $crash
mutant 'count from the beginning' $journal/read/recovery/prepare.rs \
    's/let newest_counter = stored\.index\(\)\.newest_counter\(\);/let newest_counter = 0;/' $crash
mutant 'guess what an unreadable file holds' $journal/read/recovery/prepare.rs \
    's/refuse_to_guess\(stored\.index\(\)\)\?;//' $compound $faults
mutant 'lose records while merging' $writer/rotation.rs \
    's/Item::Record\(record\) => segment\.append_record\(record\)\?,/Item::Record(_) => {}/' $crash $copies

promise='Merging and planning keep the meaning'
mutant 'let the older value win' $journal/format/merge/column.rs \
    's/Some\(Reverse\(\(id, Reverse\(age\)\)\)\)/Some(Reverse((id, Reverse(usize::MAX - age))))/' $trips
mutant 'let removals take what the same group wrote' $journal/format/merge/removals.rs \
    's/\*removed_age > age/*removed_age >= age/' $trips
mutant 'drop removals from merged deltas' $journal/format/merge.rs \
    's/if self\.keep_removals \{/if false {/' $trips
mutant 'take the longest way' $journal/format/index/run.rs \
    's/ways\.min_by_key/ways.max_by_key/' $trips
mutant 'count on from forged numbers' $journal/format/index.rs \
    's/\.filter\(\|counter\| \*counter < limits::COUNTERS\)//' $hostile
mutant 'count before the first segment' $journal/format/index/ending.rs \
    's/header\.segment\.checked_sub\(1\)/Some(header.segment - 1)/' $hostile

promise='A slot is there, whole and under its own name'
mutant 'put a slot in its place without a sync' $writer/slot_copy.rs \
    's/segment\.sync\(store\)\?;\n(\s+let bytes)/$1/' $crash
mutant 'put a slot in its place although its sync failed' $writer/slot_copy.rs \
    's/segment\.sync\(store\)\?;\n(\s+let bytes)/let _ = segment.sync(store);\n$1/' $faults
mutant 'report a slot before its name is durable' $store/slot_files.rs \
    's/(attempt\(StoreAction::Replace, place\)\?;\n\s+)self\.sync\(\)/$1Ok(())/' $crash
mutant 'report a deleted slot before that is durable' $store/slot_files.rs \
    's/(attempt\(StoreAction::RemoveFile, path\)\?,\n\s+\}\n\s+\}\n\s+)self\.sync\(\)/$1Ok(())/' $crash
mutant 'sync nothing above the slots' $store/slot_files.rs \
    's/created\.unsynced_directories = [^;]*;//' $crash
mutant 'remove the old slot before the new one is there' $writer/slot_work.rs \
    's/(let place = free_place\(finder, &header, replaced\)\?;)/$1\n remove_replaced(finder, Path::new(""), replaced);/' $crash
mutant 'keep the file of the old name after a rename' $writer/slot_begin.rs \
    's/Ok\(\(source, header, Some\(slot\)\)\)/Ok((source, header, None))/' $crash
mutant 'rename another slot' $writer/slot_begin.rs \
    's/(pub\(super\) fn rename[^{]*\{\n)/$1 let slot = machine.slots().slots().next().map_or(slot, |file| file.slot.id);\n/' $crash
mutant 'keep the old attachment of a slot' $writer/slot_begin.rs \
    's/let mut attachments = finder\.local\(\)\.store\.attachments\([^;]*;/let mut attachments: Vec<Attachment> = Vec::new();/' $crash
mutant 'copy a slot without what is attached' $writer/slot_begin.rs \
    's/let frames = frames\(&stored, &attachments_of\(&stored\)\?\)\?;/let frames = frames(&stored, &[])?;/' $crash
mutant 'make a slot of what is not durable' $writer/jobs.rs \
    's/(self\.durable\.is_some_and\(\|durable\|)/true || $1/' $faults

promise='One process plays a session at a time'
mutant 'acknowledge without asking for the lock again' $writer \
    's/(finds what was written\.\n)\s+self\.hold\.check[^;]*;/$1/' lost_lock
mutant 'write without asking for the lock' $writer \
    's/(-> Result<\(\), WriteFailure> \{\n)\s+self\.hold\.check\(&self\.local\.store, self\.session\(\), self\.newest_on_line\(\)\)\?;/$1/' lost_lock
mutant 'take a session up again that another process played' $writer/hold.rs \
    's/Ok\(!is_ours && !heads\.is_empty\(\)\)/Ok(false)/' lost_lock
mutant 'write a session whose lock another process has' $writer/hold.rs \
    's/Ok\(None\) => return Err\(WriteFailure::InUse\),/Ok(None) => {}/' lost_lock
mutant 'ask for the lock with checkpoints only' $writer \
    's/journal\.check_hold\(now, &mut news\);/let _ = journal;/' lost_lock
mutant 'let go of a session that was prepared' $writer \
    's/Ok\(lock\) => self\.prepared\.insert\(session, lock\)/Ok(lock) => { drop(lock); self.prepared.insert(session, None) }/' torture::locks
mutant 'let go of a session that goes back' $writer \
    's/(retry_in: None \}\);\n\s+\}\n\s+)self\.hold\n/$1Hold::default()\n/' torture::locks
mutant 'prune a session that another process has' $writer/run_journal.rs \
    's/if is_changing && !self\.is_still_ours\(now, reports\)/if is_changing \&\& false \&\& !self.is_still_ours(now, reports)/' neither_pruned_nor_merged
mutant 'remove what was said last' $retention/statements.rs \
    's/const KEPT_BEFORE: usize = 1;/const KEPT_BEFORE: usize = 0;/' torture::shelf::edits
mutant 'let go of a session while it is declined' $writer/filing.rs \
    's/(pub fn decline\([^{]*\{\n\s+let \(stored, _)lock/$1/' torture::locks
mutant 'let go of a session while it is deleted' $writer/filing.rs \
    's/(pub fn forget\([^{]*\{\n\s+let \(stored, _)lock/$1/' torture::locks
mutant 'change slots that another process changes' $writer/slot_work.rs \
    's/Ok\(None\) if self\.may_wait\(now\) => return false,/Ok(None) if self.may_wait(now) => Ok(None),/' torture::locks
mutant 'let go of the slots before the slot is there' $writer/slot_work.rs \
    's/_lock: lock \};/_lock: { drop(lock); None } };/' torture::locks
mutant 'forget a failure with the checkpoint that is merged away' $writer/pending.rs \
    's/self\.commit\.after_failure \|= earlier\.commit\.after_failure;//' write::pending
mutant 'forget a failure where a snapshot comes next' $writer/pending.rs \
    's/self\.commit\.after_failure \|= earlier/self.commit.after_failure |= !self.is_snapshot() \&\& earlier/' write::pending
mutant 'hand over known rows of one type in reverse' $journal/format/interleave.rs \
    's/known\.reverse\(\);//' format::interleave
mutant 'let an unwritable checkpoint take the place of a writable one' $writer/pending.rs \
    's/if self\.group\.is_err\(\) \{/if false {/' write::pending
mutant 'search a hole to its end' $journal/format/scan/window.rs \
    's/if zeros > Self::HOLE_BYTES \{/if false {/' format::scan::window
mutant 'ask about a lock by taking it alone' $store/real_disk/locks.rs \
    's/NonBlockingLockShared/NonBlockingLockExclusive/' disk::real_disk::locks
mutant 'take the lock of a file that was removed' $store/real_disk.rs \
    's/Ok\(\(\)\) if !is_same_file\(&file, path\)\? => \{\}//' disk::real_disk
mutant 'remove the lock file of another process' $store/real_disk.rs \
    's/if is_same_file\(&self\.file, &self\.path\)\.unwrap_or\(false\) \{/if true {/' disk::real_disk

promise='What is known of a session is carried'
mutant 'lose the lineage that has no room in a header' $writer \
    's/let lineage = &self\.further_lineage;/let lineage: &[Record] = &[];/' torture::many_runs
mutant 'lose the status with its generation' $writer \
    's/status: self\.status\.as_ref\(\) \}/status: None }/' $crash
mutant 'lose the status at once' $writer \
    's/self\.status = Some\(status\.clone\(\)\),/{ let _ = status; }/' $crash
mutant 'lose unknown frames with their generation' $writer \
    's/let unknown_frames = &self\.identity\.unknown_frames;/let unknown_frames: &[(FrameKind, Vec<u8>)] = &[];/' $crash
mutant 'lose unknown frames with their run' $journal/read/recovery/prepare.rs \
    's/unknown_frames: stored\.carried\(\)\.map_err\(unreadable\)\?,/unknown_frames: Vec::new(),/' $crash
mutant 'lose what the game notes about the session' $writer/about_session.rs \
    's/if let Some\(fields\) = fields \{/if let Some(fields) = fields.filter(|_| false) {/' $crash
mutant 'restore without what the game noted' $journal/read/recovery/about.rs \
    's/FIELDS => set\(&mut self\.fields, block\)/FIELDS => {}/' $crash
mutant 'forget a new name with its generation' $writer \
    's/self\.identity\.metadata = \(\*\*metadata\)\.clone\(\);/let _ = metadata;/' $crash
mutant 'forget a new name at once' $writer/worker.rs \
    's/(?=Order::Write\(record\) =>)/Order::Write(Record::Metadata(_)) => {}\n /' $crash

promise='How a process ended is known'
mutant 'write no record of a process' $journal/disk/process/guard.rs \
    's/guard\.update\(\|_\| \{\}\);/let _ = \&guard;/' process::tests
mutant 'leave out of the record what is played' $writer \
    's/process\.hold\(identity\.metadata\.id, identity\.run\);//' $damage
mutant 'leave out of the record what was acknowledged' $writer \
    's/self\.process\.acknowledged\(self\.session\(\), id, now\.wall\);//' $damage
mutant 'remove records that still say something' $journal/disk/process/guard.rs \
    's/if dead\.iter\(\)\.all\(\|process\| !process\.record\.runs\.is_empty\(\)\) \{/if false {/; s/process\.record\.runs\.is_empty\(\) && (?=!restoring)//' process::tests
mutant 'remove a record because one of its sessions is settled' $journal/read/recovery \
    's/if dead\.record\.runs\.is_empty\(\) \{(\n\s+dead\.remove\(disk\);)/if true {$1/' torture::records
mutant 'keep records that say nothing any more' $journal/disk/process/guard.rs \
    's/process\.record\.runs\.is_empty\(\) && (?=!restoring)/false \&\& /' process::tests
mutant 'take a session that was left in vain for a crash' $writer \
    's/self\.process\.left_without_end\(session\);/self.process.release(session);/' $faults
mutant 'try a restore without a trial' $writer/trials.rs \
    's/log_failure\(self\.local\.store\.write_trial\(&trial\)\);//' write::trials
mutant 'forget the death before a restore that is given up' $writer/trials.rs \
    's/Some\(\(_, Some\(before\)\)\) => log_failure\(self\.local\.store\.write_trial\(&before\)\),/Some((_, Some(_))) => {}/' write::trials
mutant 'keep a trial that is over' $writer/trials.rs \
    's/(self\.take\(session\);\n\s+)log_failure\(self\.local\.store\.remove_trial\(session\)\);/$1/' write::trials

promise='What is sent is carried out'
mutant 'forget what waits for room in the channel' $writer/link.rs \
    's/for order in overflow\.drain\(\.\.\) \{/for order in overflow.drain(..).take(0) {/' torture::link
mutant 'send what waited after what came later' $writer/link.rs \
    's/overflow\.push_front\(order\);/overflow.push_back(order);/' torture::link
mutant 'end the thread without its last turns' $writer/link.rs \
    's/    worker\.finish\(now\(\)\);//' torture::link
mutant 'drop the line without waiting for the thread' $writer/link.rs \
    's/while !thread\.is_finished\(\) && clock/while false \&\& !thread.is_finished() \&\& clock/' torture::link
mutant 'count no slots' $writer/link.rs \
    's/self\.slots_in_flight \+= 1;//' torture::link
mutant 'count captures for ever' $writer/link.rs \
    's/self\.captures_in_flight = self\.captures_in_flight\.saturating_sub\(1\);//' torture::link

promise='A report is there, and whole'
mutant 'acknowledge a report before its sync' $journal/read/report/archive.rs \
    's/self\.file\.sync\(\)\?;\n\s+return Ok\(None\)/return Ok(None)/' $crash
mutant 'acknowledge a report before its name is durable' $journal/read/report.rs \
    's/let synced = outside\.sync_directories\(&\[directory\]\);/drop((outside, directory));\n let synced = Ok::<(), StoreError>(());/' $crash
mutant 'leave out a part of a report' $journal/read/report/archive.rs \
    's/self\.file\.append\(slice\)\?;/if self.contents.parts.len() > 1 { self.file.append(slice)?; }/' $crash

promise='The real disk syncs'
mutant 'never sync a file' $store/real_disk.rs \
    's/syncs::sync_data\(&self\.file\)/Ok(())/' syncs:each_
mutant 'sync again after an error of the drive' $store/real_disk/syncs.rs \
    's/if !is_unknown_operation\(&refused\) \{/if false {/' disk::real_disk::syncs
mutant 'say nothing of a weaker sync' $store/real_disk/syncs.rs \
    's/has_used\.swap\(true,/has_used.swap(false,/' disk::real_disk::syncs
mutant 'never sync a directory' $store/real_disk.rs \
    's/sync_all\(&directory\)/Ok(drop(directory))/' syncs:each_
mutant 'never sync a small file' $store/real_disk.rs \
    's/sync_all\(&file\)/Ok(())/' syncs:each_
mutant 'sync a small file too late' $store/real_disk.rs \
    's/replace_by_rename\(path, bytes, Durability::Synced\)\?;/replace_by_rename(path, bytes, Durability::Unsynced)?;\n File::open(path)?.sync_all()?;/' syncs:each_
mutant 'never sync the name of a small file' $store/real_disk.rs \
    's/match self\.sync_dir\(path\.parent\(\)\.unwrap_or\(path\)\) \{/match Ok(()) {/' syncs:each_
mutant 'sync the name of a small file too early' $store/real_disk.rs \
    's/(fn replace\(&self, path: &Path, bytes: &\[u8\]\) -> io::Result<\(\)> \{\n)\s+(replace_by_rename\(path, bytes, Durability::Synced\)\?;)\n\s+match (self\.sync_dir\(path\.parent\(\)\.unwrap_or\(path\)\)) \{/$1 let synced = $3;\n $2\n match synced {/' syncs:each_
mutant 'sync the directory above instead' $store/real_disk.rs \
    's/let directory = with_a_free_handle\(\|\| File::open\(path\)\)\?;/let directory = with_a_free_handle(|| File::open(path.parent().unwrap_or(path)))?;/' syncs:each_
mutant 'sync no parent of a new session' $store/directory \
    's/chain\(self\.layout\.directories_to_sessions\(\)\)\.//; s/let mut unsynced: BTreeSet<PathBuf> = self\.create_directory\(&directory\)\?;/self.create_directory(\&directory)?;\n let mut unsynced: BTreeSet<PathBuf> = BTreeSet::new();/' syncs:each_
mutant 'append without a sync' $writer/open_segment.rs \
    's/self\.target\.sync_file\(\)\?;\n        if/if/' syncs:each_
mutant 'rename a slot before its sync' $writer/slot_copy.rs \
    's/segment\.sync\(store\)\?;\n(\s+let bytes)/$1/' syncs:each_
mutant 'rename a slot without a sync of its directory' $store/slot_files.rs \
    's/(attempt\(StoreAction::Replace, place\)\?;\n\s+)self\.sync\(\)/$1Ok(())/' syncs:each_
mutant 'rename an archive without a sync of its directory' $store/archive_files.rs \
    's/(attempt\(StoreAction::Replace, &place\)\?;\n\s+)self\.sync_session\(header\.session\)\?;/$1/' syncs:each_
mutant 'rename an archive before its sync' $writer/gathering.rs \
    's/segment\.sync\(store\)\?;\n//' syncs:each_

promise='Each rule of the oracle is looked at'
rules=torture::debt::tests debt=$journal/torture/debt.rs
mutant 'oracle: what never was' $debt \
    's/None => return Err\(format!\("\{counter\}@\{run:016x\} never was"\)\),/None => {}/' $rules
mutant 'oracle: what was otherwise' $debt \
    's/Reading::Restored\(digest\) => digest == self\.digest,/Reading::Restored(_) => true,/' $rules
mutant 'oracle: an attachment that never was' $debt \
    's/match version <= newest \{/match true {/' $rules
mutant 'oracle: an offer that cannot be restored' $debt \
    's/if !found\.restores\(key\(offer\.newest\)\)/if false/' $rules
mutant 'oracle: a slot of what never was' $debt \
    's/None => return Err\(format!\("slot \{name:\?\} holds \{checkpoint:\?\}, which never was"\)\),/None => return Ok(()),/' $rules
mutant 'oracle: a slot of what was otherwise' $debt \
    's/Some\(captured\) if !captured\.may_read\(\*reading\) => \{(\n\s+return Err\(format!\("slot)/Some(captured) if false \&\& !captured.may_read(*reading) => {$1/' $rules
mutant 'oracle: a lost attachment' $debt 's/if durable > there/if false/' $rules
mutant 'oracle: a slot that cannot be read' $debt 's/if opened\.unread_slots > 0/if false/' $rules
mutant 'oracle: a lost report' $debt \
    's/find\(\|\(path, report\)\| !is_there\(path, report\)\)/find(|(path, report)| false \&\& !is_there(path, report))/' $rules
mutant 'oracle: a loss on a disk that does what it says' $debt \
    's/if promise == Promise::NoFalseState/if true/' $rules
mutant 'oracle: a session that is gone' $oracle/session.rs \
    's/let Some\(found\) = found else \{ return Err[^}]*\};/let Some(found) = found else { return Ok(()) };/' $rules
mutant 'oracle: a session of which nothing is left' $oracle/session.rs \
    's/None => Err\(format!\("\{newest\} was acknowledged, and nothing is there"\)\)/None => Ok(())/' $rules
mutant 'oracle: a newest that is older' $oracle/session.rs \
    's/Some\(best\) if order\(best\) < order\(newest\)/Some(best) if false \&\& order(best) < order(newest)/' $rules
mutant 'oracle: a newest that cannot be restored' $oracle/session.rs \
    's/Some\(best\) if !found\.restores\(key\(best\)\) => Err/Some(best) if false \&\& !found.restores(key(best)) => Err/' $rules
mutant 'oracle: a lost generation' $oracle/session.rs \
    's/find\(\|id\| !found\.restores\(\*id\)\)/find(|id| false \&\& !found.restores(*id))/' $rules
mutant 'oracle: a failure where nothing failed' $oracle/session.rs \
    's/if let Some\(failure\) = &found\.failure \{/if let Some(failure) = found.failure.as_ref().filter(|_| false) {/' $rules
mutant 'oracle: a fork' $oracle/session.rs \
    's/if found\.offers\.len\(\) > 1 &&/if false \&\&/' $rules
mutant 'oracle: an offer of what was set aside' $oracle/session.rs \
    's/if self\.stand == Stand::SetAside && !found/if false \&\& !found/' $rules
mutant 'oracle: no offer of what crashed' $oracle/session.rs \
    's/if offered < Some\(order\(newest\)\)/if false/' $rules
mutant 'oracle: what was deleted and is back' $oracle/session.rs \
    's/Some\(found\) if found\.is_listed\(\) => Err/Some(found) if false \&\& found.is_listed() => Err/' $rules
mutant 'oracle: what was deleted stays so' $oracle/session.rs \
    's/Fact::Forgetting if is_over => \{\}/Fact::Forgetting if is_over \&\& false => {}/' $rules
mutant 'oracle: what is being deleted is not owed' $oracle/session.rs \
    's/let is_owed = !matches![^;]*;/let is_owed = true;/' $rules
mutant 'oracle: a lost frame of a later release' $oracle/session.rs 's/if !found\.has_unknown_frame/if false/' $rules
mutant 'oracle: a wrong name' $oracle/session.rs 's/if !self\.names\.contains\(name\)/if false/' $rules
mutant 'oracle: a name that was replaced' $oracle/session.rs \
    's/let settled = self\.names\.len\(\)\.saturating_sub\(1\);/let settled = 0;/' $rules
mutant 'oracle: a wrong description' $oracle/session.rs 's/if \*description != description_of\(name\)/if false/' $rules
mutant 'oracle: a wrong status' $oracle/session.rs \
    's/if status\.is_running\(\) && !self\.statuses\.may_be\(\*status\)/if false/' $rules
mutant 'oracle: a status that was replaced' $oracle/session.rs \
    's/let settled = self\.possible\.len\(\)\.saturating_sub\(1\);/let settled = 0;/' $rules
mutant 'oracle: the status of the run before' $oracle/session.rs \
    's/self\.possible\.drain\(\.\.before\);/let _ = before;/' $rules
mutant 'oracle: three generations' $oracle/retained.rs \
    's/const GENERATIONS: usize = 3/const GENERATIONS: usize = 2/' $rules
mutant 'oracle: two generations where there is no room' $oracle/retained.rs \
    's/LEAST_GENERATIONS: usize = 2/LEAST_GENERATIONS: usize = 1/' $rules
mutant 'oracle: what has a name' $oracle/retained.rs \
    's/reasons\.is_named &= !is_crowded;/reasons.is_named = false;/' $rules
mutant 'oracle: what has a name where there is no room' $oracle/retained.rs \
    's/reasons\.is_named &= !is_crowded;//' $rules
mutant 'oracle: the oldest generation' $oracle/retained.rs \
    's/reasons\.is_first &= !is_crowded;/reasons.is_first = false;/' $rules
mutant 'oracle: the ends of branches' $oracle/retained.rs \
    's/reasons\.is_branch = self\.branches\.contains\(id\);/reasons.is_branch = false;/' $rules
mutant 'oracle: the ends of branches where there is no room' $oracle/retained.rs \
    's/reasons\.is_branch &= !is_crowded;//' $rules
mutant 'oracle: ten branches' $oracle/retained.rs \
    's/const BRANCHES: usize = 10/const BRANCHES: usize = 11/' $rules
mutant 'oracle: a branch that is gone on from' $oracle/retained.rs \
    's/self\.branches\.retain\(\|end\| !self\.line\.contains\(end\)\);//' $rules
mutant 'oracle: generations of the line that is played' $oracle/retained.rs \
    's/if !self\.line\.contains\(id\) \{/if false {/' $rules
mutant 'oracle: what goes on from a file that failed' $oracle/retained.rs \
    's/Some\(self\.files\)\.filter\(\|_\| !self\.is_continued\)/Some(self.files)/' $rules
mutant 'oracle: no room for other sessions' $debt \
    's/others\.for_each\(\|\(_, owed\)\| owed\.thin\(\)\);/drop(others);/' $rules
mutant 'oracle: a full disk' $debt \
    's/self\.sessions\.values_mut\(\)\.for_each\(OwedSession::disk_is_short\);//' $rules
mutant 'oracle: slots that are otherwise' $oracle/slots.rs \
    's/match all\.iter\(\)\.any\(\|shelf\| is_like\(shelf, found\)\)/match true/' $rules
mutant 'oracle: a slot that lost its content' $oracle/slots.rs 's/is_whole && owed/owed/' $rules
mutant 'oracle: a slot that lost its attachment' $oracle/slots.rs \
    's/slot\.attached\.flatten\(\) >= owed\.attached/owed.attached.is_none() || true/' $rules
mutant 'oracle: a slot that is missing' $oracle/slots.rs \
    's/shelf\.len\(\) == found\.len\(\) && //' $rules
mutant 'oracle: a change of slots that was refused' $oracle/slots.rs \
    's/Fact::SlotRefused \{ number \} => drop\(self\.take\(\*number\)\),/Fact::SlotRefused { .. } => {}/' $rules
mutant 'oracle: a change of slots that was made' $oracle/slots.rs \
    's/self\.possible = changed\(&self\.possible, &change, &durable\);/self.possible.extend(changed(\&self.possible, \&change, \&durable));/' $rules
mutant 'oracle: a change of slots that may have been made' $oracle/slots.rs \
    's/self\.possible\.extend\(changed\(&self\.possible, &change, &durable\)\);/let _ = change;/' $rules
mutant 'oracle: a change of slots that a process died in' $oracle/slots.rs \
    's/self\.possible = self\.all\(\);\n//' $rules
mutant 'oracle: a slot that was written again' $oracle/slots.rs \
    's/slot\.attached = slot\.attached\.max\(durable\(slot\.checkpoint\)\);//' $rules

promise='A capture notices each change, and a restore brings it back'
mutant 'forget entities that became saved lately' src/capture/record/columns.rs \
    's/if !fresh\.is_empty\(\) \{/if false {/' $worlds
mutant 'forget sparse components of those' src/capture/record/columns.rs \
    's/ \|\| span\.contains\(saved\.added\(\)\)//' $worlds
mutant 'forget the order of siblings whose marker came or went' src/capture/record/recorder.rs \
    's/self\.follow_markers\(world, span, &mut capture\);//' $worlds
mutant 'forget the pending transition' src/capture/record/states.rs \
    's/\|\| state != self\.last;/|| state.as_ref().map(|state| &state.current) != self.last.as_ref().map(|state| &state.current);/' $worlds
mutant 'forget that a component was removed' src/capture/record/removals.rs \
    's/if !entities\.is_empty\(\) \{/if false {/' $worlds
mutant 'keep the removals of an earlier capture' src/capture/record/capture.rs \
    's/removed\.clear\(\);//' $worlds
mutant 'copy into a stale buffer' src/capture/record/copies.rs \
    's/codec\.copy_into\(component, value\);//g' $worlds
mutant 'keep references to strangers' src/saved/decoded/references.rs \
    's/self\.id\(source\)\.unwrap_or\(STRANGER\)/self.id(source).unwrap_or(SaveId(1))/' $worlds
mutant 'leave entities that are marked late' src/restore/sweep.rs \
    's/mark_late\(world, &self\.adopted\);//g' $worlds
mutant 'keep what the checkpoint lacks' src/restore/replace.rs \
    's/self\.remove_what_was_not_saved\(world\);//' $worlds
mutant 'let observers have the last word' src/restore/replace.rs \
    's/self\.undo_interference\(world\);//' $worlds
mutant 'drop pending transitions' src/restore/replace.rs \
    's/replacement\.set_pending_states\(world\);//' $worlds
mutant 'spawn siblings by their ids' src/restore/image.rs \
    's/spawn_order\(&parents, &child_orders\)/spawn_order(&parents, &[])/' $worlds
mutant 'link in any order' src/restore/replacement.rs \
    's/self\.waiting\.sort_by_key\(.*?\);//' $worlds
mutant 'pass over a column of which one table was written' src/engine/bevy_0_20.rs \
    's/summaries\.any\(/summaries.all(/' capture::tests::quiet_columns
mutant 'never look at each tick of a column that is passed over' src/capture/record/columns.rs \
    's/moment\.is_thorough \|\| //' capture::tests::quiet_columns
mutant 'forget since when a column was passed over' src/capture/record/columns.rs \
    's/passed_over_since\.take\(\)\.map_or\(span, \|since\| span\.from\(since\)\)/span/' capture::tests::quiet_columns
mutant 'leave relationships out' src/restore/replace.rs \
    's/self\.link\(world\);//' $worlds
mutant 'write references as they are' src/saved/codec/cloned.rs \
    's/<T as Component>::map_entities\(value, mapper\);//' $worlds

promise='A restore in place makes the world what one makes it that spawns everything'
in_place=generated_worlds::any_world_is_restored_in_place
mutant 'keep what the checkpoint lacks on who stays' src/restore/comparing.rs \
    's/with_theirs\.into_iter\(\)\.for_each\(\|component\| removed\.push\(\*rank, component\)\);//' $in_place
mutant 'write nothing onto who stays' src/restore/in_place.rs \
    's/overwrite\(replacement, &differing, world\);//' $in_place
mutant 'write everything onto who stays' src/restore/comparing.rs \
    's/!is_as_restored && /true \&\& /' $in_place
mutant 'write over what somebody hears of' src/restore/overwriting.rs \
    's/ \|\| runs_code\(world, \*component\)//' $in_place
mutant 'pass over what was written since the checkpoint' src/restore/comparing.rs \
    's/changed\.filter_map\(\|entity\| who\.rank\(entity\)\)\.collect\(\)/changed.filter_map(|it| who.rank(it).filter(|_| false)).collect()/' $in_place
mutant 'pass over who refers to the dead' src/restore/in_place.rs \
    's/may_differ\.add_incomplete\(replacement\);//' $in_place
mutant 'pass over who refers to somebody that is spawned again' src/restore/in_place.rs \
    's/may_differ\.add_columns_that_name\(replacement\);//' $in_place
mutant 'despawn at once from whom somebody hangs who stays' src/restore/doomed.rs \
    's/holds_any = true;//' $in_place
mutant 'write over immutable values' src/restore/staying.rs \
    's/self\.respawn_where_immutables_differ\(world\);//' $in_place
mutant 'leave lists of who stays as they are' src/restore/in_place.rs \
    's/order_saved_lists\(replacement, since, world\)/false/' $in_place
mutant 'leave children of who stays as they are' src/restore/lists.rs \
    's/Some\(Origin::Placed \| Origin::Staying\)/Some(Origin::Placed)/' $in_place
mutant 'let observers have the last word on who stays' src/restore/in_place.rs \
    's/replacement\.undo_interference\(world\);//' $in_place
mutant 'open a run with the difference to what the world is not as' src/restore/in_place.rs \
    's/let is_exact = is_whole && is_quiet && replaced\.report\.is_exact\(\);\n        if is_exact && is_all_that_is_saved\(&replaced, world\)/let is_exact = is_whole \&\& is_quiet;\n        if is_exact \&\& (true || is_all_that_is_saved(\&replaced, world))/' $in_place
mutant 'leave out what was written since the world was as restored' src/capture/encode/row_order.rs \
    's/with_difference\(opening, rows\)/with_difference(opening, Vec::new())/' restore::tests::in_place

promise='No update loses anything without a word'
mutant 'a field that is dropped goes unnoticed' src/schema/compare.rs \
    's/if !old\.dropped \{/if false {/' no_generated_edit_loses
mutant 'a step that fails is not undone' src/capture/checkpoint_edit.rs \
    's/before\.into_iter\(\)\.rev\(\)/before.into_iter().rev().take(0)/' a_failing_migration_step
mutant 'a field that nothing reads goes unnoticed' src/testing/golden_saves/unread.rs \
    's/it\.note\("isn.t read"\)/{}/' losses_of_a_golden_save

promise='The self-test names what drifted, and nothing else'
mutant 'find no drift' src/capture/drift.rs \
    's/rows \+= u64::from\(is_counted && !is_the_same\);/let _ = (is_counted, is_the_same);/' $tested
mutant 'take references to the dead for drift' src/capture/drift.rs \
    's/\|\| codec\.is_some_and\(\|codec\| codec\.reads_the_same\(one, other, &known\)\)/|| (codec.is_none() \&\& one == other)/' $tested
mutant 'forget that a reference was turned' src/saved/codec/reading.rs \
    's/one == other \|\| \(targets\.any && differ_in_order_only\(&one, &other\)\)/{ let _ = differ_in_order_only(\&one, \&other); targets.any }/' $tested

promise='A failure that the game survives is known'
goes_on=it:a_failure_that_the_game_survived panics=it:a_panic_that_the_game_survived
mutant 'count no failure that is survived' src/failures.rs \
    's/watched\.failed\.count \+= 1;//' $goes_on
mutant 'forget that a failure was a panic' src/failures.rs \
    's/error: words, panicked \}/error: words, panicked: panicked \&\& false }/' $panics
mutant 'take a panic for an error' src/engine/bevy_0_20.rs \
    's/\(error\.with_payload\(payload\), true, words\)/(error.with_payload(payload), false, words)/' $panics
mutant 'say of a panic only that there was one' src/engine/bevy_0_20.rs \
    's/message\.map_or_else\(\|\| error\.to_string\(\), str::to_owned\)/message.map_or_else(|| error.to_string(), |_| error.to_string())/' $panics

# The names of tests without the suites that stand before them.
bare() {
    sed -E 's/(^| )(syncs|it):/\1/g'
}

# The package and the kind of tests by which a row is tried.
suite_of() {
    local place=${places[$1]} kind=lib
    case ${tests[$1]} in
        syncs:*) kind=syncs ;;
        it:*) kind=it ;;
    esac
    [[ $place == crates/journal/* ]] && echo "bevy_session_journal $kind" || echo "bevy_session $kind"
}

# Builds a suite, and says which program it is.
build() {
    local package=$1 target=(--lib)
    [[ $2 == lib ]] || target=(--test "$2")
    (cd "$tree" && cargo test --package "$package" "${target[@]}" --no-run) >"$log" 2>&1 || return 1
    sed -nE 's/^ *Executable .*\((.*)\)$/\1/p' "$log"
}

# Runs tests of a program.
run() {
    local program=$1 directory=$tree
    [[ $program != */bevy_session_journal-* && $program != */syncs-* ]] || directory=$tree/crates/journal
    (cd "$directory" && timeout "$patience" "$program" "${@:2}") >"$log" 2>&1
}

# The tests whose first panic in the log isn't one of `unwrap`.
killers() {
    awk '/^---- .* stdout ----$/ { test = $2; waits = 1 }
         said { if (!/^called `(Result|Option)::unwrap/) print test; waits = said = 0 }
         waits && / panicked at / { said = 1 }' "$log" | sort -u | tr '\n' ' '
}

# Says which files below a directory a change changes in its places, and which of its substitutions change nothing.
changed_files() {
    local substitutions
    # Each counts what it found, for one that finds nothing would hide behind the others.
    # shellcheck disable=SC2016
    substitutions=$(perl -e 'my @all = split m{(?<=/|/[gms]); (?=s/)}, shift;
        s/;$// for @all;
        print map "\$found[$_] += $all[$_];\n", 0 .. $#all;
        print "END { print map \"nothing fits substitution \$_\\n\", grep !\$found[\$_ - 1], 1 .. ", scalar @all, " }"' "$2")
    # shellcheck disable=SC2086
    (cd "$1" && find $3 -name '*.rs' -print0 | sort -z |
        xargs -0 perl -0ne "my \$before = \$_; $substitutions print \"\$ARGV\\n\" if \$_ ne \$before;")
}

# Lists in `changed` the file that a row changes in each of its places, below a directory; says so if it is another number.
find_changed() {
    local row=$1 place all
    all=$(changed_files "$2" "${changes[$row]}" "${places[$row]}" 2>&1)
    mapfile -t changed <<<"$all"
    for place in ${places[$row]}; do
        if [[ $(grep -cE -- "^$place(/|$)" <<<"$all") != 1 || $all == *'nothing fits'* ]]; then
            echo "STALE     ${promises[$row]}: ${names[$row]}, in $place: ${all:-no file changes}"
            return 1
        fi
    done
}

# Each test and module, behind those that it is in, and the directories of its file.
there() {
    grep -rE --include='*.rs' '^ *(pub(\(\w+\))? )?(mod|fn) \w+' crates/journal src tests/it |
        sed -E 's/\.rs: *(pub(\(\w+\))? )?(mod|fn) (\w+).*/::\4/; s|/|::|g'
}

# Whether each row still changes the code, and names tests that are there.
check() {
    local row named within all stale=0
    all=$(there)
    for row in "${!names[@]}"; do
        find_changed "$row" . || stale=$((stale + 1))
    done
    for named in $(printf '%s\n' "${tests[@]}" | tr ' ' '\n' | sort -u); do
        within='(crates|src)'
        [[ $named != it:* ]] || within='tests::it'
        if ! grep -qE "^${within}::.*$(bare <<<"$named")" <<<"$all"; then
            echo "STALE     no test or module of tests is called $named"
            stale=$((stale + 1))
        fi
    done
    echo "${#names[@]} mutants, $stale of them stale"
    ((stale == 0))
}

# Makes the change of a row.
apply() {
    local file
    find_changed "$1" "$pristine" || return 1
    for file in "${changed[@]}"; do
        perl -0pe "${changes[$1]}" "$pristine/$file" >"$tree/$file"
    done
}

# Tries a row.
try() {
    local row=$1 name=${names[$1]} program killed status=0 package kind named
    read -r package kind < <(suite_of "$row")
    if ! program=$(build "$package" "$kind"); then
        echo "BROKEN    $name: $(grep -m 1 -A 2 '^error' "$log" | tr -s '\n ' ' ')"
        return
    fi
    read -ra named < <(bare <<<"${tests[$row]}")
    run "$program" "${named[@]}" || status=$?
    killed=$(killers)
    if [[ -n $killed ]]; then
        echo "killed    $name, by ${killed% }"
    elif ((status == 124)); then
        echo "killed    $name, by patience"
    elif ((status >= 128)); then
        # Such as a decoder that believed a length and asked for more memory than there is.
        echo "killed    $name, by the end of the process (status $status)"
    elif ((status != 0)); then
        echo "STRAY     $name: $(grep -m 1 -A 1 ' panicked at ' "$log" | tr -s '\n ' ' ')"
    else
        echo "SURVIVED  $name"
    fi
}

# Runs every test that is named in a row, of a suite, on code without a mutant.
try_without() {
    local suite=$1 row named program listed
    named=$(for row in "${!names[@]}"; do
        [[ $(suite_of "$row") != "$suite" ]] || bare <<<"${tests[$row]}" | tr ' ' '\n'
    done | sort -u)
    # shellcheck disable=SC2086
    program=$(build $suite) || { echo "$suite doesn't compile"; grep -m 3 -A 3 '^error' "$log"; return 1; }
    listed=$("$program" --list)
    while read -r one; do
        grep -q -- "$one" <<<"$listed" || { echo "no test of $suite is called $one"; return 1; }
    done <<<"$named"
    # shellcheck disable=SC2086
    patience=$((patience * 4)) run "$program" $named || { echo "$suite fails without a mutant:"; cat "$log"; return 1; }
    echo "$suite passes without a mutant: $(grep -m 1 '^test result' "$log")"
}

if [[ $is_check ]]; then
    check
    exit
fi

trap 'rm -rf "$pristine" "$tree" "$log"' EXIT
rm -rf "$pristine" "$tree"
mkdir -p "$pristine"
cp -rL src benches crates docs examples tests Cargo.toml Cargo.lock README.md "$pristine"
cp -r "$pristine" "$tree"
while read -r suite; do
    try_without "$suite" || exit 1
done < <(for row in "${!names[@]}"; do suite_of "$row"; done | sort -u)

heading= total=0 killed=0
for row in "${!names[@]}"; do
    if [[ ${promises[$row]} != "$heading" ]]; then
        heading=${promises[$row]}
        printf '\n%s\n' "$heading"
    fi
    if apply "$row"; then
        outcome=$(try "$row")
        echo "$outcome"
        [[ $outcome != killed* ]] || killed=$((killed + 1))
        for file in "${changed[@]}"; do cp "$pristine/$file" "$tree/$file"; done
    fi
    total=$((total + 1))
done
printf '\n%s\n' "$total mutants, $killed killed, $((total - killed)) not"
((killed == total))
