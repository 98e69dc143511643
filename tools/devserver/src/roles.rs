//! The part of IAM on this machine. A function calls the table under the role that template.yaml gives it. A call that
//! the role does not allow is refused as AWS refuses it. So the roles of template.yaml allow every call that passes
//! here.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::{Arc, Mutex, PoisonError},
};

use crate::{
    hostile::{body, failed, operation},
    template::{Template, referred},
};
use aws_smithy_runtime_api::client::{
    http::{
        HttpClient, HttpConnector, HttpConnectorFuture, HttpConnectorSettings, SharedHttpClient, SharedHttpConnector,
    },
    orchestrator::HttpRequest,
    runtime_components::RuntimeComponents,
};
use serde_json::json;
use serde_yaml_ng::Value;
use shared::store::schema::LOGICAL_ID;

/// The actions that a role allows, such as `dynamodb:GetItem`, and the actions that were called under it so far.
#[derive(Debug, Clone, Default)]
pub struct Role {
    allowed: Arc<BTreeSet<String>>,
    called: Arc<Mutex<BTreeSet<String>>>,
}

impl Role {
    /// Returns the actions that the role's policy names.
    pub fn allowed(&self) -> &BTreeSet<String> {
        &self.allowed
    }

    /// Returns the actions that were called under the role, refused ones too.
    pub fn called(&self) -> BTreeSet<String> {
        self.called.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Returns a client that calls over `inner` under this role.
    pub fn client(&self, inner: SharedHttpClient) -> SharedHttpClient {
        SharedHttpClient::new(Limited { inner, role: self.clone() })
    }

    fn refuses(&self, request: &HttpRequest) -> Option<String> {
        let actions = actions(request);
        self.called.lock().unwrap_or_else(PoisonError::into_inner).extend(actions.iter().cloned());
        actions.into_iter().find(|action| !self.allowed.contains(action))
    }
}

/// Returns the roles of template.yaml, keyed by the binary of their function.
pub fn of(template: &Template) -> BTreeMap<String, Role> {
    let role = |function: &Value| {
        let role = referred(&function["Role"]).and_then(|name| template.resources.get(name));
        let policies = role.and_then(|role| role.properties["Policies"].as_sequence());
        let statements = policies.into_iter().flatten().filter_map(|policy| {
            let statements = policy["PolicyDocument"]["Statement"].as_sequence();
            statements.map(|statements| statements.iter())
        });
        let of_table = statements.flatten().filter(|statement| names_table(&statement["Resource"]));
        let actions = of_table.filter_map(|statement| statement["Action"].as_sequence()).flatten();
        let allowed = actions.filter_map(Value::as_str).map(str::to_owned).collect();
        Role { allowed: Arc::new(allowed), called: Arc::default() }
    };
    template.functions().map(|(binary, function)| (binary.to_owned(), role(&function.properties))).collect()
}

/// Returns true if the resource of a policy is the table, or the resource that stands in for it.
fn names_table(resource: &Value) -> bool {
    match resource {
        Value::Tagged(tagged) => referred(resource) == Some(LOGICAL_ID) || names_table(&tagged.value),
        Value::Sequence(choices) => choices.iter().any(names_table),
        _ => false,
    }
}

/// Returns the IAM actions of a call. A transaction needs the actions of its parts, as in AWS.
fn actions(request: &HttpRequest) -> BTreeSet<String> {
    let operation = operation(request);
    let action = |name: &str| format!("dynamodb:{name}");
    if operation != "TransactWriteItems" {
        return BTreeSet::from([action(&operation)]);
    }
    let body = body(request);
    let items = body["TransactItems"].as_array().into_iter().flatten();
    let parts = items.filter_map(|item| item.as_object()?.keys().next());
    parts
        .map(
            |part| if part == "ConditionCheck" { action("ConditionCheckItem") } else { action(&format!("{part}Item")) },
        )
        .collect()
}

#[derive(Debug)]
struct Limited {
    inner: SharedHttpClient,
    role: Role,
}

impl HttpClient for Limited {
    fn http_connector(&self, settings: &HttpConnectorSettings, components: &RuntimeComponents) -> SharedHttpConnector {
        let inner = self.inner.http_connector(settings, components);
        SharedHttpConnector::new(LimitedConnector { inner, role: self.role.clone() })
    }
}

#[derive(Debug)]
struct LimitedConnector {
    inner: SharedHttpConnector,
    role: Role,
}

impl HttpConnector for LimitedConnector {
    fn call(&self, request: HttpRequest) -> HttpConnectorFuture {
        match self.role.refuses(&request) {
            None => self.inner.call(request),
            Some(action) => {
                tracing::error!(action, "the role in template.yaml does not allow this action");
                HttpConnectorFuture::ready(Ok(failed(400, "AccessDeniedException", json!({}))))
            }
        }
    }
}
