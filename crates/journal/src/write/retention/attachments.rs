//! The versions of a session's attachments that stay: of each the newest, and as many older ones as a game keeps and
//! its quota has room for.

use crate::model::session::{AttachmentError, AttachmentQuota, AttachmentVersion};

/// Returns the versions that stay with `added`, and the older ones that are removed for it.
pub(crate) fn chosen(
    there: Vec<AttachmentVersion>,
    added: AttachmentVersion,
    quota: AttachmentQuota,
) -> Result<(Vec<AttachmentVersion>, Vec<AttachmentVersion>), AttachmentError> {
    // The newest first, each with how many newer versions of the same there are.
    let newest_first = std::iter::once(added).chain(there.into_iter().rev());
    let mut kept: Vec<AttachmentVersion> = Vec::new();
    let (mut older, mut surplus) = (Vec::new(), Vec::new());
    for listed in newest_first {
        let newer = kept.iter().chain(&older).filter(|newer| newer.name == listed.name).count();
        match newer {
            0 => kept.push(listed),
            newer if newer < quota.versions.max(1) => older.push(listed),
            _ => surplus.push(listed),
        }
    }
    let mut bytes: u64 = kept.iter().map(|listed| listed.bytes).sum();
    if bytes > quota.bytes {
        return Err(AttachmentError::OverQuota { bytes, quota: quota.bytes });
    }
    for old in older {
        if bytes.saturating_add(old.bytes) <= quota.bytes {
            bytes += old.bytes;
            kept.push(old);
        } else {
            surplus.push(old);
        }
    }
    Ok((kept, surplus))
}
