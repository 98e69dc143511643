//! The table as template.yaml defines it. The local server and the tests create theirs from that file.

use std::collections::HashMap;

use aws_sdk_dynamodb::{
    operation::{create_table::CreateTableError, describe_table::DescribeTableError},
    types::{
        AttributeDefinition, BillingMode, GlobalSecondaryIndex, KeySchemaElement, KeyType, Projection, ProjectionType,
        ScalarAttributeType,
    },
};
use serde::Deserialize;

use crate::{client::Store, faults::fault};
use domain::error::Error;

/// Logical id of the table in template.yaml.
pub const LOGICAL_ID: &str = "Table";

/// Text of template.yaml at the time of the build.
pub const TEMPLATE: &str = include_str!("../../../template.yaml");

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Template {
    resources: HashMap<String, Resource>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Resource {
    properties: Option<serde_yaml_ng::Value>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct TableProperties {
    attribute_definitions: Vec<Attribute>,
    key_schema: Vec<KeyPart>,
    #[serde(default)]
    global_secondary_indexes: Vec<Index>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Attribute {
    attribute_name: String,
    attribute_type: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct KeyPart {
    attribute_name: String,
    key_type: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Index {
    index_name: String,
    key_schema: Vec<KeyPart>,
    projection: IndexProjection,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct IndexProjection {
    projection_type: String,
}

fn wrong(error: impl std::fmt::Display) -> Error {
    Error::Internal(format!("template.yaml: {error}"))
}

fn key_schema(parts: &[KeyPart]) -> Result<Vec<KeySchemaElement>, Error> {
    let element = |part: &KeyPart| {
        let key_type = KeyType::from(part.key_type.as_str());
        KeySchemaElement::builder().attribute_name(&part.attribute_name).key_type(key_type).build().map_err(wrong)
    };
    parts.iter().map(element).collect()
}

/// Returns true if the table of the store exists.
pub async fn is_there(store: &Store) -> Result<bool, Error> {
    match store.client().describe_table().table_name(store.table()).send().await {
        Ok(_) => Ok(true),
        Err(error) if error.as_service_error().is_some_and(DescribeTableError::is_resource_not_found_exception) => {
            Ok(false)
        }
        Err(error) => Err(fault(&error)),
    }
}

/// Creates the table of template.yaml unless it exists. Returns true if it was created. Waits up to a minute for it to
/// become active.
pub async fn create(store: &Store) -> Result<bool, Error> {
    if is_there(store).await? {
        return Ok(false);
    }
    let mut template: Template = serde_yaml_ng::from_str(TEMPLATE).map_err(wrong)?;
    let table = template.resources.remove(LOGICAL_ID).and_then(|table| table.properties);
    let table: TableProperties = serde_yaml_ng::from_value(table.unwrap_or_default()).map_err(wrong)?;
    let mut request = store
        .client()
        .create_table()
        .table_name(store.table())
        .billing_mode(BillingMode::PayPerRequest)
        .set_key_schema(Some(key_schema(&table.key_schema)?));
    for attribute in &table.attribute_definitions {
        let kind = ScalarAttributeType::from(attribute.attribute_type.as_str());
        let definition = AttributeDefinition::builder().attribute_name(&attribute.attribute_name).attribute_type(kind);
        request = request.attribute_definitions(definition.build().map_err(wrong)?);
    }
    for index in &table.global_secondary_indexes {
        let kind = ProjectionType::from(index.projection.projection_type.as_str());
        let definition = GlobalSecondaryIndex::builder()
            .index_name(&index.index_name)
            .set_key_schema(Some(key_schema(&index.key_schema)?))
            .projection(Projection::builder().projection_type(kind).build());
        request = request.global_secondary_indexes(definition.build().map_err(wrong)?);
    }
    match request.send().await {
        Ok(_) => {}
        // The table exists already: the reply was lost and the SDK asked again, or another process creates it too.
        Err(error) if error.as_service_error().is_some_and(CreateTableError::is_resource_in_use_exception) => {}
        Err(error) => return Err(fault(&error)),
    }
    wait_until_active(store).await?;
    Ok(true)
}

/// Waits until the table is active. A real DynamoDB takes a few seconds to create a table.
async fn wait_until_active(store: &Store) -> Result<(), Error> {
    use aws_sdk_dynamodb::types::TableStatus;
    for _ in 0..120 {
        let described = store.client().describe_table().table_name(store.table()).send().await;
        let status = described.ok().and_then(|output| output.table).and_then(|table| table.table_status);
        if status == Some(TableStatus::Active) {
            return Ok(());
        }
        tokio::time::sleep(std::time::Duration::from_millis(500)).await;
    }
    Err(Error::Unavailable("the table was not active after a minute".to_owned()))
}
