//! Selection of the cart lines that a rule entitles.

use crate::{
    evaluation::cart::{Cart, Line},
    id::Id,
    price_rule::{PriceRule, TargetSelection},
};

/// The lines that a rule entitles: all lines, or those that any of its four lists names.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Entitlement {
    /// Every line of the cart.
    All,
    /// The lines that at least one list names.
    Named(Box<Named>),
}

/// The four entitled lists of a rule, prepared for fast look-ups.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Named {
    products: Ids,
    collections: Ids,
    categories: Ids,
    /// Titles of vendors, sorted; compared exactly, letter case included.
    vendors: Vec<String>,
}

/// A set of ids with a table of 512 bits. The table rules out most other ids at once, before the binary search.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Ids {
    sorted: Vec<Id>,
    bits: [u64; 8],
}

impl Ids {
    fn of(list: Option<&Vec<Id>>) -> Self {
        let mut sorted = list.cloned().unwrap_or_default();
        sorted.sort_unstable();
        let mut bits = [0; 8];
        for id in &sorted {
            let (word, bit) = Self::bit(*id);
            bits[word] |= bit;
        }
        Self { sorted, bits }
    }

    /// Returns word and bit of an id in the table. The bit is chosen by 9 bits of a product that depend on the whole
    /// id.
    fn bit(id: Id) -> (usize, u64) {
        let hash = id.wrapping_mul(0x9E37_79B9_7F4A_7C15) >> 55;
        (usize::try_from(hash >> 6).unwrap_or(0), 1 << (hash & 63))
    }

    fn holds(&self, id: Id) -> bool {
        let (word, bit) = Self::bit(id);
        self.bits[word] & bit != 0 && self.sorted.binary_search(&id).is_ok()
    }

    fn hold_any(&self, ids: &[Id]) -> bool {
        !self.sorted.is_empty() && ids.iter().any(|id| self.holds(*id))
    }
}

impl Entitlement {
    /// Returns the lines that a rule entitles.
    pub fn of(rule: &PriceRule) -> Self {
        if rule.target_selection == TargetSelection::All {
            return Self::All;
        }
        let mut vendors = rule.entitled_vendor_titles.clone().unwrap_or_default();
        vendors.sort_unstable();
        Self::Named(Box::new(Named {
            products: Ids::of(rule.entitled_product_ids.as_ref()),
            collections: Ids::of(rule.entitled_collection_ids.as_ref()),
            categories: Ids::of(rule.entitled_category_ids.as_ref()),
            vendors,
        }))
    }

    /// Returns true if the rule entitles the line. The four lists form a union: a line of product 7 in collection 3 is
    /// entitled by either.
    pub fn holds(&self, line: &Line) -> bool {
        let Self::Named(named) = self else { return true };
        named.products.hold_any(line.product_id.as_slice())
            || named.collections.hold_any(&line.collection_ids)
            || named.categories.hold_any(&line.category_ids)
            || line.vendor_title.as_ref().is_some_and(|title| named.vendors.binary_search(title).is_ok())
    }

    /// Returns the indexes of the cart lines that the rule entitles.
    pub fn lines(&self, cart: &Cart) -> Vec<usize> {
        let mut lines = Vec::with_capacity(cart.lines.len());
        let entitled = cart.lines.iter().enumerate().filter(|(_, line)| self.holds(line));
        lines.extend(entitled.map(|(index, _)| index));
        lines
    }
}
