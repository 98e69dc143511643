//! The description of the API.

use serde_json::Value;

use crate::{Client, Error, call::Call, operations::OPENAPI};

impl Client {
    /// Reads the OpenAPI 3.1 description of the API from this server.
    ///
    /// # Errors
    /// See [`Error`].
    pub async fn openapi(&self) -> Result<Value, Error> {
        self.read(Call::new(OPENAPI, "")).await
    }
}
