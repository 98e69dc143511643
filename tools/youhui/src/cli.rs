//! The command line.

use std::{
    ffi::OsString,
    io::{self, Write},
    path::PathBuf,
    process::ExitCode,
    time::Duration,
};

use chrono::Utc;
use clap::{CommandFactory, Parser, Subcommand};
use indicatif::ProgressBar;
use operator::{Answer, Command};
use serde_json::{Value, json};
use shared::domain::{scope::Scopes, shop::ShopId};

use crate::{
    bulk::{BulkError, columns::RECEIVERS},
    demo,
    embedded::EmbeddedError,
    recovery::RecoveryError,
    server::ServerError,
};

mod data;
mod help;
mod place;
mod recovery;
mod report;
mod serve;

use data::style;
use place::Where;
use serve::{Serve, serve};

/// Youhui: coupons and loyalty points of a shop platform.
#[derive(Debug, Parser)]
#[command(name = "youhui", version, args_conflicts_with_subcommands = true, after_long_help = help::all(&[
    "                                            # the whole API with demo data, on youhui.db",
    "import customers --from customers.csv --data youhui.db",
    "issue --coupon spring --from customers.csv --to codes.csv --data youhui.db",
    "report codes --data youhui.db",
    "help import points                          # what a command does, its file, its exit codes",
]))]
struct Cli {
    #[command(subcommand)]
    action: Option<Action>,
    #[command(flatten)]
    serve: Serve,
}

#[derive(Debug, Subcommand)]
enum Action {
    /// Starts the whole API on this machine (what happens without a subcommand).
    #[command(after_long_help = help::plain(&["serve --memory --port 0", "serve --data shop.db --empty --chaos mild@7"]))]
    Serve(Serve),
    /// Makes, lists and revokes tokens.
    #[command(subcommand)]
    Token(TokenAction),
    /// Makes and lists shops.
    #[command(subcommand)]
    Shop(ShopAction),
    /// Writes customers, codes, points or a whole shop to a file.
    #[command(subcommand)]
    Export(data::Export),
    /// Reads customers, codes, points or a whole shop from a file; goes on where that was ended.
    #[command(subcommand)]
    Import(data::Import),
    /// Issues a code of a coupon to each customer of a file, and writes the codes to another one.
    #[command(after_long_help = help::issue(&RECEIVERS, &[
        "issue --shop my-shop --coupon spring --from customers.csv --to spring-codes.csv --data youhui.db",
    ]))]
    Issue(data::Issue),
    /// Shows what a shop owes in points, or what became of its codes.
    #[command(subcommand)]
    Report(report::Report),
    /// Goes through the books of a shop and shows what has drifted: nothing, or there is a fault.
    #[command(after_long_help = help::plain(&["audit --shop my-shop --data youhui.db", "audit --repair --store aws"]))]
    Audit {
        /// Whose.
        #[arg(long, default_value = demo::SHOP)]
        shop: ShopId,
        /// Mends what has drifted.
        #[arg(long)]
        repair: bool,
        #[command(flatten)]
        at: Where,
    },
    /// Stores codes as expired whose price rule has ended, and lets points expire, as the schedules do; shows what was done.
    #[command(after_long_help = help::noted(&["expire --data youhui.db"], help::EXPIRE))]
    Expire(Where),
}

#[derive(Debug, Subcommand)]
enum TokenAction {
    /// Makes a token and shows it, this once.
    #[command(after_long_help = help::plain(&[
        "token mint --shop my-shop --scopes read,crm:write --label ERP --days 90 --data youhui.db",
    ]))]
    Mint {
        /// Whose data it opens.
        #[arg(long, default_value = demo::SHOP)]
        shop: ShopId,
        /// What it allows: read, write, or either in one area such as loyalty:read; with commas. write does not imply read.
        #[arg(long)]
        scopes: Scopes,
        /// What to call it.
        #[arg(long, default_value = "")]
        label: String,
        /// After how many days it ends; never without.
        #[arg(long, value_parser = clap::value_parser!(u32).range(1..=i64::from(operator::MAX_DAYS)))]
        days: Option<u32>,
        #[command(flatten)]
        at: Where,
    },
    /// Lists the tokens of a shop, without their texts.
    #[command(after_long_help = help::plain(&["token list --shop my-shop --data youhui.db"]))]
    List {
        /// Whose.
        #[arg(long, default_value = demo::SHOP)]
        shop: ShopId,
        #[command(flatten)]
        at: Where,
    },
    /// Ends a token, within a minute everywhere.
    #[command(after_long_help = help::plain(&["token revoke 0123456789abcdef --shop my-shop --data youhui.db"]))]
    Revoke {
        /// The token's id in the list.
        id: String,
        /// Whose.
        #[arg(long, default_value = demo::SHOP)]
        shop: ShopId,
        #[command(flatten)]
        at: Where,
    },
}

