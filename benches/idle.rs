//! Prints the heap that the plugin takes while no session is played: `cargo bench --bench idle`.
//!
//! A separate program, since it saves no type and starts no thread. What Bevy keeps for any message
//! or resource, even an empty one, is measured in the same run and taken off.

#![expect(clippy::print_stdout, reason = "the figure is what this program is for")]

use std::alloc::{GlobalAlloc, Layout, System};
use std::sync::atomic::{AtomicIsize, Ordering};

use bevy::app::{MainScheduleOrder, ScheduleRunnerPlugin};
use bevy::ecs::change_detection::CheckChangeTicks;
use bevy::ecs::entity_disabling::Disabled;
use bevy::prelude::*;
use bevy_session::SessionLast;
use bevy_session::prelude::*;

fn main() {
    // What the first app of a program sets up for all of them is none of the plugin's.
    drop((app_with(add_plugin), app_with(add_empty_types)));
    let (_plugin, with_plugin) = app_with(add_plugin);
    let (_empty, with_empty_types) = app_with(add_empty_types);
    println!("| what | figure |");
    println!("| --- | --- |");
    println!("| heap with the plugin and no session | {with_plugin} bytes |");
    println!("| heap with as many empty types instead | {with_empty_types} bytes |");
    let own = with_plugin - with_empty_types;
    println!("| heap of the plugin itself (aim ≤ 10,000) | {own} bytes |");
}

fn app_with(add: impl FnOnce(&mut App)) -> (App, isize) {
    let mut app = App::new();
    app.add_plugins(MinimalPlugins.build().disable::<ScheduleRunnerPlugin>());
    let before = ALLOCATED.load(Ordering::Relaxed);
    add(&mut app);
    app.finish();
    app.cleanup();
    for _ in 0..10 {
        app.update();
    }
    let bytes = ALLOCATED.load(Ordering::Relaxed) - before;
    (app, bytes)
}

fn add_plugin(app: &mut App) {
    app.add_plugins(SessionPlugin::new("Bench", "Idle").in_memory());
}

/// As many messages and resources as the plugin has, its schedule, its observer and the components
/// that are always saved.
fn add_empty_types(app: &mut App) {
    let (messages, resources) = types_of_the_plugin();
    ADD_MESSAGE.iter().take(messages).for_each(|add| add(app));
    ADD_RESOURCE.iter().take(resources).for_each(|add| add(app));
    assert!(
        messages <= ADD_MESSAGE.len() && resources <= ADD_RESOURCE.len(),
        "make the lists longer"
    );
    app.init_schedule(SessionLast).add_systems(SessionLast, |_: &mut World| {});
    app.world_mut().resource_mut::<MainScheduleOrder>().insert_after(Last, SessionLast);
    app.add_observer(|_: On<CheckChangeTicks>| {});
    let world = app.world_mut();
    world.register_component::<ChildOf>();
    world.register_component::<Children>();
    world.register_component::<Disabled>();
    world.register_component::<Saved>();
}

/// The number of messages and other resources that the plugin adds. Names of types aren't kept in a release, so
/// messages are known by the size of what holds them.
fn types_of_the_plugin() -> (usize, usize) {
    let sizes = |app: &App| -> Vec<usize> {
        app.world().iter_resources().map(|(_, info, _)| info.layout().size()).collect()
    };
    let mut app = App::new();
    app.add_plugins(MinimalPlugins.build().disable::<ScheduleRunnerPlugin>());
    let before = sizes(&app);
    add_plugin(&mut app);
    app.finish();
    let of_messages = size_of::<Messages<EmptyMessage<0>>>();
    let messages = |sizes: &[usize]| sizes.iter().filter(|size| **size == of_messages).count();
    let after = sizes(&app);
    let added = after.len() - before.len();
    let messages = messages(&after) - messages(&before);
    (messages, added - messages)
}

#[derive(Message)]
struct EmptyMessage<const NUMBER: usize>;

#[derive(Resource)]
struct EmptyResource<const NUMBER: usize>;

fn add_message<const NUMBER: usize>(app: &mut App) {
    app.add_message::<EmptyMessage<NUMBER>>();
}

fn add_resource<const NUMBER: usize>(app: &mut App) {
    app.insert_resource(EmptyResource::<NUMBER>);
}

/// Functions for ten numbers from a tens digit on.
macro_rules! tens {
    ($function:ident: $($tens:literal)*) => {
        &[$(
            $function::<{ $tens * 10 }>, $function::<{ $tens * 10 + 1 }>,
            $function::<{ $tens * 10 + 2 }>, $function::<{ $tens * 10 + 3 }>,
            $function::<{ $tens * 10 + 4 }>, $function::<{ $tens * 10 + 5 }>,
            $function::<{ $tens * 10 + 6 }>, $function::<{ $tens * 10 + 7 }>,
            $function::<{ $tens * 10 + 8 }>, $function::<{ $tens * 10 + 9 }>,
        )*]
    };
}

static ADD_MESSAGE: &[fn(&mut App)] = tens!(add_message: 0 1 2 3 4 5 6 7 8 9);
static ADD_RESOURCE: &[fn(&mut App)] = tens!(add_resource: 0 1 2 3);

/// Counts the bytes that are allocated.
struct Counting;

static ALLOCATED: AtomicIsize = AtomicIsize::new(0);

#[global_allocator]
static ALLOCATOR: Counting = Counting;

#[expect(unsafe_code, reason = "an allocator is unsafe by nature; this one hands everything on")]
// SAFETY: every call is handed on to the system's allocator as it came.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        ALLOCATED.fetch_add(layout.size().cast_signed(), Ordering::Relaxed);
        // SAFETY: handed on as it came.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        ALLOCATED.fetch_sub(layout.size().cast_signed(), Ordering::Relaxed);
        // SAFETY: handed on as it came.
        unsafe { System.dealloc(pointer, layout) }
    }
}
