//! The Lambda binaries, their roles and their template.

mod events;
mod lines;
mod roles;
mod template;
