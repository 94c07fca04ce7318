//! All saved types of a game.

use std::any::TypeId;
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::fmt;
use std::sync::Arc;

use bevy::ecs::component::{ComponentId, RequiredComponentsError};
use bevy::ecs::entity::Entity;
use bevy::ecs::entity_disabling::Disabled;
use bevy::ecs::hierarchy::{ChildOf, Children};
use bevy::ecs::reflect::AppTypeRegistry;
use bevy::ecs::relationship::RelationshipAccessor;
use bevy::ecs::resource::IS_RESOURCE;
use bevy::ecs::world::World;
use bevy_session_journal::internal::format::ENTITIES;
use bevy_session_journal::internal::read::recovery::ABOUT_SESSION;
use bevy_session_journal::limits;

use super::build::Build;
use super::checkpoint_migration::CheckpointMigration;
use super::declaration::{Declaration, Declarations, DeclaredKind};
use super::history::{DeclaredHistory, Histories, TypeHistory, resolve};
use super::personal::Personal;
use super::problem::{TypeProblem, TypeProblemReason};
use super::record::Captured;
use super::saved_type::{OrderType, Registration, Role, SavedType, ValueType};
use super::{InChapter, Placed, ReflectSaved, SaveKey};
use crate::saved::{
    ANCHORS, BUILD, BUILT_IN, CHILD_OF, CHILD_ORDER, CameBack, DISABLED, DecodedColumn, GONE,
    IN_CHAPTER, SAVE_KEYS, STATE_SCOPES, Saved, SerdeCodec, disabled_codec, order_of,
};

/// All saved types of a game, in the order of the journal. It depends on no world and no thread:
/// the writer encodes and decodes with it.
pub(crate) struct SavedTypes {
    /// All but the marker's, which always comes first.
    columns: Vec<Arc<dyn SavedType>>,
    histories: Histories,
    /// Migrations of whole checkpoints, which run before a restore.
    checkpoint_migrations: Vec<CheckpointMigration>,
    /// Components that were spawned before they could require the marker.
    adopted: Vec<(Arc<str>, ComponentId)>,
    problems: Vec<TypeProblem>,
    build: Build,
}

impl SavedTypes {
    /// Collects the types that are declared or marked with `#[reflect(Saved)]`, and makes the
    /// latter require the marker.
    ///
    /// Called once as early as possible, since Bevy refuses further required components as soon as
    /// one of the type has been spawned, and again when the app is complete. It never fails: types
    /// that can't be saved are among the [`problems`](Self::problems).
    pub(crate) fn collect(world: &mut World) -> Self {
        world.init_resource::<Placed>();
        let mut collection = Collection::new(world);
        for (declaration, brings_marker) in declarations(world) {
            collection.add(world, &declaration, brings_marker);
        }
        collection.finish(world)
    }

    /// The history of a type with this name, or with this former name. `None` if no saved type has
    /// or had it.
    pub(crate) fn history(&self, name: &str) -> Option<&Arc<TypeHistory>> {
        self.histories.get(name)
    }

    /// The histories of all saved types, by every name that they have or had.
    pub(crate) fn histories(&self) -> impl Iterator<Item = (&str, &TypeHistory)> {
        self.histories.iter().map(|(name, history)| (&**name, &**history))
    }

    /// The histories, by every name that the types have or had.
    pub(crate) fn all_histories(&self) -> &Histories {
        &self.histories
    }

    /// Migrations of whole checkpoints, which run before a restore.
    pub(crate) fn checkpoint_migrations(&self) -> &[CheckpointMigration] {
        &self.checkpoint_migrations
    }

    /// The version that rows of a column are written with.
    pub(crate) fn version(&self, type_path: &str) -> u32 {
        self.history(type_path).map_or(0, |history| history.version())
    }

    /// The same types, of this version of the game.
    pub(crate) fn of_version(mut self, version: &str) -> Self {
        version.clone_into(&mut self.build.version);
        self
    }

    /// The build of the game that saves these types.
    pub(crate) fn build(&self) -> &Build {
        &self.build
    }

    /// Every saved type but the marker.
    pub(crate) fn columns(&self) -> impl Iterator<Item = &Arc<dyn SavedType>> {
        self.columns.iter()
    }

    /// Lets references in all saved values lead to entities that have come back with their level.
    pub(crate) fn lead_to_who_came_back(&self, world: &mut World, came_back: &CameBack) {
        if !came_back.is_empty() {
            self.columns.iter().for_each(|column| column.lead_to_who_came_back(world, came_back));
        }
    }

    /// The saved types whose form is the game's: not this crate's own, nor a state's that is saved
    /// itself.
    pub(crate) fn own_columns(&self) -> impl Iterator<Item = &Arc<dyn SavedType>> {
        self.columns.iter().filter(|column| {
            let path = &**column.type_path();
            !BUILT_IN.contains(&path) && !path.starts_with(STATE_SCOPES)
        })
    }

    /// The paths of all columns, the marker's first.
    pub(crate) fn type_paths(&self) -> impl Iterator<Item = &str> {
        std::iter::once(ENTITIES).chain(self.columns.iter().map(|column| &**column.type_path()))
    }

