//! A fast 64-bit hash of names and kinds, the same on every machine. Stored: a change of it is a new format.

/// Depends on both and on their order.
#[inline]
pub(super) const fn mix(a: u64, b: u64) -> u64 {
    let product = (a ^ 0x2d35_8dcc_aa6c_78a5) as u128 * (b ^ 0x8bb8_4b93_962e_acc9) as u128;
    product as u64 ^ (product >> 64) as u64
}

/// Of a name or text. The last word overlaps the one before it, so that names, which are short and known to the
/// compiler, cost no loop and no copy.
#[inline]
pub(super) fn text(bytes: &[u8]) -> u64 {
    let mut hash = bytes.len() as u64;
    let mut rest = bytes;
    while let Some((word, after)) = rest.split_first_chunk::<8>()
        && !after.is_empty()
    {
        hash = mix(hash, u64::from_le_bytes(*word));
        rest = after;
    }
    let last = match (bytes.last_chunk::<8>(), bytes.first_chunk::<4>(), bytes.last_chunk::<4>(), bytes) {
        (Some(word), ..) => u64::from_le_bytes(*word),
        (None, Some(first), Some(last), _) => {
            u64::from(u32::from_le_bytes(*first)) << 32 | u64::from(u32::from_le_bytes(*last))
        }
        (.., [first, .., last]) => {
            u64::from(*first) << 16 | u64::from(bytes[bytes.len() / 2]) << 8 | u64::from(*last)
        }
        (.., [only]) => (*only).into(),
        (.., []) => 0,
    };
    mix(hash, last)
}
