//! Forms with files, as the GraphQL multipart request specification says: `operations` is the request, and `map` says
//! which variables stand for which part. A file becomes the bytes of its variable, which no text can.

use std::collections::BTreeMap;

use async_graphql::{Request, Value, Variables};
use bytes::Bytes;
use futures_util::Stream;
use multer::{Constraints, Multipart, SizeLimit};

use super::Limits;
use super::answer::Refusal;
use super::parameters::from_json;

/// Most parts of a form, and most variables that they may stand for.
const MOST: usize = 100;

/// Why there is no request.
pub(super) enum Unread {
    /// The form is wrong.
    Refused(Refusal),
    /// A part that is no file is larger than a request without files may be.
    TooLarge,
}

impl From<Refusal> for Unread {
    fn from(refusal: Refusal) -> Self {
        Self::Refused(refusal)
    }
}

/// The request in a form.
///
/// # Errors
/// [`Unread`] says what is wrong.
pub(super) async fn request<E>(
    content_type: &str,
    body: impl Stream<Item = Result<Bytes, E>> + Send + 'static,
    limits: Limits,
) -> Result<Request, Unread>
where
    E: std::error::Error + Send + Sync + 'static,
{
    let boundary = multer::parse_boundary(content_type).map_err(|_| no_form())?;
    let text = u64::try_from(limits.body_bytes).unwrap_or(u64::MAX);
    let sizes = SizeLimit::new().for_field("operations", text).for_field("map", text);
    let mut form = Multipart::with_constraints(body, boundary, Constraints::new().size_limit(sizes));
    let mut parts = BTreeMap::new();
    while let Some(part) = form.next_field().await.map_err(|error| unread(&error))? {
        let name = part.name().unwrap_or_default().to_owned();
        if parts.len() == MOST {
            let told = format!("The form has more than {MOST} parts. Send fewer files at once.");
            return Err(Refusal::bad_request(told).into());
        }
        let content = part.bytes().await.map_err(|error| unread(&error))?;
        if parts.insert(name, content).is_some() {
            return Err(Refusal::bad_request("The form has two parts of one name. Give each its own.").into());
        }
    }
    Ok(assembled(parts)?)
}

/// What went wrong is not quoted: the messages of others may quote the form.
fn unread(error: &multer::Error) -> Unread {
    match error {
        multer::Error::FieldSizeExceeded { .. } => Unread::TooLarge,
        _ => no_form().into(),
    }
}

fn no_form() -> Refusal {
    Refusal::bad_request(
        "The form does not have the parts of a GraphQL multipart request: operations, map, then the files that map \
         names.",
    )
}

fn assembled(mut parts: BTreeMap<String, Bytes>) -> Result<Request, Refusal> {
    let operations = parts.remove("operations").ok_or_else(no_form)?;
    let map = parts.remove("map").ok_or_else(no_form)?;
    let mut request = from_json(&operations)?;
    let map: BTreeMap<String, Vec<String>> = serde_json::from_slice(&map).map_err(|_| {
        Refusal::bad_request(
            "The part map of the form must be a JSON object of lists: for each file, the variables that it stands for.",
        )
    })?;
    if map.values().map(Vec::len).sum::<usize>() > MOST {
        let told = format!("The form's files stand for more than {MOST} variables. Send fewer at once.");
        return Err(Refusal::bad_request(told));
    }
    for (name, paths) in map {
        let file = parts.remove(&name).ok_or_else(|| {
            Refusal::bad_request("The part map of the form names a file that the form does not have.")
        })?;
        for path in paths {
            // Null stands there, as the specification wants it, so that nothing that was sent is written over.
            let variable = variable(&mut request.variables, &path).filter(|value| **value == Value::Null);
            *variable.ok_or_else(no_variable)? = Value::Binary(file.clone());
        }
    }
    Ok(request)
}

fn no_variable() -> Refusal {
    Refusal::bad_request(
        "The part map of the form names a variable that is not null in operations. Write it as \"variables.\" and the \
         path to the null that the file stands for.",
    )
}

/// The place that a path like `variables.input.file` or `variables.files.0` leads to.
fn variable<'a>(variables: &'a mut Variables, path: &str) -> Option<&'a mut Value> {
    let mut steps = path.strip_prefix("variables.")?.split('.');
    let first = variables.get_mut(steps.next()?)?;
    steps.try_fold(first, |value, step| match value {
        Value::List(list) => list.get_mut(step.parse::<usize>().ok()?),
        Value::Object(object) => object.get_mut(step),
        _ => None,
    })
}

#[cfg(test)]
mod tests;
