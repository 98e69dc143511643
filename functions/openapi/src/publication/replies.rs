//! What operations answer beside their own replies, by what they are: the errors of the wire conventions with their
//! bodies and headers, and the scopes that they need. Architecture invariant: it is said here once, and nowhere else.

use serde_json::{Map, Value, json};
use shared::domain::scope::{Action, Area};

use super::{Operation, each_operation};

/// The name of the security scheme.
pub(super) const BEARER: &str = "bearer";
/// The parameter of operations that may be sent again.
const KEY: &str = "Idempotency-Key";
/// A POST that changes nothing, and so needs the scope of a reader.
const DRY_RUN: &str = "evaluate";

/// Adds the common replies to every operation, and to the components.
pub(super) fn add(description: &mut Value) {
    each_operation(description, |mut operation| {
        secure(&mut operation);
        answer(&mut operation);
    });
    let components = &mut description["components"];
    components["securitySchemes"] = json!({BEARER: {
        "type": "http", "scheme": "bearer",
        "description": "A token of the shop. It decides the shop, and by its scopes what may be done: an area's own, such as `loyalty:read`, or the global `read` or `write`. `write` does not imply `read`.",
    }});
    components["headers"] = headers();
    components["responses"] = RESPONSES.iter().map(|reply| (reply.name.to_owned(), reply.said())).collect();
    components["schemas"]["Detail"] = json!({
        "type": "object", "description": "What is wrong, in one sentence.", "required": ["detail"],
        "properties": {"detail": {"type": "string", "description": "The sentence."}},
    });
    components["schemas"]["FieldErrors"] = json!({
        "type": "object",
        "description": "What is wrong with each field: messages by the name of the field, and `non_field_errors` for the whole body. The errors of a nested object stand in an object of the same kind, those of a list's items under their numbers, from 0.",
        "additionalProperties": {"anyOf": [
            {"type": "array", "items": {"type": "string"}},
            {"type": "array", "items": {"$ref": "#/components/schemas/FieldErrors"}},
            {"$ref": "#/components/schemas/FieldErrors"},
        ]},
    });
}

/// The scopes of an operation, as roles of the bearer token: either of the two is enough.
fn secure(operation: &mut Operation<'_>) {
    let area = operation.said["tags"][0].as_str().and_then(|tag| {
        [Area::Loyalty, Area::Discounts, Area::Crm, Area::Orders].into_iter().find(|area| area.name() == tag)
    });
    let Some(area) = area else { return };
    let reads = operation.method == "get" || operation.id() == DRY_RUN;
    let action = if reads { Action::Read } else { Action::Write }.name();
    let scopes = [format!("{}:{action}", area.name()), action.to_owned()];
    operation.said["security"] = scopes.iter().map(|scope| json!({BEARER: [scope]})).collect();
    let needs = format!("Needs the scope `{}` or `{}`.", scopes[0], scopes[1]);
    let told = operation.said["description"].as_str().map(|told| format!("{told}\n\n{needs}"));
    operation.said["description"] = told.unwrap_or(needs).into();
}

fn answer(operation: &mut Operation<'_>) {
    let is_secured = operation.said["security"][0][BEARER].is_array();
    let has_body = operation.said["requestBody"].is_object();
    let is_keyed = operation.takes(KEY);
    let is_list = operation.takes("page");
    let names_a_row = operation.parameters().any(|parameter| parameter["in"] == "path");
    let takes_a_list = operation.said["requestBody"]["content"]["application/json"]["schema"]["type"] == "array";
    let own = operation.said["responses"].as_object().cloned().unwrap_or_default();
    let mut said = own.clone();
    for (status, reply) in &mut said {
        if status.starts_with('2') {
            succeed(status, reply, operation.method, is_list, is_keyed);
        }
    }
    let mut common = vec![];
    if has_body {
        common.extend([if takes_a_list { "BadList" } else { "BadRequest" }, "TooLarge", "UnsupportedMediaType"]);
    }
    if is_list {
        common.extend(["BadQuery", "InvalidPage"]);
    }
    if names_a_row {
        common.push("NotFound");
    }
    if is_keyed {
        common.extend(["KeyAtWork", "KeyReused"]);
    }
    if is_secured {
        common.extend(["Unauthenticated", "Forbidden", "ServerError", "Unavailable"]);
    }
    for (status, name) in [("409", "Conflict"), ("429", "Throttled")] {
        if own.contains_key(status) && !common.iter().any(|name| of(name).status == status) {
            common.push(name);
        }
    }
    for name in common {
        let reply = of(name);
        let told = own.get(reply.status).and_then(|own| own["description"].as_str()).filter(|told| !told.is_empty());
        let common = match told {
            None => json!({"$ref": format!("#/components/responses/{name}")}),
            Some(told) => reply.telling(told),
        };
        said.insert(reply.status.to_owned(), common);
    }
    // What the handler names beside what is common to all of its kind.
    for (status, name) in [("404", "NotFound"), ("400", "BadRequest")] {
        if said.get(status).is_some_and(|reply| reply.as_object().is_some_and(Map::is_empty)) {
            said.insert(status.to_owned(), json!({"$ref": format!("#/components/responses/{name}")}));
        }
    }
    said.sort_keys();
    operation.said["responses"] = said.into();
}

