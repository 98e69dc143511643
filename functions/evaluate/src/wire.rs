//! The body of an evaluation. The reply stands in [`shared::http::evaluation`].

use chrono::{DateTime, Utc};
use chrono_tz::Tz;
use serde_json::Value;
use shared::{
    body,
    domain::{coupon_code::CODE_LENGTH, evaluation::cart::Cart, id::Id, price_rule::PriceRule},
    http::{
        body::{Body as _, flatten},
        checked::{Checked, unique_ids},
        fields::{nullable, optional},
        kinds::{Kind as _, instant, list, objects, relation, text},
    },
    shop::discounts::checkout::evaluation::{EvaluationRequest, MAX_CODES, MAX_DRAFTS},
    wire::{cart::CartInput, price_rule_input::PriceRuleDraft},
};

body! {
    /// A cart that is to be priced.
    pub(crate) struct EvaluationInput {
        /// The customer whose cart it is. Null, the default, is nobody: then a code is priced as its owner would see it.
        customer_id: Option<Id> = nullable(relation()),
        /// The lines and the shipping.
        cart: Cart = flatten::<CartInput>(),
        /// The texts of codes: at most 100. Null, the default, is none.
        #[example(["jB7nNJPbf16adc"])]
        codes: Vec<String> = optional(list(MAX_CODES, text(1..=CODE_LENGTH)).null_is_default()),
        /// At most 20 price rules as they would be, each with the fields of a new rule and an `id` of its own: that of a
        /// stored rule to stand in its place, or another. Nothing is stored. One that is not automatic counts as brought by a
        /// code. Null, the default, is none.
        draft_price_rules: Vec<PriceRule> = optional(
            objects::<PriceRuleDraft>(MAX_DRAFTS).then(each_its_own_id).null_is_default()
        ),
        /// The moment whose windows count, past or future; the rules and their uses are as they are now. Null, the default,
        /// is now.
        #[example("2019-05-25T12:00:00+08:00")]
        at: Option<DateTime<Utc>> = nullable(instant()),
    }
}

fn each_its_own_id(drafts: Vec<PriceRuleDraft>) -> Checked<Vec<PriceRule>> {
    let drafts = unique_ids(drafts, |draft| draft.id, "Another rule has this id.")?;
    Ok(drafts.into_iter().map(|draft| PriceRule { id: draft.id, ..draft.rule }).collect())
}

/// Reads a cart that is to be priced, now or at the moment that it names.
pub(crate) fn parse(body: &Value, zone: Tz, now: DateTime<Utc>) -> Checked<EvaluationRequest> {
    let EvaluationInput { customer_id, cart, codes, draft_price_rules, at } = EvaluationInput::parse(body, zone)?;
    Ok(EvaluationRequest { customer_id, cart, codes, drafts: draft_price_rules, at: at.unwrap_or(now), now })
}
