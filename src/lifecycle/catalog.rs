//! The list of sessions on this machine, for UI to read at any time.

pub(super) mod slots;

use std::collections::{HashMap, HashSet};
use std::ops::Range;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use bevy::prelude::*;
use bevy_session_journal::internal::read::finding::Shelf;
use bevy_session_journal::internal::read::recovery::SlotListing;
use bevy_session_journal::{
    GroupBy, IndexFigures, Leaving, ListedSessions, OfferedSession, ProvenTime, RecoveryOffer,
    Retention, RetentionPreview, SessionChanges, SessionEntry, SessionGroups, SessionId,
    SessionPage, SessionQuery, SessionWatch,
};
use jiff::Timestamp;

use super::CurrentSession;
use crate::external_saves::{Backups, OfferedBackup};

/// All sessions and slots on this machine. Filled shortly after start-up, when
/// [`SessionsFound`](crate::SessionsFound) is sent.
#[derive(Resource, Clone, Debug, Default)]
#[cfg_attr(feature = "reflect", derive(Reflect))]
#[cfg_attr(feature = "reflect", reflect(Resource, Clone, Debug, Default))]
pub struct SessionCatalog {
    pub(super) sessions: Shelf,
    pub(super) listing: SlotListing,
    /// The bytes that the slots of each session take on disk.
    #[cfg_attr(feature = "reflect", reflect(ignore))]
    pub(super) slot_bytes: HashMap<SessionId, u64>,
    pub(super) index: IndexFigures,
    pub(super) is_verified: bool,
    /// The crashed sessions that a Continue button passes over.
    #[cfg_attr(feature = "reflect", reflect(ignore))]
    not_offered: HashSet<SessionId>,
    /// The time of the last reading of the sessions: the proven time, and the clock's.
    #[cfg_attr(feature = "reflect", reflect(ignore))]
    pub(super) looked_at: Option<(ProvenTime, Timestamp)>,
    /// True if a watch was followed since this was last read.
    #[cfg_attr(feature = "reflect", reflect(ignore))]
    followed: Arc<AtomicBool>,
}

