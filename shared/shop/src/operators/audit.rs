//! Audit of a shop: it compares each stored sum with the items that it sums. Accounts and the sums of days are compared
//! with the ledger entries, tallies with the rows of their lists, and the counts of coupons with their codes. No sum
//! should ever drift; one that has can be repaired.
//!
//! An audit reads everything of a shop with strong consistency, and may run while others write. It reads each versioned
//! item before and after the items that it sums. If the version has changed, the audit reads again, and in the end
//! reports the sum as unsettled instead of drifted.

use std::time::Instant;

use crate::{
    crm::customers::{self, CREATED, CUSTOMERS},
    discounts::{
        codes::rows::{CODES, OF_CUSTOMER},
        coupons::rows::COUPONS,
        rules::rows::PRICE_RULES,
    },
    loyalty::{history::POINT_HISTORY, levels::LEVELS},
    operators::{
        audit_accounts, audit_codes,
        audit_report::{Report, audit_lists},
    },
};
use domain::{error::Error, id::Id, shop::Shop};
use store::client::Store;

/// Number of customers that are read from their list in one step.
const STEP: usize = 200;

/// Input of an audit.
#[derive(Debug, Clone, Copy)]
pub struct Scope {
    /// Repairs what has drifted if set.
    pub repair: bool,
    /// Id after which the customers start, for an audit that continues an earlier report; 0 for a new audit.
    pub after: Id,
    /// Instant at which the audit stops.
    pub deadline: Instant,
}

/// Audits a shop: the customers one after the other, then all that concerns every customer.
pub async fn run(store: &Store, shop: &Shop, scope: Scope) -> Result<Report, Error> {
    let mut report = Report::default();
    let mut days = audit_accounts::Days::begin(store, shop).await?;
    let mut after = scope.after;
    loop {
        let ids = customers::ids_after(store, &shop.id, after, STEP).await?;
        let Some(last) = ids.last() else { break };
        if Instant::now() >= scope.deadline {
            report.goes_on_after = Some(after);
            return Ok(report);
        }
        audit_accounts::audit(store, shop, &ids, scope.repair, (&mut report, &mut days)).await?;
        let codes = ids.iter().map(|id| OF_CUSTOMER.of(*id)).collect();
        audit_lists(store, shop, codes, scope.repair, &mut report).await?;
        after = *last;
    }
    // The sums of days include all customers, so a continued audit cannot compare them.
    if scope.after == 0 {
        days.end(store, shop, scope.repair, &mut report).await?;
    }
    let lists = vec![LEVELS, CUSTOMERS, CREATED, POINT_HISTORY, PRICE_RULES, COUPONS, CODES];
    audit_lists(store, shop, lists, scope.repair, &mut report).await?;
    audit_codes::audit(store, shop, scope.repair, &mut report).await?;
    Ok(report)
}
