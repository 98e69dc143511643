//! The API of one shop in this process: the same routers as behind the gateway, without one, and an operator's pass instead
//! of a token.

use std::{
    sync::{Arc, Once},
    time::Duration,
};

use axum::{Router, body::Body};
use http::{Method, Request, header};
use http_body_util::BodyExt;
use indicatif::ProgressBar;
use serde_json::Value;
use shared::{
    App, Error,
    domain::shop::{Shop, ShopId},
    http::{access::OperatorPass, service::service},
    table::{shops, store::Store},
};
use tokio::time::Instant;
use tower::ServiceExt;
use utoipa_axum::router::OpenApiRouter;

use super::BulkError;
use crate::server::functions;

/// How long a request is made again that the store did not carry out. A batch whose process died is free after 30 s.
const PATIENCE: Duration = Duration::from_secs(120);
/// The first pause before that; each further one is twice as long, up to the last.
const FIRST_PAUSE: Duration = Duration::from_millis(100);
const LAST_PAUSE: Duration = Duration::from_secs(5);
/// After how long that is said.
const SILENCE: Duration = Duration::from_secs(2);
/// The rows of a page.
const PAGE: usize = 100;

/// What the API answered.
#[derive(Debug, Clone)]
pub(super) struct Answer {
    pub(super) status: u16,
    pub(super) body: Value,
}

/// The API of a shop.
#[derive(Debug, Clone)]
pub(super) struct ShopApi {
    pub(super) store: Store,
    pub(super) shop: Shop,
    router: Router,
    bar: ProgressBar,
    waits: Arc<Once>,
}

impl ShopApi {
    /// The API of a shop that there is. Above `bar` it says once that it waits.
    pub(super) async fn open(store: &Store, shop: &ShopId, bar: &ProgressBar) -> Result<Self, BulkError> {
        let shop = shops::get(store, shop).await?.ok_or_else(|| BulkError::NoShop(shop.clone()))?;
        let routes = functions().into_iter().fold(OpenApiRouter::new(), |all, (_, routes)| all.merge(routes));
        let router = service(&App::new(store.clone()), routes.merge(coupon_codes::import_routes()));
        Ok(Self { store: store.clone(), shop, router, bar: bar.clone(), waits: Arc::new(Once::new()) })
    }

    /// Makes a request until it is answered for good. `key` is its `Idempotency-Key`.
    ///
    /// # Errors
    /// [`BulkError::Answer`] where the store was not available for [`PATIENCE`].
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
                "Waiting, for {patience} s at the most ({reason}) What a process was at that was killed is free after 30 s."
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

    /// A row or a page that is there.
    ///
    /// # Errors
    /// [`BulkError::Answer`] for any other answer than 200.
    pub(super) async fn get(&self, path: &str) -> Result<Value, BulkError> {
        match self.send(Method::GET, path, None, &Value::Null).await? {
            Answer { status: 200, body } => Ok(body),
            Answer { status, body } => Err(BulkError::Answer { what: format!("GET {path}"), status, body }),
        }
    }

    /// How many rows of a list there are, and those after an id. `filter` is a query, or empty.
    pub(super) async fn after(&self, list: &str, filter: &str, id: u64) -> Result<(u64, Vec<Value>), BulkError> {
        let path = format!("{list}?{filter}&order_by=id&id__gt={id}&page_size={PAGE}");
        let mut page = self.get(&path).await?;
        let count = page["count"].as_u64().unwrap_or_default();
        match page["results"].take() {
            Value::Array(rows) => Ok((count, rows)),
            other => Err(BulkError::Answer { what: format!("GET {path}"), status: 200, body: other }),
        }
    }

    /// How many rows of a list there are.
    pub(super) async fn count(&self, list: &str, filter: &str) -> Result<u64, BulkError> {
        let page = self.get(&format!("{list}?{filter}&page_size=1")).await?;
        Ok(page["count"].as_u64().unwrap_or_default())
    }
}
