//! New devices (R53): at first use the user gets a mail, and its link leads to the page here, whose button approves the
//! device. Opening the link approves nothing: programs that look at mails open links too.

use axum::extract::rejection::FormRejection;
use axum::extract::{Form, State};
use axum::http::header::{
    CACHE_CONTROL, CONTENT_SECURITY_POLICY, CONTENT_TYPE, REFERRER_POLICY, RETRY_AFTER,
};
use axum::http::{HeaderName, StatusCode};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use axum::{Extension, Router};
use lethe_access::device::{ApprovalSecret, ApproveDevice, DeviceError, RequestDevice};
use lethe_access::directory::{DeviceStatus, Member};
use lethe_kernel::{Caller, DeviceId, ErrorCode, IdSource, RequestId, Role, UnitId, UserId};
use lethe_ledger::{Context, Failure, Ledger};
use serde::Deserialize;

use super::answer::{Code, Refusal};
use crate::database::Running;
use crate::graphql::PATIENCE;

const PAGE: &str = include_str!("device/page.html");
const SCRIPT: &str = include_str!("device/page.js");

/// Nothing but our own script and form; nobody is told the address, and nothing is kept.
const HEADERS: [(HeaderName, &str); 3] = [
    (
        CONTENT_SECURITY_POLICY,
        "default-src 'none'; script-src 'self'; style-src 'unsafe-inline'; form-action 'self'; base-uri 'none'; \
         frame-ancestors 'none'",
    ),
    (REFERRER_POLICY, "no-referrer"),
    (CACHE_CONTROL, "no-store"),
];

/// The page that approves devices.
pub(super) fn routes(running: Running) -> Router {
    Router::new()
        .route(FirstUse::PAGE, get(page).post(approve))
        .with_state(running)
        .route("/device/approve.js", get(script))
}

async fn page() -> Response {
    shown(StatusCode::OK, FORM)
}

async fn script() -> Response {
    ([(CONTENT_TYPE, "text/javascript; charset=utf-8")], SCRIPT).into_response()
}

const FORM: &str = "<p>If you signed in from a new device, approve it. It may then be used in your name.</p>
<form method=\"post\"><input type=\"hidden\" name=\"token\"><button disabled>Approve the device</button></form>
<noscript><p>The link can only be read with JavaScript. Allow it for this page.</p></noscript>
<script src=\"/device/approve.js\"></script>";

#[derive(Deserialize)]
struct Approval {
    token: String,
}

/// Approves the device whose secret was sent. Whatever is wrong with it, the answer is the same.
async fn approve(
    State(running): State<Running>,
    Extension(request): Extension<RequestId>,
    form: Result<Form<Approval>, FormRejection>,
) -> Response {
    let secret = form.ok().and_then(|Form(approval)| ApprovalSecret::read(&approval.token));
    let Some(secret) = secret else { return refused() };
    let Ok(roster) = running.directory.current().await else { return unavailable() };
    let owner = roster.owner(secret.stream());
    let caller = owner.and_then(|user| Some(in_person(user, roster.user(user)?)));
    let caller = caller.unwrap_or(Caller::system(UnitId(uuid::Uuid::nil())));
    match running.ledger.execute(&Context::new(caller, request), &ApproveDevice { secret }).await {
        Ok(done) => {
            running.directory.reached(done.position, PATIENCE).await;
            let text =
                "<p>The device is approved. You can close this page and go on where you signed in.</p>";
            shown(StatusCode::OK, text)
        }
        Err(Failure::Refused(_)) => refused(),
        Err(Failure::Failed(error)) => {
            tracing::error!(%error, "a device could not be approved");
            unavailable()
        }
    }
}

fn refused() -> Response {
    let mut response = shown(StatusCode::FORBIDDEN, &format!("<p>{}</p>", DeviceError::NotApproved));
    response.extensions_mut().insert(Code(super::caller::DEVICE_NOT_APPROVED.to_owned()));
    response
}

fn unavailable() -> Response {
    let text = "<p>The device cannot be approved at the moment. Try again in a moment.</p>";
    let mut response = shown(StatusCode::SERVICE_UNAVAILABLE, text);
    response.headers_mut().insert(RETRY_AFTER, axum::http::HeaderValue::from_static("1"));
    response
}

/// A page with some content of our own; nothing that a client sent is ever in it.
fn shown(status: StatusCode, content: &str) -> Response {
    let html = [(CONTENT_TYPE, "text/html; charset=utf-8")];
    (status, HEADERS, html, PAGE.replace("CONTENT", content)).into_response()
}

/// A user who does something about their own devices, without having signed in.
fn in_person(user: UserId, member: &Member) -> Caller {
    let role = member.grants.iter().next().map_or(Role::Consultant, |grant| grant.role);
    Caller { user, unit: member.unit, role }
}

/// Asks users about devices that they use for the first time.
#[derive(Clone)]
pub(crate) struct FirstUse {
    ledger: Ledger,
    page: String,
}

impl FirstUse {
    /// The path of the page that approves devices.
    pub(crate) const PAGE: &str = "/device/approve";

    /// Asks with links to this page.
    pub(crate) fn new(running: &Running, page: String) -> Self {
        Self { ledger: running.ledger.clone(), page }
    }

    /// Asks a user about a device, unless it was asked about and can still be approved. If the user was asked about too many
    /// lately, the refusal says so: no mail comes. What goes wrong besides changes nothing for the user: the device is
    /// refused until it is approved.
    pub(super) async fn of(
        &self,
        (user, member): (UserId, &Member),
        device: DeviceId,
        label: Option<String>,
    ) -> Option<Refusal> {
        let settled =
            matches!(member.devices.get(&device), Some(DeviceStatus::Approved | DeviceStatus::Revoked));
        if settled || member.integration || member.off_boarded {
            return None;
        }
        let Some(secret) = ApprovalSecret::random(user, device) else {
            tracing::error!("the machine gives no random numbers");
            return None;
        };
        let work = RequestDevice { user, device, label, secret, page: Some(self.page.clone()) };
        let context = Context::new(in_person(user, member), RequestId(IdSource.next()));
        let failure = self.ledger.execute(&context, &work).await.err()?;
        tracing::warn!(%failure, "a user could not be asked about a new device");
        let Failure::Refused(errors) = failure else { return None };
        let too_many = errors.into_iter().find(|error| error.code == ErrorCode::RateLimited)?;
        Some(Refusal::new(StatusCode::TOO_MANY_REQUESTS, too_many.code.name(), too_many.message))
    }
}
