//! The command `youhui serve`: the whole API on this machine.

use std::{
    io::Write,
    path::{Path, PathBuf},
    time::Duration,
};

use aws_smithy_runtime_api::client::http::SharedHttpClient;
use chrono::Utc;
use clap::Args;
use devserver::{
    demo,
    embedded::{Embedded, Place},
    hostile::{Chaos, Hostile},
    server::{GrantedToken, Options, Server, ServerError},
};
use operator::{Answer, Command};
use shared::{
    Error,
    domain::{scope::Scopes, shop::ShopId},
    shop::operators::tokens,
    store::{client::Store, connect::Connection},
};

use super::{CliError, place::connection, print};

/// The flags of `serve`.
#[derive(Debug, Args)]
pub(super) struct Serve {
    /// The port of the API on 127.0.0.1; 0 takes a free one.
    #[arg(long, default_value_t = 8080)]
    port: u16,
    /// The file of the embedded store.
    #[arg(long, default_value = "youhui.db", conflicts_with_all = ["memory", "store"])]
    data: PathBuf,
    /// Keeps the embedded store in memory. The data ends with the process.
    #[arg(long, conflicts_with = "store")]
    memory: bool,
    /// The port of the embedded store on 127.0.0.1, for `sam local`. A free one by default.
    #[arg(long, default_value_t = 0, conflicts_with = "store")]
    store_port: u16,
    /// Uses another store: the address of a DynamoDB on this machine, or `aws`.
    #[arg(long, value_name = "URL")]
    store: Option<String>,
    /// Loads no demo data.
    #[arg(long)]
    empty: bool,
    /// Creates a token with this text, for the demo shop or the named shop. For tests on this machine only.
    #[arg(long, value_name = "TOKEN=SCOPE,SCOPE[@SHOP]")]
    grant: Vec<GrantedToken>,
    /// Injects faults between the API and its store: `mild` or `harsh`, with a seed to repeat them. Commands with
    /// --store are not affected.
    #[arg(long, value_name = "PROFILE[@SEED]", conflicts_with = "store")]
    chaos: Option<Chaos>,
}

pub(super) async fn serve(flags: Serve) -> Result<(), CliError> {
    shared::telemetry::log_text();
    let on_aws = flags.store.as_deref() == Some("aws");
    let (place, mut connection) = match (&flags.store, flags.memory) {
        (Some(store), _) => (None, connection(store)?),
        (None, true) => (Some(Place::Memory), Connection::default()),
        (None, false) => (Some(Place::File(flags.data.clone())), Connection::default()),
    };
    let embedded = place.as_ref().map(|place| Embedded::start_on(place, flags.store_port)).transpose()?;
    if let Some(Chaos { profile, seed }) = flags.chaos {
        print(format!("chaos   seed {seed}\n"))?;
        connection.http_client = Some(SharedHttpClient::new(Hostile::over_http(profile, seed)));
    }
    let demo = !flags.empty && !on_aws;
    let options = Options {
        port: flags.port,
        create_table: !on_aws,
        demo,
        grants: flags.grant,
        remember_tokens: Duration::from_secs(60),
        jobs_every: Some(Duration::from_secs(60)),
    };
    let server = Server::start(embedded, connection, options).await.map_err(|error| match (error, &flags.store) {
        (ServerError::Store(Error::Unavailable(_)), Some(store)) if !on_aws => CliError::NoAnswer(store.clone()),
        // Reported in the words of the other commands.
        (ServerError::Store(error), _) => error.into(),
        (error, _) => error.into(),
    })?;
    let kept = matches!(place, Some(Place::File(_))).then(|| token_file(&flags.data));
    let token = ready_token(&server.store_without_faults().await?, kept.as_deref()).await?;
    let store = server.store_endpoint().or(flags.store).unwrap_or_default();
    print(introduction(&server.url(), &store, &token, demo))?;
    stop_signal().await;
    server.stop().await;
    Ok(())
}

/// Returns the text that is printed at the start. It has examples for the demo data, if that is loaded.
fn introduction(url: &str, store: &str, token: &str, demo: bool) -> String {
    let auth = format!("-H 'Authorization: Bearer {token}'");
    let post =
        |body: &str, path: &str| format!("curl {auth} -H 'Content-Type: application/json' -d '{body}' {url}{path}");
    let mut trials = vec![format!("curl {auth} {url}/api/loyalty/level/")];
    if demo {
        let cart = r#"{"lines": [{"id": 1, "product_id": 1001, "quantity": 2, "price": "100.00"}], "codes": ["jB7nNJPbf16adc"]}"#;
        trials.extend([
            format!("curl {auth} '{url}/api/loyalty/point_history/?customer=50784'"),
            format!("curl {auth} {url}/api/loyalty/account/50784/"),
            format!("curl {auth} '{url}/api/discounts/coupon_code/?status=available'"),
            post(r#"{"customer_id": 100000, "points": 100}"#, "/api/loyalty/point_history/adjust/"),
            post(cart, "/api/discounts/evaluate/"),
        ]);
    } else {
        trials.push("docs/quickstart.md, from its second step".to_owned());
    }
    format!(
        "Youhui  {url}\nstore   {store}\ntoken   {token}  (shop {}, scopes read,write)\n\nTry:\n  {}\n\n\
         The console for staff: {url}/console/  (it asks for the token)\n\
         Every operation, to read and to try: {url}/docs/   Stop: Ctrl-C\n",
        demo::SHOP,
        trials.join("\n  "),
    )
}

fn token_file(data: &Path) -> PathBuf {
    let mut name = data.as_os_str().to_owned();
    name.push(".token");
    name.into()
}

/// Returns a valid token of the demo shop. If there is a file for it beside the data, readable by its owner only, the
/// token of the last start is used again. Otherwise a new token is created.
async fn ready_token(store: &Store, file: Option<&Path>) -> Result<String, CliError> {
    if let Some(text) = file.and_then(|file| std::fs::read_to_string(file).ok())
        && tokens::find(store, &text, Utc::now()).await?.is_some()
    {
        return Ok(text);
    }
    let scopes: Scopes = "read,write".parse().map_err(|error| shared::Error::Internal(format!("{error}")))?;
    let shop: ShopId = demo::SHOP.parse().map_err(|error| shared::Error::Internal(format!("{error}")))?;
    let command = Command::MintToken { shop, scopes, label: "local server".to_owned(), days: None };
    let Answer::Minted { text, .. } = operator::run(store, command).await? else {
        return Err(shared::Error::Internal("no token was created".to_owned()).into());
    };
    if let Some(file) = file {
        let mut options = std::fs::OpenOptions::new();
        options.create(true).truncate(true).write(true);
        #[cfg(unix)]
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
        options.open(file)?.write_all(text.as_bytes())?;
    }
    Ok(text)
}

/// Waits for Ctrl-C, or for the signal of a supervisor.
async fn stop_signal() {
    let interrupt = tokio::signal::ctrl_c();
    #[cfg(unix)]
    {
        use tokio::signal::unix::{SignalKind, signal};
        if let Ok(mut terminate) = signal(SignalKind::terminate()) {
            tokio::select! {
                _ = interrupt => {}
                _ = terminate.recv() => {}
            }
            return;
        }
    }
    let _ = interrupt.await;
}
