//! Surfaces: what is to be seen is a plain value, and the tree is made again whenever that changes.

use std::fmt::Debug;

use bevy::ecs::hierarchy::ChildSpawner;
use bevy::input_focus::tab_navigation::TabGroup;
use bevy::input_focus::{FocusCause, InputFocus, InputFocusVisible};
use bevy::prelude::*;
use bevy::text::EditableText;
use bevy::ui::FocusPolicy;
use bevy_session::Unsaved;
use bevy_session::attachments::AttachmentOf;

use super::field::typed;
use super::focus::FocusScope;
use super::look::Look;
use super::pictures::Pictures;
use super::widgets::Does;

/// All that a surface shows, as a plain value.
pub(super) trait View: Clone + PartialEq + Send + Sync + 'static {
    /// The action of its buttons.
    type Action: Clone + PartialEq + Debug + Send + Sync + 'static;
    /// True if it covers everything else until it is answered.
    const IS_MODAL: bool;
    /// The layer of the surface: a higher one lies above a lower one.
    const LAYER: i32;

    /// The button that has the focus at first, or when the one that had it is gone.
    fn first_focus(&self) -> Option<Self::Action>;

    /// The thumbnails in it.
    fn pictures(&self) -> Vec<AttachmentOf> {
        Vec::new()
    }

    fn draw(&self, look: &Look, pictures: &Pictures, root: &mut ChildSpawner);
}

/// A surface on the screen.
#[derive(Resource)]
pub(super) struct Surface<V: View> {
    pub root: Option<Entity>,
    drawn: Option<(V, u32, u32)>,
    /// The button that is to have the focus once it is drawn.
    pub wants_focus: Option<V::Action>,
}

impl<V: View> Default for Surface<V> {
    fn default() -> Self {
        Self { root: None, drawn: None, wants_focus: None }
    }
}

/// Shows this, or nothing.
pub(super) fn show<V: View>(world: &mut World, view: Option<V>) {
    let mut surface = world.remove_resource::<Surface<V>>().unwrap_or_default();
    match view {
        Some(view) => surface.draw(world, view),
        None => surface.close(world),
    }
    world.insert_resource(surface);
}

impl<V: View> Surface<V> {
    fn draw(&mut self, world: &mut World, view: V) {
        world.resource_scope(|world, mut pictures: Mut<Pictures>| {
            pictures.want(&view.pictures(), &mut world.commands());
            world.flush();
        });
        let versions = (world.resource::<Look>().version, world.resource::<Pictures>().version);
        let is_there = self.root.is_some_and(|root| world.get_entity(root).is_ok());
        let is_same = self.drawn.as_ref().is_some_and(|(drawn, look, pictures)| {
            *drawn == view && (*look, *pictures) == versions
        });
        if is_there && is_same && self.wants_focus.is_none() {
            return;
        }
        let root = match self.root.filter(|_| is_there) {
            Some(root) => root,
            None => open::<V>(world),
        };
        let focused = focus_within::<V>(world, root);
        let had_focus = focused.is_some();
        let fields = take_fields::<V::Action>(world, root);
        world.entity_mut(root).despawn_children();
        world.resource_scope(|world, look: Mut<Look>| {
            world.resource_scope(|world, pictures: Mut<Pictures>| {
                world.entity_mut(root).with_children(|root| view.draw(&look, &pictures, root));
            });
        });
        put_fields_back(world, root, fields);
        self.root = Some(root);
        let wanted = self.wants_focus.take();
        if V::IS_MODAL || had_focus || wanted.is_some() {
            let keys = [wanted, focused.flatten(), view.first_focus()];
            let button = keys.into_iter().flatten().find_map(|key| find_button(world, root, &key));
            set_focus(world, button.unwrap_or(root));
            if let Some(mut scope) = world.get_mut::<FocusScope>(root) {
                scope.last = button;
            }
        }
        self.drawn = Some((view, versions.0, versions.1));
    }

