//! The API of one shop in this process. It has the routers that are behind the gateway, and uses an operator's pass
//! instead of a token.

use std::{
    sync::{Arc, Once},
    time::Duration,
};

use axum::{Router, body::Body};
use devserver::server::functions;
use http::{Method, Request, header};
use http_body_util::BodyExt;
use indicatif::ProgressBar;
use serde_json::Value;
use shared::{
    App, Error,
    domain::shop::{Shop, ShopId},
    http::{access::OperatorPass, service::service},
    shop::operators::shops,
    store::client::Store,
};
use tokio::time::Instant;
use tower::ServiceExt;
use utoipa_axum::router::OpenApiRouter;

use super::BulkError;

/// The longest time for which a request is repeated that the store did not carry out. A batch whose process died is
/// free after 30 s.
const PATIENCE: Duration = Duration::from_secs(120);
/// The first wait before a repetition. Each further wait is twice as long, up to `LAST_PAUSE`.
const FIRST_PAUSE: Duration = Duration::from_millis(100);
const LAST_PAUSE: Duration = Duration::from_secs(5);
/// The time after which the user is told that the command waits.
const SILENCE: Duration = Duration::from_secs(2);
/// The number of rows of a page.
const PAGE: usize = 100;

/// An answer of the API.
#[derive(Debug, Clone)]
pub(super) struct Answer {
    pub(super) status: u16,
    pub(super) body: Value,
}

/// The API of one shop.
#[derive(Debug, Clone)]
pub(super) struct ShopApi {
    pub(super) store: Store,
    pub(super) shop: Shop,
    router: Router,
    bar: ProgressBar,
    waits: Arc<Once>,
}

impl ShopApi {
    /// Opens the API of an existing shop. A message that the command waits is printed once, above `bar`.
    pub(super) async fn open(store: &Store, shop: &ShopId, bar: &ProgressBar) -> Result<Self, BulkError> {
        let shop = shops::get(store, shop).await?.ok_or_else(|| BulkError::NoShop(shop.clone()))?;
        let routes = functions().into_iter().fold(OpenApiRouter::new(), |all, (_, routes)| all.merge(routes));
        let router = service(&App::new(store.clone()), routes.merge(coupon_codes::import_routes()));
        Ok(Self { store: store.clone(), shop, router, bar: bar.clone(), waits: Arc::new(Once::new()) })
    }

    /// Repeats a request until it has a final answer. `key` is its `Idempotency-Key`.
    ///
    /// # Errors
    /// [`BulkError::Answer`] if the store was unavailable for [`PATIENCE`].
    pub(super) async fn send(
        &self,
        method: Method,
        path: &str,
        key: Option<&str>,
        body: &Value,
    ) -> Result<Answer, BulkError> {
        let (began, mut pause) = (Instant::now(), FIRST_PAUSE);
        loop {
            let (answer, retry_after) = self.once(method.clone(), path, key, body).await?;
            let for_good = answer.status < 500 && retry_after.is_none();
            if for_good {
                return Ok(answer);
            }
            if began.elapsed() > PATIENCE {
                return Err(BulkError::Answer {
                    what: format!("{method} {path}"),
                    status: answer.status,
                    body: answer.body,
                });
            }
            if began.elapsed() > SILENCE {
                self.waits.call_once(|| self.say_what_it_waits_for(&answer));
            }
            tokio::time::sleep(pause.max(retry_after.unwrap_or_default())).await;
            pause = (2 * pause).min(LAST_PAUSE);
        }
    }

    fn say_what_it_waits_for(&self, answer: &Answer) {
        let reason = answer.body["detail"].as_str().unwrap_or_default();
        let patience = PATIENCE.as_secs();
        self.bar.suspend(|| {
            eprintln!(
                "Waiting for up to {patience} s: {reason} The work of a process that was killed becomes free after 30 \
                s."
            );
        });
    }

    async fn once(
        &self,
        method: Method,
        path: &str,
        key: Option<&str>,
        body: &Value,
    ) -> Result<(Answer, Option<Duration>), BulkError> {
        let broken = |error: &dyn std::fmt::Display| Error::Internal(format!("{method} {path}: {error}"));
        let mut request = Request::builder().method(method.clone()).uri(path);
        if let Some(key) = key {
            request = request.header("idempotency-key", key);
        }
        let body = if body.is_null() { Body::empty() } else { Body::from(body.to_string()) };
        let request =
            request.header(header::CONTENT_TYPE, "application/json").extension(OperatorPass(self.shop.clone()));
        let request = request.body(body).map_err(|error| broken(&error))?;
        let response = match self.router.clone().oneshot(request).await {
            Ok(response) => response,
            Err(never) => match never {},
        };
        let (parts, body) = response.into_parts();
        let retry_after = parts.headers.get(header::RETRY_AFTER).and_then(|value| value.to_str().ok());
        let retry_after = retry_after.and_then(|seconds| seconds.parse().ok()).map(Duration::from_secs);
        let bytes = body.collect().await.map_err(|error| broken(&error))?.to_bytes();
        let body = if bytes.is_empty() {
            Value::Null
        } else {
            serde_json::from_slice(&bytes).map_err(|error| broken(&error))?
        };
        Ok((Answer { status: parts.status.as_u16(), body }, retry_after))
    }

    /// Returns an existing row or page.
    ///
    /// # Errors
    /// [`BulkError::Answer`] for any status except 200.
    pub(super) async fn get(&self, path: &str) -> Result<Value, BulkError> {
        match self.send(Method::GET, path, None, &Value::Null).await? {
            Answer { status: 200, body } => Ok(body),
            Answer { status, body } => Err(BulkError::Answer { what: format!("GET {path}"), status, body }),
        }
    }

    /// Returns the number of rows after an id, and a page of them. `filter` is a query string, or empty.
    pub(super) async fn after(&self, list: &str, filter: &str, id: u64) -> Result<(u64, Vec<Value>), BulkError> {
        let path = format!("{list}?{filter}&order_by=id&id__gt={id}&page_size={PAGE}");
        let mut page = self.get(&path).await?;
        let count = page["count"].as_u64().unwrap_or_default();
        match page["results"].take() {
            Value::Array(rows) => Ok((count, rows)),
            other => Err(BulkError::Answer { what: format!("GET {path}"), status: 200, body: other }),
        }
    }

    /// Returns the number of rows of a list.
    pub(super) async fn count(&self, list: &str, filter: &str) -> Result<u64, BulkError> {
        let page = self.get(&format!("{list}?{filter}&page_size=1")).await?;
        Ok(page["count"].as_u64().unwrap_or_default())
    }
}
