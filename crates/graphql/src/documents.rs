//! The extension that stands between every request and the executor.

use std::sync::{Arc, OnceLock};

use async_graphql::extensions::{
    Extension, ExtensionContext, ExtensionFactory, NextExecute, NextPrepareRequest, NextValidation,
};
use async_graphql::parser::types::ExecutableDocument;
use async_graphql::registry::Registry;
use async_graphql::{Request, Response, ServerError, ServerResult, ValidationResult};

use crate::answer::order;
use crate::fault::{COMPLEX, DEEP, MOST, first, refusal};
use crate::limits::Limits;
use crate::marker::mark;
use crate::operation::{chosen, coerce, prune, reached};
use crate::selection::{Asked, Walk};
use crate::syntax::read;
use crate::value::{Scalars, Values};
use crate::{cost, text};

/// Refuses documents that cost too much; checks every variable and every literal before anything is executed; answers in
/// the order of the document. It comes behind [`crate::Persisted`].
pub struct Documents {
    limits: Limits,
    scalars: Scalars,
}

impl Documents {
    /// With the limits, and what reads the scalars that the schema has of its own.
    #[must_use]
    pub fn new(limits: Limits, scalars: Scalars) -> Self {
        Self { limits, scalars }
    }
}

impl ExtensionFactory for Documents {
    fn create(&self) -> Arc<dyn Extension> {
        Arc::new(OneDocument { limits: self.limits, scalars: self.scalars, prepared: OnceLock::new() })
    }
}

/// The document of one request.
struct OneDocument {
    limits: Limits,
    scalars: Scalars,
    prepared: OnceLock<Prepared>,
}

struct Prepared {
    document: ExecutableDocument,
    operation: Option<String>,
    errors: Vec<ServerError>,
}

impl OneDocument {
    fn prepare(&self, mut request: Request, registry: &Registry) -> ServerResult<Request> {
        text::check(&request.query)?;
        let Ok(document) = request.parsed_query() else { return Err(unread(&request.query)) };
        let mut document = document.clone();
        let cost = cost::check(&document, &request.variables)?;
        let name = request.operation_name.clone();
        let mut values = Values { registry, scalars: self.scalars, errors: Vec::new() };
        let operation = chosen(&document, name.as_deref())?;
        let absent = coerce(&operation.node, &mut request.variables, &mut values);
        let mut errors = std::mem::take(&mut values.errors);
        if errors.is_empty() {
            let set = &operation.node.selection_set.node;
            let mut walk = Walk::new(&document, &request.variables, self.limits, values);
            let asked = walk.all(&cost.fragments, &reached(&document, set), set);
            self.within(asked)?;
            errors = walk.values.errors;
            // Few of them are told by the executor's rules, with names that are meant perhaps.
            if walk.unknown.len() > MOST {
                errors.append(&mut walk.unknown);
            }
        }
        if !absent.is_empty() {
            prune(&mut document, name.as_deref(), &absent);
        }
        mark(&mut document);
        request.set_parsed_query(document.clone());
        self.prepared.get_or_init(|| Prepared { document, operation: name, errors });
        Ok(request)
    }

    fn within(&self, asked: Asked) -> ServerResult<()> {
        let Limits { depth, complexity, .. } = self.limits;
        if asked.weight > complexity {
            let message = format!(
                "The query asks for too much at once, more than {complexity} fields. Ask for smaller pages or fewer \
                 fields, or split it into several requests."
            );
            return Err(refusal(COMPLEX, message, None));
        }
        if asked.depth > depth {
            let message = format!(
                "The query is nested deeper than {depth} levels. Ask for fewer levels, or split it into several requests."
            );
            return Err(refusal(DEEP, message, None));
        }
        Ok(())
    }
}

/// The refusal of a text that does not parse.
fn unread(document: &str) -> ServerError {
    read(document).err().unwrap_or_else(|| refusal(crate::fault::PARSE, "The document cannot be read.", None))
}

#[async_graphql::async_trait::async_trait]
impl Extension for OneDocument {
    async fn prepare_request(
        &self,
        context: &ExtensionContext<'_>,
        request: Request,
        next: NextPrepareRequest<'_>,
    ) -> ServerResult<Request> {
        let request = self.prepare(request, &context.schema_env.registry)?;
        next.run(context, request).await
    }

    async fn validation(
        &self,
        context: &ExtensionContext<'_>,
        next: NextValidation<'_>,
    ) -> Result<ValidationResult, Vec<ServerError>> {
        match self.prepared.get() {
            Some(prepared) if !prepared.errors.is_empty() => Err(first(prepared.errors.clone())),
            _ => next.run(context).await.map_err(first),
        }
    }

    async fn execute(
        &self,
        context: &ExtensionContext<'_>,
        operation: Option<&str>,
        next: NextExecute<'_>,
    ) -> Response {
        let mut response = next.run(context, operation).await;
        if let Some(Prepared { document, operation, .. }) = self.prepared.get()
            && let Ok(operation) = chosen(document, operation.as_deref())
        {
            let set = &operation.node.selection_set.node;
            order(&mut response, document, set, &context.schema_env.registry);
        }
        response
    }
}
