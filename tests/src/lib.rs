//! What the suite stands on: the whole API on a free port over a store of its own, and a client that calls it over HTTP.
//!
//! `YOUHUI_TEST_STORE=http://host:port` runs the same suite against another DynamoDB on this machine, each test on a
//! table of its own. `YOUHUI_TEST_CHAOS=mild` or `mild@SEED` puts the faults of that profile under every API that brings no
//! faults of its own; see [`chaos`].

use std::time::Duration;

use aws_smithy_runtime_api::client::http::{HttpClient, SharedHttpClient};
use local::{
    embedded::{Embedded, Place},
    hostile::{Chaos, Hostile, Profile},
    server::{Options, Server},
};
use reqwest::{Method, header::HeaderMap};
use serde_json::Value;
use shared::table::{connect::Connection, store::Store};

pub mod between;
pub mod chaos;
pub mod described;
pub mod documents;
pub mod functions;
pub mod lambda;
pub mod partitions;
pub mod translated;
pub mod vectors;

/// The token of the demo shop with every scope.
pub const TOKEN: &str = "token-of-the-demo-shop";
/// The token of another shop with every scope; that shop is empty.
pub const OTHER_TOKEN: &str = "token-of-another-shop";

/// What the environment names as the store of the suite.
const STORE: &str = "YOUHUI_TEST_STORE";

/// A running API and a client that sends [`TOKEN`].
pub struct Api {
    /// The server.
    pub server: Server,
    client: reqwest::Client,
    table: Option<String>,
    faults: Option<Hostile>,
}

/// What came back.
#[derive(Debug, Clone)]
pub struct Reply {
    /// The status.
    pub status: u16,
    /// The headers.
    pub headers: HeaderMap,
    /// The body.
    pub text: String,
}

/// Points a connection at a store of its own: an embedded one, or a new table in the one that the environment names.
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
    /// The body as JSON.
    #[track_caller]
    pub fn json(&self) -> Value {
        serde_json::from_str(&self.text).unwrap_or_else(|error| panic!("{error}: {}", self.text))
    }

    /// A header, or an empty text.
    pub fn header(&self, name: &str) -> &str {
        self.headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default()
    }

    /// Whether a careful client sends the request again, with its key: after a 503, which must name the request, and while
    /// the first sending is at work.
    #[track_caller]
    pub fn is_to_be_sent_again(&self) -> bool {
        assert!(self.status != 503 || self.text.contains("Request id: "), "{}", self.text);
        self.status == 503 || (self.status == 409 && !self.header("retry-after").is_empty())
    }

    /// The body as JSON, where the status is the expected one.
    #[track_caller]
    pub fn expect(&self, status: u16) -> Value {
        assert_eq!(self.status, status, "{}", self.text);
        if self.text.is_empty() { Value::Null } else { self.json() }
    }

    /// The ids of the rows of a list.
    #[track_caller]
    pub fn ids(&self) -> Vec<u64> {
        let page = self.expect(200);
        let rows = page["results"].as_array().expect("results");
        rows.iter().map(|row| row["id"].as_u64().expect("id")).collect()
    }
}

/// A connection without faults, whatever the environment names.
pub fn faultless() -> Connection {
    let http_client = Some(SharedHttpClient::new(Hostile::over_http(Profile::default(), 0)));
    Connection { http_client, ..Connection::default() }
}

impl Api {
    /// The API with the demo data.
    pub async fn start() -> Self {
        Self::with(Options::default(), Connection::default()).await
    }

    /// The API without faults, whatever the environment names: for a test that calls the store itself, or that depends on
    /// which id comes next, since a write that failed leaves a gap.
    pub async fn without_faults(demo: bool) -> Self {
        Self::with(Options { demo, ..Options::default() }, faultless()).await
    }

    /// The API without demo data: two shops and their tokens.
    pub async fn empty() -> Self {
        Self::with(Options { demo: false, ..Options::default() }, Connection::default()).await
    }

    /// The API with these options besides the two tokens, and what the connection brings beside the store's address.
    pub async fn with(mut options: Options, mut connection: Connection) -> Self {
        for grant in [format!("{TOKEN}=read,write"), format!("{OTHER_TOKEN}=read,write@other")] {
            options.grants.push(grant.parse().expect("a grant"));
        }
        let embedded = own_store(&mut connection);
        Self::over(embedded, connection, options).await
    }

    /// The API over a store that is there already.
    pub async fn over(embedded: Option<Embedded>, mut connection: Connection, options: Options) -> Self {
        let table = connection.table.clone();
        let faults = chaos::of_the_environment().and_then(|chaos| chaos::put_under(&mut connection, chaos));
        let server = Server::start(embedded, connection, options).await.expect("the server");
        let client = reqwest::Client::builder().timeout(Duration::from_secs(60)).build().expect("a client");
        Self { server, client, table, faults }
    }

