//! The routes of template.yaml, matched as an HTTP API matches them.

use std::collections::BTreeMap;

use crate::template::Template;

/// A route of the gateway and the function behind it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Route {
    /// The path in template.yaml, such as `/api/loyalty/level/{id}`. `None` is `$default`.
    pub path: Option<String>,
    /// The name of the function's binary.
    pub function: String,
}

/// Returns the routes of template.yaml.
///
/// # Errors
/// An error of the parser if the template in this binary cannot be read.
pub fn of_template() -> Result<Vec<Route>, serde_yaml_ng::Error> {
    Ok(of(&Template::read()?))
}

/// Returns the routes of a parsed template.
pub fn of(template: &Template) -> Vec<Route> {
    let mut routes = Vec::new();
    for (function, resource) in template.functions() {
        let events = resource.properties["Events"].as_mapping();
        for event in events.into_iter().flat_map(|events| events.values()) {
            if event["Type"].as_str() == Some("HttpApi") {
                let path = event["Properties"]["Path"].as_str().map(str::to_owned);
                routes.push(Route { path, function: function.to_owned() });
            }
        }
    }
    routes
}

/// The match of a path with a route.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Match<'a> {
    /// The route that matched.
    pub route: &'a Route,
    /// The path parameters by name, as they are written in the path.
    pub parameters: BTreeMap<String, String>,
}

/// Returns the route of a path. A route without parameters wins over one with parameters, that over a greedy one, and
/// that over `$default`.
pub fn find<'a>(routes: &'a [Route], path: &str) -> Option<Match<'a>> {
    let candidates = routes.iter().filter_map(|route| matched(route, path));
    candidates.min_by_key(|(rank, _)| *rank).map(|(_, found)| found)
}

/// The rank of a match: the more specific match has the lower rank.
type Rank = (u8, std::cmp::Reverse<usize>, usize);

fn matched<'a>(route: &'a Route, path: &str) -> Option<(Rank, Match<'a>)> {
    let mut parameters = BTreeMap::new();
    let Some(pattern) = &route.path else {
        return Some(((2, std::cmp::Reverse(0), 0), Match { route, parameters }));
    };
    let mut segments = path.trim_matches('/').split('/');
    let mut literal = 0;
    for part in pattern.trim_matches('/').split('/') {
        let name = part.strip_prefix('{').and_then(|part| part.strip_suffix('}'));
        match name {
            Some(name) if name.ends_with('+') => {
                let rest: Vec<_> = segments.collect();
                if rest.is_empty() {
                    return None;
                }
                parameters.insert(name.trim_end_matches('+').to_owned(), rest.join("/"));
                return Some(((1, std::cmp::Reverse(literal), parameters.len()), Match { route, parameters }));
            }
            Some(name) => {
                let segment = segments.next().filter(|segment| !segment.is_empty())?;
                parameters.insert(name.to_owned(), segment.to_owned());
            }
            None => {
                (segments.next()? == part).then_some(())?;
                literal += 1;
            }
        }
    }
    if segments.next().is_some() {
        return None;
    }
    Some(((0, std::cmp::Reverse(literal), parameters.len()), Match { route, parameters }))
}
