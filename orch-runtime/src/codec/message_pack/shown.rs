//! A value as a text for people: MessagePack says what there is, so the type need not.

use std::fmt::Write;

use super::{
    super::{Refusal, Stored},
    token::{Token, Tokens},
    write,
};

/// A longer text is cut off.
const KEEP: usize = 120;

/// The value as a text such as `(3, "abc", {n: 1})`, never longer than a line. A value that is cut short has the
/// checksum of all of it behind, so that different values have different texts.
pub(crate) fn shown<T: Stored>(value: &T) -> String {
    let mut bytes = Vec::new();
    let mut text = String::new();
    let shown = write(value, &mut bytes).and_then(|()| show(&mut Tokens::new(&bytes), &mut text, true));
    if let Err(refusal) = shown {
        return format!("({refusal})");
    }
    if let Some((end, _)) = text.char_indices().nth(KEEP) {
        text.truncate(end);
        // Writing to a string cannot fail.
        let _ = write!(text, "… {:08x}", crc32fast::hash(&bytes));
    }
    text
}

fn show(tokens: &mut Tokens<'_>, text: &mut String, outermost: bool) -> Result<(), Refusal> {
    let written = match tokens.next()? {
        Token::Nil => write!(text, "()"),
        Token::Bool(value) => write!(text, "{value}"),
        Token::Unsigned(value) => write!(text, "{value}"),
        Token::Signed(value) => write!(text, "{value}"),
        Token::F32(value) => write!(text, "{value:?}"),
        Token::F64(value) => write!(text, "{value:?}"),
        Token::Text(value) => write!(text, "{value:?}"),
        Token::Bytes(value) => write!(text, "{} bytes", value.len()),
        Token::List(len) => {
            let [open, close] = if outermost { ['(', ')'] } else { ['[', ']'] };
            return items(tokens, text, [open, close], len, |tokens, text| show(tokens, text, false));
        }
        Token::Map(len) => {
            return items(tokens, text, ['{', '}'], len, |tokens, text| {
                show(tokens, text, false)?;
                text.push_str(": ");
                show(tokens, text, false)
            });
        }
    };
    written.map_err(Refusal::new)
}

fn items(
    tokens: &mut Tokens<'_>,
    text: &mut String,
    [open, close]: [char; 2],
    len: u32,
    mut item: impl FnMut(&mut Tokens<'_>, &mut String) -> Result<(), Refusal>,
) -> Result<(), Refusal> {
    tokens.deeper()?;
    text.push(open);
    for index in 0..len {
        if index > 0 {
            text.push_str(", ");
        }
        item(tokens, text)?;
    }
    text.push(close);
    tokens.higher();
    Ok(())
}