#[derive(Debug, Subcommand)]
enum ShopAction {
    /// Makes a shop or changes its settings.
    #[command(after_long_help = help::plain(&[
        "shop put my-shop --zone Asia/Shanghai --points-expire-after-months 12 --data youhui.db",
    ]))]
    Put {
        /// 1 to 32 of a-z, 0-9 and -.
        shop: ShopId,
        /// The zone of its days and timestamps; Asia/Shanghai by default.
        #[arg(long, value_parser = zone)]
        zone: Option<chrono_tz::Tz>,
        /// After how many months points expire; 0 is never, as in a new shop.
        #[arg(long, value_name = "N")]
        points_expire_after_months: Option<u32>,
        #[command(flatten)]
        at: Where,
    },
    /// Lists the shops.
    #[command(after_long_help = help::plain(&["shop list --data youhui.db"]))]
    List {
        #[command(flatten)]
        at: Where,
    },
}

/// Why a command failed.
#[derive(Debug, thiserror::Error)]
pub enum CliError {
    /// The embedded store did not start.
    #[error(transparent)]
    Embedded(#[from] EmbeddedError),
    /// The server did not start.
    #[error(transparent)]
    Server(#[from] ServerError),
    /// The store or the command failed.
    #[error("{}", in_words(.0))]
    Store(#[from] shared::Error),
    /// The shop was not exported or imported.
    #[error(transparent)]
    Recovery(#[from] RecoveryError),
    /// The shop is not in this store.
    #[error(
        "there is no shop {0} (one whose import was ended is there once that is run to its end): `youhui shop list`"
    )]
    NoShop(ShopId),
    /// The token is not in the shop.
    #[error("{shop} has no token {id}: `youhui token list` shows them")]
    NoToken {
        /// The shop.
        shop: ShopId,
        /// What is no token's id.
        id: String,
    },
    /// What answers at the address that is named as a store, if anything does, is none.
    #[error("no store answers at {0}: it is the line \"store\" of a server that runs, and another one at each start")]
    NoAnswer(String),
    /// AWS is named as the store, and this build cannot reach it.
    #[error("this build has no TLS, which --store aws needs: build with --features tls")]
    NoTls,
    /// The store has another table, or none.
    #[error("the store at {url} has no table {table}: TABLE_NAME names the one that is meant")]
    NoTable {
        /// The table.
        table: String,
        /// The store.
        url: String,
    },
    /// The file that is named as a store is not there.
    #[error("{0}: there is no such file")]
    NoStore(PathBuf),
    /// A file was not moved, or not wholly.
    #[error(transparent)]
    Bulk(#[from] BulkError),
    /// The command line is wrong, or asks for help.
    #[error(transparent)]
    Usage(#[from] clap::Error),
    /// The answer cannot be shown.
    #[error("{0}")]
    Answer(#[from] serde_json::Error),
    /// The system failed.
    #[error("{0}")]
    Io(#[from] std::io::Error),
}

/// An error for who works at the command line: what is for the log of a service is for them.
fn in_words(error: &shared::Error) -> String {
    match error {
        shared::Error::Internal(text) => text.clone(),
        shared::Error::Invalid(fields) => match serde_json::to_value(fields) {
            Ok(Value::Object(fields)) => fields.iter().map(of_flag).collect::<Vec<_>>().join("; "),
            _ => error.to_string(),
        },
        other => other.to_string(),
    }
}

/// What is wrong with a field of a command, by the flag that it comes from.
fn of_flag((field, messages): (&String, &Value)) -> String {
    let said = messages.as_array().into_iter().flatten().filter_map(Value::as_str).collect::<Vec<_>>().join(" ");
    format!("--{}: {said}", field.replace('_', "-"))
}

/// How a command ended that did not fail.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ended {
    /// All of it is done.
    Done,
    /// All is done but for rows of a file that were refused: exit code 3.
    RowsRefused,
}

impl From<Ended> for ExitCode {
    fn from(ended: Ended) -> Self {
        match ended {
            Ended::Done => Self::SUCCESS,
            Ended::RowsRefused => Self::from(3),
        }
    }
}

/// The command line, as `--help` describes it.
pub fn command() -> clap::Command {
    Cli::command()
}

/// Runs a command line, of which the first word is the program.
///
/// # Errors
/// See [`CliError`].
pub async fn run(words: impl IntoIterator<Item = impl Into<OsString> + Clone>) -> Result<Ended, CliError> {
    let cli = Cli::try_parse_from(words)?;
    // Boxed, since a command that runs the whole API in this process is large, and the stack of a thread may be 2 MB.
    Box::pin(act(cli.action.unwrap_or(Action::Serve(cli.serve)))).await
}

async fn act(action: Action) -> Result<Ended, CliError> {
    match action {
        Action::Serve(flags) => Box::pin(serve(flags)).await?,
        Action::Token(action) => {
            let (at, command) = match action {
                TokenAction::Mint { shop, scopes, label, days, at } => {
                    (at, Command::MintToken { shop, scopes, label, days })
                }
                TokenAction::List { shop, at } => (at, Command::ListTokens { shop }),
                TokenAction::Revoke { id, shop, at } => (at, Command::RevokeToken { shop, id }),
            };
            show(&operate(&at, command).await?)?;
        }
        Action::Shop(action) => {
            let (at, command) = match action {
                ShopAction::Put { shop, zone, points_expire_after_months, at } => {
                    (at, Command::PutShop { shop, zone, points_expire_after_months })
                }
                ShopAction::List { at } => (at, Command::ListShops),
            };
            show(&operate(&at, command).await?)?;
        }
        Action::Audit { shop, repair, at } => {
            let command = Command::Audit { shop, repair, after: 0, seconds: Some(u32::MAX) };
            let bar =
                ProgressBar::new_spinner().with_style(style("{spinner} all customers, rows and codes: {elapsed}")?);
            bar.enable_steady_tick(Duration::from_millis(200));
            let report = operate(&at, command).await;
            bar.finish_and_clear();
            show(&report?)?;
        }
        Action::Expire(at) => {
            let (store, _running) = at.open().await?;
            let now = Utc::now();
            let coupon_codes = expire_coupon_codes::run(&store, now).await?;
            let points = expire_points::run(&store, now).await?;
            show(&json!({ "coupon_codes": coupon_codes, "points": points }))?;
        }
        Action::Export(what) => return Box::pin(what.run()).await,
        Action::Import(what) => return Box::pin(what.run()).await,
        Action::Issue(flags) => return Box::pin(flags.run()).await,
        Action::Report(what) => return Box::pin(what.run()).await,
    }
    Ok(Ended::Done)
}

async fn operate(at: &Where, command: Command) -> Result<Answer, CliError> {
    let makes = matches!(command, Command::PutShop { .. });
    let (store, _running) = if makes { at.open_or_make().await? } else { at.open().await? };
    let missing = match &command {
        Command::RevokeToken { shop, id } => Some(CliError::NoToken { shop: shop.clone(), id: id.clone() }),
        command => command.shop().cloned().map(CliError::NoShop),
    };
    operator::run(&store, command).await.map_err(|error| match (error, missing) {
        (shared::Error::NotFound, Some(missing)) => missing,
        (error, _) => error.into(),
    })
}

fn show(answer: &impl serde::Serialize) -> Result<(), CliError> {
    print(format!("{}\n", serde_json::to_string_pretty(answer)?))
}

/// Writes to standard output. Whoever closed its other end, as `head` does, has read enough.
fn print(text: impl AsRef<[u8]>) -> Result<(), CliError> {
    match io::stdout().write_all(text.as_ref()) {
        Err(error) if error.kind() != io::ErrorKind::BrokenPipe => Err(error.into()),
        _ => Ok(()),
    }
}

/// A zone by its name.
fn zone(text: &str) -> Result<chrono_tz::Tz, String> {
    text.parse().map_err(|_| "no zone is called so: a name such as Asia/Shanghai or Europe/Berlin is meant".to_owned())
}
