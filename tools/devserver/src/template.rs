//! template.yaml, as this binary was built with it: what its resources say of routes and roles.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_yaml_ng::Value;
use shared::table::schema::TEMPLATE;

/// What is read of template.yaml.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct Template {
    /// The resources by their logical ids.
    pub resources: BTreeMap<String, Resource>,
}

/// A resource.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct Resource {
    /// Such as `AWS::Serverless::Function`.
    pub r#type: String,
    /// Its properties, with CloudFormation's functions as tags.
    #[serde(default)]
    pub properties: Value,
    /// Its metadata.
    #[serde(default)]
    pub metadata: Value,
}

impl Template {
    /// The template.
    ///
    /// # Errors
    /// Where it cannot be read.
    pub fn read() -> Result<Self, serde_yaml_ng::Error> {
        serde_yaml_ng::from_str(TEMPLATE)
    }

    /// The functions by the name of their binary.
    pub fn functions(&self) -> impl Iterator<Item = (&str, &Resource)> {
        let functions = self.resources.values().filter(|resource| resource.r#type == "AWS::Serverless::Function");
        functions.filter_map(|function| Some((function.metadata["BuildProperties"]["Binary"].as_str()?, function)))
    }
}

/// What `!GetAtt Resource.Attribute` or `!Ref Resource` names.
pub fn referred(value: &Value) -> Option<&str> {
    let Value::Tagged(tagged) = value else { return None };
    let text = tagged.value.as_str()?;
    Some(text.split_once('.').map_or(text, |(resource, _)| resource))
}
