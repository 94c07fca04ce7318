//! Sessions that lie in a game's second place, see `SessionPlugin::fallback_directory`.

use bevy_session_journal::internal::format::Head;
use bevy_session_journal::{Code, SessionId};

use super::Finding;
use crate::failure::Failure;
use crate::output::moment;
use crate::place::{Place, Profile};
use crate::slots::{Depth, slots_of};

/// The sessions of a game in its second place, compared with the profiles of the first.
pub fn of(first: &[Profile], second: &Place) -> Result<Vec<Finding>, Failure> {
    let mut findings = Vec::new();
    for profile in second.profiles()? {
        let beside = first.iter().find(|it| it.directory.profile == profile.directory.profile);
        for session in profile.sessions()? {
            let Some(there) = newest(&profile, session)? else { continue };
            let here = beside.map(|profile| newest(profile, session)).transpose()?.flatten();
            let what = match here {
                None => format!("it is only here, with checkpoint {there}"),
                Some(first) => format!("its newest checkpoint is {there} here and {first} there"),
            };
            findings.push(Finding {
                code: Code::InSecondPlace,
                session: Some(session),
                place: profile.directory_of(session),
                what,
            });
        }
        let slots = slots_of(&profile, Depth::Header)?.into_iter();
        findings.extend(slots.map(|slot| Finding {
            code: Code::InSecondPlace,
            session: slot.session,
            what: format!("the slot {:?} is here", slot.name.unwrap_or_default()),
            place: slot.file,
        }));
    }
    Ok(findings)
}

/// The newest checkpoint of a session, and when it was taken.
fn newest(profile: &Profile, session: SessionId) -> Result<Option<String>, Failure> {
    let stored = profile.open(session)?;
    let head = stored.as_ref().and_then(|stored| stored.index().newest_head());
    Ok(head.map(|Head { id, time, .. }| format!("{id} of {}", moment(*time))))
}
