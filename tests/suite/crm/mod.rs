//! Customers: the resource, its batches and its imports.

pub(crate) mod batches;
mod customers;
mod import;
