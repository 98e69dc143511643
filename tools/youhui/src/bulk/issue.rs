//! Issuing codes of one coupon to the customers of a file.

use std::path::Path;

use crate::part_file::beside;
use chrono::{DateTime, Utc};
use indicatif::ProgressBar;
use serde_json::{Map, Value, json};
use shared::{
    domain::{id::Id, shop::ShopId},
    shop::{
        discounts::counters::{self, Counter},
        operators::transfers,
    },
    store::client::Store,
};

use super::{
    BulkError, Format, Summary,
    columns::{self, Table},
    export::{CODES, code_row},
    import::{Options, errors_end},
    kind::{Kind, Places, Sender, Verdict},
    lists::Lists,
    output::Shape,
    rows::{Row, Rows},
    shop_api::ShopApi,
    source::Source,
    transfer,
};

/// The coupon whose codes are issued.
struct Issue {
    coupon: Id,
    prefix: String,
    /// The most codes that its price rule allows; `None` without a limit.
    limit: Option<u64>,
    /// The end of its price rule, if that is in the past.
    ended: Option<String>,
}

/// Issues a code to each customer of a file and writes the codes to another file, or continues an issue that was
/// interrupted.
///
/// # Errors
/// See [`BulkError`]. [`BulkError::Quota`] is returned before any code is issued.
pub async fn issue(
    store: &Store,
    shop: &ShopId,
    prefix: &str,
    (from, to): (&Path, &Path),
    options: &Options,
    bar: &ProgressBar,
) -> Result<Summary, BulkError> {
    let api = ShopApi::open(store, shop, bar).await?;
    let coupon = Issue::find(&api, prefix).await?;
    let source = Source::open(from, options.format)?;
    let shape = Shape { table: &columns::CODES, format: output_format(to)?, bom: false };
    let places = Places {
        // The name differs from that of a later import of the file of codes, which has a journal and an errors file
        // too.
        journal: Some(beside(to, ".issue.progress")),
        errors: options.errors.clone().unwrap_or_else(|| beside(to, &format!(".issue{}", errors_end(source.format)))),
        errors_by: if options.errors.is_some() { "--errors" } else { "--to" },
        output: Some((to.to_owned(), shape)),
    };
    coupon.check_quota(&api, &source, options.anew).await?;
    let warning = coupon
        .ended
        .as_ref()
        .map(|ended| format!("the price rule of {prefix} ended at {ended}, so its codes are expired from the start"));
    if let Some(warning) = &warning {
        transfer::warn(bar, warning);
    }
    let mut summary = transfer::run(&api, &coupon, &source, &places, options.anew, bar).await?;
    let warnings: Vec<_> = warning.into_iter().chain(summary.warning).collect();
    summary.warning = (!warnings.is_empty()).then(|| warnings.join("; "));
    Ok(summary)
}

/// Returns the format of a file of codes, by its name.
fn output_format(to: &Path) -> Result<Format, BulkError> {
    let wrong = |what: &str| BulkError::File { path: to.to_owned(), what: what.to_owned() };
    if to.extension().is_some_and(|extension| extension == "gz") {
        return Err(wrong(
            "codes are added to this file as they are issued, so it cannot be compressed; give a --to without .gz",
        ));
    }
    Format::of_name(to).ok_or_else(|| wrong("name it .csv or .jsonl; standard output is not possible here"))
}

impl Issue {
    async fn find(api: &ShopApi, prefix: &str) -> Result<Self, BulkError> {
        let query: String =
            url::form_urlencoded::Serializer::new(String::new()).append_pair("code_prefix", prefix).finish();
        let page = api.get(&format!("/api/discounts/coupon/?{query}")).await?;
        let coupon = &page["results"][0];
        let id = coupon["id"].as_u64().ok_or_else(|| BulkError::NoCoupon(prefix.to_owned()))?;
        let ended = coupon["price_rule"]["ends_at"].as_str();
        let ended = ended.filter(|text| text.parse::<DateTime<Utc>>().is_ok_and(|end| end <= Utc::now()));
        Ok(Self { coupon: id, prefix: prefix.to_owned(), limit: most_codes(coupon), ended: ended.map(str::to_owned) })
    }

    /// Refuses a file that names more customers than the quota has room for, before any code is issued. A file that was
    /// started before is not checked, because it is not known here which of its rows have a code.
    async fn check_quota(&self, api: &ShopApi, source: &Source, anew: bool) -> Result<(), BulkError> {
        let Some(limit) = self.limit else { return Ok(()) };
        let begun = transfers::find(&api.store, &api.shop.id, &self.of(), &source.sha256).await?;
        if begun.is_some() && !anew {
            return Ok(());
        }
        let mut rows = Rows::open(source, self.table(), &ProgressBar::hidden())?;
        let mut asked = 0;
        while let Some(row) = rows.next()? {
            asked += u64::from(row.body.is_ok());
        }
        let left = left_of(api, self.coupon, limit).await?;
        if asked <= left {
            return Ok(());
        }
        Err(BulkError::Quota { prefix: self.prefix.clone(), left, rows: asked })
    }
}

/// Returns the most codes that the price rule of a coupon allows, from the coupon as the API shows it. `None` without a
/// limit.
pub(super) fn most_codes(coupon: &Value) -> Option<u64> {
    let rule = &coupon["price_rule"];
    let limit = rule["allocation_limit"].as_u64().filter(|limit| *limit > 0);
    limit.filter(|_| rule["prerequisite_to_entitlement_quantity_ratio"].is_null())
}

/// Returns the number of codes that the limit still allows.
pub(super) async fn left_of(api: &ShopApi, coupon: Id, limit: u64) -> Result<u64, BulkError> {
    let shards = counters::read(&api.store, &api.shop.id, Counter::CodesOf(coupon)).await?;
    Ok(limit.saturating_sub(u64::try_from(shards.quota.count()).unwrap_or(0)))
}

impl Kind for Issue {
    fn table(&self) -> &'static Table {
        &columns::RECEIVERS
    }

    fn of(&self) -> String {
        format!("issue {}", self.coupon)
    }

    fn most(&self) -> usize {
        1_000
    }

    fn at_once(&self) -> usize {
        4
    }

    fn is_repeatable(&self) -> bool {
        false
    }

    async fn send(&self, sender: &Sender<'_>, first: u64, rows: &[Row]) -> Result<Vec<Verdict>, BulkError> {
        let body = |row: &Map<String, Value>| {
            let mut pair = json!({ "coupon_id": self.coupon });
            if let Some(customer) = row.get("customer_id").or_else(|| row.get("id")) {
                pair["customer_id"] = customer.clone();
            }
            pair
        };
        let pairs: Vec<_> = rows.iter().filter_map(|row| Some((row, body(row.body.as_ref().ok()?)))).collect();
        let lists = Lists { path: CODES, counts: true };
        let verdicts = lists.send(sender, first, &pairs).await?;
        Ok(verdicts
            .into_iter()
            .map(|verdict| match verdict {
                Verdict::Done(code) => Verdict::Done(code_row(code)),
                refused => refused,
            })
            .collect())
    }
}