    /// The components of all types that have one, resources included.
    pub(crate) fn components(&self, world: &mut World) -> HashMap<Arc<str>, ComponentId> {
        let components = self.columns.iter().filter_map(|column| {
            let component = match column.decoder() {
                DecodedColumn::Component(rows) => rows.component(world),
                DecodedColumn::Resource(resource) => resource.component(world),
                DecodedColumn::Order(_) | DecodedColumn::State(_) => return None,
            };
            Some((column.type_path().clone(), component))
        });
        components.collect()
    }

    /// Returns true if any entity of a world is saved.
    pub(crate) fn is_any_entity_saved(world: &World) -> bool {
        let with_marker = world
            .component_id::<Saved>()
            .and_then(|marker| world.archetypes().component_index().get(&marker));
        let mut archetypes = with_marker.into_iter().flat_map(|archetypes| archetypes.keys());
        archetypes.any(|id| world.archetypes().get(*id).is_some_and(|known| !known.is_empty()))
    }

    /// Copies all saved values of some entities, between two captures: one column for each saved
    /// type.
    pub(crate) fn copy(&self, world: &World, entities: &[Entity]) -> Vec<Option<Captured>> {
        self.columns.iter().map(|column| column.copy(world, entities)).collect()
    }

    /// Components whose entities have to be marked at each capture.
    pub(crate) fn adopted(&self) -> impl Iterator<Item = (Arc<str>, ComponentId)> {
        self.adopted.iter().cloned()
    }

    /// The types that can't be saved.
    pub(crate) fn problems(&self) -> &[TypeProblem] {
        &self.problems
    }

    /// The component types that the game saves, without the built-in ones.
    pub(crate) fn own_components(&self) -> impl Iterator<Item = &str> {
        self.of_role(Role::Component).filter(|path| !BUILT_IN.contains(path))
    }

    /// The component types that are of no use until an entity is saved.
    pub(crate) fn components_that_need_entities(&self) -> Vec<String> {
        let is_own = |path: &&str| !path.starts_with(STATE_SCOPES);
        self.own_components().filter(is_own).map(str::to_owned).collect()
    }

    /// The number of component types that the game saves, without the built-in ones.
    pub(crate) fn component_count(&self) -> usize {
        self.own_components().count()
    }

    /// The number of resource types that the game saves.
    pub(crate) fn resource_count(&self) -> usize {
        self.of_role(Role::Resource).count()
    }

    /// The number of states that the game saves.
    pub(crate) fn state_count(&self) -> usize {
        self.of_role(Role::State).count()
    }

    /// Returns true if the game saves anything.
    pub(crate) fn has_any(&self) -> bool {
        self.component_count() + self.resource_count() + self.state_count() > 0
    }

    fn of_role(&self, role: Role) -> impl Iterator<Item = &str> {
        let columns = self.columns.iter().filter(move |column| column.role() == role);
        columns.map(|column| &**column.type_path())
    }
}

impl fmt::Debug for SavedTypes {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_set().entries(self.type_paths()).finish()
    }
}

/// All declarations, with `true` for types that require the marker.
fn declarations(world: &World) -> Vec<(Declaration, bool)> {
    let mut declarations = Vec::new();
    if let Some(registry) = world.get_resource::<AppTypeRegistry>() {
        let registry = registry.read();
        let marked = registry.iter().filter_map(|registered| registered.data::<ReflectSaved>());
        declarations.extend(marked.map(|saved| (saved.declaration.clone(), true)));
    }
    if let Some(declared) = world.get_resource::<Declarations>() {
        declarations.extend(declared.iter().cloned().map(|declaration| (declaration, false)));
    }
    declarations
}

/// Saved types on the way to [`SavedTypes`].
struct Collection {
    columns: BTreeMap<Arc<str>, Arc<dyn SavedType>>,
    known: BTreeSet<TypeId>,
    adopted: Vec<(Arc<str>, ComponentId)>,
    problems: Vec<TypeProblem>,
    personal: Personal,
}

impl Collection {
    /// The types that are always saved.
    fn new(world: &mut World) -> Self {
        // A relationship is known as one only when both of its halves are.
        world.register_component::<ChildOf>();
        world.register_component::<Children>();
        let built_in = [
            ValueType::component(CHILD_OF.into(), SerdeCodec::<ChildOf>::default()),
            ValueType::component(DISABLED.into(), disabled_codec()),
            OrderType::shared(CHILD_ORDER.into(), CHILD_OF.into(), Registration::of::<ChildOf>()),
            ValueType::component(SAVE_KEYS.into(), SerdeCodec::<SaveKey>::default()),
            ValueType::component(IN_CHAPTER.into(), SerdeCodec::<InChapter>::default()),
        ];
        Self {
            columns: built_in.map(|column| (column.type_path().clone(), column)).into(),
            known: [
                TypeId::of::<Saved>(),
                TypeId::of::<ChildOf>(),
                TypeId::of::<Disabled>(),
                TypeId::of::<SaveKey>(),
                TypeId::of::<InChapter>(),
            ]
            .into(),
            adopted: Vec::new(),
            problems: Vec::new(),
            personal: Personal::default(),
        }
    }

