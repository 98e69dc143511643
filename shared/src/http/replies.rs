//! Groups of error replies for `#[utoipa::path(responses(...))]`, one for each kind of operation.
//!
//! A group refers to the replies by name: the `openapi` function defines them, with bodies and headers. So a function
//! that starts builds names only. An operation that says more about a status names it after its groups.

use std::collections::BTreeMap;

use utoipa::{
    IntoResponses,
    openapi::{Ref, RefOr, Response},
};

/// References to replies, by status.
type Replies = BTreeMap<String, RefOr<Response>>;

/// The replies of every operation that needs a token.
const COMMON: [(&str, &str); 4] =
    [("401", "Unauthenticated"), ("403", "Forbidden"), ("500", "ServerError"), ("503", "Unavailable")];

fn common() -> Replies {
    refer(&COMMON, Replies::new())
}

/// Adds references to a group.
fn refer(own: &[(&str, &str)], mut group: Replies) -> Replies {
    for (status, name) in own {
        group.insert((*status).to_owned(), Ref::from_response_name(*name).into());
    }
    group
}

/// The errors of a list.
#[derive(Debug)]
pub struct ListErrors;
impl IntoResponses for ListErrors {
    fn responses() -> Replies {
        refer(&[("400", "BadQuery"), ("404", "InvalidPage")], common())
    }
}

/// The errors of an operation on the row that its path names.
#[derive(Debug)]
pub struct RowErrors;
impl IntoResponses for RowErrors {
    fn responses() -> Replies {
        refer(&[("404", "NotFound")], common())
    }
}

/// The errors of an operation that takes a body.
#[derive(Debug)]
pub struct BodyErrors;
impl IntoResponses for BodyErrors {
    fn responses() -> Replies {
        let own = [("400", "BadRequest"), ("413", "TooLarge"), ("415", "UnsupportedMediaType")];
        refer(&own, common())
    }
}

/// The errors of an operation that takes a body and an `Idempotency-Key`.
#[derive(Debug)]
pub struct ChangeErrors;
impl IntoResponses for ChangeErrors {
    fn responses() -> Replies {
        refer(&[("409", "KeyAtWork"), ("422", "KeyReused")], BodyErrors::responses())
    }
}

/// The errors of a change whose body is a list of rows.
#[derive(Debug)]
pub struct BatchErrors;
impl IntoResponses for BatchErrors {
    fn responses() -> Replies {
        refer(&[("400", "BadList")], ChangeErrors::responses())
    }
}
