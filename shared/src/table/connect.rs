//! How the client of the store is made: once, in init.

use std::time::Duration;

use aws_sdk_dynamodb::{
    Client,
    config::{BehaviorVersion, Credentials, Region, SharedHttpClient, retry::RetryConfig, timeout::TimeoutConfig},
};

use super::store::Store;
use crate::error::Error;

/// The name of the table where the environment names none.
pub const DEFAULT_TABLE: &str = "youhui";

/// Where the store is.
#[derive(Debug, Clone, Default)]
pub struct Connection {
    /// `http://host:port` of a DynamoDB on this machine, or `https://` of one behind TLS; the AWS of the environment without.
    pub endpoint: Option<String>,
    /// The table's name; [`DEFAULT_TABLE`] without.
    pub table: Option<String>,
    /// In place of the SDK's own HTTP client: where tests put their faults.
    pub http_client: Option<SharedHttpClient>,
}

impl Connection {
    /// As a deployed function finds it: `TABLE_NAME`, and `YOUHUI_STORE` for an endpoint other than AWS (`sam local`).
    pub fn from_env() -> Self {
        let set = |name| std::env::var(name).ok().filter(|value: &String| !value.is_empty());
        Self { endpoint: set("YOUHUI_STORE"), table: set("TABLE_NAME"), http_client: None }
    }

    /// What carries the calls: the given client, else one with its own pool of connections.
    ///
    /// # Errors
    /// As [`Self::open`].
    pub fn http_client(&self) -> Result<SharedHttpClient, Error> {
        match (&self.http_client, &self.endpoint) {
            (Some(client), _) => Ok(client.clone()),
            (None, Some(endpoint)) if !endpoint.starts_with("https://") => {
                Ok(aws_smithy_http_client::Builder::new().build_http())
            }
            (None, _) => https(),
        }
    }

    /// The store.
    ///
    /// # Errors
    /// [`Error::Internal`] where AWS or `https://` is meant and this build has no TLS (feature `tls`).
    pub async fn open(self) -> Result<Store, Error> {
        let http_client = self.http_client()?;
        let timeouts = TimeoutConfig::builder()
            .connect_timeout(Duration::from_secs(1))
            .operation_attempt_timeout(Duration::from_secs(4))
            .operation_timeout(Duration::from_secs(12))
            .build();
        let retries = RetryConfig::standard()
            .with_max_attempts(5)
            .with_initial_backoff(Duration::from_millis(30))
            .with_max_backoff(Duration::from_secs(1));
        let client = if let Some(endpoint) = self.endpoint {
            let config = aws_sdk_dynamodb::Config::builder()
                .behavior_version(BehaviorVersion::latest())
                .endpoint_url(endpoint)
                .region(Region::new("local"))
                .credentials_provider(local_credentials())
                .http_client(http_client)
                .retry_config(retries)
                .timeout_config(timeouts)
                .build();
            Client::from_conf(config)
        } else {
            let config = aws_config::defaults(BehaviorVersion::latest())
                .http_client(http_client)
                .retry_config(retries)
                .timeout_config(timeouts)
                .load()
                .await;
            Client::new(&config)
        };
        Ok(Store::new(client, self.table.as_deref().unwrap_or(DEFAULT_TABLE)))
    }
}

/// A store on this machine wants a signature and checks none.
fn local_credentials() -> Credentials {
    Credentials::new("local", "local", None, None, "local")
}

#[cfg(feature = "tls")]
fn https() -> Result<SharedHttpClient, Error> {
    use aws_smithy_http_client::tls::{Provider, rustls_provider::CryptoMode};
    Ok(aws_smithy_http_client::Builder::new().tls_provider(Provider::Rustls(CryptoMode::Ring)).build_https())
}

#[cfg(not(feature = "tls"))]
fn https() -> Result<SharedHttpClient, Error> {
    Err(Error::Internal("this build has no TLS: build with --features tls to reach AWS or https://".to_owned()))
}
