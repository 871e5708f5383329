//! New devices: asked about by mail, approved by a button, revoked.

use lethe_access::device::{ApprovalSecret, RequestDevice};
use lethe_kernel::{Caller, Clock, DeviceId, RequestId, Role, UnitId, UserId};
use lethe_ledger::{Context, Ledger};
use lethe_vault::{Custody, Vault};
use reqwest::{Client, StatusCode};
use serde_json::{Value, json};
use sqlx::postgres::PgConnectOptions;
use uuid::Uuid;

use crate::people::{inner, unit_id, user, user_id};
use crate::server::Server;

const DEVICES: &str = "{ viewer { devices(first: 9) { nodes { id deviceId label status userId } } } }";
const TABLET: DeviceId = DeviceId(Uuid::from_u128(0x7ab));

/// Another process on the data of a server.
pub(crate) async fn beside(server: &Server) -> Ledger {
    let options = PgConnectOptions::new_without_pgpass();
    let options = options.socket(server.data_dir().join("run")).username("postgres").database("postgres");
    let pool = lethe_ledger::connect(options, 4).await.unwrap();
    let vault = Vault::open(pool.clone(), &Custody::in_data_dir(&server.data_dir())).await.unwrap();
    Ledger::start(pool, vault, Clock::system()).await.unwrap()
}

/// Has a device of the demo consultant wait for approval; answers what approves it.
async fn ask(server: &Server, device: DeviceId) -> ApprovalSecret {
    let user = UserId(user(1));
    let secret = ApprovalSecret::random(user, device).unwrap();
    let label = Some("Prøvetablet".to_owned());
    let work = RequestDevice { user, device, label, secret: secret.clone(), page: Some("http://x".into()) };
    let caller = Caller { user, unit: UnitId(inner(&unit_id(0))), role: Role::Consultant };
    let context = Context::new(caller, RequestId(Uuid::from_u128(1)));
    beside(server).await.execute(&context, &work).await.unwrap();
    secret
}

/// Presses the button of the page.
async fn press(server: &Server, token: &str) -> (StatusCode, String) {
    let body = format!("token={token}");
    let request = Client::new().post(server.url("/device/approve"));
    let request = request.header("content-type", "application/x-www-form-urlencoded").body(body);
    let answer = request.send().await.unwrap();
    (answer.status(), answer.text().await.unwrap())
}

/// The status of the answer to a request from a device.
async fn from(server: &Server, device: DeviceId) -> (u16, Value) {
    let request = server.post().header("x-lethe-device", device.to_string());
    let answer = request.json(&json!({"query": "{ viewer { role } }"})).send().await.unwrap();
    (answer.status().as_u16(), answer.json().await.unwrap())
}

async fn devices(server: &Server) -> Vec<Value> {
    server.data(DEVICES, json!({})).await["viewer"]["devices"]["nodes"].as_array().unwrap().clone()
}

#[tokio::test]
async fn a_device_is_approved_by_the_button_of_the_page_and_by_nothing_else() {
    let server = Server::start().await;
    let secret = ask(&server, TABLET).await;
    let page =
        reqwest::get(server.url(&format!("/device/approve?token={0}#{0}", secret.token()))).await.unwrap();
    assert_eq!(page.status(), 200);
    assert_eq!(page.headers()["referrer-policy"], "no-referrer");
    assert!(page.headers()["content-security-policy"].to_str().unwrap().contains("default-src 'none'"));
    let page = page.text().await.unwrap();
    assert!(page.contains("<button") && !page.contains(&secret.token()), "{page}");
    assert_eq!(reqwest::get(server.url("/device/approve.js")).await.unwrap().status(), 200);
    let waiting = devices(&server).await;
    assert_eq!((&waiting[0]["status"], &waiting[0]["label"]), (&json!("REQUESTED"), &json!("Prøvetablet")));
    assert_eq!(from(&server, TABLET).await.0, 403);

    // Of no device, of another one, cut off, nothing: the same words for all.
    let other = ApprovalSecret::random(UserId(user(1)), TABLET).unwrap().token();
    let stranger = ApprovalSecret::random(UserId(user(99)), TABLET).unwrap().token();
    let mut told = Vec::new();
    for token in [other.as_str(), &stranger, &secret.token()[1..], "", "%00"] {
        let (status, said) = press(&server, token).await;
        assert_eq!(status, 403, "{token}: {said}");
        told.push(said);
    }
    assert!(told.windows(2).all(|pair| pair[0] == pair[1]), "{told:?}");
    let foreign = Client::new().post(server.url("/device/approve")).header("origin", "https://evil.example");
    let foreign = foreign.header("content-type", "application/x-www-form-urlencoded");
    let foreign = foreign.body(format!("token={}", secret.token())).send().await.unwrap();
    assert_eq!(foreign.status(), 403);
    assert_eq!(from(&server, TABLET).await.0, 403);

    assert_eq!(press(&server, &secret.token()).await.0, 200);
    assert_eq!(from(&server, TABLET).await.0, 200, "in force when it is answered");
    assert_eq!(press(&server, &secret.token()).await, (StatusCode::FORBIDDEN, told.remove(0)), "once alone");
    assert!(!server.log().contains(&secret.token()), "a secret is in the log");
}

