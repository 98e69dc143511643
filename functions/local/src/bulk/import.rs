//! Customers, codes and point balances from a file into a shop.

use std::path::{Path, PathBuf};

use coupon_codes::IMPORT;
use http::Method;
use indicatif::ProgressBar;
use serde_json::{Value, json};
use shared::{
    domain::shop::ShopId,
    error::FieldErrors,
    http::fields::{Fields, relation},
    table::{coupon_code_import::THERE_ALREADY, customers, store::Store},
};

use super::{
    BulkError, Format, Summary,
    columns::{self, Table},
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
        // A code and an adjustment are requests of their own.
        if *self == Self::Customers { 1_000 } else { 1 }
    }

    fn at_once(&self) -> usize {
        if *self == Self::Customers { 4 } else { 16 }
    }

    fn only_once(&self) -> Option<&'static str> {
        // Of two rows of one customer that are under way at once either could win.
        (*self == Self::Customers).then_some("id")
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
        let mut verdicts = Vec::with_capacity(rows.len());
        for (row, body) in bodies {
            verdicts.push(match self {
                Self::Points => add_points(desk, row.number, &body).await?,
                _ => move_code(desk, &body).await?,
            });
        }
        Ok(verdicts)
    }
}

/// An opening balance: one adjustment under the row's own key.
async fn add_points(desk: &Desk<'_>, row: u64, body: &Value) -> Result<Verdict, BulkError> {
    let points = &body["points"];
    if points == 0 || points.as_str().is_some_and(|text| text.trim() == "0") {
        return no_points(desk, body).await;
    }
    let key = format!("{}/{row}", desk.transfer);
    let answer = desk.api.send(Method::POST, "/api/loyalty/point_history/adjust/", Some(&key), body).await?;
    Ok(verdict(answer))
}

/// No points, for a customer who is there, are no entry; the API has no adjustment of 0 that could say so.
async fn no_points(desk: &Desk<'_>, body: &Value) -> Result<Verdict, BulkError> {
    let api = desk.api;
    let errors = match Fields::of(body).and_then(|mut fields| {
        let customer = fields.required("customer_id", relation);
        fields.build(|| customer)
    }) {
        Err(errors) => errors,
        Ok(customer) if customers::get(&api.store, &api.shop.id, customer).await?.is_some() => {
            return Ok(Verdict::Done(Value::Null));
        }
        Ok(customer) => FieldErrors::missing("customer_id", customer),
    };
    Ok(Verdict::Refused(json!(errors)))
}

/// A code needs no key: its text is given once.
async fn move_code(desk: &Desk<'_>, body: &Value) -> Result<Verdict, BulkError> {
    let answer = desk.api.send(Method::POST, IMPORT, None, body).await?;
    if answer.body == json!({ "code": [THERE_ALREADY] }) {
        return Ok(Verdict::Done(Value::Null));
    }
    Ok(verdict(answer))
}

fn verdict(answer: Answer) -> Verdict {
    match answer {
        Answer { status: 201, body } => Verdict::Done(body),
        Answer { body, .. } => Verdict::Refused(body),
    }
}
