//! The inputs of the menu's view, and the system that brings the screen up to date.

use bevy::ecs::system::SystemParam;
use bevy::prelude::*;
use bevy_session::presentation::wall_clock;
use bevy_session::scenarios::ScenarioAsset;
use bevy_session::{
    CurrentSession, SessionActivity, SessionCatalog, SessionSettings, SessionStatus,
};
use jiff::Timestamp;

use super::beginning::Scenarios;
use super::draw::WIDTH;
use super::form::Form;
use super::state::{NewSessions, SessionMenu};
use super::view::{Facts, MenuView};
use crate::surfaces::SessionTimeline;
use crate::surfaces::lists::ROW;
use crate::surfaces::look::Look;
use crate::surfaces::surface::{Surface, show};

/// The facts that the player's actions need.
#[derive(SystemParam)]
pub(super) struct KnownFacts<'w> {
    pub catalog: Res<'w, SessionCatalog>,
    pub look: Res<'w, Look>,
    session: Option<Res<'w, CurrentSession>>,
    scenarios: Option<Res<'w, Assets<ScenarioAsset>>>,
}

impl KnownFacts<'_> {
    /// Without what only the screen needs.
    pub fn facts(&self) -> Facts<'_> {
        Facts {
            playing: self.session.as_ref().map(|session| session.id()),
            is_paused: self.session.as_deref().is_some_and(is_paused),
            scenarios: Scenarios(self.scenarios.as_deref()),
            ..facts(&self.catalog, &self.look)
        }
    }
}

fn is_paused(session: &CurrentSession) -> bool {
    session.status() == SessionStatus::Paused
}

fn facts<'a>(catalog: &'a SessionCatalog, look: &'a Look) -> Facts<'a> {
    Facts {
        catalog,
        playing: None,
        is_paused: false,
        scenarios: Scenarios(None),
        starts_sessions: false,
        words: &look.words,
        now: Timestamp::UNIX_EPOCH,
        activity: SessionActivity::default(),
        rows: rows_shown(look),
        is_tiny: look.is_tiny(),
        room_for_chips: room_for_chips(look),
        has_timeline: false,
        trash: None,
    }
}

/// The number of rows of the list that fit.
pub(super) fn rows_shown(look: &Look) -> usize {
    let used = match (look.is_tiny(), look.is_compact()) {
        (true, _) => 160.0,
        (false, true) => 260.0,
        (false, false) => 364.0,
    };
    look.rows(ROW, used)
}

/// The room for tags beside the search field in a tiny window, and beside the button for groups in others.
fn room_for_chips(look: &Look) -> f32 {
    let (margin, padding) = if look.is_compact() { (8.0, 16.0) } else { (32.0, 32.0) };
    let content = (look.room().x - 2.0 * margin).min(WIDTH) - 2.0 * padding;
    let beside = if look.is_tiny() { 180.0 } else { 212.0 };
    (content - beside).max(0.0)
}

/// The height of the list when it is full, with the room for rings around it, in pixels of the design.
pub(super) fn height_of_list(look: &Look) -> f32 {
    #[expect(clippy::cast_precision_loss, reason = "a few rows")]
    let rows = rows_shown(look) as f32;
    rows * ROW
}

/// Brings what is on the screen up to date.
pub(super) fn show_menu(world: &mut World) {
    let is_open = world.resource::<SessionMenu>().is_open;
    let has_root =
        world.get_resource::<Surface<MenuView>>().is_some_and(|surface| surface.root.is_some());
    if !is_open && !has_root {
        return;
    }
    let now = wall_clock(world);
    let (view, wants_focus) = world.resource_scope(|world, mut menu: Mut<SessionMenu>| {
        let menu = menu.bypass_change_detection();
        (view(world, menu, now), menu.wants_focus.take())
    });
    if wants_focus.is_some() {
        let mut surface = world.get_resource_or_init::<Surface<MenuView>>();
        surface.wants_focus = wants_focus;
    }
    show(world, view);
}

fn view(world: &World, menu: &mut SessionMenu, now: Timestamp) -> Option<MenuView> {
    let catalog = world.get_resource_ref::<SessionCatalog>()?;
    let look = world.resource::<Look>();
    let playing = world.get_resource::<CurrentSession>().map(CurrentSession::id);
    if menu.is_open {
        menu.find(&catalog, catalog.last_changed(), playing, &look.words);
    }
    let scenarios = Scenarios(world.get_resource::<Assets<ScenarioAsset>>());
    if let Some(Form::New(new)) = &mut menu.form {
        new.choose_first(&scenarios.all());
    }
    let settings = world.get_resource::<SessionSettings>();
    menu.view(Facts {
        now,
        playing,
        is_paused: world.get_resource::<CurrentSession>().is_some_and(is_paused),
        scenarios,
        starts_sessions: world.resource::<NewSessions>().0,
        activity: world.get_resource::<SessionActivity>().copied().unwrap_or_default(),
        has_timeline: playing.is_some() && world.contains_resource::<SessionTimeline>(),
        trash: settings.and_then(|settings| settings.storage.trash),
        ..facts(&catalog, look)
    })
}
