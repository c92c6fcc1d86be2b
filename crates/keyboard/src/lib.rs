//! Keyboard layouts, without I/O: from a text to the key strokes that type it.
//!
//! A guest turns keys into characters by a layout of its own, which nobody outside can see. So whoever wants a text
//! typed says which layout the guest has, and [`Layout::plan`] finds the keys: the shortest way that Linux's text
//! console, X and Wayland, and Windows agree on. A character that the layout has no way to is told with its place
//! before anything is typed.
//!
//! `layouts` holds the tables, `dead` what dead keys make, `plan` the way from one to the other.

#![cfg_attr(not(test), warn(clippy::indexing_slicing))]

mod dead;
mod key;
mod layouts;
mod names;
mod plan;

use self::dead::Dead;
pub use self::key::{Key, Modifier, keysym};
pub use self::layouts::{Layout, UnknownLayout};
pub use self::names::name;
pub use self::plan::{Lacking, Letter, Stroke, Untypable, letters};