    fn add(&mut self, world: &mut World, declaration: &Declaration, brings_marker: bool) {
        if !self.known.insert(declaration.type_id) {
            return;
        }
        let type_path = &declaration.type_path;
        if let Err(reason) = self.try_add(world, declaration, brings_marker) {
            self.problems.push(TypeProblem { type_path: type_path.to_string(), reason });
        }
    }

    fn try_add(
        &mut self,
        world: &mut World,
        declaration: &Declaration,
        brings_marker: bool,
    ) -> Result<(), TypeProblemReason> {
        let type_path = &declaration.type_path;
        if type_path.len() > limits::STRING_BYTES {
            return Err(TypeProblemReason::PathTooLong);
        }
        let is_own = [ENTITIES, ANCHORS, GONE, BUILD].contains(&&**type_path);
        let is_reserved = is_own || ABOUT_SESSION.contains(&&**type_path);
        if is_reserved || self.columns.contains_key(type_path) {
            return Err(TypeProblemReason::PathTaken);
        }
        let saved_type = match &declaration.kind {
            DeclaredKind::State { is_added, .. } if !is_added(world) => {
                return Err(TypeProblemReason::StateNotAdded);
            }
            DeclaredKind::State { saved_type, .. } => saved_type(type_path.clone(), world),
            DeclaredKind::Component {
                registration,
                require_marker,
                as_component,
                as_resource,
                is_half_of_relationship,
            } => {
                let component = (registration.register)(world);
                let is_half = is_half_of_relationship();
                if is_relationship_target(world, component, is_half) {
                    return Err(TypeProblemReason::RelationshipTarget);
                }
                // A resource's entity never carries the marker: despawning it would panic.
                if is_resource(world, component) {
                    as_resource(type_path.clone(), world)
                } else {
                    if brings_marker && !bring_marker(world, component, *require_marker) {
                        self.adopted.push((type_path.clone(), component));
                    }
                    if is_half {
                        self.add_order(type_path, *registration);
                    }
                    as_component(type_path.clone(), world)
                }
            }
        };
        self.columns.insert(type_path.clone(), saved_type);
        let declared = world.get_resource::<Declarations>();
        if declared.is_some_and(|declared| declared.is_personal(declaration)) {
            self.personal.types.insert(type_path.to_string());
        }
        Ok(())
    }

    fn add_order(&mut self, relationship: &Arc<str>, registration: Registration) {
        let path = order_of(relationship);
        if path.len() <= limits::STRING_BYTES {
            let order = OrderType::shared(path.clone(), relationship.clone(), registration);
            self.columns.insert(path, order);
        }
    }

    fn finish(self, world: &mut World) -> SavedTypes {
        let Self { mut columns, mut adopted, mut problems, mut personal, .. } = self;
        let declared = world.get_resource::<DeclaredHistory>();
        let histories = resolve(declared, &mut columns, &mut problems);
        let checkpoint_migrations = declared
            .map(|declared| declared.of_checkpoints(&histories, &mut problems))
            .unwrap_or_default();
        adopted.retain(|(path, _)| columns.contains_key(path));
        problems.sort_by(|one, other| one.type_path.cmp(&other.type_path));
        let columns: Vec<Arc<dyn SavedType>> = columns.into_values().collect();
        let components = columns.iter().filter_map(|column| match column.decoder() {
            DecodedColumn::Component(rows) => {
                Some((column.type_path().clone(), rows.component(world)))
            }
            _ => None,
        });
        let components = components.collect();
        personal.add_former_names(&histories);
        if let Some(declared) = world.get_resource::<Declarations>() {
            personal.fields.clone_from(declared.personal_fields());
        }
        let build = Build::of(world, &components, personal);
        SavedTypes { columns, histories, checkpoint_migrations, adopted, problems, build }
    }
}

/// Makes a component require the marker. Returns true if it does.
fn bring_marker(
    world: &mut World,
    component: ComponentId,
    require_marker: fn(&mut World) -> Result<(), RequiredComponentsError>,
) -> bool {
    // Asked first, since once a component was spawned Bevy refuses whether or not it comes already.
    let marker = world.register_component::<Saved>();
    requires(world, component, marker) || require_marker(world).is_ok()
}

fn is_resource(world: &World, component: ComponentId) -> bool {
    requires(world, component, IS_RESOURCE)
}

fn requires(world: &World, component: ComponentId, other: ComponentId) -> bool {
    world
        .get_required_components_by_id(component)
        .is_some_and(|required| required.iter_ids().any(|required| required == other))
}

/// Returns true if a component is the derived half of a relationship.
///
/// Bevy knows that only once both halves are registered in the world. Until then their mutability
/// distinguishes them: the derived half has to be mutable, and a derived link never is.
fn is_relationship_target(world: &World, component: ComponentId, is_half: bool) -> bool {
    let Some(info) = world.components().get_info(component) else { return false };
    match info.relationship_accessor() {
        Some(accessor) => matches!(accessor, RelationshipAccessor::RelationshipTarget { .. }),
        None => is_half && info.mutable(),
    }
}
