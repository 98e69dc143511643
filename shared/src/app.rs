//! What a running function holds.

use crate::{
    http::access::Callers,
    table::{automatic_rules::AutomaticRules, store::Store},
};

/// Made once in init; cheap to clone for each request.
#[derive(Debug, Clone)]
pub struct App {
    /// The table.
    pub store: Store,
    /// The tokens that this instance has read.
    pub callers: Callers,
    /// The automatic price rules that this instance has read.
    pub automatic_rules: AutomaticRules,
}

impl App {
    /// An app over this store.
    pub fn new(store: Store) -> Self {
        Self { store, callers: Callers::default(), automatic_rules: AutomaticRules::default() }
    }
}
