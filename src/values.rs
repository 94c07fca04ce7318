//! Values of any type as trees that are compared field by field.
//!
//! A value in a world is read through reflection, a written one through MessagePack.

mod compare;
mod label;
mod list_order;
mod reflected;
mod tree;
mod written;

pub(crate) use compare::{Change, ChangeSort, changes};
pub(crate) use label::{given_name, name_of, with_name};
pub(crate) use list_order::lists_have_order;
pub(crate) use reflected::{Reflected, is_large};
pub(crate) use tree::{Reference, Target, Tree};
pub(crate) use written::tree_of_bytes;
