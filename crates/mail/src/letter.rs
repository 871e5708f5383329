//! A mail as it goes over the wire (RFC 5322).

use chrono::{DateTime, Utc};
use lettre::message::header::{ContentType, HeaderName, HeaderValue};
use lettre::message::{Mailbox, Message};
use lettre::{Address, address::Envelope};
use url::Host;

/// A mail in clear. It lives as long as its sending.
pub(crate) struct Letter {
    pub(crate) to: String,
    pub(crate) title: String,
    pub(crate) text: String,
    /// When it was queued.
    pub(crate) date: DateTime<Utc>,
}

/// A letter as it is sent: the same bytes at every attempt.
pub(crate) struct Rendered {
    pub(crate) envelope: Envelope,
    pub(crate) bytes: Vec<u8>,
}

impl Letter {
    /// Puts it into its form; nothing if its address cannot be written so.
    pub(crate) fn render(&self, from: &Mailbox, message_id: &str) -> Option<Rendered> {
        let message = Message::builder()
            .message_id(Some(format!("<{message_id}>")))
            .date(self.date.into())
            .from(from.clone())
            .to(Mailbox::new(None, address(&self.to)?))
            .subject(self.title.as_str())
            // So that no machine answers that the reader is away (RFC 3834).
            .raw_header(HeaderValue::new(
                HeaderName::new_from_ascii_str("Auto-Submitted"),
                "auto-generated".to_owned(),
            ))
            .header(ContentType::TEXT_PLAIN)
            .body(self.text.clone())
            .ok()?;
        Some(Rendered { envelope: message.envelope().clone(), bytes: message.formatted() })
    }
}

/// The address on the wire: a domain that is not ASCII is written in its encoded form (RFC 5890).
fn address(text: &str) -> Option<Address> {
    let (local, domain) = text.split_once('@')?;
    Address::new(local, domain_to_ascii(domain)?).ok()
}

/// A domain as it is written on the wire.
pub(crate) fn domain_to_ascii(domain: &str) -> Option<String> {
    match Host::parse(domain).ok()? {
        Host::Domain(domain) => Some(domain),
        Host::Ipv4(_) | Host::Ipv6(_) => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn letter(to: &str, title: &str, text: &str) -> String {
        let date = "2026-06-01T12:00:00Z".parse().unwrap();
        let letter = Letter { to: to.into(), title: title.into(), text: text.into(), date };
        let from = "Virksomhedshuset Nord <lethe@nord.example>".parse().unwrap();
        let rendered = letter.render(&from, "7@nord.example").unwrap();
        String::from_utf8(rendered.bytes).unwrap()
    }

    #[test]
    fn a_letter_names_itself_its_date_and_that_a_machine_wrote_it() {
        let letter = letter("anna@example.org", "A new device", "Is it yours?");
        for line in [
            "Message-ID: <7@nord.example>\r\n",
            "Date: Mon, 01 Jun 2026 12:00:00 +0000\r\n",
            "From: \"Virksomhedshuset Nord\" <lethe@nord.example>\r\n",
            "To: anna@example.org\r\n",
            "Subject: A new device\r\n",
            "Auto-Submitted: auto-generated\r\n",
            "Content-Type: text/plain; charset=utf-8\r\n",
            "\r\n\r\nIs it yours?",
        ] {
            assert!(letter.contains(line), "{line:?} is not in {letter}");
        }
    }

    #[test]
    fn what_is_not_ascii_is_encoded() {
        let letter = letter("anna@ærø.example", "Ny enhed på Ærø – godkend den", "Hej Åse\nEr den din?");
        assert!(letter.is_ascii(), "{letter}");
        assert!(letter.contains("To: anna@xn--r-3fa9c.example\r\n"), "{letter}");
        assert!(letter.contains("Subject: Ny enhed =?utf-8?b?"), "{letter}");
        assert!(letter.contains("Hej =C3=85se\r\nEr den din?"), "{letter}");
    }

    #[test]
    fn a_mailbox_that_is_not_ascii_is_written_as_it_is() {
        // RFC 6532; only a server that offers SMTPUTF8 is given such a letter.
        assert!(letter("Åse@example.org", "Hi", "text").contains("To: Åse@example.org\r\n"));
    }

    #[test]
    fn long_lines_are_broken_on_the_wire() {
        for text in ["x".repeat(20_000), "æ ".repeat(10_000), "🦀".repeat(5_000)] {
            let letter = letter("anna@example.org", &"Æ".repeat(200), &text);
            assert!(
                letter.split("\r\n").all(|line| line.len() <= 998),
                "a line is too long for a mail server"
            );
        }
    }

    #[test]
    fn a_title_cannot_add_a_header() {
        // Such a title is refused before; this is the second wall.
        let letter = letter("anna@example.org", "Hi\r\nBcc: x@example.org", "text");
        assert!(!letter.contains("\r\nBcc:"), "{letter}");
    }

    #[test]
    fn an_address_that_cannot_be_written_is_no_letter() {
        let date = DateTime::UNIX_EPOCH;
        let from = "lethe@nord.example".parse().unwrap();
        for to in ["anna", "anna@", "anna@127.0.0.1", "an na@example.org", "anna@exa\r\nmple.org"] {
            let letter = Letter { to: to.into(), title: "t".into(), text: "t".into(), date };
            assert!(letter.render(&from, "7@nord.example").is_none(), "{to:?}");
        }
    }
}
