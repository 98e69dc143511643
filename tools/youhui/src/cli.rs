//! The command line: its commands, their flags, and their output.

use std::{
    ffi::OsString,
    io::{self, Write},
    path::PathBuf,
    process::ExitCode,
    time::Duration,
};

use crate::{
    bulk::{BulkError, columns::RECEIVERS},
    recovery::RecoveryError,
};
use chrono::Utc;
use clap::{CommandFactory, Parser, Subcommand};
use devserver::{demo, embedded::EmbeddedError, server::ServerError};
use indicatif::ProgressBar;
use operator::{Answer, Command};
use serde_json::{Value, json};
use shared::domain::{scope::Scopes, shop::ShopId};

mod data;
mod help;
mod place;
mod progress;
mod recovery;
mod report;
mod serve;

use place::Where;
use progress::style;
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
    /// Starts the whole API on this machine (the default without a subcommand).
    #[command(after_long_help = help::plain(&["serve --memory --port 0", "serve --data shop.db --empty --chaos mild@7"]))]
    Serve(Serve),
    /// Creates, lists and revokes tokens.
    #[command(subcommand)]
    Token(TokenAction),
    /// Creates and lists shops.
    #[command(subcommand)]
    Shop(ShopAction),
    /// Writes customers, codes, points or a whole shop to a file.
    #[command(subcommand)]
    Export(data::Export),
    /// Reads customers, codes, points or a whole shop from a file; continues an import that was interrupted.
    #[command(subcommand)]
    Import(data::Import),
    /// Issues a code of a coupon to each customer of a file, and writes the codes to another file.
    #[command(after_long_help = help::issue(&RECEIVERS, &[
        "issue --shop my-shop --coupon spring --from customers.csv --to spring-codes.csv --data youhui.db",
    ]))]
    Issue(data::Issue),
    /// Shows the points that a shop owes, or the number of its codes by status.
    #[command(subcommand)]
    Report(report::Report),
    /// Checks that every stored sum of a shop is right, and shows those that are not. Any difference is a fault.
    #[command(after_long_help = help::plain(&["audit --shop my-shop --data youhui.db", "audit --repair --store aws"]))]
    Audit {
        /// The shop to check.
        #[arg(long, default_value = demo::SHOP)]
        shop: ShopId,
        /// Corrects the sums that are wrong.
        #[arg(long)]
        repair: bool,
        #[command(flatten)]
        at: Where,
    },
    /// Stores codes whose price rule has ended as expired, and lets points expire, as the schedules do. Shows what was
    /// done.
    #[command(after_long_help = help::noted(&["expire --data youhui.db"], help::EXPIRE))]
    Expire(Where),
}

#[derive(Debug, Subcommand)]
enum TokenAction {
    /// Creates a token and shows its text, which cannot be shown again.
    #[command(after_long_help = help::plain(&[
        "token mint --shop my-shop --scopes read,crm:write --label ERP --days 90 --data youhui.db",
    ]))]
    Mint {
        /// The shop that the token gives access to.
        #[arg(long, default_value = demo::SHOP)]
        shop: ShopId,
        /// The scopes, separated by commas: read, write, or either for one area, such as loyalty:read. write does not
        /// include read.
        #[arg(long)]
        scopes: Scopes,
        /// A name for the token, shown in the list.
        #[arg(long, default_value = "")]
        label: String,
        /// The number of days after which the token expires. Without it, the token does not expire.
        #[arg(long, value_parser = clap::value_parser!(u32).range(1..=i64::from(operator::MAX_DAYS)))]
        days: Option<u32>,
        #[command(flatten)]
        at: Where,
    },
    /// Lists the tokens of a shop, without their texts.
    #[command(after_long_help = help::plain(&["token list --shop my-shop --data youhui.db"]))]
    List {
        /// The shop that owns the tokens.
        #[arg(long, default_value = demo::SHOP)]
        shop: ShopId,
        #[command(flatten)]
        at: Where,
    },
    /// Revokes a token. It is refused everywhere within a minute.
    #[command(after_long_help = help::plain(&["token revoke 0123456789abcdef --shop my-shop --data youhui.db"]))]
    Revoke {
        /// The token's id, as in the list.
        id: String,
        /// The shop that owns the token.
        #[arg(long, default_value = demo::SHOP)]
        shop: ShopId,
        #[command(flatten)]
        at: Where,
    },
}

