//! What a trigger gives to the run that it starts, and how the types of that run read it.

use std::any::type_name;

use serde::{Serialize, de::DeserializeOwned};

use super::on::Occurrence;
use crate::{
    codec::{self, Bytes, CodecError, Field},
    error::{Error, ErrorKind, Result},
    private::Filtered,
};

/// Something that happened, for what is started by it.
#[derive(Clone, Copy, Debug)]
pub struct Given<'a>(pub(super) &'a Occurrence);

impl Given<'_> {
    fn fault(&self, text: impl std::fmt::Display) -> Error {
        Error::plain(ErrorKind::Input, format!("{} {text}", self.0.text))
    }

    /// The value as a whole.
    ///
    /// # Errors
    /// When it is no `V`; the text names the field that is wrong.
    pub fn whole<V: Serialize + DeserializeOwned + 'static>(&self) -> Result<V> {
        self.read()
            .map_err(|error| self.fault(format_args!("does not give a `{}`: {error}", type_name::<V>())))
    }

    /// The value as its own type was written, or else by its names.
    fn read<V: Serialize + DeserializeOwned + 'static>(&self) -> std::result::Result<V, CodecError> {
        match codec::decode_named(&self.0.value) {
            Err(_) if !codec::is_named(&self.0.value) => codec::decode_named(&(self.0.named)(&self.0.value)?),
            read => read,
        }
    }

    /// Whether a filter lets it pass.
    ///
    /// # Errors
    /// When the value is not what the filter looks at.
    pub fn passes<V: Filtered + ?Sized>(&self, filter: impl FnOnce(&V) -> bool) -> Result<bool> {
        self.whole::<V::Owned>().map(|value| filter(V::part(&value)))
    }

    /// The only argument of a flow: the value itself, or the field of the parameter's name.
    ///
    /// # Errors
    /// When neither is a `V`.
    pub fn only<V: Serialize + DeserializeOwned + 'static>(&self, parameter: &'static str) -> Result<V> {
        let error = match self.read() {
            Ok(whole) => return Ok(whole),
            Err(error) => error,
        };
        let named = self.named()?;
        let fields = codec::fields(&named);
        if fields.as_ref().is_some_and(|fields| fields.iter().any(|field| field.name == parameter)) {
            return self.field_of(&named, parameter);
        }
        let there = fields.map(|fields| format!("; it has no field of this name either: {}", names(&fields)));
        Err(self.fault(format_args!(
            "does not give the parameter `{parameter}: {}`: {error}{}",
            type_name::<V>(),
            there.unwrap_or_default()
        )))
    }

    /// One of several arguments: the field of the parameter's name. For a type such as `Option` it may be left out.
    ///
    /// # Errors
    /// When there is no such field, or it is no `V`.
    pub fn field<V: Serialize + DeserializeOwned + 'static>(&self, parameter: &'static str) -> Result<V> {
        self.field_of(&self.named()?, parameter)
    }

    fn named(&self) -> Result<Bytes> {
        (self.0.named)(&self.0.value).map_err(|error| self.fault(format_args!("cannot be read: {error}")))
    }

    fn field_of<V: Serialize + DeserializeOwned + 'static>(
        &self,
        named: &[u8],
        parameter: &'static str,
    ) -> Result<V> {
        let Some(fields) = codec::fields(named) else {
            return Err(self.fault(format_args!(
                "has no fields, and the parameter `{parameter}: {}` takes the one of its name; give it a struct or a \
                 map with texts as keys",
                type_name::<V>()
            )));
        };
        let Some(field) = fields.iter().find(|field| field.name == parameter) else {
            return Field::missing().ok_or_else(|| {
                self.fault(format_args!(
                    "has no field `{parameter}` for the parameter of this name; {}",
                    names(&fields)
                ))
            });
        };
        field.decode().map_err(|error| {
            self.fault(format_args!(
                "does not give the parameter `{parameter}: {}`: field `{parameter}`: {error}",
                type_name::<V>()
            ))
        })
    }

    /// The arguments as they are stored.
    ///
    /// # Errors
    /// When one refuses to be written.
    pub fn input<A: Serialize + DeserializeOwned + 'static>(&self, arguments: &A) -> Result<Option<Bytes>> {
        codec::encode(arguments)
            .map(Some)
            .map_err(|error: CodecError| self.fault(format_args!("makes an input that is none: {error}")))
    }
}

fn names(fields: &[Field<'_>]) -> String {
    let names: Vec<_> = fields.iter().map(|field| format!("`{}`", field.name)).collect();
    let there = if names.is_empty() { "none".to_owned() } else { names.join(", ") };
    format!("its fields are: {there}")
}
