//! Erases a player: removes their sessions and slots, and what this machine's state says of them.
//!
//! First it is found out what is the player's (`write/ownership.rs`), and nothing is changed. Then a file says durably
//! which sessions and slots go (`disk/erasure_files.rs`). From then on each step may be the last before a power cut, or
//! be refused: a start that plays, and each cleanup, does what is left (`erasing/again.rs`). Sessions go one at a time,
//! with their locks held. What merely mentions the player is not looked for: a name may be a word.

mod again;
mod removing;
mod state;

use std::collections::BTreeSet;
use std::mem;
use std::sync::Arc;
use std::time::Duration;

use self::removing::{Removing, files_in};
use self::state::marked;
use super::auditing::Auditor;
use super::cloud::sessions_in_cloud;
use super::cloud_folder::CloudFolder;
use super::jobs::{Job, Slice, Tools, Urgency, WaitsFor};
use super::news::News;
use super::ownership::{OPENED_AT_ONCE, Owned, own_slots};
use super::trials::Trials;
use crate::disk::{
    ConsentFiles, DirectoryStore, Erasure, ErasureFiles, LocalStore, SlotFile, slots_in,
};
use crate::model::clock::Moment;
use crate::model::ids::{SessionId, Ticket};
use crate::model::session::{ErasureReceipt, Remaining, RequestError};
use crate::read::digest::Keepers;
use crate::read::recovery::SessionFinder;

pub(super) use self::again::ErasingAgain;

/// The means of an erasure: those of a process that plays, or of the tool, which has neither digests nor trials.
pub(super) struct Means<'a> {
    pub(super) finder: &'a mut SessionFinder,
    pub(super) digests: Option<&'a mut Keepers>,
    pub(super) trials: Option<&'a mut Trials>,
    pub(super) auditor: &'a mut Auditor,
    /// The session that this process plays.
    pub(super) playing: Option<SessionId>,
    /// The folder of a file cloud; the tool doesn't know it.
    pub(super) cloud: Option<&'a CloudFolder>,
    pub(super) now: Moment,
    pub(super) news: &'a mut Vec<News>,
}

impl Tools<'_> {
    /// The means of an erasure.
    pub(super) fn means(&mut self) -> Means<'_> {
        Means {
            playing: self.playing(),
            finder: self.finder,
            digests: Some(&mut *self.digests),
            trials: Some(&mut *self.trials),
            auditor: self.auditor,
            cloud: self.cloud,
            now: self.now,
            news: self.news,
        }
    }
}

/// The outcome of a step.
pub(super) enum Stepped {
    /// There is more to do.
    Going,
    /// Another process is in the way for a moment.
    Later(Duration),
    Done(ErasureReceipt),
}

/// The erasure of a player.
pub(super) struct Erasing {
    player: String,
    /// Where it began: it goes on there after a change of profile.
    local: Arc<LocalStore>,
    phase: Phase,
}

/// What goes, and what remains of a player.
struct Goes {
    sessions: Vec<SessionId>,
    /// The sessions of which nobody can say whose they are before the place of archives can be reached.
    away: Vec<SessionId>,
    slots: Vec<SlotFile>,
    remaining: Vec<Remaining>,
}

impl Goes {
    fn of(
        player: &str,
        owned: Owned,
        store: &DirectoryStore,
        means: &Means<'_>,
    ) -> Result<Self, RequestError> {
        let Owned { whole: mut sessions, forked, former, forgotten, away, mut unreadable } = owned;
        let slots = slots_in(&**store.disk(), &store.layout().slots())?;
        let game = means.finder.slots().game();
        let slots = own_slots(slots, (player, &sessions), game, &mut unreadable);
        sessions.extend(forgotten);
        let in_cloud = means
            .cloud
            .map(|folder| sessions_in_cloud(means.finder.local(), folder, (player, game)));
        let (in_cloud, refused) = match in_cloud.transpose() {
            Ok(sessions) => (sessions.unwrap_or_default(), None),
            Err(error) => (BTreeSet::new(), Some(Remaining::CloudRefused { error })),
        };
        let known: BTreeSet<SessionId> = sessions.iter().chain(&forked).copied().collect();
        sessions.extend(in_cloud.difference(&known));
        let is_nothing = sessions.is_empty() && slots.is_empty() && forked.is_empty();
        let has_answered = ConsentFiles::of(store).has(player)?;
        let is_named = || has_answered || means.auditor.names(store, player);
        if is_nothing && former.is_empty() && away.is_empty() && !is_named() {
            return Err(RequestError::UnknownPlayer);
        }
        let forked = forked.into_iter().map(|session| Remaining::Forked { session });
        let former = former.into_iter().map(|session| Remaining::Former { session });
        let unreadable = unreadable.into_iter().map(|file| Remaining::Unreadable { file });
        let remaining = forked.chain(former).chain(unreadable).chain(refused).collect();
        Ok(Self { sessions, away, slots, remaining })
    }
}

/// The progress of an erasure.
enum Phase {
    Waiting,
    /// The sessions are opened, the next one last.
    Looking {
        sessions: Vec<SessionId>,
        owned: Owned,
    },
    Removing(Box<Removing>),
}

impl Erasing {
    pub(super) fn new(player: String, local: &Arc<LocalStore>) -> Self {
        Self { player, local: Arc::clone(local), phase: Phase::Waiting }
    }

