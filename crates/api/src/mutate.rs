//! What every mutation does: execute, wait for the views it returns, answer.

use async_graphql::{Context, ID, Name, Value};
use futures_util::future::BoxFuture;
use lethe_kernel::{self as kernel, ErrorCode};
use lethe_ledger::{AnyWork, Committed, Context as WorkContext, Failure, Idempotency, Projection, Work};
use tracing::Instrument;
use tracing::field::Empty;
use uuid::Uuid;

use crate::app::{App, app, request};
use crate::error::{Result, UserError};
use crate::kind::ShownView;
use crate::loader::Identified;
use crate::scalar::Position;
use crate::visibility::Visibility;

/// The target of spans that are exported as traces.
const TRACE: &str = "lethe_trace";

/// What became of a mutation.
#[derive(Default)]
pub(crate) struct Outcome {
    pub(crate) objects: Vec<Uuid>,
    pub(crate) position: Option<i64>,
    pub(crate) view_pending: bool,
    /// Whether it is the answer to an earlier sending.
    pub(crate) repeated: bool,
    pub(crate) errors: Vec<UserError>,
}

impl Outcome {
    /// Refused before anything was tried.
    pub(crate) fn refused(error: kernel::UserError) -> Self {
        Self { errors: vec![error.into()], ..Self::default() }
    }

    /// The object, if there is one.
    pub(crate) fn object(&self) -> Option<Uuid> {
        self.objects.first().copied()
    }

    pub(crate) fn position(&self) -> Option<Position> {
        self.position.map(Position)
    }
}

/// Executes a command and waits, for a while, until the views that its answer is read from show it.
pub(crate) async fn execute(
    context: &Context<'_>,
    mutation: &'static str,
    key: Option<&ID>,
    work: Result<impl Work, kernel::UserError>,
    shown: &[ShownView],
) -> Result<Outcome> {
    match work {
        Ok(work) => run(context, mutation, key, &work, shown).await,
        Err(error) => Ok(Outcome::refused(error)),
    }
}

/// Boxed, so that the mutations do not each compile it anew.
fn run<'a>(
    context: &'a Context<'_>,
    mutation: &'static str,
    key: Option<&'a ID>,
    work: &'a dyn AnyWork,
    shown: &'a [ShownView],
) -> BoxFuture<'a, Result<Outcome>> {
    Box::pin(executed(context, mutation, key, work, shown))
}

async fn executed(
    context: &Context<'_>,
    mutation: &'static str,
    key: Option<&ID>,
    work: &dyn AnyWork,
    shown: &[ShownView],
) -> Result<Outcome> {
    let idempotency = match idempotency(context, mutation, key) {
        Ok(idempotency) => idempotency,
        Err(error) => return Ok(Outcome::refused(error)),
    };
    let request = request(context);
    let wanted = WorkContext { idempotency, ..WorkContext::new(request.session.caller, request.id) };
    let app = app(context);
    let span = tracing::info_span!(
        target: TRACE, "mutation", otel.name = mutation, request_id = %request.id, outcome = Empty
    );
    let executed = app.ledger.execute_any(&wanted, work).instrument(span.clone()).await;
    span.record(
        "outcome",
        match &executed {
            Ok(_) => "done",
            Err(Failure::Refused(_)) => "refused",
            Err(Failure::Failed(_)) => "failed",
        },
    );
    match executed {
        Ok(done) => Ok(Outcome {
            view_pending: !reached(app, &awaited(shown, &done), done.position).await?,
            objects: done.objects,
            position: Some(done.position),
            repeated: done.repeated,
            errors: Vec::new(),
        }),
        Err(Failure::Refused(errors)) => {
            Ok(Outcome { errors: errors.into_iter().map(Into::into).collect(), ..Outcome::default() })
        }
        Err(Failure::Failed(error)) => Err(error.into()),
    }
}

/// Those of the views that an answer is read from that what was done can have changed.
fn awaited(shown: &[ShownView], done: &Committed) -> Vec<&'static str> {
    let follows = |view: &&ShownView| {
        done.streams.as_ref().is_none_or(|streams| view.sources.iter().any(|source| streams.contains(source)))
    };
    shown.iter().filter(follows).map(|view| view.name).collect()
}

/// The same for a change of who may work here: it is in force in this process when it is answered, and in every other
/// one within a second.
pub(crate) async fn execute_access(
    context: &Context<'_>,
    mutation: &'static str,
    key: Option<&ID>,
    work: Result<impl Work, kernel::UserError>,
    shown: &[ShownView],
) -> Result<Outcome> {
    let outcome = execute(context, mutation, key, work, shown).await?;
    in_force(context, outcome.position).await;
    Ok(outcome)
}

/// Waits, for a while, until this process knows of the change.
async fn in_force(context: &Context<'_>, position: Option<i64>) {
    if let Some(position) = position {
        let app = app(context);
        app.directory.reached(position, app.patience).await;
    }
}

/// Waits, for a while, until views show a position; whether they do.
pub(crate) async fn reached(app: &App, views: &[&str], position: i64) -> Result<bool> {
    Ok(app.views.reached(views, position, app.patience).await?)
}

