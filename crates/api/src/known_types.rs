//! A variable whose type does not exist is told before anything else looks at it: the library's validation panics over
//! the default of one.

use std::sync::Arc;

use async_graphql::extensions::{Extension, ExtensionContext, ExtensionFactory, NextParseQuery};
use async_graphql::parser::types::{BaseType, ExecutableDocument, Type};
use async_graphql::{ServerError, ServerResult, Variables};

pub(crate) struct KnownTypes;

impl ExtensionFactory for KnownTypes {
    fn create(&self) -> Arc<dyn Extension> {
        Arc::new(Self)
    }
}

#[async_trait::async_trait]
impl Extension for KnownTypes {
    async fn parse_query(
        &self,
        context: &ExtensionContext<'_>,
        query: &str,
        variables: &Variables,
        next: NextParseQuery<'_>,
    ) -> ServerResult<ExecutableDocument> {
        let document = next.run(context, query, variables).await?;
        let types = &context.schema_env.registry.types;
        let operations = document.operations.iter();
        let variables = operations.flat_map(|(_, operation)| &operation.node.variable_definitions);
        for variable in variables {
            let name = base(&variable.node.var_type.node);
            if !types.contains_key(name) {
                let told = format!("There is no type \"{name}\", which the document names for a variable.");
                let mut error = ServerError::new(told, Some(variable.pos));
                error.extensions.get_or_insert_default().set("code", "GRAPHQL_VALIDATION_FAILED");
                return Err(error);
            }
        }
        Ok(document)
    }
}

/// The name inside all lists.
fn base(mut of: &Type) -> &str {
    loop {
        match &of.base {
            BaseType::Named(name) => return name,
            BaseType::List(inner) => of = inner,
        }
    }
}
