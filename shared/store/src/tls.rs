//! Certificates that a function trusts over HTTPS, chosen for a fast start.
//!
//! A system trusts about 140 certificates. Reading them takes two thirds of all the time that a function needs before
//! its first event (`measure functions`). The chain of DynamoDB itself ends in one of five certificates of Amazon Trust
//! Services, which are in `amazon_roots.pem` (<https://www.amazontrust.com/repository/>; the first expires at the end
//! of 2037). `SSL_CERT_FILE` replaces them, such as by those of a proxy. The AWS partitions with other certificate
//! authorities use the certificates of the system.

use aws_sdk_dynamodb::config::SharedHttpClient;
use aws_smithy_http_client::{
    Builder,
    tls::{Provider, TlsContext, TrustStore, rustls_provider::CryptoMode},
};

use domain::error::Error;

/// The five root certificates of Amazon Trust Services.
const AMAZON: &str = include_str!("amazon_roots.pem");

/// Prefixes of regions whose endpoints are not under amazonaws.com.
const OTHER_PARTITIONS: [&str; 4] = ["cn-", "us-iso", "eu-iso", "eusc-"];

/// Returns the HTTPS client. It uses rustls with ring, because aws-lc would gather entropy for 40 ms.
///
/// # Errors
/// [`Error::Internal`] if the SDK does not accept the certificates.
pub(crate) fn client(region: Option<&str>) -> Result<SharedHttpClient, Error> {
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