/// The object a mutation changed, as its events leave it, so that it is right even while the view lags. A repetition
/// shows it only to a caller who sees it: an idempotency key is the user's, whatever unit they act for.
pub(crate) async fn changed<P: Projection<Row: Identified>>(
    context: &Context<'_>,
    outcome: &Outcome,
) -> Result<Option<P::Row>> {
    let Some(id) = outcome.object() else { return Ok(None) };
    let mut rows = app(context).views.rows_at::<P>(&[id], i64::MAX, &P::Row::shown()).await?;
    let seen = |row: &P::Row| !outcome.repeated || row.is_seen(Visibility::of(context));
    Ok(rows.remove(&id).filter(seen))
}

fn idempotency(
    context: &Context<'_>,
    mutation: &'static str,
    key: Option<&ID>,
) -> Result<Option<Idempotency>, kernel::UserError> {
    let Some(key) = key else { return Ok(None) };
    let invalid = |message| kernel::UserError::at(ErrorCode::InvalidValue, "idempotencyKey", message);
    let key = Uuid::parse_str(key).map_err(|_| invalid("An idempotency key is a UUID that you choose."))?;
    let arguments = context.field().arguments().map_err(|_| invalid("The input cannot be read."))?;
    let input = canonical(arguments).ok_or_else(|| invalid("The input cannot be read."))?;
    Ok(Some(Idempotency { key, mutation, input }))
}

/// The arguments of a mutation in the form whose digest is kept: `docs/sealing.md` has it byte by byte.
fn canonical(arguments: Vec<(Name, Value)>) -> Option<Vec<u8>> {
    let mut input = Vec::new();
    for (name, value) in arguments {
        // serde_json keeps the fields of an object sorted, so the same input gives the same bytes.
        input.extend_from_slice(format!("{name}={}\n", value.into_json().ok()?).as_bytes());
    }
    Some(input)
}

/// Declares the payload of a mutation that returns one object.
macro_rules! payload {
    ($($(#[$doc:meta])* $name:ident { $field:ident: $object:ty }),+ $(,)?) => {$(
        $(#[$doc])*
        #[derive(async_graphql::SimpleObject)]
        pub(crate) struct $name {
            /// The object as it is now; null if the mutation was refused.
            pub(crate) $field: Option<$object>,
            /// Pass it as `minPosition` to see this change in any query.
            pub(crate) position: Option<crate::scalar::Position>,
            /// Whether lists do not show the change yet, although it is durable.
            pub(crate) view_pending: bool,
            /// Why it was refused; empty if it was done.
            pub(crate) user_errors: Vec<crate::error::UserError>,
        }

        impl crate::kind::Shown for $name {
            const VIEWS: &'static [crate::kind::ShownView] = <$object as crate::kind::Shown>::VIEWS;
        }

        impl $name {
            pub(crate) fn new(outcome: crate::mutate::Outcome, $field: Option<$object>) -> Self {
                Self {
                    $field,
                    position: outcome.position(),
                    view_pending: outcome.view_pending,
                    user_errors: outcome.errors,
                }
            }
        }
    )+};
}
pub(crate) use payload;

#[cfg(test)]
mod tests {
    use async_graphql::value;

    use super::*;
    use crate::kind::Shown;
    use crate::prospect::Prospect;

    #[test]
    fn a_mutation_waits_for_what_it_changed_of_what_its_answer_shows() {
        let done = |streams: Option<&[&'static str]>| Committed {
            objects: Vec::new(),
            position: 1,
            repeated: streams.is_none(),
            streams: streams.map(<[_]>::to_vec),
        };
        let awaited = |streams| awaited(Prospect::VIEWS, &done(streams));
        assert_eq!(awaited(Some(&["contact", "prospect"])), ["prospect", "contact"]);
        assert_eq!(awaited(Some(&["prospect"])), ["prospect"]);
        assert_eq!(awaited(Some(&["mail"])), [""; 0], "no field of a prospect leads to a mail");
        assert_eq!(awaited(None), ["prospect", "contact", "company", "unit"]);
    }

    fn bytes(input: Value) -> String {
        String::from_utf8(canonical(vec![(Name::new("input"), input)]).unwrap()).unwrap()
    }

    #[test]
    fn an_input_has_the_bytes_that_the_documents_tell() {
        let input = value!({
            "title": null,
            "firstName": "Åse \"A\" Holm\n\u{1}/",
            "aPhone": "20",
            "B": [3, {"z": 1.50, "a": true}, [], -0.0, 1e21, 12_345_678_901_234_567_890_u64],
            "é": {},
        });
        let told = concat!(
            r#"input={"B":[3,{"a":true,"z":1.5},[],-0.0,1e+21,12345678901234567890],"aPhone":"20","#,
            r#""firstName":"Åse \"A\" Holm\n\u0001/","title":null,"é":{}}"#,
            "\n"
        );
        assert_eq!(bytes(input), told);
    }

    #[test]
    fn what_is_left_out_is_not_null_and_a_number_is_not_a_text() {
        assert_ne!(bytes(value!({"title": null})), bytes(value!({})));
        assert_ne!(bytes(value!({"id": 1})), bytes(value!({"id": "1"})));
        let kind = Value::Object([(Name::new("kind"), Value::Enum(Name::new("NOTE")))].into_iter().collect());
        assert_eq!(bytes(kind), bytes(value!({"kind": "NOTE"})));
    }
}