impl SessionCatalog {
    /// All sessions, most recently played first.
    #[must_use]
    pub fn sessions(&self) -> ListedSessions<'_> {
        self.sessions.entries()
    }

    /// The sessions that a query finds, one page of them.
    ///
    /// ```
    /// use bevy::prelude::*;
    /// use bevy_session::prelude::*;
    /// use bevy_session::library::{SessionQuery, SortBy};
    ///
    /// fn load_screen(catalog: Res<SessionCatalog>) {
    ///     let query = SessionQuery::default().search("frozen north").sort(SortBy::PlayTime);
    ///     let found = catalog.query(&query.page(0..20));
    ///     info!("{} of {} in {:?}", found.entries.len(), found.total, found.took);
    /// }
    /// # bevy::ecs::system::assert_is_system(load_screen);
    /// ```
    #[must_use]
    pub fn query(&self, query: &SessionQuery) -> SessionPage<'_> {
        self.sessions.query(query)
    }

    /// The sessions that a query finds, in groups: by player, by tag, by week. The query's page is
    /// ignored.
    #[must_use]
    pub fn groups(&self, query: &SessionQuery, by: GroupBy) -> SessionGroups<'_> {
        self.sessions.groups(query, by)
    }

    /// The sessions that these rules would remove, and why, as of the last reading of the list of
    /// sessions. Nothing is changed; [`prune`](crate::library::LibraryCommands::prune) removes
    /// exactly these.
    ///
    /// Before the first reading, it is empty.
    ///
    /// ```
    /// use std::time::Duration;
    ///
    /// use bevy::prelude::*;
    /// use bevy_session::prelude::*;
    /// use bevy_session::library::{Keep, LeftAs, Retention};
    ///
    /// fn tidy_up(catalog: Res<SessionCatalog>, mut commands: Commands) {
    ///     let month = Duration::from_secs(30 * 24 * 60 * 60);
    ///     let rules = Retention::default().keep(LeftAs::Failed, Keep::within(month).or_newest(5));
    ///     let preview = catalog.preview(&rules);
    ///     for session in &preview.sessions {
    ///         info!("{} would go: {:?}", session.name, session.reason);
    ///     }
    ///     commands.session().library().prune(preview);
    /// }
    /// # bevy::ecs::system::assert_is_system(tidy_up);
    /// ```
    #[must_use]
    pub fn preview(&self, retention: &Retention) -> RetentionPreview {
        let (time, clock) = self.looked_at.unwrap_or_default();
        retention.preview(self.sessions(), time, clock)
    }

    /// The sessions that a query finds, on all pages.
    pub(super) fn ids_of(&self, query: &SessionQuery) -> Vec<SessionId> {
        let found = self.sessions.query(&query.clone().page(0..usize::MAX));
        found.entries.into_iter().map(|entry| entry.session.id).collect()
    }

    /// The differences in the answer to a query since the watch was last followed; all sessions
    /// found, the first time. It costs next to nothing if nothing changed, so a list can ask in
    /// each frame that shows it.
    ///
    /// While a game follows a watch, the writer's thread looks at the files of all sessions about
    /// once a second, so the catalog also knows what another process writes. It doesn't notice that
    /// a process died while it played a session: request
    /// [`find`](crate::library::LibraryCommands::find) for that.
    pub fn follow(&self, watch: &mut SessionWatch) -> SessionChanges {
        self.followed.store(true, Ordering::Relaxed);
        watch.look(&self.sessions)
    }

    /// A page of the sessions that a watch found when it was last followed, in the order of its
    /// query.
    #[must_use]
    pub fn page_of(&self, watch: &SessionWatch, page: Range<usize>) -> Vec<&SessionEntry> {
        watch.page(&self.sessions, page)
    }

    /// Returns true once the files of all sessions were read. Until
    /// [`SessionsFound`](crate::SessionsFound) is sent, nothing is listed, or with
    /// [`SessionSettings::trust_index`](crate::SessionSettings::trust_index) the sessions that the
    /// index names.
    #[must_use]
    pub fn is_verified(&self) -> bool {
        self.is_verified
    }

    /// The work that the index of sessions has saved since the process began.
    #[must_use]
    pub fn index_figures(&self) -> IndexFigures {
        self.index
    }

    /// Returns true if a watch was followed since the last call.
    pub(super) fn was_followed(&self) -> bool {
        self.followed.swap(false, Ordering::Relaxed)
    }

    /// The entry of one session.
    #[must_use]
    pub fn get(&self, session: SessionId) -> Option<&SessionEntry> {
        self.sessions.get(session)
    }

    /// The session that a Continue button resumes with
    /// [`continue_session`](crate::SessionCommands::continue_session): the most recently played one that
    /// [can go on](SessionEntry::can_go_on), has begun, and isn't in the archive. It may have crashed. Of those that crashed,
    /// one is passed over that was declined, that isn't [offered](RecoveryOffers), such as a damaged one or one of
    /// [`NewSession::recovery`](crate::NewSession::recovery)`(false)`, or that another machine may be playing.
    #[must_use]
    pub fn newest_to_continue(&self) -> Option<&SessionEntry> {
        let is_at_hand =
            |entry: &&SessionEntry| !entry.session.draft && entry.session.place.is_open();
        let is_offered = |entry: &SessionEntry| !self.not_offered.contains(&entry.session.id);
        let mut at_hand = self.sessions().iter().filter(is_at_hand);
        at_hand.find(|entry| entry.can_go_on() && (!entry.has_crashed() || is_offered(entry)))
    }

    /// Notes if a session could be continued, had it crashed.
    pub(super) fn note_offered(&mut self, session: SessionId, is_offered: bool) {
        match is_offered {
            true => self.not_offered.remove(&session),
            false => self.not_offered.insert(session),
        };
    }

    pub(crate) fn get_mut(&mut self, session: SessionId) -> Option<&mut SessionEntry> {
        self.sessions.get_mut(session)
    }

    /// Replaces the entry of a session.
    pub(crate) fn put(&mut self, mut entry: SessionEntry) {
        entry.bytes = entry.journal_bytes + self.bytes_of_slots(entry.session.id);
        self.sessions.put(entry);
    }

    /// The same for many sessions, with the sizes of their slots. There may be thousands.
    pub(super) fn put_all(&mut self, sessions: Shelf) {
        self.sessions.put_all(sessions);
    }

    /// Notes that a session was left, and the bytes of its journal, if known.
    pub(super) fn note_left(
        &mut self,
        current: &CurrentSession,
        leaving: Leaving,
        journal_bytes: Option<u64>,
    ) {
        let Some(mut entry) = self.remove(current.id()) else { return };
        entry.session = current.metadata.clone();
        entry.status = current.status;
        entry.in_use = false;
        entry.newest = current.last_checkpoint.map(|last| last.id).or(entry.newest);
        entry.fit = entry.fit.once_written();
        entry.play_time = current.play_time;
        entry.summary = current.summary.clone();
        entry.left = Some(leaving);
        entry.updated = current.updated;
        entry.journal_bytes = journal_bytes.unwrap_or(entry.journal_bytes);
        self.put(entry);
    }

    pub(crate) fn remove(&mut self, session: SessionId) -> Option<SessionEntry> {
        self.sessions.remove(session)
    }
}

/// Offers to recover crashed runs, most recent first. An offer stays until it is accepted or
/// declined.
#[derive(Resource, Clone, Debug, Default)]
#[cfg_attr(feature = "reflect", derive(Reflect))]
#[cfg_attr(feature = "reflect", reflect(Resource, Clone, Debug, Default))]
pub struct RecoveryOffers {
    pub(crate) offers: Vec<RecoveryOffer>,
    pub(crate) older: Vec<RecoveryOffer>,
    /// The game's own backups.
    #[cfg_attr(feature = "reflect", reflect(ignore))]
    pub(crate) backups: Backups,
}