#[derive(Debug, Subcommand)]
enum ShopAction {
    /// Creates a shop or changes its settings.
    #[command(after_long_help = help::plain(&[
        "shop put my-shop --zone Asia/Shanghai --points-expire-after-months 12 --data youhui.db",
    ]))]
    Put {
        /// The name of the shop: 1 to 32 of a-z, 0-9 and -.
        shop: ShopId,
        /// The time zone of the shop's days and timestamps. A new shop has Asia/Shanghai.
        #[arg(long, value_parser = zone)]
        zone: Option<chrono_tz::Tz>,
        /// The number of months after which points expire; 0 is never. A new shop has 0.
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

/// The reason that a command failed.
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
    /// The shop does not exist in this store.
    #[error(
        "there is no shop {0}: `youhui shop list` shows the shops. A shop whose import was interrupted appears after \
        the import is run again to its end"
    )]
    NoShop(ShopId),
    /// The shop has no token with this id.
    #[error("{shop} has no token {id}: `youhui token list` shows its tokens")]
    NoToken {
        /// The shop that was searched.
        shop: ShopId,
        /// The id that was not found.
        id: String,
    },
    /// Nothing answers at the address of the store, or something that is not a store.
    #[error(
        "no store answers at {0}: give the address on the line \"store\" of a running server, which changes at each \
        start"
    )]
    NoAnswer(String),
    /// The store is AWS, and this build has no TLS to reach it.
    #[error("this build has no TLS, which --store aws needs: build with --features tls")]
    NoTls,
    /// The store does not have the table.
    #[error("the store at {url} has no table {table}: set TABLE_NAME to the right table")]
    NoTable {
        /// The name of the table.
        table: String,
        /// The address of the store.
        url: String,
    },
    /// The file of the embedded store does not exist.
    #[error("{0}: there is no such file; check the name, or create a store with `youhui shop put`")]
    NoStore(PathBuf),
    /// A file was not transferred, or only in part.
    #[error(transparent)]
    Bulk(#[from] BulkError),
    /// The command line is wrong, or asks for help.
    #[error(transparent)]
    Usage(#[from] clap::Error),
    /// The answer cannot be written as JSON.
    #[error("{0}")]
    Answer(#[from] serde_json::Error),
    /// The operating system failed.
    #[error("{0}")]
    Io(#[from] std::io::Error),
}

/// Returns an error text for the user of the command line. An internal error is shown to them, because no log has it.
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

/// Returns the messages of a field, after the flag that the field comes from.
fn of_flag((field, messages): (&String, &Value)) -> String {
    let said = messages.as_array().into_iter().flatten().filter_map(Value::as_str).collect::<Vec<_>>().join(" ");
    format!("--{}: {said}", field.replace('_', "-"))
}

/// The result of a command that did not fail.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ended {
    /// Everything is done.
    Done,
    /// Everything is done except for refused rows of a file (exit code 3).
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

/// Returns the command line that `--help` describes.
pub fn command() -> clap::Command {
    Cli::command()
}

/// Runs a command line. The first word is the name of the program.
///
/// # Errors
/// See [`CliError`].
pub async fn run(words: impl IntoIterator<Item = impl Into<OsString> + Clone>) -> Result<Ended, CliError> {
    let cli = Cli::try_parse_from(words)?;
    // Boxed, because a command that runs the whole API in this process is large, and the stack of a thread may be 2 MB.
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
            let bar = ProgressBar::new_spinner()
                .with_style(style("{spinner} checking all customers, rows and codes: {elapsed}")?);
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

/// Writes to standard output. A closed pipe is no error: its reader, such as `head`, has read enough.
fn print(text: impl AsRef<[u8]>) -> Result<(), CliError> {
    match io::stdout().write_all(text.as_ref()) {
        Err(error) if error.kind() != io::ErrorKind::BrokenPipe => Err(error.into()),
        _ => Ok(()),
    }
}

/// Parses the name of a time zone.
fn zone(text: &str) -> Result<chrono_tz::Tz, String> {
    text.parse().map_err(|_| "unknown time zone: give a name such as Asia/Shanghai or Europe/Berlin".to_owned())
}
