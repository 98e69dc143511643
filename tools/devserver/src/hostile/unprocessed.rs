//! Batches that the store processes in part.

use aws_smithy_runtime_api::client::http::HttpConnector as _;
use aws_smithy_runtime_api::client::{
    http::SharedHttpConnector,
    orchestrator::{HttpRequest, HttpResponse},
    result::ConnectorError,
};
use aws_smithy_types::{body::SdkBody, byte_stream::ByteStream};
use serde_json::{Value, json};

/// Carries out the first half of a batch and returns the rest as unprocessed. A batch of one item is carried out
/// completely: DynamoDB answers an error if it can process no item of a batch.
pub(super) async fn halve(
    inner: SharedHttpConnector,
    mut request: HttpRequest,
    rest_name: &'static str,
) -> Result<HttpResponse, ConnectorError> {
    let mut body = super::body(&request);
    let rest = take_half(&mut body["RequestItems"]);
    if rest.as_object().is_none_or(serde_json::Map::is_empty) {
        return inner.call(request).await;
    }
    let text = body.to_string();
    request.headers_mut().insert("content-length", text.len().to_string());
    *request.body_mut() = SdkBody::from(text);
    let response = inner.call(request).await?;
    if !response.status().is_success() {
        return Ok(response);
    }
    let status = response.status();
    let bytes = ByteStream::new(response.into_body()).collect().await;
    let bytes = bytes.map_err(|error| ConnectorError::io(error.into()))?.into_bytes();
    let mut answer: Value = serde_json::from_slice(&bytes).map_err(|error| ConnectorError::io(error.into()))?;
    answer[rest_name] = rest;
    Ok(HttpResponse::new(status, SdkBody::from(answer.to_string())))
}

/// Takes the second half of each table's items out of `RequestItems`. The result has the shape of `RequestItems`.
fn take_half(tables: &mut Value) -> Value {
    let mut rest = json!({});
    for (table, asked) in tables.as_object_mut().into_iter().flatten() {
        let mut left = asked.clone();
        let (kept, given_back) = if asked.is_array() {
            (asked.as_array_mut(), left.as_array_mut())
        } else {
            (asked["Keys"].as_array_mut(), left["Keys"].as_array_mut())
        };
        if let (Some(kept), Some(given_back)) = (kept, given_back)
            && kept.len() > 1
        {
            let half = kept.len().div_ceil(2);
            kept.truncate(half);
            given_back.drain(..half);
            rest[table] = left;
        }
    }
    rest
}
