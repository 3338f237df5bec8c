//! The arguments of a body, one by one and without their types.

use std::any::{Any, type_name};

/// Arguments, as a body takes them.
pub(crate) trait Arguments {
    /// The argument at `index`, and the name of its type.
    fn argument_mut(&mut self, index: usize) -> Option<(&mut dyn Any, &'static str)>;
}

macro_rules! arguments {
    ($($name:ident $index:tt)*) => {
        impl<$($name: 'static),*> Arguments for ($($name,)*) {
            fn argument_mut(&mut self, index: usize) -> Option<(&mut dyn Any, &'static str)> {
                match index {
                    $($index => Some((&mut self.$index, type_name::<$name>())),)*
                    _ => None,
                }
            }
        }
    };
}

arguments!();
arguments!(A 0);
arguments!(A 0 B 1);
arguments!(A 0 B 1 C 2);
arguments!(A 0 B 1 C 2 D 3);
arguments!(A 0 B 1 C 2 D 3 E 4);
arguments!(A 0 B 1 C 2 D 3 E 4 F 5);
arguments!(A 0 B 1 C 2 D 3 E 4 F 5 G 6);
arguments!(A 0 B 1 C 2 D 3 E 4 F 5 G 6 H 7);
arguments!(A 0 B 1 C 2 D 3 E 4 F 5 G 6 H 7 I 8);
arguments!(A 0 B 1 C 2 D 3 E 4 F 5 G 6 H 7 I 8 J 9);
arguments!(A 0 B 1 C 2 D 3 E 4 F 5 G 6 H 7 I 8 J 9 K 10);
arguments!(A 0 B 1 C 2 D 3 E 4 F 5 G 6 H 7 I 8 J 9 K 10 L 11);
arguments!(A 0 B 1 C 2 D 3 E 4 F 5 G 6 H 7 I 8 J 9 K 10 L 11 M 12);
arguments!(A 0 B 1 C 2 D 3 E 4 F 5 G 6 H 7 I 8 J 9 K 10 L 11 M 12 N 13);
arguments!(A 0 B 1 C 2 D 3 E 4 F 5 G 6 H 7 I 8 J 9 K 10 L 11 M 12 N 13 O 14);
arguments!(A 0 B 1 C 2 D 3 E 4 F 5 G 6 H 7 I 8 J 9 K 10 L 11 M 12 N 13 O 14 P 15);

/// Puts a value in a place of its type; says whether it is one.
type Put = dyn FnOnce(&mut dyn Any) -> bool + Send;

/// A new value for one argument.
pub(crate) struct Setting {
    /// The name of the parameter.
    pub(crate) parameter: String,
    /// The name of the value's type.
    pub(crate) given: &'static str,
    put: Box<Put>,
}

impl Setting {
    pub(crate) fn new<V: Any + Send>(parameter: String, value: V) -> Self {
        let put = move |place: &mut dyn Any| {
            if let Some(place) = place.downcast_mut::<V>() {
                *place = value;
                return true;
            }
            // A literal fits where a text is owned, as it does in a call.
            let text = (&value as &dyn Any).downcast_ref::<&'static str>();
            match (place.downcast_mut::<String>(), text) {
                (Some(place), Some(text)) => {
                    *place = (*text).to_owned();
                    true
                }
                _ => false,
            }
        };
        Self { parameter, given: type_name::<V>(), put: Box::new(put) }
    }

    /// Puts the value where it belongs; says whether it is of the type that belongs there.
    pub(crate) fn put(self, place: &mut dyn Any) -> bool {
        (self.put)(place)
    }
}
