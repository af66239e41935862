//! Chance that is the same everywhere: one generator per entity, seeded from what the entity is.

use fastrand::Rng;

/// A generator for the entity that `parts` name. Equal parts, equal sequence.
pub(crate) fn seeded(parts: &[u64]) -> Rng {
    Rng::with_seed(mix(parts))
}

/// Mixes numbers into one (splitmix64 over a running state).
pub(crate) fn mix(parts: &[u64]) -> u64 {
    let mut state = 0x9e37_79b9_7f4a_7c15_u64;
    for part in parts {
        state = state.wrapping_add(*part).wrapping_add(0x9e37_79b9_7f4a_7c15);
        state = (state ^ (state >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        state = (state ^ (state >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        state ^= state >> 31;
    }
    state
}

/// True once in `n` times.
pub(crate) fn one_in(rng: &mut Rng, n: u32) -> bool {
    rng.u32(0..n.max(1)) == 0
}

/// One element of a list that is not empty.
pub(crate) fn pick<'a, T>(rng: &mut Rng, list: &'a [T]) -> &'a T {
    let length = u32::try_from(list.len()).unwrap_or(u32::MAX).max(1);
    &list[rng.u32(0..length) as usize]
}

/// A string of decimal digits.
pub(crate) fn digit_string(rng: &mut Rng, length: usize) -> String {
    (0..length).map(|_| char::from(b'0' + rng.u8(0..10))).collect()
}

/// A string of lower-case hexadecimal digits.
pub(crate) fn hex_string(rng: &mut Rng, length: usize) -> String {
    (0..length).map(|_| char::from(b"0123456789abcdef"[usize::from(rng.u8(0..16))])).collect()
}
