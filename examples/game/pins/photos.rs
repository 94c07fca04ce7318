//! The photograph that hangs on a pin: taken as somebody begins to write it, and shown to the player who stands by it.

use std::collections::HashMap;
use std::io::Cursor;

use bevy::asset::RenderAssetUsages;
use bevy::image::{CompressedImageFormats, ImageSampler, ImageType};
use bevy::prelude::*;
use bevy::render::view::screenshot::{Screenshot, ScreenshotCaptured};
use bevy_session::SessionId;
use bevy_session::attachments::{AttachmentOf, AttachmentRead};
use bevy_session::prelude::*;
use bevy_session_play::{NoteChange, NoteCommandsExt, NoteId, NoteOn, NoteStep, Notes};
use image::ImageFormat;

use super::{PAPER, Pin, PinLabel};

const PHOTO: &str = "photo";
/// Pixels of a photograph.
const SIZE: UVec2 = UVec2::new(240, 150);
/// On the map.
const SHOWN: Vec2 = Vec2::new(144.0, 90.0);

#[derive(Component)]
pub struct PinPhoto;

#[derive(Resource, Default)]
struct Photos {
    /// The picture on its way to its note.
    taken: Option<Vec<u8>>,
    /// The session of those that were read.
    session: Option<SessionId>,
    /// Those that were asked for, and what came.
    known: HashMap<NoteId, Option<Handle<Image>>>,
}

pub fn plugin(app: &mut App) {
    app.init_resource::<Photos>()
        .add_observer(hang)
        .add_observer(receive)
        .add_systems(Update, show.after(super::read_nearest));
}

/// Takes what is seen now, before a screen for writing lies over it.
pub fn take(commands: &mut Commands) {
    commands.spawn(Screenshot::primary_window()).observe(
        |captured: On<ScreenshotCaptured>, mut photos: ResMut<Photos>| {
            photos.taken = png_of(captured.image.clone());
        },
    );
}

/// The middle of the screen, small.
fn png_of(screen: Image) -> Option<Vec<u8>> {
    let screen = screen.try_into_dynamic().ok()?;
    let shorter = screen.width().min(screen.height());
    let (width, height) = (shorter * 4 / 5, shorter / 2);
    let (left, top) = ((screen.width() - width) / 2, (screen.height() - height) / 2);
    let photo = screen.crop_imm(left, top, width, height).thumbnail(SIZE.x, SIZE.y).to_rgb8();
    let mut png = Cursor::new(Vec::new());
    photo.write_to(&mut png, ImageFormat::Png).ok()?;
    Some(png.into_inner())
}

/// The note is there, and has an id now.
fn hang(
    change: On<NoteChange>,
    notes: Res<Notes>,
    mut photos: ResMut<Photos>,
    mut commands: Commands,
) {
    let is_pin = notes.get(change.note).is_some_and(|it| matches!(it.on(), NoteOn::Place { .. }));
    let (NoteStep::Written { .. }, Some(by), true) = (&change.step, &change.by, is_pin) else {
        return;
    };
    if let Some(photo) = photos.taken.take() {
        commands.notes().by(by.clone()).attach(change.note, PHOTO, photo);
    }
}

/// A frame with nothing in it yet, above the text of a pin.
pub fn frame() -> impl Bundle {
    let border = SHOWN + Vec2::splat(6.0);
    (
        PinPhoto,
        Sprite { custom_size: Some(SHOWN), ..default() },
        Transform::from_xyz(0.0, 112.0 + border.y / 2.0, 6.0),
        Visibility::Hidden,
        children![(Sprite::from_color(PAPER, border), Transform::from_xyz(0.0, 0.0, -0.1))],
    )
}

/// Shows what hangs on the pins that somebody reads.
fn show(
    (notes, session): (Res<Notes>, Option<Res<CurrentSession>>),
    mut photos: ResMut<Photos>,
    pins: Query<(&Pin, &Children)>,
    labels: Query<&Text2d, With<PinLabel>>,
    mut frames: Query<(&mut Sprite, &mut Visibility), With<PinPhoto>>,
    mut commands: Commands,
) {
    let Some(session) = session else { return };
    for (Pin(note), children) in &pins {
        let is_said = |label: &Text2d| !label.0.is_empty();
        let is_read = children.iter().any(|child| labels.get(child).is_ok_and(is_said));
        let photo = is_read.then(|| photos.of(*note, &notes, &session, &mut commands)).flatten();
        for child in children.iter() {
            let Ok((mut sprite, mut visibility)) = frames.get_mut(child) else { continue };
            visibility.set_if_neq(match photo {
                Some(_) => Visibility::Inherited,
                None => Visibility::Hidden,
            });
            if let Some(photo) = photo.clone().filter(|photo| *photo != sprite.image) {
                sprite.image = photo;
            }
        }
    }
}

impl Photos {
    /// The photograph of a note; asks for it when it is first wanted.
    fn of(
        &mut self,
        note: NoteId,
        notes: &Notes,
        session: &CurrentSession,
        commands: &mut Commands,
    ) -> Option<Handle<Image>> {
        if self.session != Some(session.id()) {
            (self.session, self.known) = (Some(session.id()), HashMap::new());
        }
        if let Some(known) = self.known.get(&note) {
            return known.clone();
        }
        notes.attachments(note, session).next()?;
        self.known.insert(note, None);
        let of = AttachmentOf::Session { session: session.id(), version: None };
        commands.session().attachments().read(of, note.attachment(PHOTO));
        None
    }
}

fn receive(
    read: On<AttachmentRead>,
    mut photos: ResMut<Photos>,
    mut images: ResMut<Assets<Image>>,
) {
    let is_it = |note: &NoteId| note.attachment(PHOTO) == read.name;
    let Some(note) = photos.known.keys().copied().find(is_it) else { return };
    let photo = read.result.as_ref().ok().and_then(|photo| {
        let (format, formats) = (ImageType::Extension("png"), CompressedImageFormats::NONE);
        let (sampler, usages) = (ImageSampler::linear(), RenderAssetUsages::default());
        Image::from_buffer(photo.bytes(), format, formats, true, sampler, usages).ok()
    });
    photos.known.insert(note, photo.map(|photo| images.add(photo)));
}
