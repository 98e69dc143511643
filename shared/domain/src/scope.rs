//! Scopes of tokens: `write` does not include `read`, and a global scope is valid in every area (docs/api/access.md).

use std::{collections::BTreeSet, fmt, str::FromStr};

use serde::{Deserialize, Serialize};

/// Areas of the API that have their own scopes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Area {
    /// Paths under `/api/loyalty/`.
    Loyalty,
    /// Paths under `/api/discounts/`.
    Discounts,
    /// Paths under `/api/crm/`.
    Crm,
    /// Paths under `/api/orders/`.
    Orders,
}

impl Area {
    const ALL: [(Self, &'static str); 4] =
        [(Self::Loyalty, "loyalty"), (Self::Discounts, "discounts"), (Self::Crm, "crm"), (Self::Orders, "orders")];

    /// Returns the name on the wire.
    pub fn name(self) -> &'static str {
        Self::ALL.iter().find(|(area, _)| *area == self).map_or("", |(_, name)| name)
    }
}

/// The calls that a scope allows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Action {
    /// GET and HEAD, and other calls that change nothing.
    Read,
    /// Calls that change something.
    Write,
}

impl Action {
    /// Returns the name on the wire.
    pub fn name(self) -> &'static str {
        match self {
            Self::Read => "read",
            Self::Write => "write",
        }
    }
}

/// One scope: `read` or `write`, globally or in one area, such as `loyalty:read`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Scope {
    /// Area of the scope; `None` for the global scope.
    pub area: Option<Area>,
    /// Calls that it allows.
    pub action: Action,
}

/// Error for a text that is not a scope.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("\"{0}\" is not a scope: read, write, or one of loyalty, discounts, crm, orders with :read or :write")]
pub struct UnknownScope(String);

impl FromStr for Scope {
    type Err = UnknownScope;

    fn from_str(text: &str) -> Result<Self, UnknownScope> {
        let unknown = || UnknownScope(text.to_owned());
        let (area, action) = match text.split_once(':') {
            None => (None, text),
            Some((name, action)) => {
                let (area, _) = Area::ALL.into_iter().find(|(_, known)| *known == name).ok_or_else(unknown)?;
                (Some(area), action)
            }
        };
        let action = match action {
            "read" => Action::Read,
            "write" => Action::Write,
            _ => return Err(unknown()),
        };
        Ok(Self { area, action })
    }
}

impl TryFrom<String> for Scope {
    type Error = UnknownScope;

    fn try_from(text: String) -> Result<Self, UnknownScope> {
        text.parse()
    }
}

impl fmt::Display for Scope {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.area {
            None => f.write_str(self.action.name()),
            Some(area) => write!(f, "{}:{}", area.name(), self.action.name()),
        }
    }
}

impl From<Scope> for String {
    fn from(scope: Scope) -> Self {
        scope.to_string()
    }
}

/// The scopes of a token.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Scopes(pub BTreeSet<Scope>);

impl Scopes {
    /// Returns the scopes that allow everything, in every area.
    pub fn all() -> Self {
        Self([Action::Read, Action::Write].map(|action| Scope { area: None, action }).into())
    }

    /// Returns true if these scopes allow `action` in `area`, by the scope of the area or by the global one.
    pub fn allow(&self, area: Area, action: Action) -> bool {
        [Some(area), None].into_iter().any(|area| self.0.contains(&Scope { area, action }))
    }
}

impl FromStr for Scopes {
    type Err = UnknownScope;

    /// Reads scopes that are separated by commas.
    fn from_str(text: &str) -> Result<Self, UnknownScope> {
        text.split(',').map(|scope| scope.trim().parse()).collect::<Result<_, _>>().map(Self)
    }
}
