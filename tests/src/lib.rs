//! The foundation of the suite: the whole API on a free port over a store of its own, and an HTTP client for it.
//!
//! `YOUHUI_TEST_STORE=http://host:port` runs the suite against another DynamoDB on this machine. Each test then creates
//! a table of its own. `YOUHUI_TEST_CHAOS=mild` or `mild@SEED` injects faults; see [`chaos`].

use std::time::Duration;

use aws_smithy_runtime_api::client::http::{HttpClient, SharedHttpClient};
use devserver::{
    embedded::{Embedded, Place},
    hostile::{Chaos, Hostile, Profile},
    server::{Options, Server},
};
use reqwest::{Method, header::HeaderMap};
use serde_json::Value;
use store::{client::Store, connect::Connection};

pub mod between;
pub mod chaos;
pub mod described;
pub mod documents;
pub mod functions;
pub mod lambda;
pub mod partitions;
pub mod scripted;
pub mod translated;
pub mod vectors;

/// A token of the demo shop with every scope.
pub const TOKEN: &str = "token-of-the-demo-shop";
/// A token of another, empty shop with every scope.
pub const OTHER_TOKEN: &str = "token-of-another-shop";

/// The environment variable that names the store of the suite.
const STORE: &str = "YOUHUI_TEST_STORE";

/// A running API and a client that sends [`TOKEN`].
pub struct Api {
    /// The server under test.
    pub server: Server,
    client: reqwest::Client,
    table: Option<String>,
    faults: Option<Hostile>,
}

/// A reply of the API.
#[derive(Debug, Clone)]
pub struct Reply {
    /// The HTTP status.
    pub status: u16,
    /// The response headers.
    pub headers: HeaderMap,
    /// The body as text.
    pub text: String,
}

/// Points a connection at a store of its own: an embedded one, or a new table in the store that the environment names.
pub fn own_store(connection: &mut Connection) -> Option<Embedded> {
    if let Some(endpoint) = std::env::var(STORE).ok().filter(|store| !store.is_empty()) {
        connection.endpoint = Some(endpoint);
        connection.table = Some(format!("youhui-test-{:016x}", rand::random::<u64>()));
        return None;
    }
    let embedded = Embedded::start(&Place::Memory).expect("the embedded store");
    connection.endpoint = Some(embedded.endpoint());
    Some(embedded)
}

impl Reply {
    /// Parses the body as JSON.
    #[track_caller]
    pub fn json(&self) -> Value {
        serde_json::from_str(&self.text).unwrap_or_else(|error| panic!("{error}: {}", self.text))
    }

    /// Returns a header, or an empty text if it is missing.
    pub fn header(&self, name: &str) -> &str {
        self.headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default()
    }

    /// Returns true if a careful client sends the request again with its key: after a 503, and while the first attempt
    /// is still running. Panics if a 503 does not name the request id.
    #[track_caller]
    pub fn is_to_be_sent_again(&self) -> bool {
        assert!(self.status != 503 || self.text.contains("Request id: "), "{}", self.text);
        self.status == 503 || (self.status == 409 && !self.header("retry-after").is_empty())
    }

    /// Asserts the status and returns the body as JSON. An empty body is `null`.
    #[track_caller]
    pub fn assert_status(&self, status: u16) -> Value {
        assert_eq!(self.status, status, "{}", self.text);
        if self.text.is_empty() { Value::Null } else { self.json() }
    }

    /// Returns the ids of the rows of a list.
    #[track_caller]
    pub fn ids(&self) -> Vec<u64> {
        let page = self.assert_status(200);
        let rows = page["results"].as_array().expect("results");
        rows.iter().map(|row| row["id"].as_u64().expect("id")).collect()
    }
}

/// Returns a connection without faults, even if the environment names some.
pub fn faultless() -> Connection {
    let http_client = Some(SharedHttpClient::new(Hostile::over_http(Profile::default(), 0)));
    Connection { http_client, ..Connection::default() }
}

impl Api {
    /// Starts the API with the demo data.
    pub async fn start() -> Self {
        Self::with(Options::default(), Connection::default()).await
    }

    /// Starts the API without faults, even if the environment names some. Some tests call the store themselves. Others
    /// depend on the next id, and a failed write leaves a gap.
    pub async fn without_faults(demo: bool) -> Self {
        Self::with(Options { demo, ..Options::default() }, faultless()).await
    }

    /// Starts the API without demo data. Two shops exist, each with its token.
    pub async fn empty() -> Self {
        Self::with(Options { demo: false, ..Options::default() }, Connection::default()).await
    }

    /// Starts the API with these options and the two tokens. The connection gets the address of its store.
    pub async fn with(mut options: Options, mut connection: Connection) -> Self {
        for grant in [format!("{TOKEN}=read,write"), format!("{OTHER_TOKEN}=read,write@other")] {
            options.grants.push(grant.parse().expect("a grant"));
        }
        let embedded = own_store(&mut connection);
        Self::over(embedded, connection, options).await
    }

    /// Starts the API over an existing store.
    pub async fn over(embedded: Option<Embedded>, mut connection: Connection, options: Options) -> Self {
        let table = connection.table.clone();
        let faults = chaos::of_the_environment().and_then(|chaos| chaos::put_under(&mut connection, chaos));
        let server = Server::start(embedded, connection, options).await.expect("the server");
        let client = reqwest::Client::builder().timeout(Duration::from_secs(60)).build().expect("a client");
        Self { server, client, table, faults }
    }