/// The reply of an operation that did its work.
fn succeed(status: &str, reply: &mut Value, method: &str, is_list: bool, is_keyed: bool) {
    let told = match (status, method) {
        ("204", _) => "Deleted; without a body.",
        ("201", _) => "Created.",
        (_, "get") if is_list => "A page of the list.",
        (_, "get") => "As it is now.",
        (_, "put") => "As it is after the change.",
        _ => "Done.",
    };
    reply["headers"]["X-Request-Id"] = header("X-Request-Id");
    if is_keyed {
        reply["headers"]["Idempotent-Replayed"] = header("Idempotent-Replayed");
    }
    let (headers, content) = (reply["headers"].take(), reply["content"].take());
    *reply = json!({"description": told, "headers": headers});
    if !content.is_null() {
        reply["content"] = content;
    }
}

fn header(name: &str) -> Value {
    json!({"$ref": format!("#/components/headers/{name}")})
}

fn headers() -> Value {
    json!({
        "X-Request-Id": {
            "description": "The id of the request, to quote when something is wrong. Every reply has one.",
            "required": true, "schema": {"type": "string"}, "example": "5b1f0f5c8e6d4c0fa3c1d2e4f5a6b7c8",
        },
        "Idempotent-Replayed": {
            "description": "`true` where this is the reply to the first request with the same `Idempotency-Key`, and nothing was done now.",
            "schema": {"type": "string", "const": "true"},
        },
        "Retry-After": {
            "description": "After how many seconds to try again.",
            "schema": {"type": "integer", "minimum": 0}, "example": 1,
        },
        "WWW-Authenticate": {
            "description": "How to authenticate; of a 403, the scope that is missing.",
            "required": true, "schema": {"type": "string"}, "example": "Bearer realm=\"api\"",
        },
    })
}

/// A reply that several operations have in common.
struct Reply {
    name: &'static str,
    status: &'static str,
    told: &'static str,
    schemas: &'static [&'static str],
    /// Headers beside the request id.
    headers: &'static [&'static str],
    /// Bodies as JSON, each with what it is an example of.
    bodies: &'static [(&'static str, &'static str, &'static str)],
}

