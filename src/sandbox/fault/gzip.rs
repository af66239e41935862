//! Compressed bodies, good and bad.

use std::io::Write;

use flate2::Compression;
use flate2::write::GzEncoder;

/// A well-made gzip member.
pub(crate) fn good(body: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
    // Writing to a Vec cannot fail; an empty result would be seen at once.
    let written = encoder.write_all(body);
    written.and_then(|()| encoder.finish()).unwrap_or_default()
}

/// With a wrong checksum.
pub(crate) fn bad_crc(body: &[u8]) -> Vec<u8> {
    let mut bytes = good(body);
    if let Some(at) = bytes.len().checked_sub(8) {
        bytes[at] ^= 0xff;
    }
    bytes
}

/// The body in two members, cut in the middle.
pub(crate) fn two_members(body: &[u8]) -> Vec<u8> {
    let (head, tail) = body.split_at(body.len() / 2);
    [good(head), good(tail)].concat()
}
