//! Money, and how to find it in a text.

use std::{fmt, str::FromStr};

use serde::{Deserialize, Serialize};

/// An amount of money in hundredths of its currency. Sums of money are not floating-point numbers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub(crate) struct Cents(pub(crate) u64);

/// Why a text gives no price.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum NoPrice {
    #[error("there is no price in it")]
    None,
    #[error("there are several prices in it; choose a narrower selector")]
    Several,
}

impl fmt::Display for Cents {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&format!("{}.{:02}", self.0 / 100, self.0 % 100))
    }
}

/// What a person types: `120`, `119.90`, `1.200,00`.
impl FromStr for Cents {
    type Err = NoPrice;

    fn from_str(text: &str) -> Result<Self, NoPrice> {
        Self::in_text(text)
    }
}

/// What stands before or after a number that is a price.
const CURRENCIES: [&str; 20] = [
    "€", "$", "£", "¥", "₹", "₩", "₺", "zł", "Kč", "kr", "Fr.", "EUR", "USD", "GBP", "CHF", "JPY", "SEK",
    "NOK", "DKK", "PLN",
];

/// What may stand between three digits and three others.
const GAPS: [char; 6] = [' ', '\u{a0}', '\u{2009}', '\u{202f}', '\'', '’'];

impl Cents {
    /// The price in a text such as `€ 1.234,50`, `$129.99` or `now 119 €`.
    ///
    /// Numbers beside a currency win over bare ones, and percentages do not count. Where that leaves two different
    /// amounts, the text has no price rather than a guessed one.
    pub(crate) fn in_text(text: &str) -> Result<Self, NoPrice> {
        let (mut with_currency, mut bare) = (Vec::new(), Vec::new());
        let mut at = 0;
        while let Some(start) = text[at..].find(|c: char| c.is_ascii_digit()).map(|start| at + start) {
            let end = start + number_length(&text[start..]);
            at = end;
            let (before, after) = (text[..start].trim_end(), text[end..].trim_start());
            // Round amounts end in a dash: `119,-`.
            let after = after.trim_start_matches([',', '.', '-', '–', '—']).trim_start();
            let Some(amount) = amount(&text[start..end]) else {
                continue;
            };
            if CURRENCIES.iter().any(|c| before.ends_with(c) || after.starts_with(c)) {
                with_currency.push(amount);
            } else if !after.starts_with('%') {
                bare.push(amount);
            }
        }
        let mut found = if with_currency.is_empty() { bare } else { with_currency };
        found.dedup();
        match found[..] {
            [] => Err(NoPrice::None),
            [amount] => Ok(amount),
            _ => Err(NoPrice::Several),
        }
    }
}

/// How far the number reaches with which the text begins.
fn number_length(text: &str) -> usize {
    let digits = |from: usize| text[from..].bytes().take_while(u8::is_ascii_digit).count();
    let mut end = digits(0);
    let mut group = end;
    while let Some(separator) = text[end..].chars().next() {
        let next = end + separator.len_utf8();
        let following = digits(next);
        let joins = match separator {
            '.' | ',' => following > 0,
            // Two numbers may stand side by side: only a full group belongs to the number before.
            gap => GAPS.contains(&gap) && following == 3 && group <= 3,
        };
        if !joins {
            break;
        }
        (end, group) = (next + following, following);
    }
    end
}

/// The amount of a number with separators; `None` for what is a date, a version or too large.
fn amount(number: &str) -> Option<Cents> {
    let number = number.replace(GAPS, "\u{20}");
    let last = number.rfind(['.', ',']);
    let decimal = last.filter(|&at| {
        let mark = &number[at..at + 1];
        let only_one = number.matches(mark).count() == 1;
        let both_kinds = number.contains('.') && number.contains(',');
        let decimals = number.len() - at - 1;
        only_one && (decimals <= 2 || both_kinds || number.starts_with('0'))
    });
    let (whole, decimals) = match decimal {
        Some(at) => (&number[..at], &number[at + 1..]),
        None => (&number[..], ""),
    };
    let groups: Vec<&str> = whole.split(['.', ',', ' ']).collect();
    let mut separators = whole.matches(['.', ',', ' ']);
    let first = separators.next();
    let well_formed = groups.len() == 1
        || (groups[0].len() <= 3
            && groups[1..].iter().all(|group| group.len() == 3)
            && separators.all(|other| Some(other) == first));
    if !well_formed {
        return None;
    }
    let cents = match decimals.len() {
        0 => 0,
        1 => decimals.parse::<u64>().ok()? * 10,
        2 => decimals.parse().ok()?,
        _ => return None,
    };
    let whole: u64 = groups.concat().parse().ok()?;
    whole.checked_mul(100)?.checked_add(cents).map(Cents)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn prices_as_shops_write_them() {
        for (text, cents) in [
            ("€ 1.234,50", 123_450),
            ("$129.99", 12_999),
            ("119 €", 11_900),
            ("119,- €", 11_900),
            ("119,–\u{a0}€", 11_900),
            ("CHF 1'234.50", 123_450),
            ("1\u{202f}234,50 €", 123_450),
            ("12 345 kr", 1_234_500),
            ("£1,234,567.8", 123_456_780),
            ("1.234 €", 123_400),
            ("1,234.5 USD", 123_450),
            ("0.99", 99),
            ("EUR 7", 700),
            ("\n  Now only\n  89,90 €  \n", 8_990),
            ("Size 42: 119 €", 11_900),
            ("-20 % 79,00 €", 7_900),
            ("2 for 119 €", 11_900),
            ("119 € (119,00 €)", 11_900),
            ("119.00 since 12.11.2026", 11_900),
        ] {
            assert_eq!(Cents::in_text(text), Ok(Cents(cents)), "{text:?}");
        }
    }

    #[test]
    fn no_price_is_better_than_a_wrong_one() {
        for text in ["", "sold out", "-20 %", "12.11.2026", "0.999", "1.23.456", "99999999999999999999 €"] {
            assert_eq!(Cents::in_text(text), Err(NoPrice::None), "{text:?}");
        }
        for text in ["was $150.00, now $129.99", "42 43 44", "129 99"] {
            assert_eq!(Cents::in_text(text), Err(NoPrice::Several), "{text:?}");
        }
    }

    #[test]
    fn cents_are_shown_with_two_decimals() {
        assert_eq!(Cents(123_405).to_string(), "1234.05");
        assert_eq!(format!("{:>7}", Cents(5)), "   0.05");
    }
}
