//! Columns and values of an export, apart from any format.

use std::borrow::Cow;

use crate::domain::time::Millis;

/// What a column holds. Any value may be missing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// A whole number.
    Int,
    /// A number.
    Real,
    /// A text.
    Text,
    /// A time.
    Time,
}

/// A column.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Column {
    /// Its stable name.
    pub name: &'static str,
    /// What it holds.
    pub kind: Kind,
}

/// A whole number.
pub(super) const fn int(name: &'static str) -> Column {
    Column { name, kind: Kind::Int }
}

/// A number.
pub(super) const fn real(name: &'static str) -> Column {
    Column { name, kind: Kind::Real }
}

/// A text.
pub(super) const fn text(name: &'static str) -> Column {
    Column { name, kind: Kind::Text }
}

/// A time.
pub(super) const fn time(name: &'static str) -> Column {
    Column { name, kind: Kind::Time }
}

/// A value of a column.
#[derive(Debug, Clone, PartialEq)]
pub enum Value<'a> {
    /// Nothing.
    Null,
    /// A whole number.
    Int(i64),
    /// A number with the precision of the models.
    Short(f32),
    /// A number.
    Real(f64),
    /// A text.
    Text(Cow<'a, str>),
    /// A word of our own.
    Word(&'static str),
    /// A time.
    Time(Millis),
}

macro_rules! value_from {
    ($($from:ty => $variant:ident,)+) => {
        $(impl From<$from> for Value<'_> {
            fn from(value: $from) -> Self {
                Self::$variant(value)
            }
        })+
    };
}
value_from! {
    i64 => Int,
    f32 => Short,
    f64 => Real,
    &'static str => Word,
    Millis => Time,
}

impl From<String> for Value<'_> {
    fn from(text: String) -> Self {
        Self::Text(Cow::Owned(text))
    }
}

impl<'a> From<Cow<'a, str>> for Value<'a> {
    fn from(text: Cow<'a, str>) -> Self {
        Self::Text(text)
    }
}

impl<'a, T: Into<Value<'a>>> From<Option<T>> for Value<'a> {
    fn from(value: Option<T>) -> Self {
        value.map_or(Self::Null, Into::into)
    }
}

/// A row: as many values as columns, and the id to go on after.
#[derive(Debug, Clone, PartialEq)]
pub struct Row<'a> {
    id: Option<i64>,
    values: Vec<Value<'a>>,
}

impl<'a> Row<'a> {
    /// A row with the id that an export goes on after.
    pub const fn with_id(id: i64, values: Vec<Value<'a>>) -> Self {
        Self { id: Some(id), values }
    }

    /// A row without.
    pub const fn new(values: Vec<Value<'a>>) -> Self {
        Self { id: None, values }
    }

    /// The id to go on after.
    pub const fn id(&self) -> Option<i64> {
        self.id
    }

    /// Its values, in the order of the columns.
    pub fn values(&self) -> &[Value<'a>] {
        &self.values
    }
}
