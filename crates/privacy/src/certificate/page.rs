//! The certificate as a page to print and file. It stands alone: no script, nothing from elsewhere.

mod escape;

use chrono::{DateTime, Utc};

use super::{Certificate, DestroyedKey, Remaining, SignedCertificate};
use escape::Escaped;

const STYLE: &str = include_str!("page/style.css");

impl SignedCertificate {
    /// The page, in HTML, with the name of the unit that approved, if it is known: the certificate has its id. Whatever
    /// stands in it is escaped.
    #[must_use]
    pub fn html(&self, unit: Option<&str>) -> String {
        let it = &self.certificate;
        let parts = [
            head(it),
            statement(it),
            erasure(it),
            approval(it, unit),
            keys(it),
            rotation(it),
            rest(it),
            self.proof(),
        ];
        let title = format!("Certificate of erasure, event {}", it.request.event_position);
        format!(
            "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n\
             <meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src 'unsafe-inline'\">\n\
             <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n\
             <title>{title}</title>\n<style>\n{STYLE}</style>\n</head>\n<body>\n<main>\n{}</main>\n</body>\n</html>\n",
            parts.concat()
        )
    }

    fn proof(&self) -> String {
        let rows = [("Verifier key", code(&self.signature.key)), ("Signature", code(&self.signature.value))];
        section(
            "Signature",
            &format!(
                "{}<p>This page is for reading. What is signed is the certificate's JSON file: save it with \
                 <code>lethe certificate show {} --out certificate.json</code>, and verify it, on any machine and \
                 without the database, with</p>\n<pre>lethe certificate verify certificate.json --key \
                 VERIFIER_KEY</pre>\n<p>Take the verifier key from the installation itself (<code>lethe keys \
                 status</code>), not from this page: whoever forges a certificate also writes a key beside it. The \
                 signature is Ed25519 (RFC 8032) over the format’s name, a line feed and the certificate in canonical \
                 JSON (RFC 8785), so other programs can verify it too.</p>\n",
                table(&rows),
                Escaped(&self.certificate.request.contact.to_string())
            ),
        )
    }
}

fn head(it: &Certificate) -> String {
    let rows = [
        ("Certificate for", code(&format!("contact {}", it.request.contact))),
        ("Issued by", code(&format!("installation {}", it.installation))),
        ("Final since", time(it.rotation.root_destroyed_at)),
        ("Format", text(&it.format)),
    ];
    format!(
        "<header>\n<p class=\"kind\">Regulation (EU) 2016/679 (GDPR)</p>\n<h1>Certificate of Erasure</h1>\n{}</header>\n",
        table(&rows)
    )
}

fn statement(it: &Certificate) -> String {
    section("Statement", &format!("<p class=\"statement\">{}</p>\n", text(&it.statement)))
}

fn erasure(it: &Certificate) -> String {
    let request = &it.request;
    let mut rows = vec![
        ("Kind", text(&request.kind)),
        ("Reason", text(&request.reason)),
        ("Legal basis", text(&request.legal_basis)),
    ];
    rows.extend(request.requested_at.map(|at| ("Requested", time(at))));
    rows.extend([
        ("Decided", time(request.decided_at)),
        ("Recorded", time(request.recorded_at)),
        (
            "Ledger",
            format!("position {}, event {}", request.event_position, code(&request.event_id.to_string())),
        ),
    ]);
    section("Erasure", &table(&rows))
}

fn approval(it: &Certificate, unit: Option<&str>) -> String {
    let by = &it.approved_by;
    section(
        "Approval",
        &table(&[
            ("Role", text(&by.role)),
            ("User", code(&by.user.to_string())),
            ("Unit", named(unit, &by.unit.to_string())),
        ]),
    )
}

fn keys(it: &Certificate) -> String {
    let row = |key: &DestroyedKey| {
        let minor = |name: &str, html: String| format!("<span class=\"minor\">{name}</span> {html}");
        format!(
            "<tr><td>{}<br>{}</td><td>{}<br>{}<br>{}</td></tr>\n",
            text(&key.subject_kind),
            code(&key.subject_id.to_string()),
            minor("class", text(&key.class)),
            minor("key", code(&key.key_id.to_string())),
            minor("commitment", code(&key.commitment))
        )
    };
    let rows: String = it.destroyed_keys.iter().map(row).collect();
    section(
        &format!("Destroyed keys ({})", it.destroyed_keys.len()),
        &list("<th class=\"id\">Subject</th><th>Key</th>", &rows),
    )
}

fn rotation(it: &Certificate) -> String {
    let rotation = &it.rotation;
    let custodians: Vec<String> = rotation.custodians.iter().map(|name| custodian(name)).collect();
    section(
        "Destruction of the root key",
        &table(&[
            (
                "Root destroyed",
                format!("epoch {}, followed by epoch {}", rotation.from_epoch, rotation.to_epoch),
            ),
            ("Covers", format!("what was erased up to position {}", rotation.covers)),
            ("Switched", format!("position {}", rotation.switched_position)),
            (
                "Destroyed",
                format!(
                    "{}, position {}",
                    time(rotation.root_destroyed_at),
                    rotation.root_destroyed_position
                ),
            ),
            ("Acknowledged by", custodians.join("<br>")),
        ]),
    )
}

/// What a custodian is. Where it is stands in the JSON file: a path of the installation says nothing to a reader.
fn custodian(name: &str) -> String {
    match name.split_once(':') {
        Some(("file", _)) => "a file that holds root keys".to_owned(),
        Some(("transit", _)) => "a key service (HashiCorp Vault or OpenBao)".to_owned(),
        _ => text(name),
    }
}

/// A name and an id, or the id alone.
fn named(name: Option<&str>, id: &str) -> String {
    match name {
        Some(name) => format!("{}<br>{}", text(name), code(id)),
        None => code(id),
    }
}

fn rest(it: &Certificate) -> String {
    let views: Vec<String> = it.views_rewritten.iter().map(|view| text(view)).collect();
    let row =
        |left: &Remaining| format!("<tr><td>{}</td><td>{}</td></tr>\n", text(&left.what), text(&left.why));
    let rows: String = it.remaining.iter().map(row).collect();
    let remaining = if rows.is_empty() {
        "<p>Nothing is listed.</p>\n".to_owned()
    } else {
        list("<th>What</th><th>Why</th>", &rows)
    };
    format!(
        "{}{}",
        section("Read models without the values", &format!("<p>{}</p>\n", views.join(", "))),
        section("What remains", &remaining)
    )
}

fn section(title: &str, content: &str) -> String {
    format!("<section>\n<h2>{title}</h2>\n{content}</section>\n")
}

/// Rows of a name and HTML.
fn table(rows: &[(&str, String)]) -> String {
    let row =
        |(name, html): &(&str, String)| format!("<tr><th scope=\"row\">{name}</th><td>{html}</td></tr>\n");
    let rows: String = rows.iter().map(row).collect();
    format!("<table class=\"facts\">\n{rows}</table>\n")
}

fn list(head: &str, rows: &str) -> String {
    format!("<table class=\"list\">\n<thead><tr>{head}</tr></thead>\n<tbody>\n{rows}</tbody>\n</table>\n")
}

fn text(value: &str) -> String {
    Escaped(value).to_string()
}

fn code(value: &str) -> String {
    format!("<code>{}</code>", Escaped(value))
}

/// Whole seconds, and the zone: the JSON file has the fractions.
fn time(at: DateTime<Utc>) -> String {
    at.format("%-d %B %Y, %H:%M:%S UTC").to_string()
}