#[tokio::test]
async fn the_first_use_of_a_device_asks_its_user_once() {
    let server = Server::start().await;
    let mails = async || {
        let options = PgConnectOptions::new_without_pgpass().socket(server.data_dir().join("run"));
        let pool =
            sqlx::PgPool::connect_with(options.username("postgres").database("postgres")).await.unwrap();
        let sql = "SELECT count(*) FROM ledger.events WHERE event_type = 'mail.queued'";
        sqlx::query_scalar::<_, i64>(sql).fetch_one(&pool).await.unwrap()
    };
    assert_eq!(mails().await, 0);
    for _ in 0..3 {
        let (status, said) = from(&server, TABLET).await;
        assert_eq!((status, &said["errors"][0]["extensions"]["code"]), (403, &json!("DEVICE_NOT_APPROVED")));
    }
    assert_eq!(mails().await, 1);
    let waiting = devices(&server).await;
    assert_eq!(
        (&waiting[0]["deviceId"], &waiting[0]["status"]),
        (&json!(TABLET.to_string()), &json!("REQUESTED"))
    );
    // Five an hour and no more; then nobody waits for a mail that does not come.
    for n in 1..9 {
        let (status, said) = from(&server, DeviceId(Uuid::from_u128(n))).await;
        let expected = if n < 4 { (403, "DEVICE_NOT_APPROVED") } else { (429, "RATE_LIMITED") };
        assert_eq!(
            (status, said["errors"][0]["extensions"]["code"].as_str().unwrap()),
            expected,
            "{n}: {said}"
        );
    }
    assert_eq!(mails().await, 4, "one device is that of the demo data");
}

#[tokio::test]
async fn a_device_is_revoked_by_its_user_and_by_who_may_off_board_the_user() {
    let mut server = Server::start().await;
    for n in [1, 2] {
        let device = DeviceId(Uuid::from_u128(n));
        assert_eq!(press(&server, &ask(&server, device).await.token()).await.0, 200);
    }
    let of = |devices: &[Value], n: u128| {
        let id = json!(Uuid::from_u128(n).to_string());
        devices.iter().find(|device| device["deviceId"] == id).unwrap()["id"].clone()
    };
    let own = devices(&server).await;
    let revoke = |device: &Value| json!({"deviceId": device});
    let (first, second) = (of(&own, 1), of(&own, 2));
    for role in ["DPM", "AUDITOR"] {
        server.as_role(role);
        assert_eq!(server.refusal("deviceRevoke", revoke(&first)).await.0, "NOT_FOUND", "{role}");
    }
    server.as_role("CONSULTANT");
    let done = server.act("deviceRevoke", revoke(&first), "device { status revokedAt }").await;
    assert_eq!(done["device"]["status"], "REVOKED");
    assert_eq!(from(&server, DeviceId(Uuid::from_u128(1))).await.0, 403);
    assert_eq!(from(&server, DeviceId(Uuid::from_u128(2))).await.0, 200);
    server.as_role("UNIT_ADMINISTRATOR");
    let list = "query($id: ID!) { node(id: $id) { ... on User { devices { nodes { id label } } } } }";
    let list = server.data(list, json!({"id": user_id(1)})).await["node"]["devices"]["nodes"].clone();
    assert_eq!(list.as_array().unwrap().len(), 3);
    server.act("deviceRevoke", revoke(&second), "device { status }").await;
    server.as_role("CONSULTANT");
    assert_eq!(from(&server, DeviceId(Uuid::from_u128(2))).await.0, 403);
}