impl FromIterator<RecoveryOffer> for RecoveryOffers {
    /// Offers that the player is asked about: for the tests of a dialog of the game's own.
    fn from_iter<I: IntoIterator<Item = RecoveryOffer>>(offers: I) -> Self {
        Self { offers: offers.into_iter().collect(), ..Self::default() }
    }
}

impl RecoveryOffers {
    /// All offers that the player is asked about, most recent first.
    #[must_use]
    pub fn offers(&self) -> &[RecoveryOffer] {
        &self.offers
    }

    /// Offers for sessions that crashed longer ago than
    /// [`SessionSettings::recovery_age`](crate::SessionSettings::recovery_age), most recent first.
    /// The player isn't asked about them.
    #[must_use]
    pub fn older(&self) -> &[RecoveryOffer] {
        &self.older
    }

    /// The offers of one session, whether or not the player is asked about it: more than one if it
    /// is forked.
    pub fn of(&self, session: SessionId) -> impl Iterator<Item = &RecoveryOffer> {
        self.all().filter(move |offer| offer.session.id == session)
    }

    /// The offer of a session, or of this side of a forked one.
    pub(super) fn find(&self, offered: OfferedSession) -> Option<&RecoveryOffer> {
        let is_any_side = offered.line.is_none();
        let mut sides = self.of(offered.session);
        sides.find(|offer| is_any_side || OfferedSession::from(*offer) == offered)
    }

    /// All offers, those that the player is asked about first.
    pub(super) fn all(&self) -> impl Iterator<Item = &RecoveryOffer> {
        self.offers.iter().chain(&self.older)
    }

    pub(super) fn of_mut(
        &mut self,
        session: SessionId,
    ) -> impl Iterator<Item = &mut RecoveryOffer> {
        let all = self.offers.iter_mut().chain(&mut self.older);
        all.filter(move |offer| offer.session.id == session)
    }

    /// The game's own backups that were found intact after a crash, newest first; at most ten, and
    /// those that could not be loaded. For all offers, and for sessions without a checkpoint that
    /// can be restored. Answer with [`recover`](crate::external::ExternalCommands::recover).
    #[must_use]
    pub fn backups(&self) -> &[OfferedBackup] {
        self.backups.all()
    }

    /// The backups that the player may choose for an offer, newest first, including those that the
    /// game tried and could not load.
    pub fn backups_for(&self, offer: &RecoveryOffer) -> impl Iterator<Item = &OfferedBackup> {
        let player = offer.session.player.clone();
        self.backups().iter().filter(move |backup| backup.save.is_for(player.as_deref()))
    }

    /// The backup to preselect instead of what the offer [proposes](RecoveryOffer::proposed), and
    /// that [`RecoveryPolicy::Automatic`](crate::RecoveryPolicy::Automatic) takes; `None` if the
    /// checkpoint is the better choice.
    ///
    /// The newer of both is better, by the clocks of the machines that wrote them: a game's own
    /// save has no other order. A backup is never better if its time is in the future, or if an
    /// older checkpoint or a new session is proposed. In a game without saved types, whose
    /// checkpoints hold nothing of its world, it is the newest backup, and after each death soon
    /// after a restore the one before it; after three of them none.
    #[must_use]
    pub fn proposed_backup(&self, offer: &RecoveryOffer) -> Option<&OfferedBackup> {
        self.backups.better_than(offer)
    }

    /// Returns true if the offer's checkpoints hold nothing of the game's world, and there are
    /// backups that do. A dialog then offers only those.
    #[must_use]
    pub fn has_only_backups(&self, offer: &RecoveryOffer) -> bool {
        self.backups.are_all && self.backups_for(offer).next().is_some()
    }

    /// Returns true if there is no offer to ask the player about.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.offers.is_empty()
    }

    /// Adds an offer; `is_recent` is true if the player is asked about it.
    pub(super) fn put(&mut self, offer: RecoveryOffer, is_recent: bool) {
        let place = if is_recent { &mut self.offers } else { &mut self.older };
        place.push(offer);
        place.sort_by_key(|offer| {
            let saved = offer.checkpoints.first().map(|newest| newest.time);
            // Of two that were played until the same moment, the one that began later.
            std::cmp::Reverse((offer.died_at.max(saved), offer.session.id))
        });
    }

    pub(crate) fn remove(&mut self, session: SessionId) {
        self.offers.retain(|offer| offer.session.id != session);
        self.older.retain(|offer| offer.session.id != session);
    }
}

/// Run condition: a crashed session waits for an answer, even while another one is played.
#[must_use]
pub fn recovery_is_pending(offers: Option<Res<RecoveryOffers>>) -> bool {
    offers.is_some_and(|offers| !offers.is_empty())
}
