//! Units: the organisations that share the database. Users, roles and reveals come with access control.

pub mod unit;

pub use unit::{Unit, UnitKind};
