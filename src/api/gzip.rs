//! gzip whose end is checked: one member, its trailer right, nothing behind it.

use std::io::Read as _;

use flate2::bufread::GzDecoder;

/// No deflate stream grows by more than this.
const LARGEST_RATIO: usize = 1_032;

/// Why a compressed body is not used.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum GzipFault {
    /// Cut, damaged, or no gzip.
    Damaged,
    /// A second member, or anything else, behind the first.
    Tail,
    /// More than the cap when decoded.
    TooLarge,
}

/// The size that a compressed body claims to have when decoded (its last four bytes), as far as it can be true.
pub(super) fn claimed_size(compressed: &[u8], cap: usize) -> usize {
    let claim = compressed.last_chunk::<4>().map_or(0, |trailer| u32::from_le_bytes(*trailer) as usize);
    claim.min(cap).min(compressed.len().saturating_mul(LARGEST_RATIO))
}

/// Decodes a whole body of one member.
pub(super) fn decode(compressed: &[u8], cap: usize) -> Result<Vec<u8>, GzipFault> {
    let mut decoder = GzDecoder::new(compressed);
    let mut body = Vec::with_capacity(claimed_size(compressed, cap).saturating_add(1));
    let limit = u64::try_from(cap).unwrap_or(u64::MAX).saturating_add(1);
    // The decoder compares checksum and length with the trailer when it meets the member's end.
    decoder.by_ref().take(limit).read_to_end(&mut body).map_err(|_| GzipFault::Damaged)?;
    if body.len() > cap {
        return Err(GzipFault::TooLarge);
    }
    if decoder.into_inner().is_empty() { Ok(body) } else { Err(GzipFault::Tail) }
}

#[cfg(test)]
pub(super) fn encode(body: &[u8]) -> Vec<u8> {
    use std::io::Write as _;
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    encoder.write_all(body).unwrap();
    encoder.finish().unwrap()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_whole_member_is_decoded() {
        for body in [&b""[..], b"{}", &vec![b'x'; 100_000]] {
            assert_eq!(decode(&encode(body), 100_000).as_deref(), Ok(body));
        }
    }

    #[test]
    fn fault_09_damage_is_found() {
        let whole = encode(br#"{"users":[{"id":1}]}"#);
        for cut in 0..whole.len() {
            assert_eq!(decode(&whole[..cut], 1000), Err(GzipFault::Damaged), "cut at {cut}");
        }
        for flip in whole.len() - 8..whole.len() {
            let mut spoiled = whole.clone();
            spoiled[flip] ^= 1;
            assert_eq!(decode(&spoiled, 1000), Err(GzipFault::Damaged), "trailer byte {flip}");
        }
        assert_eq!(decode(br#"{"users":[]}"#, 1000), Err(GzipFault::Damaged));
    }

    #[test]
    fn fault_10_nothing_may_follow_the_member() {
        let whole = encode(br#"{"users":[]}"#);
        for tail in [&whole[..], b"\0", b"junk"] {
            let body = [&whole[..], tail].concat();
            assert_eq!(decode(&body, 1000), Err(GzipFault::Tail));
        }
    }

    #[test]
    fn fault_99_a_bomb_stops_at_the_cap() {
        let bomb = encode(&vec![b' '; 4 << 20]);
        // What comes over the wire is far below the cap, however well the encoder of the day packs it.
        assert!(bomb.len() < (1 << 20) / 4, "{} bytes", bomb.len());
        assert_eq!(decode(&bomb, 1 << 20), Err(GzipFault::TooLarge));
        assert!(claimed_size(b"\xff\xff\xff\xff", 1 << 30) <= 4 * LARGEST_RATIO);
    }
}