    /// Starts the API without demo data over a store with these faults. Its client retries as a careful client does;
    /// see [`chaos`].
    pub async fn under(chaos: Chaos) -> Self {
        let mut connection = Connection::default();
        let faults = chaos::put_under(&mut connection, chaos);
        let api = Self::with(Options { demo: false, ..Options::default() }, connection).await;
        Self { faults, ..api }
    }

    /// Returns the number of faults that were injected so far. It is 0 for an API that was started without faults.
    pub fn faults(&self) -> usize {
        self.faults.as_ref().map_or(0, Hostile::injected)
    }

    /// Returns the store as a function reaches it, under its role.
    pub async fn store_of(&self, function: &str) -> Store {
        self.server.store_of(function).await.expect("a role")
    }

    /// Returns the same table with a minimal latency for every call.
    pub async fn distant(&self, latency: Duration) -> Store {
        self.through(Hostile::over_http(Profile { latency, ..Profile::default() }, 0)).await
    }

    /// Returns the same table through another HTTP client.
    pub async fn through(&self, http_client: impl HttpClient + 'static) -> Store {
        let endpoint = self.server.store_endpoint().or_else(|| std::env::var(STORE).ok());
        let http_client = Some(SharedHttpClient::new(http_client));
        let connection = Connection { endpoint, http_client, table: self.table.clone() };
        connection.open().await.expect("a client")
    }

    /// Returns the variables that tell a deployed function where its store is.
    pub fn store_environment(&self) -> Vec<(&'static str, String)> {
        let endpoint = self.server.store_endpoint().or_else(|| std::env::var(STORE).ok()).unwrap_or_default();
        vec![("YOUHUI_STORE", endpoint), ("TABLE_NAME", self.table.clone().unwrap_or_default())]
    }

    /// Sends any request. `path` starts with a slash. The reply must fit the description.
    pub async fn send(&self, method: &str, path: &str, headers: &[(&str, &str)], body: Option<Vec<u8>>) -> Reply {
        if self.faults.is_some() {
            chaos::insist(self, method, path, headers, body).await
        } else {
            self.send_once(method, path, headers, body).await
        }
    }

    async fn send_once(&self, method: &str, path: &str, headers: &[(&str, &str)], body: Option<Vec<u8>>) -> Reply {
        let verb: Method = method.parse().expect("a method");
        let mut request = self.client.request(verb, format!("{}{path}", self.server.url()));
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        if let Some(body) = body {
            request = request.body(body);
        }
        let request = request.build().expect("a request");
        // reqwest normalises an address: it trims the ends and resolves dot segments.
        let sent = request.url().path().to_owned();
        let response = self.client.execute(request).await.expect("a reply");
        let (status, headers) = (response.status().as_u16(), response.headers().clone());
        let reply = Reply { status, headers, text: response.text().await.expect("a text") };
        described::hold(method, &sent, &reply);
        translated::hold(method, &sent, &reply);
        reply
    }

    /// Sends GET for a file and returns its headers and its bytes.
    pub async fn file(&self, path: &str, headers: &[(&str, &str)]) -> (HeaderMap, Vec<u8>) {
        let mut request = self.client.get(format!("{}{path}", self.server.url()));
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let response = request.send().await.expect("a reply");
        let headers = response.headers().clone();
        (headers, response.bytes().await.expect("bytes").to_vec())
    }

    /// Sends a request with the token of the demo shop and, if given, a JSON body.
    pub async fn call(&self, method: &str, path: &str, body: Option<&Value>) -> Reply {
        self.call_as(TOKEN, method, path, body).await
    }

    /// Sends a request with another token.
    pub async fn call_as(&self, token: &str, method: &str, path: &str, body: Option<&Value>) -> Reply {
        let bearer = format!("Bearer {token}");
        let headers = [("Authorization", bearer.as_str()), ("Content-Type", "application/json")];
        self.send(method, path, &headers, body.map(|body| body.to_string().into_bytes())).await
    }

    /// Sends a GET request.
    pub async fn get(&self, path: &str) -> Reply {
        self.call("GET", path, None).await
    }

    /// Sends a POST request.
    pub async fn post(&self, path: &str, body: &Value) -> Reply {
        self.call("POST", path, Some(body)).await
    }

    /// Sends a PUT request.
    pub async fn put(&self, path: &str, body: &Value) -> Reply {
        self.call("PUT", path, Some(body)).await
    }

    /// Sends a DELETE request.
    pub async fn delete(&self, path: &str) -> Reply {
        self.call("DELETE", path, None).await
    }

    /// Sends POST or PUT with an `Idempotency-Key`.
    pub async fn keyed(&self, method: &str, path: &str, key: &str, body: &Value) -> Reply {
        let bearer = format!("Bearer {TOKEN}");
        let headers =
            [("Authorization", bearer.as_str()), ("Content-Type", "application/json"), ("Idempotency-Key", key)];
        self.send(method, path, &headers, Some(body.to_string().into_bytes())).await
    }

    /// Creates a token of this shop with these scopes.
    pub async fn token(&self, shop: &str, scopes: &str) -> String {
        let command = operator::Command::MintToken {
            shop: shop.parse().expect("a shop"),
            scopes: scopes.parse().expect("scopes"),
            label: "test".to_owned(),
            days: None,
        };
        match operator::run(&self.store_of("operator").await, command).await {
            Ok(operator::Answer::Minted { text, .. }) => text,
            other => panic!("{other:?}"),
        }
    }

    /// Stops the server. Drops the table if it was created in a shared store.
    pub async fn stop(self) {
        let store = self.server.store.clone();
        self.server.stop().await;
        if let Some(table) = self.table {
            let _ = store.client().delete_table().table_name(table).send().await;
        }
    }
}
