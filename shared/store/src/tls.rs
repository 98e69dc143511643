//! Whom a function trusts over HTTPS, made for a fast start.
//!
//! The certificates that a system trusts are about 140: reading them is two thirds of all that a function does before its
//! first event (`measure functions`). DynamoDB's own chain ends in one of five: Amazon Trust Services, which stand in
//! `amazon_roots.pem` (<https://www.amazontrust.com/repository/>; the first ends with 2037). `SSL_CERT_FILE` names
//! others in their place, such as those of a proxy; so do the partitions of AWS that have authorities of their own.

use aws_sdk_dynamodb::config::SharedHttpClient;
use aws_smithy_http_client::{
    Builder,
    tls::{Provider, TlsContext, TrustStore, rustls_provider::CryptoMode},
};

use crate::error::Error;

/// Amazon's five.
const AMAZON: &str = include_str!("amazon_roots.pem");

/// What the regions begin with whose endpoints are not under amazonaws.com.
const OTHER_PARTITIONS: [&str; 4] = ["cn-", "us-iso", "eu-iso", "eusc-"];

/// The client, by rustls with ring: aws-lc would gather entropy for 40 ms.
///
/// # Errors
/// [`Error::Internal`] where the SDK does not take the certificates.
pub(super) fn client(region: Option<&str>) -> Result<SharedHttpClient, Error> {
    let context = TlsContext::builder().with_trust_store(trusted(region)).build();
    let context = context.map_err(|error| Error::Internal(error.to_string()))?;
    Ok(Builder::new().tls_provider(Provider::Rustls(CryptoMode::Ring)).tls_context(context).build_https())
}

fn trusted(region: Option<&str>) -> TrustStore {
    let elsewhere = region.is_some_and(|region| OTHER_PARTITIONS.iter().any(|start| region.starts_with(start)));
    if elsewhere || std::env::var_os("SSL_CERT_FILE").is_some() {
        return TrustStore::default();
    }
    TrustStore::empty().with_pem_certificate(AMAZON)
}
