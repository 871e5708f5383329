//! A field that may be null and ends with an error is null. GraphQL wants it so (October 2021, section 6.4.4); the
//! executor leaves such a field out of its object, and a client that checks types refuses the whole answer for it.
//!
//! One that may not be null is still left out, and what stands beside it is told: GraphQL would have all of the object
//! that holds it be null, and so on upwards, until nothing is left of a page for the sake of one damaged value.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use async_graphql::extensions::{
    Extension, ExtensionContext, ExtensionFactory, NextExecute, NextResolve, ResolveInfo,
};
use async_graphql::{Response, ServerError, ServerResult, Value};

pub(crate) struct NullOnError;

impl ExtensionFactory for NullOnError {
    fn create(&self) -> Arc<dyn Extension> {
        Arc::new(Errors::default())
    }
}

/// The errors of the fields that are null for them.
#[derive(Default)]
struct Errors(Mutex<Vec<ServerError>>);

impl Errors {
    fn lock(&self) -> MutexGuard<'_, Vec<ServerError>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[async_trait::async_trait]
impl Extension for Errors {
    async fn execute(
        &self,
        context: &ExtensionContext<'_>,
        operation: Option<&str>,
        next: NextExecute<'_>,
    ) -> Response {
        let mut response = next.run(context, operation).await;
        response.errors.append(&mut self.lock());
        response
    }

    async fn resolve(
        &self,
        context: &ExtensionContext<'_>,
        info: ResolveInfo<'_>,
        next: NextResolve<'_>,
    ) -> ServerResult<Option<Value>> {
        let nullable = !info.return_type.ends_with('!');
        match next.run(context, info).await {
            Err(error) if nullable => {
                self.lock().push(error);
                Ok(Some(Value::Null))
            }
            outcome => outcome,
        }
    }
}
