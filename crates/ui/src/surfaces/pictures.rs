//! Thumbnails: read, decoded off the main thread, and remembered.

use std::collections::{HashMap, HashSet};
use std::time::Duration;

use bevy::asset::RenderAssetUsages;
use bevy::image::{CompressedImageFormats, ImageSampler, ImageType};
use bevy::prelude::*;
use bevy::tasks::futures_lite::future;
use bevy::tasks::{AsyncComputeTaskPool, Task, block_on};
use bevy_session::attachments::{AttachmentOf, AttachmentRead, AttachmentSaved};
use bevy_session::presentation::THUMBNAIL;
use bevy_session::{SessionCommandsExt, SlotSaved};

/// A picture of so much play time before is still one of the moment.
pub(super) const NEAR: Duration = Duration::from_secs(10);
/// As many pictures are remembered; what is shown now is among them in any case.
const REMEMBERED: usize = 64;
/// The longest side of a picture that is decoded: a damaged header may claim anything.
const LONGEST_SIDE: u32 = 2048;

/// The thumbnails that were asked for.
#[derive(Resource, Default)]
pub(super) struct Pictures {
    known: HashMap<AttachmentOf, Picture>,
    /// Grows whenever a picture has come.
    pub version: u32,
}

enum Picture {
    Asked,
    Decoding(Task<Option<Image>>),
    Ready(Handle<Image>),
    /// There is none, or it is damaged.
    Missing,
}

impl Pictures {
    /// The picture, if it is there.
    pub fn get(&self, of: AttachmentOf) -> Option<Handle<Image>> {
        match self.known.get(&of) {
            Some(Picture::Ready(image)) => Some(image.clone()),
            _ => None,
        }
    }

    /// Asks for these pictures, and forgets others if there are many.
    pub fn want(&mut self, wanted: &[AttachmentOf], commands: &mut Commands) {
        if self.known.len() > REMEMBERED {
            let wanted: HashSet<_> = wanted.iter().collect();
            self.known.retain(|of, _| wanted.contains(of));
        }
        for of in wanted {
            if !self.known.contains_key(of) {
                self.known.insert(*of, Picture::Asked);
                commands.session().attachments().read(*of, THUMBNAIL);
            }
        }
    }

    fn forget(&mut self, of: AttachmentOf) {
        if self.known.remove(&of).is_some() {
            self.version = self.version.wrapping_add(1);
        }
    }
}

/// Decodes the bytes of a thumbnail.
pub(super) fn receive_picture(read: On<AttachmentRead>, mut pictures: ResMut<Pictures>) {
    let is_awaited = matches!(pictures.known.get(&read.of), Some(Picture::Asked));
    if read.name != THUMBNAIL || !is_awaited {
        return;
    }
    let picture = match &read.result {
        Ok(attachment) => {
            let attachment = attachment.clone();
            let decoding = async move { decode(attachment.bytes()) };
            Picture::Decoding(AsyncComputeTaskPool::get_or_init(default).spawn(decoding))
        }
        Err(_) => Picture::Missing,
    };
    pictures.known.insert(read.of, picture);
}

/// Takes pictures that are decoded.
pub(super) fn finish_pictures(
    mut pictures: ResMut<Pictures>,
    images: Option<ResMut<Assets<Image>>>,
) {
    let is_decoding = |picture: &Picture| matches!(picture, Picture::Decoding(_));
    if !pictures.bypass_change_detection().known.values().any(is_decoding) {
        return;
    }
    let Some(mut images) = images else { return };
    let mut finished = 0;
    for picture in pictures.known.values_mut() {
        let Picture::Decoding(task) = picture else { continue };
        let Some(image) = block_on(future::poll_once(task)) else { continue };
        finished += 1;
        *picture = image.map_or(Picture::Missing, |image| Picture::Ready(images.add(image)));
    }
    pictures.version = pictures.version.wrapping_add(finished);
}

/// A thumbnail was attached where there was none, or another one.
pub(super) fn forget_replaced(saved: On<AttachmentSaved>, mut pictures: ResMut<Pictures>) {
    let (session, checkpoint) = (saved.session, saved.checkpoint);
    pictures.forget(AttachmentOf::Checkpoint { session, checkpoint });
}

/// A slot was saved again, and may have another thumbnail.
pub(super) fn forget_slot(saved: On<SlotSaved>, mut pictures: ResMut<Pictures>) {
    pictures.forget(AttachmentOf::Slot(saved.slot.id));
}

/// `None` if it is no PNG, damaged, or far too large.
fn decode(bytes: &[u8]) -> Option<Image> {
    let (width, height) = png_size(bytes)?;
    if width.max(height) > LONGEST_SIDE || width.min(height) == 0 {
        return None;
    }
    Image::from_buffer(
        bytes,
        ImageType::Extension("png"),
        CompressedImageFormats::NONE,
        true,
        ImageSampler::linear(),
        RenderAssetUsages::default(),
    )
    .ok()
}

/// The size that a PNG's header claims.
fn png_size(bytes: &[u8]) -> Option<(u32, u32)> {
    let header = bytes.strip_prefix(b"\x89PNG\r\n\x1a\n")?.get(4..)?.strip_prefix(b"IHDR")?;
    let number = |bytes: &[u8]| Some(u32::from_be_bytes(bytes.try_into().ok()?));
    Some((number(header.get(..4)?)?, number(header.get(4..8)?)?))
}

#[cfg(test)]
mod tests {
    use super::*;

    const DOT: &[u8] = &[
        0x89, b'P', b'N', b'G', 13, 10, 26, 10, 0, 0, 0, 13, b'I', b'H', b'D', b'R', 0, 0, 0, 1, 0,
        0, 0, 1, 8, 2, 0, 0, 0, 0x90, 0x77, 0x53, 0xde, 0, 0, 0, 12, b'I', b'D', b'A', b'T', 8,
        0xd7, 0x63, 0xf8, 0xcf, 0xc0, 0, 0, 3, 1, 1, 0, 0x18, 0xdd, 0x8d, 0xb0, 0, 0, 0, 0, b'I',
        b'E', b'N', b'D', 0xae, 0x42, 0x60, 0x82,
    ];

    #[test]
    fn damaged_pictures_are_skipped() {
        assert!(decode(DOT).is_some());
        assert!(decode(b"").is_none());
        assert!(decode(b"a picture").is_none());
        for length in 0..DOT.len() - 12 {
            assert!(decode(&DOT[..length]).is_none(), "cut off after {length} bytes");
        }
        for place in 0..DOT.len() {
            let mut damaged = DOT.to_vec();
            damaged[place] ^= 0x55;
            drop(decode(&damaged)); // whatever it is, it doesn't panic
        }
    }

    #[test]
    fn a_header_that_claims_gigabytes_is_not_believed() {
        let mut bomb = DOT.to_vec();
        bomb[16..20].copy_from_slice(&60_000_u32.to_be_bytes());
        bomb[20..24].copy_from_slice(&60_000_u32.to_be_bytes());
        assert_eq!(png_size(&bomb), Some((60_000, 60_000)));
        assert!(decode(&bomb).is_none());
    }
}
