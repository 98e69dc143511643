//! The local server: store, functions and gateway on one address.

use std::{
    collections::{BTreeMap, HashMap},
    net::{Ipv4Addr, SocketAddr},
    str::FromStr,
    time::Duration,
};

use crate::{
    demo,
    embedded::Embedded,
    gateway::Gateway,
    roles::{self, Role},
    routes,
    template::Template,
};
use chrono::{SubsecRound, Utc};
use shared::{
    App, Error,
    app::{Callers, Clock},
    domain::{
        scope::Scopes,
        shop::{Shop, ShopId},
    },
    http::service::service,
    shop::operators::{
        shops,
        tokens::{self, Grant},
    },
    store::{client::Store, connect::Connection, schema},
};
use tokio::{net::TcpListener, sync::oneshot, task::JoinHandle};

/// A token with a given text, for tests by external tools.
#[derive(Debug, Clone)]
pub struct GrantedToken {
    /// The text that the client sends.
    pub text: String,
    /// The scopes of the token.
    pub scopes: Scopes,
    /// The shop that the token gives access to. It is created if it does not exist.
    pub shop: ShopId,
}

impl FromStr for GrantedToken {
    type Err = String;

    /// Parses `TOKEN=SCOPE,SCOPE[@SHOP]`. Without `@SHOP` the token is for the demo shop.
    fn from_str(text: &str) -> Result<Self, String> {
        let (token, scopes) = text.rsplit_once('=').ok_or("expected TOKEN=SCOPE,SCOPE[@SHOP]")?;
        let (scopes, shop) = scopes.rsplit_once('@').unwrap_or((scopes, demo::SHOP));
        if token.is_empty() {
            return Err("the token is empty".to_owned());
        }
        let scopes = scopes.parse().map_err(|error| format!("{error}"))?;
        let shop = shop.parse().map_err(|error| format!("{error}"))?;
        Ok(Self { text: token.to_owned(), scopes, shop })
    }
}

/// The settings of a server.
#[derive(Debug, Clone)]
pub struct Options {
    /// The port of the API; 0 takes a free one.
    pub port: u16,
    /// Set to create the table if it is missing.
    pub create_table: bool,
    /// Set to load the demo data.
    pub demo: bool,
    /// The tokens to create at the start.
    pub grants: Vec<GrantedToken>,
    /// The time for which an instance caches a token.
    pub remember_tokens: Duration,
    /// The interval of the scheduled jobs, which run for the first time at the start. `None` runs no jobs.
    pub jobs_every: Option<Duration>,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            port: 0,
            create_table: true,
            demo: true,
            grants: Vec::new(),
            remember_tokens: Duration::from_secs(60),
            jobs_every: None,
        }
    }
}

