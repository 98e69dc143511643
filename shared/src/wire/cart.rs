//! Carts as they are sent, to be priced or with the use of codes.

use crate::{
    body,
    http::{
        checked::{Checked, unique_ids},
        fields::{nullable, optional, required},
        kinds::{Kind as _, integer, list, objects, own_id, positive_or_zero, text},
    },
};
use domain::{
    evaluation::cart::{Cart, Line, MAX_LINES, MAX_QUANTITY},
    price_rule::{MAX_ENTITLED, TITLE_LENGTH},
};

body! {
    /// A line of a cart as it is sent.
    pub struct CartLineInput into Line {
        /// The shop's own id of the line, unique in the cart.
        id: required(own_id()),
        /// The product, by which rules entitle the line; null, the default, is none.
        product_id: nullable(own_id()),
        /// The collections of the product, by which rules entitle the line: at most 250. Null, the default, is none.
        #[example([])]
        collection_ids: optional(list(MAX_ENTITLED, own_id()).null_is_default()),
        /// The categories of the product, by which rules entitle the line: at most 250. Null, the default, is none.
        #[example([])]
        category_ids: optional(list(MAX_ENTITLED, own_id()).null_is_default()),
        /// The vendor of the product, by which rules entitle the line, in exactly the spelling of the rules. Null, the
        /// default, is none.
        vendor_title: nullable(text(0..=TITLE_LENGTH)),
        /// The units of the line: 1 to 100000.
        #[example(2)]
        quantity: required(integer(1..=MAX_QUANTITY)),
        /// The price of one unit in yuan, not below 0.
        #[example("100.00")]
        price: required(positive_or_zero()),
    }
}

body! {
    /// A cart as it is sent with the codes that an order is to use.
    pub struct CartInput into Cart {
        /// The lines of the cart: at most 500.
        lines: required(objects::<CartLineInput>(MAX_LINES).then(each_its_own_id)),
        /// The price of the shipping in yuan, not below 0.
        #[default("0.00")]
        #[example("12.00")]
        shipping_price: optional(positive_or_zero()),
    }
}

fn each_its_own_id(lines: Vec<Line>) -> Checked<Vec<Line>> {
    unique_ids(lines, |line| line.id, "Another line has this id.")
}