    /// An API without demo data whose store has these faults, and a client that is used to them; see [`chaos`].
    pub async fn under(chaos: Chaos) -> Self {
        let mut connection = Connection::default();
        let faults = chaos::put_under(&mut connection, chaos);
        let api = Self::with(Options { demo: false, ..Options::default() }, connection).await;
        Self { faults, ..api }
    }

    /// How many faults there were so far, where the client of this API is used to them.
    pub fn faults(&self) -> usize {
        self.faults.as_ref().map_or(0, Hostile::injected)
    }

    /// The store as a function reaches it, under its role.
    pub async fn store_of(&self, function: &str) -> Store {
        self.server.store_of(function).await.expect("a role")
    }

    /// The same table from further away: every call takes at least so long.
    pub async fn distant(&self, latency: Duration) -> Store {
        self.through(Hostile::over_http(Profile { latency, ..Profile::default() }, 0)).await
    }

    /// The same table through an HTTP client of the test's own.
    pub async fn through(&self, http_client: impl HttpClient + 'static) -> Store {
        let endpoint = self.server.store_endpoint().or_else(|| std::env::var(STORE).ok());
        let http_client = Some(SharedHttpClient::new(http_client));
        let connection = Connection { endpoint, http_client, table: self.table.clone() };
        connection.open().await.expect("a client")
    }

    /// The store as a deployed function is told of it.
    pub fn store_environment(&self) -> Vec<(&'static str, String)> {
        let endpoint = self.server.store_endpoint().or_else(|| std::env::var(STORE).ok()).unwrap_or_default();
        vec![("YOUHUI_STORE", endpoint), ("TABLE_NAME", self.table.clone().unwrap_or_default())]
    }

    /// A request of any kind. `path` starts with a slash. The reply must be one that the description describes.
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
        // An address is not sent as it is written: what stands at its ends and its dots are taken away.
        let sent = request.url().path().to_owned();
        let response = self.client.execute(request).await.expect("a reply");
        let (status, headers) = (response.status().as_u16(), response.headers().clone());
        let reply = Reply { status, headers, text: response.text().await.expect("a text") };
        described::hold(method, &sent, &reply);
        translated::hold(method, &sent, &reply);
        reply
    }

    /// GET of a file: its headers and its bytes as they come.
    pub async fn file(&self, path: &str, headers: &[(&str, &str)]) -> (HeaderMap, Vec<u8>) {
        let mut request = self.client.get(format!("{}{path}", self.server.url()));
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let response = request.send().await.expect("a reply");
        let headers = response.headers().clone();
        (headers, response.bytes().await.expect("bytes").to_vec())
    }

    /// A request with the token of the demo shop, and JSON where there is a body.
    pub async fn call(&self, method: &str, path: &str, body: Option<&Value>) -> Reply {
        self.call_as(TOKEN, method, path, body).await
    }

    /// The same with another token.
    pub async fn call_as(&self, token: &str, method: &str, path: &str, body: Option<&Value>) -> Reply {
        let bearer = format!("Bearer {token}");
        let headers = [("Authorization", bearer.as_str()), ("Content-Type", "application/json")];
        self.send(method, path, &headers, body.map(|body| body.to_string().into_bytes())).await
    }

    /// GET.
    pub async fn get(&self, path: &str) -> Reply {
        self.call("GET", path, None).await
    }

    /// POST.
    pub async fn post(&self, path: &str, body: &Value) -> Reply {
        self.call("POST", path, Some(body)).await
    }

    /// PUT.
    pub async fn put(&self, path: &str, body: &Value) -> Reply {
        self.call("PUT", path, Some(body)).await
    }

    /// DELETE.
    pub async fn delete(&self, path: &str) -> Reply {
        self.call("DELETE", path, None).await
    }

    /// POST or PUT with an `Idempotency-Key`.
    pub async fn keyed(&self, method: &str, path: &str, key: &str, body: &Value) -> Reply {
        let bearer = format!("Bearer {TOKEN}");
        let headers =
            [("Authorization", bearer.as_str()), ("Content-Type", "application/json"), ("Idempotency-Key", key)];
        self.send(method, path, &headers, Some(body.to_string().into_bytes())).await
    }

    /// A token of this shop with these scopes.
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

    /// Stops the server, and drops the table where it was made in a store of others.
    pub async fn stop(self) {
        let store = self.server.store.clone();
        self.server.stop().await;
        if let Some(table) = self.table {
            let _ = store.client().delete_table().table_name(table).send().await;
        }
    }
}
