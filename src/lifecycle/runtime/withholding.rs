//! The sessions of which nothing is sent to the replica, as their players want it.

use std::collections::BTreeMap;

use bevy_session_journal::SessionId;

/// The sessions of this process, and what their players want.
#[derive(Default)]
pub(super) struct Withholding {
    /// True if a player of whom nothing is known doesn't agree.
    by_default: bool,
    /// The profile that is played.
    profile: String,
    /// The players of the sessions that were played in this profile.
    players: BTreeMap<SessionId, Option<String>>,
    /// The same of the other profiles.
    others: BTreeMap<String, BTreeMap<SessionId, Option<String>>>,
    /// The last word to the replica's keeper about each of them; without one, everything is sent.
    said: BTreeMap<SessionId, bool>,
}

impl Withholding {
    /// One in which nobody has played.
    pub(super) fn of_profile(profile: &str) -> Self {
        Self { profile: profile.to_owned(), ..Self::default() }
    }

    /// The player of a session is known.
    pub(super) fn note_player(&mut self, session: SessionId, player: Option<&str>) {
        let is_known = self.players.get(&session).is_some_and(|known| known.as_deref() == player);
        if !is_known {
            self.players.insert(session, player.map(str::to_owned));
        }
    }

    /// The players of another profile come next, and have no say in the sessions of before. Those may still be on their way:
    /// their players are asked again once the profile is back.
    pub(super) fn use_profile(&mut self, profile: &str) {
        let left = std::mem::replace(&mut self.profile, profile.to_owned());
        self.others.insert(left, std::mem::take(&mut self.players));
        self.players = self.others.remove(profile).unwrap_or_default();
    }

    /// Returns true if a session that is about to be kept is withheld for now.
    pub(super) fn of_next(&mut self, session: SessionId) -> bool {
        // A player who is known already is asked in the next frame.
        let is_withheld = self.by_default || self.said.get(&session) == Some(&true);
        self.said.insert(session, is_withheld);
        is_withheld
    }

    /// The sessions that are withheld from now on, or no longer, among these that are kept and those whose players are
    /// known.
    pub(super) fn changes(
        &mut self,
        kept: impl Iterator<Item = SessionId>,
        by_default: bool,
        is_given: impl Fn(Option<&str>) -> bool,
    ) -> Vec<(SessionId, bool)> {
        self.by_default = by_default;
        let Self { players, said, .. } = self;
        let unknown = kept.filter(|session| !players.contains_key(session));
        let unknown = unknown.map(|session| (session, by_default));
        let known =
            players.iter().map(|(session, player)| (*session, !is_given(player.as_deref())));
        let changes: Vec<_> = known
            .chain(unknown)
            .filter(|(session, is_withheld)| {
                said.get(session).copied().unwrap_or_default() != *is_withheld
            })
            .collect();
        said.extend(changes.iter().copied());
        changes
    }

    /// The sessions of a profile's player, who has withdrawn: they are withheld from now on.
    pub(super) fn withdraw(&mut self, profile: &str, player: Option<&str>) -> Vec<SessionId> {
        let players = match profile == self.profile {
            true => Some(&self.players),
            false => self.others.get(profile),
        };
        let players = players.into_iter().flatten();
        let own = players.filter(|(_, known)| known.as_deref() == player);
        let own: Vec<SessionId> = own.map(|(session, _)| *session).collect();
        self.said.extend(own.iter().map(|session| (*session, true)));
        own
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_session_is_withheld_until_its_player_is_known_if_any_player_might_refuse() {
        let mut withholding = Withholding::default();
        let session = SessionId::random();
        assert!(!withholding.of_next(session), "nobody refuses");
        let refuses = |name: &'static str| move |player: Option<&str>| player != Some(name);
        let kept = || std::iter::once(session);
        assert_eq!(withholding.changes(kept(), true, refuses("Ann")), [(session, true)]);
        assert!(withholding.of_next(session));
        withholding.note_player(session, Some("Ben"));
        assert_eq!(withholding.changes(kept(), true, refuses("Ann")), [(session, false)]);
        assert!(withholding.changes(kept(), true, refuses("Ann")).is_empty(), "it is no news");
        withholding.note_player(session, Some("Ann"));
        assert_eq!(withholding.changes(kept(), true, refuses("Ann")), [(session, true)]);
    }

    #[test]
    fn a_withdrawal_is_about_all_sessions_of_its_player_and_no_others() {
        let mut withholding = Withholding::of_profile("default");
        let [ann, also_ann, ben] = [(); 3].map(|()| SessionId::random());
        for (session, player) in [(ann, "Ann"), (also_ann, "Ann"), (ben, "Ben")] {
            withholding.note_player(session, Some(player));
        }
        assert!(withholding.withdraw("other", Some("Ann")).is_empty());
        let mut withdrawn = withholding.withdraw("default", Some("Ann"));
        withdrawn.sort_unstable();
        let mut expected = [ann, also_ann];
        expected.sort_unstable();
        assert_eq!(withdrawn, expected);
        assert!(withholding.withdraw("default", None).is_empty());
        let none = std::iter::empty;
        assert!(withholding.changes(none(), false, |it| it == Some("Ben")).is_empty(), "was said");
        assert_eq!(withholding.changes(none(), false, |_| true).len(), 2, "she agrees again");
    }

    #[test]
    fn only_answers_of_its_own_profile_withhold_a_left_session() {
        let mut withholding = Withholding::of_profile("default");
        let session = SessionId::random();
        withholding.note_player(session, None);
        assert_eq!(withholding.changes(std::iter::empty(), false, |_| false), [(session, true)]);
        withholding.use_profile("other");
        assert!(withholding.changes(std::iter::empty(), false, |_| true).is_empty());
        withholding.use_profile("default");
        assert_eq!(withholding.changes(std::iter::empty(), false, |_| true), [(session, false)]);
    }
}
