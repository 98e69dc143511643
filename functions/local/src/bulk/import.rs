//! Customers, codes and point balances from a file into a shop.

use std::{
    collections::HashMap,
    path::{Path, PathBuf},
};

use chrono_tz::Tz;
use coupon_codes::IMPORT;
use futures_util::{StreamExt, TryStreamExt, stream};
use http::Method;
use indicatif::ProgressBar;
use serde_json::{Value, json};
use shared::{
    domain::shop::ShopId,
    error::FieldErrors,
    http::{
        fields::{Fields, required},
        kinds::{Kind as _, relation},
    },
    table::{coupon_code_import::THERE_ALREADY, customers, store::Store},
};

use super::{
    BulkError, Format, Summary,
    columns::{self, Table},
    first::{MENDED, SINCE},
    groups::OnlyOnce,
    lists::Lists,
    rows::Row,
    shop_api::{Answer, ShopApi},
    source::Source,
    transfer::{self, Desk, Kind, Places, Verdict},
};
use crate::part_file::beside;

/// How a file is imported.
#[derive(Debug, Clone, Default)]
pub struct Options {
    /// How it is written; by its name without.
    pub format: Option<Format>,
    /// Where refused rows go; `FILE.errors.csv` or `.jsonl` without.
    pub errors: Option<PathBuf>,
    /// Whether the file counts as one that was never moved in.
    pub anew: bool,
}

/// How many codes or adjustments of a group are under way at a time, each a request of its own.
const ROWS_AT_ONCE: usize = 16;

/// What a file holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum What {
    /// Customers: what is there is replaced.
    Customers,
    /// Codes of another system, with their texts.
    Codes,
    /// Opening balances: points that are added.
    Points,
}

/// Imports a file, or goes on where that was ended.
///
/// # Errors
/// See [`BulkError`]; rows that are refused are in the [`Summary`], and no error.
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

/// What the name of an errors file ends in.
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
        // Rows of one customer go in their order, also beyond a group; within one others go beside them.
        if *self == Self::Customers { 4 } else { 1 }
    }

    fn only_once(&self) -> Option<OnlyOnce> {
        match self {
            // Of two rows of one customer that are under way at once either could win.
            Self::Customers => Some(OnlyOnce::Id("id")),
            // What a later row says of a code would be lost.
            Self::Codes => Some(OnlyOnce::Text("code")),
            Self::Points => None,
        }
    }

    fn is_repeatable(&self) -> bool {
        *self != Self::Points
    }

    async fn send(&self, desk: &Desk<'_>, first: u64, rows: &[Row]) -> Result<Vec<Verdict>, BulkError> {
        let bodies = rows.iter().filter_map(|row| Some((row, Value::Object(row.body.clone().ok()?))));
        if *self == Self::Customers {
            let lists = Lists { path: "/api/crm/customer/", counts: false };
            return lists.send(desk, first, &bodies.collect::<Vec<_>>()).await;
        }
        let bodies: Vec<_> = bodies.collect();
        let customers = by_customer(&bodies);
        let sent = stream::iter(customers).map(async |indices| {
            let mut verdicts = Vec::with_capacity(indices.len());
            for index in indices {
                let (row, body) = &bodies[index];
                verdicts.push((index, self.send_one(desk, row, body).await?));
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
    async fn send_one(&self, desk: &Desk<'_>, row: &Row, body: &Value) -> Result<Verdict, BulkError> {
        match self {
            Self::Points => add_points(desk, row, body).await,
            _ => move_code(desk, row, body).await,
        }
    }
}

/// The rows of each customer, by their indices. What is taken of a customer may have been given a row before.
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
            // It is refused.
            Err(_) => rows.push(vec![index]),
        }
    }
    rows
}

/// An opening balance: one adjustment under the row's own key.
async fn add_points(desk: &Desk<'_>, row: &Row, body: &Value) -> Result<Verdict, BulkError> {
    let points = &body["points"];
    if points == 0 || points.as_str().is_some_and(|text| text.trim() == "0") {
        return no_points(desk, body).await;
    }
    let key = row.counts_as(desk.transfer).to_string();
    let answer = desk.api.send(Method::POST, "/api/loyalty/point_history/adjust/", Some(&key), body).await?;
    Ok(verdict(row, answer))
}

/// No points, for a customer who is there, are no entry; the API has no adjustment of 0 that could say so.
async fn no_points(desk: &Desk<'_>, body: &Value) -> Result<Verdict, BulkError> {
    let api = desk.api;
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

/// A code needs no key where it is not used: its text is given once. Its use has one: it may be given back here.
async fn move_code(desk: &Desk<'_>, row: &Row, body: &Value) -> Result<Verdict, BulkError> {
    let key = (body["status"] == "used").then(|| row.counts_as(desk.transfer).to_string());
    let answer = desk.api.send(Method::POST, IMPORT, key.as_deref(), body).await?;
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
