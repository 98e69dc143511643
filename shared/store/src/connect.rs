//! Creation of the store's client. It happens once, when a process starts.

use std::time::Duration;

#[cfg(not(feature = "profiles"))]
use aws_config::environment::EnvironmentVariableCredentialsProvider;
#[cfg(feature = "profiles")]
use aws_sdk_dynamodb::config::ProvideCredentials;
use aws_sdk_dynamodb::{
    Client, Config,
    config::{
        BehaviorVersion, Builder, Credentials, Region, SharedHttpClient, retry::RetryConfig, timeout::TimeoutConfig,
    },
};

use crate::client::Store;
use domain::error::Error;

/// Name of the table if the environment does not name one.
pub(crate) const DEFAULT_TABLE: &str = "youhui";

/// Environment variable in which Lambda names the region.
#[cfg(any(feature = "tls", not(feature = "profiles")))]
const REGION: &str = "AWS_REGION";

/// Address of the store.
#[derive(Debug, Clone, Default)]
pub struct Connection {
    /// Endpoint: `http://host:port` of a DynamoDB on this machine, or `https://` of one behind TLS. `None` means AWS,
    /// as the environment configures it.
    pub endpoint: Option<String>,
    /// Name of the table; `None` means [`DEFAULT_TABLE`].
    pub table: Option<String>,
    /// HTTP client to use in place of the SDK's own. Tests inject their faults here.
    pub http_client: Option<SharedHttpClient>,
}

impl Connection {
    /// Reads the environment of a deployed function: `TABLE_NAME`, and `YOUHUI_STORE` for an endpoint other than AWS
    /// (`sam local`).
    pub fn from_env() -> Self {
        let set = |name| std::env::var(name).ok().filter(|value: &String| !value.is_empty());
        Self { endpoint: set("YOUHUI_STORE"), table: set("TABLE_NAME"), http_client: None }
    }

    /// Returns the HTTP client for the calls: the given one, or else a new one with its own connection pool.
    ///
    /// # Errors
    /// The errors of [`Self::open`].
    pub fn http_client(&self) -> Result<SharedHttpClient, Error> {
        match (&self.http_client, &self.endpoint) {
            (Some(client), _) => Ok(client.clone()),
            (None, Some(endpoint)) if !endpoint.starts_with("https://") => {
                Ok(aws_smithy_http_client::Builder::new().build_http())
            }
            (None, _) => https(),
        }
    }

    /// Opens the store.
    ///
    /// # Errors
    /// [`Error::Internal`] in three cases: the connection needs AWS or `https://` and this build has no TLS (feature
    /// `tls`); a developer's machine (feature `profiles`) has no credentials or no region; or the name of the table is
    /// not valid.
    pub async fn open(self) -> Result<Store, Error> {
        let table = self.table.as_deref().unwrap_or(DEFAULT_TABLE).to_owned();
        if !can_be_a_table(&table) {
            let message = format!("{table}: TABLE_NAME has 3 to 255 of a-z, A-Z, 0-9, _, - and ., or is an ARN");
            return Err(Error::Internal(message));
        }
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
        let config = match self.endpoint {
            Some(endpoint) => local(endpoint),
            None => of_aws(http_client.clone()).await?,
        };
        let config = config.http_client(http_client).retry_config(retries).timeout_config(timeouts).build();
        let client = Client::from_conf(config);
        Ok(Store::new(client, &table))
    }
}

/// Returns the dated defaults of the SDK. With `latest`, an update of the SDK could change retries and time-outs unseen;
/// the compiler reports a dated version once a newer one has replaced it.
fn behavior() -> BehaviorVersion {
    BehaviorVersion::v2026_01_12()
}

/// Returns true if DynamoDB accepts this name of a table (its naming rules), or if it is the ARN of a table in another
/// account.
fn can_be_a_table(name: &str) -> bool {
    let is_of_one = |sign: char| sign.is_ascii_alphanumeric() || "_-.".contains(sign);
    name.starts_with("arn:") || (3..=255).contains(&name.len()) && name.chars().all(is_of_one)
}

/// Configures a store on this machine. It requires a signature but does not check it.
fn local(endpoint: String) -> Builder {
    let credentials = Credentials::new("local", "local", None, None, "local");
    Config::builder()
        .behavior_version(behavior())
        .endpoint_url(endpoint)
        .region(Region::new("local"))
        .credentials_provider(credentials)
}

/// Configures AWS as on a developer's machine: environment, profiles, roles. Credentials and region are checked here,
/// because the first call would report their absence in terms of the SDK's internals.
#[cfg(feature = "profiles")]
async fn of_aws(http_client: SharedHttpClient) -> Result<Builder, Error> {
    let aws = aws_config::defaults(behavior()).http_client(http_client).load().await;
    let missing = match (aws.region(), aws.credentials_provider()) {
        (None, _) => "region",
        (_, Some(provider)) if provider.provide_credentials().await.is_ok() => return Ok((&aws).into()),
        _ => "credentials",
    };
    Err(Error::Internal(format!(
        "AWS: no {missing} found. Name a profile that has credentials and a region (AWS_PROFILE), or set AWS_ACCESS_KEY_ID, \
         AWS_SECRET_ACCESS_KEY and AWS_REGION."
    )))
}

/// Configures AWS as in Lambda, where the keys of the function's role are in the environment. The rest of the SDK's
/// chain (profiles, STS, instance metadata) is left out of the binary.
#[cfg(not(feature = "profiles"))]
async fn of_aws(_: SharedHttpClient) -> Result<Builder, Error> {
    let config = Config::builder()
        .behavior_version(behavior())
        .region(std::env::var(REGION).ok().map(Region::new))
        .credentials_provider(EnvironmentVariableCredentialsProvider::new());
    Ok(config)
}

#[cfg(feature = "tls")]
fn https() -> Result<SharedHttpClient, Error> {
    super::tls::client(std::env::var(REGION).ok().as_deref())
}

#[cfg(not(feature = "tls"))]
fn https() -> Result<SharedHttpClient, Error> {
    Err(Error::Internal("this build has no TLS: build with --features tls to reach AWS or https://".to_owned()))
}
