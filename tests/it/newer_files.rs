//! Files as a newer version of this crate writes them.

/// A session's or slot's file as a newer version of this crate would write it: another major version, and a header whose
/// checksum holds.
pub fn of_a_newer_version(mut file: Vec<u8>) -> Vec<u8> {
    file[8] += 1;
    with_its_checksum(file)
}

/// The same file with the checksum of its header as it is now.
pub fn with_its_checksum(mut file: Vec<u8>) -> Vec<u8> {
    let body = u32::from_le_bytes(file[12..16].try_into().unwrap()) as usize;
    let covered = [&file[..16], &file[24..24 + body]].concat();
    let checksum = xxhash_rust::xxh3::xxh3_64(&covered);
    file[16..24].copy_from_slice(&checksum.to_le_bytes());
    file
}