    fn close(&mut self, world: &mut World) {
        self.drawn = None;
        self.wants_focus = None;
        let Some(root) = self.root.take() else { return };
        let Ok(entity) = world.get_entity_mut(root) else { return };
        let before = entity.get::<FocusScope>().and_then(|scope| scope.before);
        let had_focus = V::IS_MODAL || focus_within::<V>(world, root).is_some();
        world.despawn(root);
        if !had_focus {
            return;
        }
        match before.filter(|before| world.get_entity(*before).is_ok()) {
            Some(before) => set_focus(world, before),
            None => {
                if let Some(mut focus) = world.get_resource_mut::<InputFocus>() {
                    focus.clear();
                }
            }
        }
    }
}

fn open<V: View>(world: &mut World) -> Entity {
    let before = world.get_resource::<InputFocus>().and_then(InputFocus::get);
    let everything = Node {
        position_type: PositionType::Absolute,
        width: Val::Percent(100.0),
        height: Val::Percent(100.0),
        ..default()
    };
    let scope = FocusScope { before, is_modal: V::IS_MODAL, layer: V::LAYER, last: None };
    let mut root = world.spawn((everything, scope, GlobalZIndex(i32::MAX / 2 + V::LAYER), Unsaved));
    if V::IS_MODAL {
        root.insert((TabGroup::modal(), FocusPolicy::Block));
    } else {
        root.insert((TabGroup::new(i32::MAX), Pickable::IGNORE));
    }
    let root = root.id();
    if V::IS_MODAL
        && let Some(mut visible) = world.get_resource_mut::<InputFocusVisible>()
    {
        visible.0 = true;
    }
    root
}

/// The action of the button that has the focus: `None` if the focus isn't on the surface, `Some(None)` if it is on no
/// button of it.
fn focus_within<V: View>(world: &World, root: Entity) -> Option<Option<V::Action>> {
    let focused = world.get_resource::<InputFocus>().and_then(InputFocus::get)?;
    let mut at = focused;
    while at != root {
        at = world.get::<ChildOf>(at)?.parent();
    }
    Some(world.get::<Does<V::Action>>(focused).map(|does| does.0.clone()))
}

/// Takes the text fields out of the surface, with their text, cursor, and pending input.
fn take_fields<A>(world: &mut World, root: Entity) -> Vec<(A, EditableText)>
where
    A: Clone + Send + Sync + 'static,
{
    let mut fields = Vec::new();
    for entity in all_below(world, root) {
        let Some(does) = world.get::<Does<A>>(entity).map(|does| does.0.clone()) else { continue };
        let text = world.entity_mut(entity).take::<EditableText>();
        fields.extend(text.map(|text| (does, text)));
    }
    fields
}

/// Puts fields back with what was being typed, after they were drawn again, unless they have another text now.
fn put_fields_back<A>(world: &mut World, root: Entity, fields: Vec<(A, EditableText)>)
where
    A: PartialEq + Send + Sync + 'static,
{
    for (does, text) in fields {
        let Some(entity) = find_button(world, root, &does) else { continue };
        let mut entity = world.entity_mut(entity);
        if entity.get::<EditableText>().is_some_and(|drawn| typed(drawn) == typed(&text)) {
            entity.insert(text);
        }
    }
}

fn find_button<A>(world: &World, root: Entity, action: &A) -> Option<Entity>
where
    A: PartialEq + Send + Sync + 'static,
{
    let is_it =
        |entity: &Entity| world.get::<Does<A>>(*entity).is_some_and(|does| does.0 == *action);
    all_below(world, root).into_iter().find(is_it)
}

fn all_below(world: &World, root: Entity) -> Vec<Entity> {
    let mut found = vec![root];
    let mut at = 0;
    while let Some(entity) = found.get(at).copied() {
        found.extend(world.get::<Children>(entity).into_iter().flatten().copied());
        at += 1;
    }
    found
}

fn set_focus(world: &mut World, entity: Entity) {
    if let Some(mut focus) = world.get_resource_mut::<InputFocus>()
        && focus.get() != Some(entity)
    {
        focus.set(entity, FocusCause::Navigated);
    }
}
