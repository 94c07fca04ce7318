//! The stage of a scripted story: steps that are carried out one after the other, keys pressed without a player, and
//! pictures.

use std::collections::VecDeque;
use std::path::PathBuf;
use std::time::{Duration, Instant};

use bevy::input::ButtonState;
use bevy::input::gamepad::GamepadButtonChangedEvent;
use bevy::input::keyboard::{Key, KeyboardInput};
use bevy::prelude::*;
use bevy::render::view::screenshot::{Screenshot, ScreenshotCaptured};
use bevy::time::TimeUpdateStrategy;
use bevy::ui_widgets::{Activate, Button};
use bevy::window::PrimaryWindow;
use bevy::winit::WinitSettings;
use image::codecs::png::{CompressionType, FilterType, PngEncoder};
use image::{ExtendedColorType, ImageEncoder};

use crate::options::Options;

/// The longest time for anything, on a machine that is busy with other things and draws on its processor.
const PATIENCE: Duration = Duration::from_secs(300);

/// A step of the fixed clock is a 64th of a second.
const FRAMES_PER_PICTURE: u32 = 6;

/// One step of a story.
pub enum Step {
    /// Runs frames.
    Frames(u32),
    /// Presses keys together and lets them go.
    Press(&'static [KeyCode]),
    /// Presses keys and doesn't let go.
    Hold(&'static [KeyCode]),
    /// Lets keys go.
    LetGo(&'static [KeyCode]),
    /// Presses a button of a gamepad.
    Pad(GamepadButton),
    /// Types a text.
    Type(&'static str),
    /// Presses the button with this written on it, if there is one.
    Click(&'static str),
    /// Takes a picture of the screen.
    Shot(&'static str),
    /// Takes so many pictures of the screen, one in ten of a second of play.
    Film(&'static str, u32),
    /// Does something.
    Do(fn(&mut World)),
    /// Waits until something is the case, and fails if it never is.
    Until(&'static str, fn(&mut World) -> bool),
}

/// The steps to come.
#[derive(Resource)]
pub struct Story {
    steps: VecDeque<Step>,
    begun: Instant,
    frames: u32,
}

/// Pictures that are not on disk yet.
#[derive(Resource, Default)]
struct Undeveloped(usize);

impl Story {
    pub fn new(steps: impl IntoIterator<Item = Step>) -> Self {
        Self { steps: steps.into_iter().collect(), begun: Instant::now(), frames: 0 }
    }
}

pub fn plugin(app: &mut App) {
    app.init_resource::<Undeveloped>()
        // The same steps each time, however fast the machine draws.
        .insert_resource(TimeUpdateStrategy::FixedTimesteps(1))
        .insert_resource(WinitSettings::continuous())
        .add_systems(First, go_on);
}

fn go_on(world: &mut World) {
    let Some(mut story) = world.remove_resource::<Story>() else { return };
    story.frames += 1;
    let is_done = match story.steps.front() {
        None => {
            world.write_message(AppExit::Success);
            true
        }
        Some(Step::Frames(frames)) => story.frames > *frames,
        Some(Step::Press(keys)) => press(story.frames, |state| send(world, keys, state)),
        Some(Step::Hold(keys)) => {
            send(world, keys, ButtonState::Pressed);
            true
        }
        Some(Step::LetGo(keys)) => {
            send(world, keys, ButtonState::Released);
            true
        }
        Some(Step::Pad(button)) => press(story.frames, |state| send_pad(world, *button, state)),
        Some(Step::Type(text)) => {
            text.chars().for_each(|letter| type_letter(world, letter));
            true
        }
        Some(Step::Click(label)) => {
            click(world, label);
            true
        }
        Some(Step::Shot(name)) => {
            if story.frames == 1 {
                take(world, name);
            }
            world.resource::<Undeveloped>().0 == 0
        }
        Some(Step::Film(name, pictures)) => {
            let (picture, frame) =
                (story.frames / FRAMES_PER_PICTURE, story.frames % FRAMES_PER_PICTURE);
            if frame == 0 && picture <= *pictures {
                take(world, &format!("{name}-{picture:03}"));
            }
            picture >= *pictures && world.resource::<Undeveloped>().0 == 0
        }
        Some(Step::Do(act)) => {
            act(world);
            true
        }
        Some(Step::Until(what, holds)) => {
            let holds = holds(world);
            if !holds && story.begun.elapsed() > PATIENCE {
                error!("the story got stuck: {what} didn't come about");
                world.write_message(AppExit::error());
                return;
            }
            holds
        }
    };
    if is_done {
        story.steps.pop_front();
        (story.begun, story.frames) = (Instant::now(), 0);
    }
    world.insert_resource(story);
}

/// Presses something in one frame and lets it go in the next; whether that was noticed by now.
fn press(frames: u32, mut send: impl FnMut(ButtonState)) -> bool {
    match frames {
        1 => send(ButtonState::Pressed),
        2 => send(ButtonState::Released),
        _ => {}
    }
    frames > 3
}

fn send(world: &mut World, keys: &[KeyCode], state: ButtonState) {
    let mut windows = world.query_filtered::<Entity, With<PrimaryWindow>>();
    let Ok(window) = windows.single(world) else { return };
    for &key_code in keys {
        let logical_key = match key_code {
            KeyCode::Enter => Key::Enter,
            KeyCode::Escape => Key::Escape,
            KeyCode::Tab => Key::Tab,
            _ => Key::Dead(None),
        };
        let text = None;
        let repeat = false;
        world.write_message(KeyboardInput { key_code, logical_key, state, text, repeat, window });
    }
}

fn send_pad(world: &mut World, button: GamepadButton, state: ButtonState) {
    let gamepad = world.spawn_empty().id();
    let value = if state == ButtonState::Pressed { 1.0 } else { 0.0 };
    world.write_message(GamepadButtonChangedEvent::new(gamepad, button, state, value));
}

fn type_letter(world: &mut World, letter: char) {
    let mut windows = world.query_filtered::<Entity, With<PrimaryWindow>>();
    let Ok(window) = windows.single(world) else { return };
    let text = letter.to_string();
    for state in [ButtonState::Pressed, ButtonState::Released] {
        world.write_message(KeyboardInput {
            key_code: KeyCode::KeyX,
            logical_key: Key::Character(text.as_str().into()),
            state,
            text: Some(text.as_str().into()),
            repeat: false,
            window,
        });
    }
}

fn click(world: &mut World, label: &str) {
    let mut texts = world.query::<(&Text, &ChildOf)>();
    let labels = texts.iter(world).filter(|(text, _)| text.0 == label);
    let parents: Vec<Entity> = labels.map(|(_, parent)| parent.parent()).collect();
    let button = parents.into_iter().find(|parent| world.get::<Button>(*parent).is_some());
    if let Some(entity) = button {
        world.trigger(Activate { entity });
    }
}

fn take(world: &mut World, name: &str) {
    let path = world.resource::<Options>().shots.clone().unwrap_or_default();
    let path = path.join(name).with_extension("png");
    world.resource_mut::<Undeveloped>().0 += 1;
    world.spawn(Screenshot::primary_window()).observe(
        move |mut screenshot: On<ScreenshotCaptured>, mut undeveloped: ResMut<Undeveloped>| {
            undeveloped.0 -= 1;
            write(std::mem::take(&mut screenshot.image), &path)
        },
    );
}

fn write(screen: Image, path: &PathBuf) -> Result {
    let mut screen = screen.try_into_dynamic()?.into_rgb8();
    // No one sees the lowest bit, and it is half of the file.
    screen.iter_mut().for_each(|colour| *colour &= 0xfe);
    let (width, height) = screen.dimensions();
    let file = std::io::BufWriter::new(std::fs::File::create(path)?);
    PngEncoder::new_with_quality(file, CompressionType::Best, FilterType::Adaptive).write_image(
        &screen,
        width,
        height,
        ExtendedColorType::Rgb8,
    )?;
    info!("picture {}", path.display());
    Ok(())
}
