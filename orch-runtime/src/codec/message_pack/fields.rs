//! A struct or a map, taken apart by its names.

use serde::{Deserialize, de::IgnoredAny};

use super::{
    super::Refusal,
    token::{Token, Tokens},
};

/// A name, and the bytes of its value.
type Field<'a> = (&'a str, &'a [u8]);

/// The names and values of a map with texts as keys; `None` where it is something else.
pub(in super::super) fn fields(payload: &[u8]) -> Result<Option<Vec<Field<'_>>>, Refusal> {
    let mut tokens = Tokens::new(payload);
    let Token::Map(count) = tokens.next()? else { return Ok(None) };
    let mut fields = Vec::new();
    for _ in 0..count {
        let Token::Text(name) = tokens.next()? else { return Ok(None) };
        let before = tokens.rest();
        IgnoredAny::deserialize(&mut tokens)?;
        fields.push((name, &before[..before.len() - tokens.rest().len()]));
    }
    tokens.end()?;
    Ok(Some(fields))
}
