//! Authentication and scopes, as extractors that stand first in a handler's arguments (docs/api/access.md).

use std::marker::PhantomData;

use axum::extract::FromRequestParts;
use http::{header, request::Parts};

use crate::{
    app::{App, Caller},
    http::error::ErrorReply,
};
use domain::{
    error::Error,
    scope::{Action, Area, Scope, Scopes},
    shop::Shop,
};

/// An extension of requests that an operator's process makes to itself. It replaces the token and allows everything in
/// one shop. A request from outside cannot carry it.
#[derive(Debug, Clone)]
pub struct OperatorPass(pub Shop);

/// Returns whether a request carries an [`OperatorPass`].
pub(super) fn is_operator(parts: &Parts) -> bool {
    parts.extensions.get::<OperatorPass>().is_some()
}

/// An area of the API as a type.
pub trait InArea: Send {
    /// The area that the type stands for.
    const AREA: Area;
}

/// The area of `/api/loyalty/`.
#[derive(Debug)]
pub enum Loyalty {}
impl InArea for Loyalty {
    const AREA: Area = Area::Loyalty;
}

/// The area of `/api/discounts/`.
#[derive(Debug)]
pub enum Discounts {}
impl InArea for Discounts {
    const AREA: Area = Area::Discounts;
}

/// The area of `/api/crm/`.
#[derive(Debug)]
pub enum Crm {}
impl InArea for Crm {
    const AREA: Area = Area::Crm;
}

/// The area of `/api/orders/`.
#[derive(Debug)]
pub enum Orders {}
impl InArea for Orders {
    const AREA: Area = Area::Orders;
}

/// A caller with the scope to read in an area. Rejects with 401 without a token and with 403 without the scope.
#[derive(Debug)]
pub struct Read<A>(pub Caller, pub PhantomData<A>);

/// A caller with the scope to write in an area. Rejects with 401 without a token and with 403 without the scope.
#[derive(Debug)]
pub struct Write<A>(pub Caller, pub PhantomData<A>);

impl<A: InArea> FromRequestParts<App> for Read<A> {
    type Rejection = ErrorReply;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, ErrorReply> {
        Ok(Self(allowed(parts, app, A::AREA, Action::Read).await?, PhantomData))
    }
}

impl<A: InArea> FromRequestParts<App> for Write<A> {
    type Rejection = ErrorReply;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, ErrorReply> {
        Ok(Self(allowed(parts, app, A::AREA, Action::Write).await?, PhantomData))
    }
}

async fn allowed(parts: &Parts, app: &App, area: Area, action: Action) -> Result<Caller, Error> {
    let caller = authenticate(parts, app).await?;
    if caller.scopes.allow(area, action) {
        Ok(caller)
    } else {
        Err(Error::Forbidden(Scope { area: Some(area), action }))
    }
}

/// Returns the caller of a request, whatever scopes the token has.
pub(super) async fn authenticate(parts: &Parts, app: &App) -> Result<Caller, Error> {
    if let Some(OperatorPass(shop)) = parts.extensions.get() {
        return Ok(Caller { shop: shop.clone(), scopes: Scopes::all(), expires_at: None });
    }
    let header = parts.headers.get(header::AUTHORIZATION).ok_or(Error::Unauthenticated)?;
    let text = header.to_str().map_err(|_| Error::InvalidToken)?.trim();
    let (scheme, token) = text.split_once(' ').unwrap_or((text, ""));
    if !scheme.eq_ignore_ascii_case("bearer") {
        return Err(Error::Unauthenticated);
    }
    let token = token.trim();
    if token.is_empty() || token.len() > 512 || token.contains(' ') {
        return Err(Error::InvalidToken);
    }
    let caller = app.callers.find(&app.store, token).await?;
    tracing::Span::current().record("shop", caller.shop.id.as_str());
    Ok(caller)
}
