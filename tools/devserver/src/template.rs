//! The routes and roles in template.yaml, as it was when this binary was built.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_yaml_ng::Value;
use shared::store::schema::TEMPLATE;

/// The part of template.yaml that is read.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct Template {
    /// The resources by their logical ids.
    pub resources: BTreeMap<String, Resource>,
}

/// A resource of the template.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct Resource {
    /// The resource type, such as `AWS::Serverless::Function`.
    pub r#type: String,
    /// The properties. CloudFormation's functions are tags.
    #[serde(default)]
    pub properties: Value,
    /// The metadata of the resource.
    #[serde(default)]
    pub metadata: Value,
}

impl Template {
    /// Parses the template.
    ///
    /// # Errors
    /// An error of the parser if the template cannot be read.
    pub fn read() -> Result<Self, serde_yaml_ng::Error> {
        serde_yaml_ng::from_str(TEMPLATE)
    }

    /// Returns the functions, each with the name of its binary.
    pub fn functions(&self) -> impl Iterator<Item = (&str, &Resource)> {
        let functions = self.resources.values().filter(|resource| resource.r#type == "AWS::Serverless::Function");
        functions.filter_map(|function| Some((function.metadata["BuildProperties"]["Binary"].as_str()?, function)))
    }
}

/// Returns the resource that `!GetAtt Resource.Attribute` or `!Ref Resource` names.
pub fn referred(value: &Value) -> Option<&str> {
    let Value::Tagged(tagged) = value else { return None };
    let text = tagged.value.as_str()?;
    Some(text.split_once('.').map_or(text, |(resource, _)| resource))
}
