//! An example of an event, and what the tests need of it without knowing its enum.

use std::sync::{Arc, Mutex};

use chrono::DateTime;
use lethe_api::{Description, STREAM_TYPES};
use lethe_kernel::{
    Caller, CommandId, EventId, KeyClass, RequestId, Role, Seal, SealedText, Subject, UnitId, personal,
};
use lethe_ledger::{Audience, Change, LedgerError, Metadata, Recorded, Value, Versioned};
use lethe_vault::sealed_json;
use serde_json::json;
use uuid::Uuid;

use crate::examples;
use crate::keys::Keys;
use crate::version::Version;

/// An event with invented values.
pub(crate) struct Example {
    event_type: &'static str,
    number: String,
    case: Option<&'static str>,
    stream: Uuid,
    /// As `Debug` shows it: every field, without personal values.
    pub(crate) debug: String,
    /// The event with personal values in clear.
    pub(crate) clear: String,
    /// Where the personal values stand.
    pub(crate) places: Vec<Place>,
    /// The payload as it would be stored.
    pub(crate) seal: Box<dyn Fn(&Keys) -> String>,
    /// Decodes a stored event and writes it again.
    pub(crate) read: fn(&Recorded) -> Result<String, LedgerError>,
}

/// A personal value in an event.
pub(crate) struct Place {
    pub(crate) pointer: String,
    pub(crate) subject: Subject,
    pub(crate) label: String,
}

impl Example {
    /// The example of a version; of a case, if it is not the plain one.
    pub(crate) fn of<E: Versioned + 'static>(event: E, stream: Uuid, case: Option<&'static str>) -> Self {
        let (debug, clear, places) = (format!("{event:?}"), clear(&event), places(&event));
        Self {
            event_type: event.stored_type(),
            number: event.event_version(),
            case,
            stream,
            debug,
            clear,
            places,
            seal: Box::new(move |keys| sealed_json(&event, &keys.ring, keys.event).unwrap()),
            read: |event| Ok(serde_json::to_string(&event.decode::<E>()?).unwrap()),
        }
    }

    pub(crate) fn version(&self) -> Version {
        Version::new(self.event_type, &self.number, self.case)
    }

    /// A stored event of a version of this example's type.
    pub(crate) fn recorded(&self, version: &Version, payload: &str) -> Recorded {
        let has_it = |name: &str| name == self.event_type;
        let stream = STREAM_TYPES.iter().find(|stream| stream.events.iter().any(|kind| has_it(kind.name)));
        Recorded {
            position: 1,
            id: EventId(Uuid::nil()),
            aggregate_type: stream.unwrap().name.to_owned(),
            stream: self.stream,
            sequence: 1,
            event_type: version.event_type.clone(),
            version: version.number.clone(),
            recorded_at: DateTime::UNIX_EPOCH,
            metadata: Metadata {
                user: Caller::SYSTEM,
                unit: UnitId(Uuid::nil()),
                role: Role::System,
                command: CommandId(Uuid::nil()),
                request: RequestId(Uuid::nil()),
                correlation: Uuid::nil(),
                causation: None,
                occurred: DateTime::UNIX_EPOCH,
                keys: None,
                destroyed: None,
            }
            .to_json()
            .unwrap(),
            payload: payload.to_owned(),
        }
    }
}

/// What history shows of a stored event when no key is left: each change on a line.
pub(crate) fn erased(event: &Recorded) -> String {
    let lines: Vec<String> = description(event).changes.iter().map(line).collect();
    format!("[\n  {}\n]\n", lines.join(",\n  "))
}

/// Who is shown what an example says.
pub(crate) fn audience(example: &Example) -> Audience {
    description(&example.recorded(&example.version(), &example.clear)).audience
}

fn description(event: &Recorded) -> Description {
    let stream = STREAM_TYPES.iter().find(|stream| stream.name == event.aggregate_type).unwrap();
    (stream.description)(event).unwrap()
}

/// The example by which a stored version is read: the present one of the same type, and if there is one, of the same
/// case.
pub(crate) fn for_version(version: &Version) -> Example {
    let mut of_type: Vec<_> =
        examples::all().into_iter().filter(|example| example.event_type == version.event_type).collect();
    let same = of_type.iter().position(|example| example.case == version.case.as_deref());
    let plain = of_type.iter().position(|example| example.case.is_none());
    of_type.swap_remove(same.or(plain).unwrap_or_else(|| panic!("no example of {version}")))
}

fn line(change: &Change) -> String {
    let field = change.field;
    let shown = |value| json!({ "field": field, "value": value });
    match &change.value {
        None => shown(json!(null)),
        Some(Value::Text(text)) => shown(json!(text)),
        Some(Value::Number(number)) => shown(json!(number)),
        Some(Value::Flag(flag)) => shown(json!(flag)),
        Some(Value::Date(date)) => shown(json!(date)),
        Some(Value::Time(time)) => shown(json!(time)),
        Some(Value::Object(kind, id)) => shown(json!({ *kind: id })),
        Some(Value::Personal { .. }) => json!({ "field": field, "withheld": "ERASED" }),
        Some(Value::Masked(_)) => json!({ "field": field, "withheld": "MASKED" }),
    }
    .to_string()
}

/// Writes values in clear.
struct Clear;

impl Seal for Clear {
    fn seal(&self, _: Subject, _: KeyClass, _: &str, plaintext: &[u8]) -> Result<SealedText, String> {
        serde_json::from_slice(plaintext).map(SealedText).map_err(|error| error.to_string())
    }
}

fn clear<E: Versioned>(event: &E) -> String {
    let json = personal::sealing(Arc::new(Clear), || serde_json::to_string_pretty(event)).unwrap();
    format!("{json}\n")
}

/// Writes in each place its number.
#[derive(Default)]
struct Numbered(Mutex<Vec<(Subject, String)>>);

impl Seal for Numbered {
    fn seal(&self, subject: Subject, _: KeyClass, label: &str, _: &[u8]) -> Result<SealedText, String> {
        let mut seen = self.0.lock().unwrap();
        seen.push((subject, label.to_owned()));
        Ok(SealedText(format!("place {}", seen.len() - 1)))
    }
}

fn places<E: Versioned>(event: &E) -> Vec<Place> {
    let numbered = Arc::new(Numbered::default());
    let json = personal::sealing(numbered.clone(), || serde_json::to_value(event)).unwrap();
    let mut pointers = Vec::new();
    walk(&json, "", &mut pointers);
    let seen = numbered.0.lock().unwrap();
    let pointer = |number: usize| {
        let text = format!("place {number}");
        pointers.iter().find(|(_, found)| *found == text).unwrap().0.clone()
    };
    let places = seen.iter().enumerate();
    places
        .map(|(number, (subject, label))| Place {
            pointer: pointer(number),
            subject: *subject,
            label: label.clone(),
        })
        .collect()
}

/// Every text of a JSON value with the pointer (RFC 6901) to it.
fn walk(value: &serde_json::Value, at: &str, found: &mut Vec<(String, String)>) {
    match value {
        serde_json::Value::String(text) => found.push((at.to_owned(), text.clone())),
        serde_json::Value::Array(items) => {
            for (index, item) in items.iter().enumerate() {
                walk(item, &format!("{at}/{index}"), found);
            }
        }
        serde_json::Value::Object(fields) => {
            for (name, field) in fields {
                walk(field, &format!("{at}/{name}"), found);
            }
        }
        _ => {}
    }
}
