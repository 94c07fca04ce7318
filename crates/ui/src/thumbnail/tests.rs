//! Pictures from the checkpoint to the disk, with a test in the place of the renderer.

// Feature: Pictures and other bytes are attached to checkpoints and slots.

use std::time::Duration;

use bevy::app::ScheduleRunnerPlugin;
use bevy::asset::RenderAssetUsages;
use bevy::prelude::*;
use bevy::render::render_resource::{Extent3d, TextureDimension, TextureFormat};
use bevy::render::view::screenshot::{Capturing, Screenshot, ScreenshotCaptured};
use bevy::time::TimeUpdateStrategy;
use bevy::window::PrimaryWindow;
use bevy_session::attachments::{AttachmentOf, AttachmentRead, AttachmentSaved};
use bevy_session::prelude::*;
use bevy_session::requests::Request;
use bevy_session::{CheckpointCaptured, CheckpointKind, MemoryDisk};

use super::{ThumbnailPlugin, ThumbnailTaken};

#[derive(Component, Reflect, Clone, serde::Serialize, serde::Deserialize)]
struct Health(u32);

/// Messages that the game got about pictures.
#[derive(Resource, Default)]
struct Heard {
    captured: Vec<CheckpointCaptured>,
    durable: Vec<CheckpointSaved>,
    taken: Vec<ThumbnailTaken>,
    saved: Vec<AttachmentSaved>,
    read: Vec<AttachmentRead>,
    rejected: Vec<Request>,
}

fn game(disk: &MemoryDisk, thumbnails: ThumbnailPlugin) -> App {
    let mut app = App::new();
    app.add_plugins((
        MinimalPlugins.build().disable::<ScheduleRunnerPlugin>(),
        SessionPlugin::new("Tests", "Thumbnails")
            .disk(disk.clone())
            .clock_from("2026-01-01T00:00:00Z".parse().expect("a date"))
            .interval(Duration::from_secs(5)),
        thumbnails.clone(),
    ))
    .insert_resource(TimeUpdateStrategy::ManualDuration(Duration::from_millis(100)))
    .init_resource::<Heard>()
    .save_component::<Health>()
    .add_observer(|captured: On<CheckpointCaptured>, mut heard: ResMut<Heard>| {
        heard.captured.push(captured.event().clone());
    })
    .add_observer(|durable: On<CheckpointSaved>, mut heard: ResMut<Heard>| {
        heard.durable.push(durable.event().clone());
    })
    .add_observer(|taken: On<ThumbnailTaken>, mut heard: ResMut<Heard>| {
        heard.taken.push(taken.event().clone());
    })
    .add_observer(|saved: On<AttachmentSaved>, mut heard: ResMut<Heard>| {
        heard.saved.push(saved.event().clone());
    })
    .add_observer(|read: On<AttachmentRead>, mut heard: ResMut<Heard>| {
        heard.read.push(read.event().clone());
    })
    .add_observer(|rejected: On<RequestRejected>, mut heard: ResMut<Heard>| {
        heard.rejected.push(rejected.request.clone());
    })
    // Something changes in each frame, so that automatic checkpoints are taken.
    .add_systems(Update, |mut healths: Query<&mut Health>| {
        healths.iter_mut().for_each(|mut health| health.0 += 1);
    });
    app.finish();
    app.cleanup();
    app.world_mut().spawn((Health(1), Saved));
    app
}

/// A game whose window is drawn, by [`draw`].
fn drawn_game(disk: &MemoryDisk) -> App {
    let thumbnails = ThumbnailPlugin::default();
    let mut app = game(disk, thumbnails.clone());
    app.world_mut().spawn((Window::default(), PrimaryWindow));
    thumbnails.take_pictures(&mut app);
    app.update();
    ask(&mut app, |commands| commands.session().start(NewSession::named("Campaign")));
    (0..3).for_each(|_| app.update());
    app
}

fn ask<R>(app: &mut App, request: impl FnOnce(&mut Commands) -> R) {
    request(&mut app.world_mut().commands());
    app.world_mut().flush();
}

/// Pictures that were asked for and not drawn yet.
fn asked_for(app: &mut App) -> Vec<Entity> {
    let world = app.world_mut();
    world.query_filtered::<Entity, With<Screenshot>>().iter(world).collect()
}

/// Does what a renderer does: hands over each screen that was asked for.
fn draw(app: &mut App) -> usize {
    let screens = asked_for(app);
    for &entity in &screens {
        app.world_mut().entity_mut(entity).insert(Capturing);
        app.world_mut().trigger(ScreenshotCaptured { entity, image: screen() });
        app.world_mut().despawn(entity);
    }
    screens.len()
}

fn screen() -> Image {
    let extent = Extent3d { width: 640, height: 360, depth_or_array_layers: 1 };
    let format = TextureFormat::Bgra8UnormSrgb;
    let data = [200, 100, 50, 255].repeat(640 * 360);
    Image::new(extent, TextureDimension::D2, data, format, RenderAssetUsages::MAIN_WORLD)
}

/// Runs frames until something holds, since another thread works on it.
fn until(app: &mut App, holds: impl Fn(&Heard) -> bool) {
    for _ in 0..1_000_000 {
        if holds(app.world().resource::<Heard>()) {
            return;
        }
        // No time passes meanwhile.
        app.insert_resource(TimeUpdateStrategy::ManualDuration(Duration::ZERO));
        app.update();
        std::thread::yield_now();
    }
    panic!("it should come about");
}

fn heard(app: &App) -> &Heard {
    app.world().resource::<Heard>()
}

