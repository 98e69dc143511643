//! The published description: `docs/openapi.json`, and `docs/openapi.zh.json` in Chinese. Both files are checked in and
//! served as they are. A test holds them equal to the output of this module, and
//! `YOUHUI_BLESS=1 cargo nextest run -p tests openapi` writes them. No function does this work when it runs.
//!
//! Handlers state what only they know: their operation, its fields and their meanings. This module adds what operations
//! share: errors, scopes, headers and examples.

use serde_json::Value;
use shared::domain::scope::{Action, Area};
use utoipa::{
    OpenApi,
    openapi::{
        OpenApi as Description,
        path::Operation as TypedOperation,
        security::{HttpAuthScheme, HttpBuilder, SecurityRequirement, SecurityScheme},
    },
};

mod errors;
mod examples;
mod languages;
mod replies;
mod schemas;

pub use examples::{EXAMPLES, Example, examples};
pub use languages::{Language, texts, translations};

/// The methods that an operation can have.
const METHODS: [&str; 4] = ["get", "post", "put", "delete"];
/// The name of the security scheme.
const BEARER: &str = "bearer";
/// The id of the only POST that changes nothing. It needs the scope of a reader.
const DRY_RUN: &str = "evaluate";

/// The head of the description, and the components that no handler brings.
#[derive(OpenApi)]
#[openapi(
    info(
        title = "Youhui",
        description = languages::INFO,
        license(name = "Apache License 2.0", identifier = "Apache-2.0"),
    ),
    servers((url = "/", description = "The server that this description came from.")),
    security(("bearer" = [])),
    tags(
        (name = "loyalty", description = "Points of the VIP members: levels, the point history, accounts."),
        (name = "crm", description = "The shop's customers, whom points and codes belong to."),
        (name = "orders", description = "The shop's orders, which earn points."),
        (name = "discounts", description = "Coupons, coupon codes and price rules; pricing a cart, and codes at the \
            checkout."),
        (name = "openapi", description = "This description."),
    ),
    components(
        schemas(errors::Detail, errors::FieldErrors),
        responses(
            errors::BadRequest,
            errors::BadList,
            errors::BadQuery,
            errors::Unauthenticated,
            errors::Forbidden,
            errors::NotFound,
            errors::InvalidPage,
            errors::Conflict,
            errors::KeyAtWork,
            errors::TooLarge,
            errors::UnsupportedMediaType,
            errors::KeyReused,
            errors::Throttled,
            errors::ServerError,
            errors::Unavailable,
        ),
    ),
)]
struct Head;

/// Returns the whole description of the API in a language.
///
/// # Errors
/// The texts without a translation.
pub fn published(language: Language) -> Result<Value, Vec<String>> {
    let mut whole = Head::openapi();
    whole.merge(crate::description());
    secure(&mut whole);
    let mut description = serde_json::to_value(whole).unwrap_or_default();
    description["info"]["summary"] = "Coupons and loyalty points of a shop.".into();
    languages::unwrap_lines(&mut description["paths"]);
    languages::unwrap_lines(&mut description["components"]);
    schemas::finish(&mut description);
    replies::finish(&mut description);
    examples::add(&mut description);
    languages::translate(&mut description, language)?;
    Ok(description)
}

/// Adds the security scheme, and to each operation the scopes that it needs: an area's own or the global one.
fn secure(description: &mut Description) {
    let told = "A token of the shop. It decides the shop, and by its scopes what may be done: an area's own, such as \
                `loyalty:read`, or the global `read` or `write`. `write` does not imply `read`.";
    let scheme = HttpBuilder::new().scheme(HttpAuthScheme::Bearer).description(Some(told)).build();
    description.components.get_or_insert_default().add_security_scheme(BEARER, SecurityScheme::Http(scheme));
    for item in description.paths.paths.values_mut() {
        let operations = [&mut item.get, &mut item.post, &mut item.put, &mut item.delete];
        for (operation, is_get) in operations.into_iter().zip([true, false, false, false]) {
            operation.iter_mut().for_each(|operation| need_scope(operation, is_get));
        }
    }
}

fn need_scope(operation: &mut TypedOperation, is_get: bool) {
    let tag = operation.tags.iter().flatten().next();
    let areas = [Area::Loyalty, Area::Discounts, Area::Crm, Area::Orders];
    let Some(area) = tag.and_then(|tag| areas.into_iter().find(|area| area.name() == tag)) else { return };
    let reads = is_get || operation.operation_id.as_deref() == Some(DRY_RUN);
    let action = if reads { Action::Read } else { Action::Write }.name();
    let scopes = [format!("{}:{action}", area.name()), action.to_owned()];
    let needs = format!("Needs the scope `{}` or `{}`.", scopes[0], scopes[1]);
    let told = operation.description.as_ref().map(|told| format!("{told}\n\n{needs}"));
    operation.description = Some(told.unwrap_or(needs));
    operation.security = Some(scopes.map(|scope| SecurityRequirement::new(BEARER, [scope])).into());
}

/// An operation of a description.
struct Operation<'a> {
    path: &'a str,
    method: &'a str,
    said: &'a mut Value,
}

impl Operation<'_> {
    fn id(&self) -> &str {
        self.said["operationId"].as_str().unwrap_or_default()
    }

    fn parameters(&self) -> impl Iterator<Item = &Value> {
        self.said["parameters"].as_array().into_iter().flatten()
    }

    fn takes(&self, parameter: &str) -> bool {
        self.parameters().any(|known| known["name"] == parameter)
    }
}

/// Calls `work` with each operation.
fn each_operation(description: &mut Value, mut work: impl FnMut(Operation<'_>)) {
    let paths = description["paths"].as_object_mut().into_iter().flatten();
    for (path, item) in paths {
        for (method, said) in item.as_object_mut().into_iter().flatten() {
            if METHODS.contains(&method.as_str()) {
                work(Operation { path, method, said });
            }
        }
    }
}
