#!/usr/bin/env bash
# Breaks the code in small ways, one after the other, in a copy, and expects the torture tests to
# notice each. Prints which tests killed which mutant; fails if one survives. Takes about half a
# minute for each mutant. `tests/mutations.sh <regular expression>` tries those only whose name fits.
# On a busy machine, BEVY_SESSION_PATIENCE is how many seconds a mutant may take to be killed.
set -uo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
only=${1:-}
copy=$(mktemp -d)
trap 'rm -rf "$copy"' EXIT
export CARGO_TARGET_DIR="${CARGO_TARGET_DIR:-${XDG_CACHE_HOME:-$HOME/.cache}/bevy_session-mutations}"
export RUST_BACKTRACE=0
survivors=0 tried=0

# mutant <name> <files> <perl substitution, which must change each of them> [<test filter> …]
mutant() {
    local name=$1 files=$2 change=$3 file
    shift 3
    [[ $name =~ $only ]] || return 0
    rm -rf "${copy:?}"/*
    cp -rL src benches crates examples tests Cargo.toml Cargo.lock README.md "$copy"
    for file in $files; do
        perl -0pi -e "$change" "$copy/$file"
        if diff -q "$file" "$copy/$file" >/dev/null; then
            echo "STALE     $name: nothing in $file is changed by it"
            survivors=$((survivors + 1))
            return
        fi
    done
    if ! (cd "$copy" && cargo test --quiet --lib --no-run) >"$copy/build.log" 2>&1; then
        echo "BROKEN    $name: doesn't compile"
        grep -m 3 -A 3 '^error' "$copy/build.log"
        survivors=$((survivors + 1))
        return
    fi
    tried=$((tried + 1))
    local killers status=0
    # A mutant that never ends is noticed as well.
    (cd "$copy" && timeout "${BEVY_SESSION_PATIENCE:-300}" cargo test --quiet --lib -- "$@") >"$copy/test.log" 2>&1 || status=$?
    killers=$(grep -oE '^    [a-z_]+(::[a-z_]+)+$' "$copy/test.log" | sort -u | tr -s '\n ' ' ')
    if [[ -n $killers ]]; then
        echo "killed    $name, by$killers"
    elif [[ $status -ne 0 ]]; then
        # Such as a decoder that believed a length and asked for more memory than there is.
        echo "killed    $name, by the end of the test process or of patience (status $status)"
    else
        echo "SURVIVED  $name"
        survivors=$((survivors + 1))
    fi
}

worlds=any_world_comes_back_the_same tested=the_self_test_names
crash=no_power_cut_loses faults=no_fault_loses compound=a_crash_in_the_recovery
damage=torture::damage trips=torture::round_trips hostile=torture::hostile copies=torture::copies

# What makes a checkpoint durable.
mutant 'leave out the sync' crates/journal/src/writer/open_segment.rs \
    's/self\.file\.sync\(\)\.map_err\(\|source\| self\.failure\("sync", source\)\)\?;//' $crash
mutant 'leave out the sync of directories' crates/journal/src/writer/open_segment.rs \
    's/store\.sync_directories\(&self\.target\.unsynced_directories\)\?;//' $crash
mutant 'ignore that the sync of directories fails' crates/journal/src/writer/open_segment.rs \
    's/(store\.sync_directories\(&self\.target\.unsynced_directories\))\?;/let _ = $1;/' $faults
mutant 'acknowledge although the sync failed' crates/journal/src/writer/run_journal.rs \
    's/segment\.sync\(&self\.home\.store\)\?;/let _ = segment.sync(&self.home.store);/' $faults
mutant 'acknowledge before the sync' crates/journal/src/writer/run_journal.rs \
    's/segment\.sync\(&self\.home\.store\)\?;\n(\s+let end = [^;]*;)\n(\s+self\.note_durable\(end\);)\n\s+\/\/[^\n]*\n\s+self\.hold[^;]*;\n(\s+self\.acknowledge\([^;]*;)/$3\n let Some(segment) = &mut self.segment else { return Ok(()) };\n segment.sync(&self.home.store)?;\n$1\n$2/' $faults
mutant 'acknowledge without asking for the lock again' crates/journal/src/writer/run_journal.rs \
    's/(finds what was written\.\n)\s+self\.hold\.check[^;]*;/$1/' lost_lock
mutant 'take a session up again that another process played' crates/journal/src/writer/hold.rs \
    's/Ok\(!is_ours && !heads\.is_empty\(\)\)/Ok(false)/' lost_lock
mutant 'acknowledge what is only captured' crates/journal/src/writer/run_journal.rs \
    's/(?=self\.pending\.push\(Item::Checkpoint)/let Commit { kind, play_time, .. } = checkpoint.commit;\n reports.push(Report::Saved(Saved { id, kind, play_time, bytes: 0, write_time: Duration::ZERO }));\n/' $crash
mutant 'retry a sync on the same file' crates/journal/src/writer/open_segment.rs \
    's/self\.file\.sync\(\)\.map_err/self.file.sync().or_else(|_| self.file.sync()).map_err/' $faults
mutant 'go on in a file that failed' crates/journal/src/writer/run_journal/failures.rs \
    's/(marked clean[^;]*)self\.drop_segment\(\);/$1/' $faults
mutant 'sync only the directories of the first segment' crates/journal/src/store/directory.rs \
    's/header\.predecessor\.is_none\(\)/header.segment == 0/' $faults
mutant 'sync nothing above the data directory' crates/journal/src/store/directory.rs \
    's/unsynced\.extend\(self\.layout\.data\.ancestors\(\)[^;]*;//' $crash
mutant 'take a merge for durable without a sync' crates/journal/src/writer/rotation.rs \
    's/segment\.sync\(store\)\?;\n        Ok\(Progress/Ok(Progress/' $crash
mutant 'move on to a merged file whose sync failed' crates/journal/src/writer/rotation.rs \
    's/segment\.sync\(store\)\?;\n        Ok\(Progress/let _ = segment.sync(store);\n        Ok(Progress/' $faults
mutant 'append to a file of a former run' 'crates/journal/src/store/directory.rs crates/journal/src/store/simulated_disk.rs' \
    's/self\.create_file\(self\.layout\.segment\(header\), header\)/self.create_file({\n let path = self.layout.segment(header);\n let old = self.disk.list(&self.layout.session(header.session)).unwrap_or_default();\n let old = old.into_iter().find(|entry| entry.name.ends_with(".journal"));\n old.map_or(path.clone(), |entry| path.with_file_name(entry.name)) }, header)/; s/(let mut state = self\.begin\(Operation::Create\)\?;)/$1\n if let Ok(file) = state.file(path) { return Ok(Box::new(SimulatedFile::new(self.clone(), file))); }/' $crash
mutant 'file a statement without a sync' crates/journal/src/writer/filing.rs \
    's/segment\.sync\(&home\.store\)/Ok(())/' $crash
mutant 'end a run without a word' crates/journal/src/writer/run_journal.rs \
    's/self\.pending\.push\(Item::Record\(Record::End \{[^}]*\}\)\);//' $crash
mutant 'say nothing of a failure' crates/journal/src/writer/run_journal/failures.rs \
    's/reports\.push\(Report::Failed \{ checkpoint, error, retry_in: Some\(retry_in\) \}\);//' $faults
mutant 'say nothing of a save that a rewind overtook' crates/journal/src/writer/run_journal.rs \
    's/newest\.filter\(\|_\| self\.backoff\.has_failed\(\)\)/newest.filter(|_| false)/' $faults
mutant 'decline what could only be read in part' crates/journal/src/writer/filing.rs \
    's/refuse_to_guess\(stored\.index\(\)\)\?;//' who_can_read_only_a_part
mutant 'forget what failed, and go on from it' 'crates/journal/src/writer/run_journal.rs crates/journal/src/writer/run_journal/failures.rs' \
    's/if !checkpoint\.is_snapshot\(\) && checkpoint\.commit\.base != newest\.or\(self\.acknowledged\)/if false/; s/(marked clean[^;]*self\.drop_segment\(\);)/$1 self.pending.give_up_checkpoints();/' $faults

# What may be removed.
mutant 'prune the last generations' crates/journal/src/writer/retention.rs \
    's/keep\.always\(index\.newest_intact\(head\.id\)[^;]*;//; s/const NEWEST_ON_FULL_DISK: usize = 2/const NEWEST_ON_FULL_DISK: usize = 0/; s/ \|\| speaks_of_a_head\(index, number\)//' a_full_disk $crash
mutant 'prune the run before at once' crates/journal/src/writer/retention.rs \
    's/if own < 2 \{/if false {/; s/const NEWEST_ON_FULL_DISK: usize = 2/const NEWEST_ON_FULL_DISK: usize = 1/' $damage $crash
mutant 'prune without looking whether the rest is intact' crates/journal/src/writer/pruning.rs \
    's/self\.waiting = unread\(self\.stored\.index\(\)\);//' $damage $crash $compound
mutant 'prune what was written again because a file failed' crates/journal/src/writer/pruning.rs \
    's/if repeats_one_of\(&kept, index, number\) \{/if false {/' $copies
mutant 'count on what is left of a file that failed' crates/journal/src/writer/pruning.rs \
    's/if !failed\.is_empty\(\)/if false/' $copies
mutant 'prune damaged files' crates/journal/src/writer/retention.rs \
    's/is_damaged\(stored, \*number\) \|\| //' $damage
mutant 'forget in any order' crates/journal/src/store/directory.rs \
    's/self\.sync_directories\(std::slice::from_ref\(&directory\)\)\?;//' $crash

# What is believed.
mutant 'accept a bad payload' crates/journal/src/journal/frame.rs \
    's/if !header\.is_of\(stored, self\.nonce\)/if false/' $crash $damage
mutant 'accept a bad frame header' crates/journal/src/journal/frame.rs \
    's/if checksum != xxh3_64_with_seed\(checked, nonce\)/if false/' $crash $damage
mutant 'accept a bad segment header' crates/journal/src/journal/header_codec.rs \
    's/is_whole: checksum\(prelude, body\) == announced/is_whole: true/' $crash $damage
mutant 'offer what was not read' crates/journal/src/store/stored_session.rs \
    's/if self\.verify\(&plan\)\? == Validity::Verified/if true/' $crash $damage
mutant 'accept a group without its first frame' crates/journal/src/journal/scan.rs \
    's/self\.open\.take\(\)\.filter\(\|group\| group\.counter == place\.counter\)/Some(self.open.take().unwrap_or(OpenGroup::new(place.counter, entry.offset)))/' $crash $damage
mutant 'let a run without a checkpoint supersede' crates/journal/src/journal/index/head.rs \
    's/\.filter\(\|run\| !run\.moments\.is_empty\(\)\)//' $crash
mutant 'overlook a run that vanished' crates/journal/src/recovery/detect.rs \
    's/machine\.witnessed\(session\)\.filter\(is_beyond\)/machine.witnessed(session).filter(is_beyond).filter(|_| false)/' $damage
mutant 'overlook a missing end' crates/journal/src/store/findings.rs \
    's/for \(position, range\) in missing_ends\(&self\.summaries\)/for (position, range) in missing_ends(&[])/' $damage

# How runs follow each other.
mutant 'supersede nothing' crates/journal/src/journal/index/head.rs \
    's/\|through\| \*through >= id\.counter/|_| false/' $crash
mutant 'count from the beginning' crates/journal/src/recovery/prepare.rs \
    's/let newest_counter = stored\.index\(\)\.newest_counter\(\);/let newest_counter = 0;/' $crash
mutant 'guess what an unreadable file holds' crates/journal/src/recovery/prepare.rs \
    's/refuse_to_guess\(stored\.index\(\)\)\?;//' $compound $faults
mutant 'lose records while merging' crates/journal/src/writer/rotation.rs \
    's/Item::Record\(record\) => segment\.append_record\(record\)\?,/Item::Record(_) => {}/' $crash $copies

# What merging and planning mean.
mutant 'let the older value win' crates/journal/src/journal/merge/column.rs \
    's/Some\(Reverse\(\(id, Reverse\(age\)\)\)\)/Some(Reverse((id, Reverse(usize::MAX - age))))/' $trips
mutant 'let removals take what the same group wrote' crates/journal/src/journal/merge/removals.rs \
    's/\*removed_age > age/*removed_age >= age/' $trips
mutant 'drop removals from merged deltas' crates/journal/src/journal/merge.rs \
    's/if self\.keep_removals \{/if false {/' $trips
mutant 'take the longest way' crates/journal/src/journal/index/run.rs \
    's/ways\.min_by_key/ways.max_by_key/' $trips
mutant 'count on from forged numbers' crates/journal/src/journal/index.rs \
    's/\.filter\(\|counter\| \*counter < limits::COUNTERS\)//' $hostile
mutant 'count before the first segment' crates/journal/src/journal/index/ending.rs \
    's/header\.segment\.checked_sub\(1\)/Some(header.segment - 1)/' $hostile

# What a capture must notice, and what a restore must bring back.
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
mutant 'keep the removals of an earlier capture' src/capture/record/moment.rs \
    's/removed\.clear\(\);//' $worlds
mutant 'copy into a stale buffer' src/capture/record/copies.rs \
    's/codec\.copy_into\(component, value\);//g' $worlds
mutant 'keep references to strangers' src/saved/decoded/references.rs \
    's/self\.id\(source\)\.unwrap_or\(STRANGER\)/self.id(source).unwrap_or(SaveId(1))/' $worlds
mutant 'leave entities that are marked late' src/restore/sweep.rs \
    's/mark_late\(world, adopted\);//g' $worlds
mutant 'keep what the checkpoint lacks' src/restore/replace.rs \
    's/self\.remove_what_was_not_saved\(world\);//' $worlds
mutant 'let observers have the last word' src/restore/replace.rs \
    's/self\.undo_interference\(world\);//' $worlds
mutant 'drop pending transitions' src/restore/replace.rs \
    's/replacement\.set_pending_states\(world\);//' $worlds
mutant 'spawn siblings by their ids' src/restore/image.rs \
    's/spawn_order\(&parents, &child_orders\)/spawn_order(&parents, &[])/' $worlds
mutant 'link in any order' src/restore/replacement.rs \
    's/waiting\.sort_by_key\(.*?\n        \}\);//s' $worlds
mutant 'leave relationships out' src/restore/replace.rs \
    's/self\.link\(world\);//' $worlds
mutant 'write references as they are' src/saved/codec/cloned.rs \
    's/<T as Component>::map_entities\(value, mapper\);//' $worlds

# What the self-test must name, and must not.
mutant 'find no drift' src/capture/drift.rs \
    's/rows \+= u64::from\(is_counted && !is_the_same\);/let _ = (is_counted, is_the_same);/' $tested
mutant 'take references to the dead for drift' src/capture/drift.rs \
    's/\|\| codec\.is_some_and\(\|codec\| codec\.reads_the_same\(one, other, &saved\)\)/|| (codec.is_none() \&\& one == other)/' $tested
mutant 'forget that a reference was turned' src/saved/codec/reading.rs \
    's/one == other \|\| \(targets\.any && differ_in_order_only\(&one, &other\)\)/{ let _ = differ_in_order_only(\&one, \&other); targets.any }/' $tested

echo "$tried mutants tried, $survivors survived or could not be tried"
[[ $survivors -eq 0 ]]