#[test]
fn a_picture_is_attached_to_its_checkpoint_and_slot() {
    let disk = MemoryDisk::default();
    let mut app = drawn_game(&disk);
    draw(&mut app);
    until(&mut app, |heard| heard.saved.len() == 1);
    ask(&mut app, |commands| commands.session().slots().save(SaveSlot::manual("Hill")));
    app.update();
    assert_eq!(draw(&mut app), 1, "a slot should get a picture");
    until(&mut app, |heard| heard.saved.len() == 2);
    // The slot is written again with it.
    (0..3).for_each(|_| app.update());
    let taken = heard(&app).taken.last().expect("it should be reported").clone();
    assert_eq!(taken.size, UVec2::new(320, 180));
    assert!(taken.bytes < ThumbnailPlugin::MOST_BYTES);
    let catalog = app.world().resource::<SessionCatalog>();
    let slot = catalog.slots().first().expect("the slot should be saved").clone();
    assert_eq!(slot.checkpoint, taken.checkpoint);
    assert!(slot.thumbnail, "the slot should have it too");

    ask(&mut app, |commands| {
        commands.session().attachments().read(AttachmentOf::Slot(slot.id), "thumbnail");
    });
    until(&mut app, |heard| heard.read.len() == 1);
    let read = heard(&app).read.first().expect("it should be read").clone();
    let png = read.result.expect("it should be there");
    let picture = image::load_from_memory(png.bytes()).expect("a PNG").into_rgb8();
    assert_eq!(picture.get_pixel(160, 90).0, [50, 100, 200]);
    assert!(heard(&app).rejected.is_empty());
}

#[test]
fn automatic_checkpoints_get_a_picture_once_a_minute() {
    let mut app = drawn_game(&MemoryDisk::default());
    draw(&mut app);
    let mut pictures = 0;
    // 130 seconds, with 26 automatic checkpoints.
    for _ in 0..1300 {
        app.update();
        pictures += draw(&mut app);
    }
    assert_eq!(pictures, 3, "at 5, 65 and 125 seconds");
}

#[test]
fn a_checkpoint_merged_into_the_next_one_drops_its_picture_silently() {
    let mut app = drawn_game(&MemoryDisk::default());
    draw(&mut app);
    until(&mut app, |heard| heard.saved.len() == 1);
    let saved = heard(&app).saved.first().expect("a checkpoint").clone();
    let mut checkpoint = saved.checkpoint;
    checkpoint.counter += 1;
    let mut captured = heard(&app).captured.last().expect("it was captured").clone();
    (captured.checkpoint, captured.kind) = (checkpoint, CheckpointKind::Auto);
    app.world_mut().trigger(captured);
    app.world_mut().flush();
    assert_eq!(draw(&mut app), 1);
    checkpoint.counter += 1;
    let mut durable = heard(&app).durable.last().expect("it became durable").clone();
    durable.checkpoint = checkpoint;
    app.world_mut().trigger(durable);
    (0..20).for_each(|_| app.update());
    assert!(app.world().resource::<super::Shots>().is_empty(), "it should be forgotten");
    assert_eq!(heard(&app).taken.len(), 1);
    assert!(heard(&app).rejected.is_empty());
}

#[test]
fn a_picture_that_is_drawn_after_its_session_was_closed_is_forgotten() {
    let mut app = drawn_game(&MemoryDisk::default());
    ask(&mut app, |commands| commands.session().close(LeaveCause::Player));
    (0..3).for_each(|_| app.update());
    assert_eq!(draw(&mut app), 1, "only that of the start: the end is no frame");
    (0..3).for_each(|_| app.update());
    assert!(app.world().resource::<super::Shots>().is_empty());
    assert!(heard(&app).rejected.is_empty());
}

#[test]
fn no_picture_is_taken_beside_a_screenshot_of_the_game() {
    let mut app = drawn_game(&MemoryDisk::default());
    draw(&mut app);
    app.world_mut().spawn(Screenshot::primary_window());
    ask(&mut app, |commands| commands.session().checkpoint("here"));
    app.update();
    assert_eq!(asked_for(&mut app).len(), 1, "two of one frame are not possible");
}

#[test]
fn a_picture_that_is_never_drawn_is_forgotten() {
    let mut app = drawn_game(&MemoryDisk::default());
    for _ in 0..20 {
        ask(&mut app, |commands| commands.session().checkpoint("here"));
        app.update();
        let screens = asked_for(&mut app);
        // The renderer skipped it, as it does with a window that is gone.
        screens.into_iter().for_each(|screen| assert!(app.world_mut().despawn(screen)));
        app.update();
        assert!(app.world().resource::<super::Shots>().is_empty());
    }
    assert!(heard(&app).taken.is_empty());
}

#[test]
fn without_a_renderer_or_a_window_nothing_happens() {
    let disk = MemoryDisk::default();
    let mut app = game(&disk, ThumbnailPlugin::default());
    app.world_mut().spawn((Window::default(), PrimaryWindow));
    let mut windowless = game(&disk, ThumbnailPlugin::default());
    ThumbnailPlugin::default().take_pictures(&mut windowless);
    for app in [&mut app, &mut windowless] {
        app.update();
        ask(app, |commands| commands.session().start(NewSession::named("Campaign")));
        (0..3).for_each(|_| app.update());
        ask(app, |commands| commands.session().checkpoint("here"));
        (0..3).for_each(|_| app.update());
        assert!(app.world().contains_resource::<CurrentSession>(), "it should be played");
        assert_eq!(asked_for(app), []);
    }
}
