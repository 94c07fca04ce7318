//! Tests through the public API, in one binary, since each links Bevy again.

mod allocations;
mod archives_directory;
mod attachments;
mod bad_input;
mod bad_slot_files;
mod bad_slots;
mod beside_play;
mod budget;
mod catalogue;
mod chapters;
mod clean_exits;
mod cleanups;
mod clocks;
mod clones;
mod cloud;
mod common;
mod consent;
mod contexts;
mod copies;
mod death;
mod depth;
mod disks;
mod doctor;
mod documents;
mod drafts;
mod endings;
mod entries;
mod external_saves;
mod fight;
mod finding;
mod following;
#[cfg(feature = "auto_register")]
mod foreign;
mod game_failures;
mod gates;
mod going_back;
mod golden;
mod guards;
#[cfg(feature = "auto_register")]
mod guide;
mod hints;
mod history;
mod in_place;
mod keeping;
#[cfg(feature = "auto_register")]
mod kept_values;
mod kill;
mod late_answers;
mod late_claims;
mod left_behind;
#[cfg(feature = "auto_register")]
mod level_game;
mod lifecycle;
mod links;
mod lists;
mod logs;
mod lost_lock;
#[cfg(target_os = "linux")]
mod many_files;
mod merging;
mod modes;
#[cfg(unix)]
mod mutations;
mod newer_features;
mod newer_files;
#[cfg(unix)]
mod no_files;
mod notifications;
mod opting_out;
mod paces;
#[cfg(feature = "window")]
mod phones;
mod placed;
mod places;
mod players;
mod policies;
mod policy_files;
mod process;
mod profiles;
mod races;
mod recorded_events;
mod recovery;
#[cfg(feature = "reflect")]
mod reflection;
mod refusals;
mod relationships;
mod replay;
mod replica;
mod reports;
mod restore_failures;
mod restore_hooks;
mod restore_progress;
mod restore_protocol;
mod rewinds;
mod rooms;
mod rounds;
mod saved_scenarios;
mod saved_types;
#[cfg(feature = "scenarios")]
mod scenarios;
mod self_test;
mod session_attachments;
mod shelf;
mod slices;
mod slot_loads;
mod slots;
mod starting_worlds;
mod studios;
mod sweeping;
mod switches;
mod take_ups;
mod testing;
mod tickets;
mod tidying;
mod traces;
mod undecided;
mod updates;
mod versions;
mod waiting;
mod ways_out;
mod whole_worlds;
