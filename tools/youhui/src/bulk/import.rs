//! The import of customers, codes and point balances from a file.

use std::{
    collections::HashMap,
    path::{Path, PathBuf},
};

use crate::part_file::beside;
use chrono_tz::Tz;
use coupon_codes::IMPORT;
use futures_util::{StreamExt, TryStreamExt, stream};
use http::Method;
use indicatif::ProgressBar;
use serde_json::{Value, json};
use shared::{
    FieldErrors,
    domain::shop::ShopId,
    http::{
        fields::{Fields, required},
        kinds::{Kind as _, relation},
    },
    shop::{crm::customers, discounts::codes::import::THERE_ALREADY},
    store::client::Store,
};

use super::{
    BulkError, Format, Summary,
    columns::{self, Table},
    groups::OnlyOnce,
    kind::{Kind, Places, Sender, Verdict},
    lists::Lists,
    row_identity::{MENDED, SINCE},
    rows::Row,
    shop_api::{Answer, ShopApi},
    source::Source,
    transfer,
};

/// The options of an import.
#[derive(Debug, Clone, Default)]
pub struct Options {
    /// The file format. Without it, the name of the file decides.
    pub format: Option<Format>,
    /// The path of the errors file. Without it, `FILE.errors.csv` or `FILE.errors.jsonl`.
    pub errors: Option<PathBuf>,
    /// Set to import the file as new, even if it was imported before.
    pub anew: bool,
}

/// The number of codes or adjustments of a group that are sent at the same time, each in a request of its own.
const ROWS_AT_ONCE: usize = 16;

/// The kind of rows in a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum What {
    /// Customers. A stored customer with the same id is replaced.
    Customers,
    /// Codes of another system, with their texts.
    Codes,
    /// Opening balances: points that are added.
    Points,
}

/// Imports a file, or continues an import that was interrupted.
///
/// # Errors
/// See [`BulkError`]. Refused rows are no error: the [`Summary`] counts them.
pub async fn import(
    store: &Store,
    shop: &ShopId,
    what: What,
    from: &Path,
    options: &Options,
    bar: &ProgressBar,
) -> Result<Summary, BulkError> {
    let api = ShopApi::open(store, shop, bar).await?;
    let source = Source::open(from, options.format)?;
    let named = if source.is_stdin() { Path::new("stdin") } else { from };
    let places = Places {
        journal: (!source.is_stdin()).then(|| beside(from, ".progress")),
        errors: options.errors.clone().unwrap_or_else(|| beside(named, &errors_end(source.format))),
        errors_by: "--errors",
        output: None,
    };
    transfer::run(&api, &what, &source, &places, options.anew, bar).await
}

/// Returns the ending of an errors file's name.
pub(super) fn errors_end(format: Format) -> String {
    format!(".errors.{}", format.extension())
}

impl Kind for What {
    fn table(&self) -> &'static Table {
        match self {
            Self::Customers => &columns::CUSTOMERS,
            Self::Codes => &columns::CODES,
            Self::Points => &columns::POINTS,
        }
    }

    fn of(&self) -> String {
        self.table().rows.to_owned()
    }

    fn most(&self) -> usize {
        if *self == Self::Customers { 1_000 } else { 16 * ROWS_AT_ONCE }
    }

    fn at_once(&self) -> usize {
        // Rows of one customer must be sent in their order, across groups too. Within a group, rows of other customers
        // are sent at the same time.
        if *self == Self::Customers { 4 } else { 1 }
    }

    fn only_once(&self) -> Option<OnlyOnce> {
        match self {
            // Two rows of one customer that are sent at the same time would overwrite each other in any order.
            Self::Customers => Some(OnlyOnce::Id("id")),
            // The API would ignore the second row of a code.
            Self::Codes => Some(OnlyOnce::Text("code")),
            Self::Points => None,
        }
    }

    fn is_repeatable(&self) -> bool {
        *self != Self::Points
    }

    async fn send(&self, sender: &Sender<'_>, first: u64, rows: &[Row]) -> Result<Vec<Verdict>, BulkError> {
        let bodies = rows.iter().filter_map(|row| Some((row, Value::Object(row.body.clone().ok()?))));
        if *self == Self::Customers {
            let lists = Lists { path: "/api/crm/customer/", counts: false };
            return lists.send(sender, first, &bodies.collect::<Vec<_>>()).await;
        }
        let bodies: Vec<_> = bodies.collect();
        let customers = by_customer(&bodies);
        let sent = stream::iter(customers).map(async |indices| {
            let mut verdicts = Vec::with_capacity(indices.len());
            for index in indices {
                let (row, body) = &bodies[index];
                verdicts.push((index, self.send_one(sender, row, body).await?));
            }
            Ok::<_, BulkError>(verdicts)
        });
        let sent: Vec<_> = sent.buffer_unordered(ROWS_AT_ONCE).try_collect().await?;
        let mut verdicts: Vec<_> = sent.into_iter().flatten().collect();
        verdicts.sort_by_key(|(index, _)| *index);
        Ok(verdicts.into_iter().map(|(_, verdict)| verdict).collect())
    }
}

