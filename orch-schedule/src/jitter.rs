//! Spreading what is due at the same moment.

use std::time::Duration;

/// How much later than due the tick of a schedule is started: from nothing up to `max`, and the same whenever and
/// wherever it is asked for the same tick, so that a restart moves nothing.
///
/// ```
/// use std::time::Duration;
/// use orch_schedule::jitter_of;
///
/// let minute = Duration::from_secs(60);
/// let tick = 1_767_225_600_000_000;
/// assert_eq!(jitter_of("mornings", tick, minute), jitter_of("mornings", tick, minute));
/// assert_ne!(jitter_of("mornings", tick, minute), jitter_of("evenings", tick, minute));
/// assert!(jitter_of("mornings", tick, minute) < minute);
/// ```
pub fn jitter_of(schedule_key: &str, tick_micros: i64, max: Duration) -> Duration {
    // FNV-1a and the finaliser of SplitMix64: nobody chooses keys to collide here, and the result has to stay the same
    // in every version, which a hasher of the standard library does not promise.
    let mut hash: u64 = 0xcbf2_9ce4_8422_2325;
    for byte in schedule_key.bytes().chain(tick_micros.to_le_bytes()) {
        hash = (hash ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01b3);
    }
    hash = (hash ^ (hash >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    hash = (hash ^ (hash >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    hash ^= hash >> 31;
    let max = u64::try_from(max.as_micros()).unwrap_or(u64::MAX);
    let share = (u128::from(hash) * u128::from(max)) >> 64;
    Duration::from_micros(u64::try_from(share).unwrap_or(max))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ticks_are_spread_evenly() {
        let max = Duration::from_secs(10);
        let mut tenths = [0_u32; 10];
        for tick in 0..10_000 {
            let jitter = jitter_of("every minute", tick * 60_000_000, max);
            tenths[usize::try_from(jitter.as_secs()).unwrap()] += 1;
        }
        assert!(tenths.iter().all(|&count| (800..1200).contains(&count)), "{tenths:?}");
    }

    #[test]
    fn without_room_there_is_none() {
        assert_eq!(jitter_of("a", 1, Duration::ZERO), Duration::ZERO);
    }

    #[test]
    fn it_is_the_same_in_every_version() {
        assert_eq!(jitter_of("a", 0, Duration::from_secs(1)), Duration::from_micros(251_867));
    }
}
