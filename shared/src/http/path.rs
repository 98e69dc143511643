//! Ids in paths. A text that is no id names no row and is a 404, after the token was checked.

use axum::extract::{FromRequestParts, Path};
use http::request::Parts;

use crate::http::error::ErrorReply;
use domain::{
    error::Error,
    id::{self, Id},
};

/// The id at the `{id}` of a path.
#[derive(Debug, Clone, Copy)]
pub struct PathId(pub Id);

impl<S: Send + Sync> FromRequestParts<S> for PathId {
    type Rejection = ErrorReply;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, ErrorReply> {
        let Path(text) = Path::<String>::from_request_parts(parts, state).await.map_err(|_| Error::NotFound)?;
        id::parse(&text).map(Self).ok_or(ErrorReply(Error::NotFound))
    }
}
