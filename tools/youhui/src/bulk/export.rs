//! Customers, codes and point balances out of a shop, row by row as it is read: what is written to the shop meanwhile is in
//! the file or not.

use std::path::Path;

use futures_util::{StreamExt, TryStreamExt, stream};
use http::Method;
use indicatif::ProgressBar;
use serde_json::{Map, Value, json};
use shared::{domain::shop::ShopId, table::store::Store};

use super::{
    BulkError, Format, at,
    columns::{self, Table},
    import::What,
    output::{Shape, Sink},
    shop_api::ShopApi,
};

/// The list of codes.
pub(super) const CODES: &str = "/api/discounts/coupon_code/";
/// How many accounts are read at a time.
const ACCOUNTS_AT_ONCE: usize = 16;

/// Which codes are exported: all, or those that every one of these selects.
#[derive(Debug, Clone, Default)]
pub struct Filter {
    /// By status, as the API's filter.
    pub status: Option<String>,
    /// By coupon.
    pub coupon: Option<u64>,
    /// By customer.
    pub customer: Option<u64>,
}

impl Filter {
    fn query(&self) -> String {
        let mut query = url::form_urlencoded::Serializer::new(String::new());
        if let Some(status) = &self.status {
            query.append_pair("status", status);
        }
        for (name, id) in [("coupon", self.coupon), ("customer", self.customer)] {
            if let Some(id) = id {
                query.append_pair(name, &id.to_string());
            }
        }
        query.finish()
    }

    /// Refuses a coupon or a customer that is not there: a file without rows would say something else. Used codes of a coupon
    /// that was deleted are there.
    async fn check(&self, api: &ShopApi) -> Result<(), BulkError> {
        let names_nothing = self.coupon.is_none() && self.customer.is_none();
        if names_nothing || api.count(CODES, &self.query()).await? > 0 {
            return Ok(());
        }
        let named =
            [("coupon", "/api/discounts/coupon/", self.coupon), ("customer", "/api/crm/customer/", self.customer)];
        for (what, list, id) in named {
            let Some(id) = id else { continue };
            let answer = api.send(Method::GET, &format!("{list}{id}/"), None, &Value::Null).await?;
            if answer.status == 404 {
                return Err(BulkError::Nothing { what, id });
            }
        }
        Ok(())
    }
}

/// How an export is written.
#[derive(Debug, Clone, Default)]
pub struct Options {
    /// CSV or JSON Lines; by the name of the file without.
    pub format: Option<Format>,
    /// Whether CSV begins with a byte order mark.
    pub bom: bool,
    /// Which codes.
    pub filter: Filter,
}

/// Writes customers, codes or balances to a file that is not there yet, or to standard output. Answers how many.
///
/// # Errors
/// See [`BulkError`]. Nothing is left of a file that is not whole.
pub async fn export(
    store: &Store,
    shop: &ShopId,
    what: What,
    to: &Path,
    options: &Options,
    bar: &ProgressBar,
) -> Result<u64, BulkError> {
    let api = ShopApi::open(store, shop, bar).await?;
    let (table, list): (&'static Table, _) = match what {
        What::Customers => (&columns::CUSTOMERS, "/api/crm/customer/"),
        What::Codes => (&columns::CODES, CODES),
        What::Points => (&columns::POINTS, "/api/crm/customer/"),
    };
    if what == What::Codes {
        options.filter.check(&api).await?;
    }
    let shape = Shape { table, format: Format::choose(options.format, to)?, bom: options.bom };
    bar.set_message(table.rows);
    let mut sink = Sink::create(to)?;
    match write(&api, what, list, &shape, options, (&mut sink, to), bar).await {
        Ok(rows) => sink.finish().map(|()| rows).map_err(at(to)),
        Err(error) => {
            sink.discard().map_err(at(to))?;
            Err(error)
        }
    }
}

async fn write(
    api: &ShopApi,
    what: What,
    list: &str,
    shape: &Shape,
    options: &Options,
    (sink, to): (&mut Sink, &Path),
    bar: &ProgressBar,
) -> Result<u64, BulkError> {
    sink.write(&shape.header().map_err(at(to))?).map_err(at(to))?;
    let query = if what == What::Codes { options.filter.query() } else { String::new() };
    let (mut written, mut last) = (0, 0);
    loop {
        let (left, page) = api.after(list, &query, last).await?;
        bar.set_length(written + left);
        let Some(id) = page.last().and_then(|row| row["id"].as_u64()) else { return Ok(written) };
        let rows = match what {
            What::Customers => page,
            What::Codes => page.into_iter().map(code_row).collect(),
            What::Points => balances(api, page).await?,
        };
        for row in rows {
            let Value::Object(row) = row else { continue };
            sink.write(&shape.row(&row).map_err(at(to))?).map_err(at(to))?;
            written += 1;
        }
        bar.set_position(written);
        last = id;
    }
}

/// The accounts of these customers, as rows in their order.
async fn balances(api: &ShopApi, customers: Vec<Value>) -> Result<Vec<Value>, BulkError> {
    let account = async |customer: Value| {
        let account = api.get(&format!("/api/loyalty/account/{}/", customer["id"])).await?;
        Ok::<_, BulkError>(json!({
            "customer_id": account["customer"]["id"],
            "points": account["points"],
            "earned_points": account["earned_points"],
            "level_id": account["level"]["id"],
            "level_title": account["level"]["title"],
        }))
    };
    stream::iter(customers).map(account).buffered(ACCOUNTS_AT_ONCE).try_collect().await
}

/// A code of the API as a row.
pub(super) fn code_row(mut code: Value) -> Value {
    let prefix = code["coupon"]["code_prefix"].take();
    if let Value::Object(fields) = &mut code {
        fields.insert("code_prefix".to_owned(), prefix);
        return code;
    }
    Value::Object(Map::new())
}