/// The reason that a server did not start.
#[derive(Debug, thiserror::Error)]
pub enum ServerError {
    /// The store failed or did not answer.
    #[error("the store failed: {0}")]
    Store(#[from] Error),
    /// The address of the API cannot be bound.
    #[error("127.0.0.1:{port}: {error}; stop the program that uses this port, or choose another --port")]
    Port {
        /// The requested port.
        port: u16,
        /// The error of the operating system.
        error: std::io::Error,
    },
    /// template.yaml cannot be read.
    #[error("template.yaml cannot be read: {0}")]
    Template(#[from] serde_yaml_ng::Error),
}

/// A running server.
#[derive(Debug)]
pub struct Server {
    /// The address of the API.
    pub address: SocketAddr,
    /// The store, with the permissions of an operator.
    pub store: Store,
    /// The roles of the functions, keyed by the name of the binary, with the actions called under each.
    pub roles: BTreeMap<String, Role>,
    connection: Connection,
    /// The clock of the server's requests and jobs.
    pub clock: Clock,
    stop: Option<oneshot::Sender<()>>,
    task: JoinHandle<()>,
    jobs: Option<JoinHandle<()>>,
    /// The embedded store, if there is one. It is dropped last, after the requests ended.
    embedded: Option<Embedded>,
}

/// Returns every function that serves the API, with the name of its binary.
pub fn functions() -> [(&'static str, utoipa_axum::router::OpenApiRouter<App>); 10] {
    [
        ("accounts", accounts::routes()),
        ("coupon_codes", coupon_codes::routes()),
        ("coupons", coupons::routes()),
        ("customers", customers::routes()),
        ("evaluate", evaluate::routes()),
        ("levels", levels::routes()),
        ("openapi", openapi::routes()),
        ("orders", orders::routes()),
        ("point_history", point_history::routes()),
        ("price_rules", price_rules::routes()),
    ]
}

/// Returns every function that serves files and needs no store, with the name of its binary.
pub fn pages() -> [(&'static str, axum::Router); 1] {
    [("console", console::router())]
}

impl Server {
    /// Starts the API over the `embedded` store if there is one, and over the store of `connection` otherwise.
    ///
    /// # Errors
    /// See [`ServerError`].
    pub async fn start(
        embedded: Option<Embedded>,
        mut connection: Connection,
        options: Options,
    ) -> Result<Self, ServerError> {
        if let Some(embedded) = &embedded {
            connection.endpoint = Some(embedded.endpoint());
        }
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, options.port));
        let listener = listener.await.map_err(|error| ServerError::Port { port: options.port, error })?;
        let address = listener.local_addr().map_err(|error| ServerError::Port { port: options.port, error })?;
        // A lost reply would use up ids, and the prepared rows have fixed ones. So fault injection starts with the
        // first request.
        prepare(&open_without_faults(&connection).await?, &options).await?;
        connection.http_client = Some(connection.http_client()?);
        let store = connection.clone().open().await?;
        let template = Template::read()?;
        let roles = roles::of(&template);
        let clock = Clock::default();
        let mut served = HashMap::new();
        for (name, routes) in functions() {
            let store = open_as(&connection, &roles, name).await?;
            let callers = Callers::new(options.remember_tokens);
            let app = App { callers, clock: clock.clone(), ..App::new(store) };
            served.insert(name.to_owned(), service(&app, routes));
        }
        served.extend(pages().map(|(name, router)| (name.to_owned(), router)));
        let router = Gateway::new(routes::of(&template), served).router();
        let (stop, stopped) = oneshot::channel::<()>();
        let task = tokio::spawn(async move {
            let service = router.into_make_service_with_connect_info::<SocketAddr>();
            let serving = axum::serve(listener, service).with_graceful_shutdown(async { drop(stopped.await) });
            if let Err(error) = serving.await {
                tracing::error!(%error, "the server stopped");
            }
        });
        let jobs = match options.jobs_every {
            Some(every) => Some(tokio::spawn(run_jobs(Jobs::open(&connection, &roles, &clock).await?, every))),
            None => None,
        };
        Ok(Self { address, store, clock, roles, connection, stop: Some(stop), task, jobs, embedded })
    }

    /// Returns the address of the API.
    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// Returns the store under the role of a function.
    ///
    /// # Errors
    /// [`Error::Internal`] if the function has no role in template.yaml.
    pub async fn store_of(&self, function: &str) -> Result<Store, Error> {
        open_as(&self.connection, &self.roles, function).await
    }

    /// Returns the store without fault injection, for set-up before the first request.
    ///
    /// # Errors
    /// The errors of a connection.
    pub async fn store_without_faults(&self) -> Result<Store, Error> {
        open_without_faults(&self.connection).await
    }

    /// Returns the address of the embedded store, if there is one.
    pub fn store_endpoint(&self) -> Option<String> {
        self.embedded.as_ref().map(Embedded::endpoint)
    }

    /// Stops the server. Running requests have 5 seconds to end.
    pub async fn stop(mut self) {
        if let Some(jobs) = self.jobs.take() {
            jobs.abort();
        }
        drop(self.stop.take());
        if tokio::time::timeout(Duration::from_secs(5), &mut self.task).await.is_err() {
            self.task.abort();
        }
    }
}

async fn open_without_faults(connection: &Connection) -> Result<Store, Error> {
    Connection { http_client: None, ..connection.clone() }.open().await
}

/// Opens the store of a connection under the role of a function.
async fn open_as(connection: &Connection, roles: &BTreeMap<String, Role>, function: &str) -> Result<Store, Error> {
    let role =
        roles.get(function).ok_or_else(|| Error::Internal(format!("{function} has no role in template.yaml")))?;
    let http_client = Some(role.client(connection.http_client()?));
    Connection { http_client, ..connection.clone() }.open().await
}

/// The stores of the scheduled jobs, each under the role of its function.
struct Jobs {
    finish_batches: Store,
    expire_coupon_codes: Store,
    expire_points: Store,
    clock: Clock,
}

impl Jobs {
    async fn open(connection: &Connection, roles: &BTreeMap<String, Role>, clock: &Clock) -> Result<Self, Error> {
        Ok(Self {
            finish_batches: open_as(connection, roles, "finish_batches").await?,
            expire_coupon_codes: open_as(connection, roles, "expire_coupon_codes").await?,
            expire_points: open_as(connection, roles, "expire_points").await?,
            clock: clock.clone(),
        })
    }
}

/// Runs the scheduled jobs on a timer of this server.
async fn run_jobs(jobs: Jobs, every: Duration) {
    let mut timer = tokio::time::interval(every);
    loop {
        timer.tick().await;
        note("finish_batches", finish_batches::run(&jobs.finish_batches).await);
        note("expire_coupon_codes", expire_coupon_codes::run(&jobs.expire_coupon_codes, jobs.clock.now()).await);
        note("expire_points", expire_points::run(&jobs.expire_points, jobs.clock.now()).await);
    }
}

/// Logs the report of a job, unless the job did nothing.
fn note<T: Default + PartialEq + std::fmt::Debug>(job: &str, report: Result<T, Error>) {
    match report {
        Ok(report) if report == T::default() => {}
        Ok(report) => tracing::info!(?report, "{job}"),
        Err(error) => tracing::warn!(%error, "{job}"),
    }
}

/// Creates the table, the demo shop with its data, and the granted tokens.
async fn prepare(store: &Store, options: &Options) -> Result<(), Error> {
    if options.create_table {
        schema::create(store).await?;
    }
    let demo_shop = shop_id(demo::SHOP)?;
    ensure_shop(store, &demo_shop).await?;
    if options.demo {
        demo::load(store, &demo_shop).await?;
    }
    for grant in &options.grants {
        ensure_shop(store, &grant.shop).await?;
        let token = Grant {
            shop: grant.shop.clone(),
            scopes: grant.scopes.clone(),
            label: "granted at start".to_owned(),
            expires_at: None,
        };
        tokens::mint(store, &grant.text, token, Utc::now().trunc_subsecs(6)).await?;
    }
    Ok(())
}

fn shop_id(text: &str) -> Result<ShopId, Error> {
    text.parse().map_err(|error| Error::Internal(format!("{error}")))
}

async fn ensure_shop(store: &Store, id: &ShopId) -> Result<(), Error> {
    match shops::get(store, id).await? {
        Some(_) => Ok(()),
        None => shops::put(store, &Shop::new(id.clone())).await,
    }
}