impl What {
    async fn send_one(&self, sender: &Sender<'_>, row: &Row, body: &Value) -> Result<Verdict, BulkError> {
        match self {
            Self::Points => add_points(sender, row, body).await,
            _ => move_code(sender, row, body).await,
        }
    }
}

/// Groups the rows by customer and returns their indices. Rows of one customer keep their order, because points that a
/// row takes may come from an earlier row.
fn by_customer(bodies: &[(&Row, Value)]) -> Vec<Vec<usize>> {
    let mut rows: Vec<Vec<usize>> = Vec::new();
    let mut places = HashMap::new();
    for (index, (_, body)) in bodies.iter().enumerate() {
        match relation().read(&body["customer_id"], Tz::UTC) {
            Ok(customer) => {
                let place = *places.entry(customer).or_insert_with(|| {
                    rows.push(Vec::new());
                    rows.len() - 1
                });
                rows[place].push(index);
            }
            // The API refuses this row.
            Err(_) => rows.push(vec![index]),
        }
    }
    rows
}

/// Imports an opening balance: one adjustment under the row's own idempotency key.
async fn add_points(sender: &Sender<'_>, row: &Row, body: &Value) -> Result<Verdict, BulkError> {
    let points = &body["points"];
    if points == 0 || points.as_str().is_some_and(|text| text.trim() == "0") {
        return no_points(sender, body).await;
    }
    let key = row.counts_as(sender.transfer).to_string();
    let answer = sender.api.send(Method::POST, "/api/loyalty/point_history/adjust/", Some(&key), body).await?;
    Ok(verdict(row, answer))
}

/// Checks a row of 0 points, which creates no ledger entry. Only the customer must exist. The API has no adjustment of
/// 0 that could check it.
async fn no_points(sender: &Sender<'_>, body: &Value) -> Result<Verdict, BulkError> {
    let api = sender.api;
    let errors = match Fields::of(body, Tz::UTC).and_then(|mut fields| {
        let customer = fields.take("customer_id", &required(relation())).unwrap_or_default();
        fields.finish(customer)
    }) {
        Err(errors) => errors,
        Ok(customer) if customers::get(&api.store, &api.shop.id, customer).await?.is_some() => {
            return Ok(Verdict::Done(Value::Null));
        }
        Ok(customer) => FieldErrors::missing("customer_id", customer),
    };
    Ok(Verdict::Refused(json!(errors)))
}

/// Imports a code. An unused code needs no idempotency key, because its text exists only once. A used code has one,
/// because the use may be released later.
async fn move_code(sender: &Sender<'_>, row: &Row, body: &Value) -> Result<Verdict, BulkError> {
    let key = (body["status"] == "used").then(|| row.counts_as(sender.transfer).to_string());
    let answer = sender.api.send(Method::POST, IMPORT, key.as_deref(), body).await?;
    if answer.body == json!({ "code": [THERE_ALREADY] }) {
        return Ok(Verdict::Done(Value::Null));
    }
    Ok(verdict(row, answer))
}

fn verdict(row: &Row, answer: Answer) -> Verdict {
    match answer {
        Answer { status: 201, body } => Verdict::Done(body),
        Answer { status: 422, .. } => {
            let why = if row.first.is_some() { MENDED } else { SINCE };
            Verdict::Refused(json!({ "detail": why }))
        }
        Answer { body, .. } => Verdict::Refused(body),
    }
}
