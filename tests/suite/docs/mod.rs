//! The examples of the documentation.

mod guides;
