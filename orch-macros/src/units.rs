//! Durations and sizes as they are written in attributes, read while compiling.

use syn::LitStr;

use crate::diagnostics::mistake;

/// Units of a duration in milliseconds, largest first.
const DURATION_UNITS: [(&str, u64); 5] =
    [("d", 86_400_000), ("h", 3_600_000), ("m", 60_000), ("s", 1_000), ("ms", 1)];

/// Units of a size in bytes.
const SIZE_UNITS: [(&str, u64); 9] = [
    ("B", 1),
    ("KB", 1_000),
    ("MB", 1_000_000),
    ("GB", 1_000_000_000),
    ("TB", 1_000_000_000_000),
    ("KiB", 1 << 10),
    ("MiB", 1 << 20),
    ("GiB", 1 << 30),
    ("TiB", 1 << 40),
];

const DURATION_RULE: &str = "a duration is one or more whole numbers, each with a unit (`ms`, `s`, `m`, `h`, `d`), the largest unit first";
const SIZE_RULE: &str =
    "a size is one whole number with a unit (`B`, `KB`, `MB`, `GB`, `TB`, `KiB`, `MiB`, `GiB`, `TiB`)";

/// Reads `"500ms"`, `"10s"`, `"1h30m"` or `"2d"` as milliseconds.
pub(crate) fn duration(literal: &LitStr) -> syn::Result<u64> {
    duration_text(&literal.value()).map_err(|(reason, fix)| mistake(literal, DURATION_RULE, &reason, &fix))
}

/// Reads `"100MB"` or `"2GiB"` as bytes.
pub(crate) fn size(literal: &LitStr) -> syn::Result<u64> {
    size_text(&literal.value()).map_err(|(reason, fix)| mistake(literal, SIZE_RULE, &reason, &fix))
}

/// What is wrong, and what to write.
type Fault = (String, String);

fn duration_text(text: &str) -> Result<u64, Fault> {
    let fault = |reason: String, fix: &str| Err((reason, fix.to_owned()));
    if text.is_empty() {
        return fault("this one is empty".into(), "write for example \"10s\" or \"1h30m\"");
    }
    let mut rest = text;
    let mut total: u64 = 0;
    let mut smaller_than = u64::MAX;
    while !rest.is_empty() {
        let (digits, after) = split_while(rest, |c| c.is_ascii_digit());
        let (unit, after) = split_while(after, |c| !c.is_ascii_digit());
        if digits.is_empty() {
            return fault(
                format!("`{rest}` does not start with a number"),
                "write for example \"10s\" or \"1h30m\"",
            );
        }
        if unit.starts_with('.') {
            return fault(
                format!("`{rest}` has a fraction"),
                "use a smaller unit: \"1500ms\" instead of \"1.5s\"",
            );
        }
        let Some((_, factor)) = DURATION_UNITS.iter().find(|(name, _)| *name == unit) else {
            return match unit {
                "" => {
                    Err((format!("`{digits}` has no unit"), format!("write \"{digits}s\" or \"{digits}ms\"")))
                }
                _ => Err((format!("`{unit}` is none of these units"), duration_unit_fix(digits, unit))),
            };
        };
        if *factor >= smaller_than {
            return fault(
                format!("`{digits}{unit}` stands after a smaller or equal unit"),
                "write each unit once, the largest first: \"1h30m\"",
            );
        }
        smaller_than = *factor;
        let part = digits.parse::<u64>().ok().and_then(|count| count.checked_mul(*factor));
        let Some(sum) = part.and_then(|part| total.checked_add(part)) else {
            return fault(
                format!("`{text}` is too long to count in milliseconds"),
                "write a shorter duration",
            );
        };
        (total, rest) = (sum, after);
    }
    Ok(total)
}

fn duration_unit_fix(digits: &str, unit: &str) -> String {
    let meant = match unit.trim().to_ascii_lowercase().as_str() {
        "ms" | "msec" | "milli" | "millis" | "milliseconds" => "ms",
        "s" | "sec" | "secs" | "second" | "seconds" => "s",
        "m" | "min" | "mins" | "minute" | "minutes" => "m",
        "h" | "hr" | "hrs" | "hour" | "hours" => "h",
        "d" | "day" | "days" => "d",
        "us" | "µs" | "ns" => return "the shortest unit is `ms`".to_owned(),
        "w" | "week" | "weeks" => return "count weeks in days: \"7d\"".to_owned(),
        _ => return "write for example \"500ms\", \"10s\", \"5m\", \"1h30m\" or \"2d\"".to_owned(),
    };
    format!("write \"{digits}{meant}\"")
}

fn size_text(text: &str) -> Result<u64, Fault> {
    let (digits, unit) = split_while(text, |c| c.is_ascii_digit());
    if digits.is_empty() {
        return Err((
            format!("`{text}` does not start with a number"),
            "write for example \"100MB\"".to_owned(),
        ));
    }
    let Some((_, factor)) = SIZE_UNITS.iter().find(|(name, _)| *name == unit) else {
        let same = |name: &str| name.eq_ignore_ascii_case(unit.trim());
        let fix = match SIZE_UNITS.iter().find(|(name, _)| same(name) || same(name.trim_end_matches('B'))) {
            Some((name, _)) => format!("write \"{digits}{name}\""),
            None => "write for example \"100MB\" or \"2GiB\"".to_owned(),
        };
        let reason = if unit.is_empty() {
            format!("`{digits}` has no unit")
        } else {
            format!("`{unit}` is none of these units")
        };
        return Err((reason, fix));
    };
    digits.parse::<u64>().ok().and_then(|count| count.checked_mul(*factor)).ok_or_else(|| {
        (format!("`{text}` is more bytes than 64 bits count"), "write a smaller size".to_owned())
    })
}

fn split_while(text: &str, keep: impl Fn(char) -> bool) -> (&str, &str) {
    text.split_at(text.find(|c| !keep(c)).unwrap_or(text.len()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations() {
        for (text, millis) in [
            ("500ms", 500),
            ("10s", 10_000),
            ("5m", 300_000),
            ("1h30m", 5_400_000),
            ("2d", 172_800_000),
            ("0s", 0),
        ] {
            assert_eq!(duration_text(text), Ok(millis), "{text}");
        }
        for text in
            ["", "10", "s", "1.5s", "10 s", "-1s", "30m1h", "1s1s", "99999999999999999999s", "5w", "1h30"]
        {
            assert!(duration_text(text).is_err(), "{text}");
        }
    }

    #[test]
    fn a_wrong_unit_is_answered_with_the_right_one() {
        assert!(duration_text("10secs").is_err_and(|(_, fix)| fix == "write \"10s\""));
        assert!(duration_text("10").is_err_and(|(_, fix)| fix == "write \"10s\" or \"10ms\""));
        assert!(size_text("100mb").is_err_and(|(_, fix)| fix == "write \"100MB\""));
        assert!(size_text("1G").is_err_and(|(_, fix)| fix == "write \"1GB\""));
    }

    #[test]
    fn sizes() {
        for (text, bytes) in [("100MB", 100_000_000), ("2GiB", 2 << 30), ("1B", 1), ("512KiB", 512 << 10)] {
            assert_eq!(size_text(text), Ok(bytes), "{text}");
        }
        for text in ["", "MB", "100", "1.5GB", "100 MB", "99999999999TB"] {
            assert!(size_text(text).is_err(), "{text}");
        }
    }
}
