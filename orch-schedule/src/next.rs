//! When a rule is due, in universal time.

use jiff::{
    Timestamp,
    tz::{TimeZone, TimeZoneDatabase},
};

use crate::{
    Cron, Doubled, Dst, Missing, Zone,
    calendar::{CYCLE_YEARS, DAY},
    moment::Moment,
};

const SECOND: i64 = 1_000_000;

/// The end of the year 9999 in all zones, where calendars of four digits, and `Timestamp`, end.
const END: i64 = 253_402_207_200;

/// The beginning of year 1; nobody schedules before it.
const BEGINNING: i64 = -62_135_596_800;

/// The first moment after `after` that the expression names.
pub(crate) fn next_cron(cron: &Cron, zone: Zone, dst: Dst, after: i64) -> Option<i64> {
    let from = (after.div_euclid(SECOND) + 1).max(BEGINNING);
    let found = if zone == Zone::UTC {
        cron.first_local(from, END)?
    } else {
        let zone = zone_data(zone)?;
        // A date that comes in every cycle of the calendar may still fall into gaps that are skipped, each time.
        let limit = from.saturating_add(CYCLE_YEARS * 366 * DAY).min(END);
        let mut segment = Segment::at(&zone, from)?;
        loop {
            if let Some(found) = segment.first(cron, dst, from) {
                break found;
            }
            segment = segment.following(&zone)?;
            if segment.start > limit {
                return None;
            }
        }
    };
    found.checked_mul(SECOND)
}

/// The first moment after `after` that is a whole number of periods away from `anchor`.
pub(crate) fn next_period(period: std::time::Duration, anchor: i64, after: i64) -> Option<i64> {
    let period = i128::try_from(period.as_micros()).ok().filter(|period| *period > 0)?;
    let (anchor, after) = (i128::from(anchor), i128::from(after));
    let next = anchor + ((after - anchor).div_euclid(period) + 1) * period;
    i64::try_from(next).ok().filter(|next| *next <= END * SECOND)
}

/// The moments in universal time that a moment on the clocks of a zone means: none, one or two.
pub(crate) fn resolve(moment: Moment, zone: Zone, dst: Dst) -> Vec<i64> {
    let Moment { local, offset } = moment;
    if let Some(offset) = offset {
        return vec![(local - offset) * SECOND];
    }
    let Some(zone) = zone_data(zone) else { return Vec::new() };
    let mut found = Vec::new();
    // No clock is a whole day ahead of or behind universal time.
    let mut segment = Segment::at(&zone, local - DAY);
    while let Some(here) = segment.filter(|it| it.start <= local + DAY) {
        let mut all: Vec<_> = here.local_parts(dst, here.start).into_iter().flatten().collect();
        all.retain(|part| (part.from..part.end).contains(&local));
        found.extend(all.iter().map(|part| (local - part.offset) * SECOND));
        segment = here.following(&zone);
    }
    found
}

/// The clock changes of a zone, from the database in the program.
fn zone_data(zone: Zone) -> Option<TimeZone> {
    TimeZoneDatabase::bundled().get(zone.name()).ok()
}

/// A stretch of time in which the clocks of a zone run evenly, in seconds since the epoch.
#[derive(Clone, Copy)]
struct Segment {
    start: i64,
    end: i64,
    /// How far local clocks are ahead of universal time in it.
    offset: i64,
    /// The same before `start`, and from `end` on.
    before: i64,
    after: i64,
}

/// Local times from `from` to `end`, shown by a clock with this offset.
struct Part {
    from: i64,
    end: i64,
    offset: i64,
}

impl Segment {
    fn at(zone: &TimeZone, moment: i64) -> Option<Self> {
        // Strictly before the next second is at or before this one.
        let start = zone.preceding(timestamp(moment + 1)?).next();
        let end = zone.following(timestamp(moment)?).next();
        let start = start.map_or(BEGINNING - DAY, |change| change.timestamp().as_second());
        let end = end.map_or(END, |change| change.timestamp().as_second());
        let offset = |moment| Some(i64::from(zone.to_offset(timestamp(moment)?).seconds()));
        Some(Self { start, end, offset: offset(moment)?, before: offset(start - 1)?, after: offset(end)? })
    }

    /// The stretch behind it.
    fn following(&self, zone: &TimeZone) -> Option<Self> {
        if self.end >= END { None } else { Self::at(zone, self.end) }
    }

    /// The first moment in it from `from` on.
    fn first(&self, cron: &Cron, dst: Dst, from: i64) -> Option<i64> {
        let parts = self.local_parts(dst, from.max(self.start));
        let found = parts
            .into_iter()
            .flatten()
            .filter_map(|part| cron.first_local(part.from, part.end).map(|local| local - part.offset));
        found.min()
    }

    /// The local times that count from `from` on: those that its clock shows, and those that were left out when it
    /// began, which the clock before would have shown.
    fn local_parts(&self, dst: Dst, from: i64) -> [Option<Part>; 2] {
        let mut shown = Part { from: from + self.offset, end: self.end + self.offset, offset: self.offset };
        if dst.doubled == Doubled::First {
            shown.from = shown.from.max(self.start + self.before);
        }
        if dst.doubled == Doubled::Last {
            shown.end = shown.end.min(self.end + self.after);
        }
        let shift = dst.missing == Missing::Shift && self.before < self.offset;
        let left_out = shift.then(|| Part {
            from: from + self.before,
            end: self.start + self.offset,
            offset: self.before,
        });
        [Some(shown), left_out]
    }
}

fn timestamp(second: i64) -> Option<Timestamp> {
    Timestamp::from_second(second).ok()
}