const DETAIL: &[&str] = &["Detail"];
const FIELDS: &[&str] = &["FieldErrors", "Detail"];
const PARSE: (&str, &str, &str) =
    ("json", "The body is no JSON.", r#"{"detail": "JSON parse error - expected value at line 1 column 1"}"#);

const RESPONSES: [Reply; 15] = [
    Reply {
        name: "BadRequest",
        status: "400",
        told: "The body cannot be right. Nothing is written.",
        schemas: FIELDS,
        headers: &[],
        bodies: &[
            (
                "fields",
                "Fields that are wrong.",
                r#"{"title": ["This field is required."], "points": ["A valid integer is required."]}"#,
            ),
            ("nested", "A field of a nested object.", r#"{"price_rule": {"value": ["A valid number is required."]}}"#),
            (
                "item",
                "An item of a list field.",
                r#"{"entitled_product_ids": {"1": ["A valid integer is required."]}}"#,
            ),
            (
                "relation",
                "An id that names nothing.",
                r#"{"customer_id": ["Invalid pk \"999\" - object does not exist."]}"#,
            ),
            (
                "whole",
                "The whole body is wrong.",
                r#"{"non_field_errors": ["Invalid data. Expected a dictionary, but got list."]}"#,
            ),
            PARSE,
        ],
    },
    Reply {
        name: "BadList",
        status: "400",
        told: "The list, or something of its items, cannot be right. Nothing is written.",
        schemas: &["FieldErrors", "Detail", "FieldErrors[]"],
        headers: &[],
        bodies: &[
            ("items", "The second item is wrong.", r#"[{}, {"customer_id": ["This field is required."]}]"#),
            ("whole", "The list is empty.", r#"{"non_field_errors": ["This list may not be empty."]}"#),
            PARSE,
        ],
    },
    Reply {
        name: "BadQuery",
        status: "400",
        told: "A parameter cannot be right.",
        schemas: &["FieldErrors"],
        headers: &[],
        bodies: &[
            ("number", "No number.", r#"{"id__in": ["Enter a number."]}"#),
            (
                "choice",
                "None of the choices.",
                r#"{"order_by": ["Select a valid choice. title is not one of the available choices."]}"#,
            ),
            ("instant", "No instant.", r#"{"created_at__gte": ["Enter a valid date/time."]}"#),
        ],
    },
    Reply {
        name: "Unauthenticated",
        status: "401",
        told: "There is no token, or it is unknown, expired or revoked.",
        schemas: DETAIL,
        headers: &["WWW-Authenticate"],
        bodies: &[
            ("none", "No token.", r#"{"detail": "Authentication credentials were not provided."}"#),
            ("unknown", "A token that is not good.", r#"{"detail": "Invalid token."}"#),
        ],
    },
    Reply {
        name: "Forbidden",
        status: "403",
        told: "The token lacks the scope.",
        schemas: DETAIL,
        headers: &["WWW-Authenticate"],
        bodies: &[("scope", "No such scope.", r#"{"detail": "You do not have permission to perform this action."}"#)],
    },
    Reply {
        name: "NotFound",
        status: "404",
        told: "There is no such row.",
        schemas: DETAIL,
        headers: &[],
        bodies: &[("row", "No such row.", r#"{"detail": "Not found."}"#)],
    },
    Reply {
        name: "InvalidPage",
        status: "404",
        told: "There is no such page.",
        schemas: DETAIL,
        headers: &[],
        bodies: &[("page", "No such page.", r#"{"detail": "Invalid page."}"#)],
    },
    Reply {
        name: "Conflict",
        status: "409",
        told: "What is stored forbids it. Nothing is written.",
        schemas: DETAIL,
        headers: &[],
        bodies: &[],
    },
    Reply {
        name: "KeyAtWork",
        status: "409",
        told: "The first request with this `Idempotency-Key` is still at work.",
        schemas: DETAIL,
        headers: &["Retry-After"],
        bodies: &[(
            "at_work",
            "The first request is still at work.",
            r#"{"detail": "The first request with this Idempotency-Key is still at work."}"#,
        )],
    },
    Reply {
        name: "TooLarge",
        status: "413",
        told: "The body is larger than 5 MB.",
        schemas: DETAIL,
        headers: &[],
        bodies: &[("limit", "Over the limit.", r#"{"detail": "The body is larger than 5242880 bytes."}"#)],
    },
    Reply {
        name: "UnsupportedMediaType",
        status: "415",
        told: "The body is not `application/json`.",
        schemas: DETAIL,
        headers: &[],
        bodies: &[("text", "A text.", r#"{"detail": "Unsupported media type \"text/plain\" in request."}"#)],
    },
    Reply {
        name: "KeyReused",
        status: "422",
        told: "This `Idempotency-Key` was used for another request.",
        schemas: DETAIL,
        headers: &[],
        bodies: &[(
            "reused",
            "A key for two requests.",
            r#"{"detail": "This Idempotency-Key was used for another request."}"#,
        )],
    },
    Reply {
        name: "Throttled",
        status: "429",
        told: "Too many requests.",
        schemas: DETAIL,
        headers: &["Retry-After"],
        bodies: &[(
            "throttled",
            "Too many attempts.",
            r#"{"detail": "Request was throttled. Expected available in 420 seconds."}"#,
        )],
    },
    Reply {
        name: "ServerError",
        status: "500",
        told: "The service is at fault.",
        schemas: DETAIL,
        headers: &[],
        bodies: &[(
            "fault",
            "A fault.",
            r#"{"detail": "A server error occurred. Request id: 5b1f0f5c8e6d4c0fa3c1d2e4f5a6b7c8"}"#,
        )],
    },
    Reply {
        name: "Unavailable",
        status: "503",
        told: "The service is busy, or gave up after 25 seconds. A change may have been made: send it again with its `Idempotency-Key`.",
        schemas: DETAIL,
        headers: &["Retry-After"],
        bodies: &[(
            "busy",
            "Busy.",
            r#"{"detail": "The service is busy. Please try again. Request id: 5b1f0f5c8e6d4c0fa3c1d2e4f5a6b7c8"}"#,
        )],
    },
];

/// A common reply by its name.
fn of(name: &str) -> &'static Reply {
    RESPONSES.iter().find(|reply| reply.name == name).unwrap_or(&RESPONSES[0])
}

impl Reply {
    fn said(&self) -> Value {
        let schema = |name: &&str| match name.strip_suffix("[]") {
            Some(name) => json!({"type": "array", "items": {"$ref": format!("#/components/schemas/{name}")}}),
            None => json!({"$ref": format!("#/components/schemas/{name}")}),
        };
        let mut schemas: Vec<_> = self.schemas.iter().map(schema).collect();
        let schema = if schemas.len() > 1 { json!({"anyOf": schemas}) } else { schemas.remove(0) };
        let mut content = json!({"schema": schema});
        if !self.bodies.is_empty() {
            let body = |(name, told, body): &(&str, &str, &str)| {
                let value: Value = serde_json::from_str(body).unwrap_or_default();
                ((*name).to_owned(), json!({"summary": told, "value": value}))
            };
            content["examples"] = self.bodies.iter().map(body).collect();
        }
        let headers: Value =
            ["X-Request-Id"].iter().chain(self.headers).map(|name| ((*name).to_owned(), header(name))).collect();
        json!({"description": self.told, "headers": headers, "content": {"application/json": content}})
    }

    /// The reply with what an operation says of it.
    fn telling(&self, told: &str) -> Value {
        let mut said = self.said();
        said["description"] = match self.name {
            "KeyAtWork" => format!("{told}\n\n{}", self.told),
            _ => told.to_owned(),
        }
        .into();
        said
    }
}
