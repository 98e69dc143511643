//! Which lines of a cart a rule entitles.

use super::cart::{Cart, Line};
use crate::domain::{
    id::Id,
    price_rule::{PriceRule, TargetSelection},
};

/// The lines that a rule entitles: all, or those that any of its four lists names.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Entitlement {
    /// Every line.
    All,
    /// What one of these names, each sorted.
    Named {
        /// By product.
        products: Vec<Id>,
        /// By collection.
        collections: Vec<Id>,
        /// By category.
        categories: Vec<Id>,
        /// By vendor, in exactly this spelling.
        vendors: Vec<String>,
    },
}

fn sorted<T: Ord + Clone>(list: Option<&Vec<T>>) -> Vec<T> {
    let mut list = list.cloned().unwrap_or_default();
    list.sort_unstable();
    list
}

impl Entitlement {
    /// What a rule entitles.
    pub fn of(rule: &PriceRule) -> Self {
        match rule.target_selection {
            TargetSelection::All => Self::All,
            TargetSelection::Entitled => Self::Named {
                products: sorted(rule.entitled_product_ids.as_ref()),
                collections: sorted(rule.entitled_collection_ids.as_ref()),
                categories: sorted(rule.entitled_category_ids.as_ref()),
                vendors: sorted(rule.entitled_vendor_titles.as_ref()),
            },
        }
    }

    /// Whether it entitles a line. Of lists the union counts: a line of product 7 in collection 3 is entitled by either.
    pub fn holds(&self, line: &Line) -> bool {
        let named =
            |sorted: &[Id], ids: &[Id]| !sorted.is_empty() && ids.iter().any(|id| sorted.binary_search(id).is_ok());
        match self {
            Self::All => true,
            Self::Named { products, collections, categories, vendors } => {
                named(products, line.product_id.as_slice())
                    || named(collections, &line.collection_ids)
                    || named(categories, &line.category_ids)
                    || line.vendor_title.as_ref().is_some_and(|title| vendors.binary_search(title).is_ok())
            }
        }
    }

    /// The indexes of the lines of a cart that it entitles.
    pub fn lines(&self, cart: &Cart) -> Vec<usize> {
        let lines = cart.lines.iter().enumerate();
        lines.filter(|(_, line)| self.holds(line)).map(|(index, _)| index).collect()
    }
}
