//! The context that API Gateway adds to an HTTP request.

use http::Extensions;
use lambda_http::{aws_lambda_events::apigw::ApiGatewayV2httpRequestContext, request::RequestContext};

/// Returns the context of a request that came through an HTTP API with payload 2.0.
pub(super) fn context(extensions: &Extensions) -> Option<&ApiGatewayV2httpRequestContext> {
    match extensions.get::<RequestContext>()? {
        RequestContext::ApiGatewayV2(context) => Some(context),
        _ => None,
    }
}