    /// Does the next piece of work.
    ///
    /// # Errors
    ///
    /// [`RequestError`]. Nothing has changed then.
    pub(super) fn step(&mut self, means: &mut Means<'_>) -> Result<Stepped, RequestError> {
        match &mut self.phase {
            Phase::Waiting => {
                if self.player.is_empty() {
                    return Err(RequestError::UnknownPlayer);
                }
                let sessions = self.local.store.sessions()?;
                self.phase = Phase::Looking { sessions, owned: Owned::default() };
            }
            Phase::Looking { sessions, owned } if sessions.is_empty() => {
                let owned = mem::take(owned);
                let removing = self.begin_removing(owned, means)?;
                self.phase = Phase::Removing(Box::new(removing));
            }
            Phase::Looking { sessions, owned } => {
                let game = means.finder.slots().game();
                let begin = sessions.len().saturating_sub(OPENED_AT_ONCE);
                for session in sessions.split_off(begin) {
                    owned.look_at(session, &self.local.store, (&self.player, game));
                }
            }
            Phase::Removing(removing) => return Ok(removing.step(means)),
        }
        Ok(Stepped::Going)
    }

    /// Says durably what goes.
    fn begin_removing(&self, owned: Owned, means: &Means<'_>) -> Result<Removing, RequestError> {
        let store = &self.local.store;
        let Goes { sessions, away, slots, remaining } =
            Goes::of(&self.player, owned, store, means)?;
        let erasure = Erasure::of(&self.player, means.now.wall);
        let mut erasure = erasure.with_away(&self.player, away);
        erasure.slots = slots.iter().map(|slot| slot.slot.id).collect();
        erasure.sessions = sessions;
        erasure.consent = ConsentFiles::of(store).to_be_erased(&self.player, erasure.asked_at)?;
        let has_sessions = !erasure.sessions.is_empty() || !erasure.away.is_empty();
        if has_sessions || !erasure.slots.is_empty() || erasure.consent.is_some() {
            ErasureFiles::of(store).write(&erasure)?;
        }
        Ok(Removing::of(erasure, Some(self.player.clone()), remaining, &self.local))
    }

    /// What would go and what would remain. Nothing is changed.
    ///
    /// # Errors
    ///
    /// [`RequestError`].
    pub(super) fn preview(
        &mut self,
        means: &mut Means<'_>,
    ) -> Result<ErasureReceipt, RequestError> {
        while !matches!(&self.phase, Phase::Looking { sessions, .. } if sessions.is_empty()) {
            self.step(means)?;
        }
        let Phase::Looking { owned, .. } = mem::replace(&mut self.phase, Phase::Waiting) else {
            return Err(RequestError::UnknownPlayer);
        };
        let store = &self.local.store;
        let Goes { sessions, away, slots, mut remaining } =
            Goes::of(&self.player, owned, store, means)?;
        remaining.extend(away.into_iter().map(|session| Remaining::Away { session }));
        let mut receipt = ErasureReceipt { slots: slots.len(), ..ErasureReceipt::default() };
        slots.iter().for_each(|slot| receipt.bytes += slot.bytes);
        receipt.files += slots.len() as u64;
        let mut gone = BTreeSet::new();
        for session in sessions {
            // The tool can't ask for locks where it only reads.
            if store.is_session_locked(session).unwrap_or_default() {
                remaining.push(Remaining::InUse { session });
                continue;
            }
            let files = files_in(&**store.disk(), &store.layout().session(session));
            receipt.sessions += 1;
            gone.insert(session);
            receipt.files += files.files;
            receipt.bytes += files.bytes;
        }
        let replicated = marked(&**store.disk(), &store.layout().state, &gone);
        remaining.extend(replicated.into_iter().map(|session| Remaining::Replicated { session }));
        receipt.remaining = remaining;
        Ok(receipt)
    }

    /// The session that it removes next.
    fn wants(&self) -> Option<SessionId> {
        match &self.phase {
            Phase::Removing(removing) => removing.next_session(),
            _ => None,
        }
    }
}

/// A player who is erased because the game asked for it.
pub(super) struct ErasePlayer {
    erasing: Erasing,
    ticket: Ticket,
}

impl ErasePlayer {
    pub(super) fn new(player: String, ticket: Ticket, local: &Arc<LocalStore>) -> Self {
        Self { erasing: Erasing::new(player, local), ticket }
    }
}

impl Job for ErasePlayer {
    fn urgency(&self) -> Urgency {
        Urgency::Kept
    }

    fn waits_for(&self) -> WaitsFor {
        WaitsFor::Listing
    }

    fn wants(&self) -> Option<SessionId> {
        self.erasing.wants()
    }

    fn slice(mut self: Box<Self>, tools: &mut Tools<'_>) -> Slice {
        let result = match self.erasing.step(&mut tools.means()) {
            Ok(Stepped::Going) => return Slice::Going(self),
            Ok(Stepped::Later(again_in)) => return Slice::Later(self, again_in),
            Ok(Stepped::Done(receipt)) => Ok(Box::new(receipt)),
            Err(error) => Err(error),
        };
        let Self { erasing: Erasing { player, .. }, ticket } = *self;
        tools.news.push(News::PlayerErased { player, result, ticket });
        Slice::Done
    }

    fn is_long(&self) -> bool {
        true
    }
}
