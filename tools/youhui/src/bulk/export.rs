//! The export of customers, codes and point balances. Rows are written as they are read: a row that changes during the
//! export is written in its old or its new state.

use std::path::Path;

use futures_util::{StreamExt, TryStreamExt, stream};
use http::Method;
use indicatif::ProgressBar;
use serde_json::{Map, Value, json};
use shared::{domain::shop::ShopId, store::client::Store};

use super::{
    BulkError, Format, at,
    columns::{self, Table},
    import::What,
    output::{Shape, Sink},
    shop_api::ShopApi,
};

/// The path of the list of codes.
pub(super) const CODES: &str = "/api/discounts/coupon_code/";
/// The number of accounts that are read at the same time.
const ACCOUNTS_AT_ONCE: usize = 16;

/// The selection of an export of codes. A code must match every filter that is set.
#[derive(Debug, Clone, Default)]
pub struct Filter {
    /// The status, as in the API's `status` filter.
    pub status: Option<String>,
    /// The id of the coupon.
    pub coupon: Option<u64>,
    /// The id of the customer.
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

    /// Refuses a coupon or a customer that does not exist, because an empty file would be misleading. A deleted coupon
    /// is accepted if it has used codes.
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

/// The options of an export.
#[derive(Debug, Clone, Default)]
pub struct Options {
    /// The file format. Without it, the name of the file decides.
    pub format: Option<Format>,
    /// Set to write a byte order mark at the start of CSV.
    pub bom: bool,
    /// The selection of codes.
    pub filter: Filter,
}

/// Writes customers, codes or balances to a new file, or to standard output. Returns the number of rows.
///
/// # Errors
/// See [`BulkError`]. An unfinished file is deleted.
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

/// Returns the accounts of these customers as rows, in the same order.
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

/// Turns a code of the API into a row.
pub(super) fn code_row(mut code: Value) -> Value {
    let prefix = code["coupon"]["code_prefix"].take();
    if let Value::Object(fields) = &mut code {
        fields.insert("code_prefix".to_owned(), prefix);
        return code;
    }
    Value::Object(Map::new())
}
