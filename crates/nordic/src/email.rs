//! E-mail addresses.

use crate::Error;
use crate::text::{hidden, stored_as_text};

/// An e-mail address; stored with its domain in lower case.
///
/// The check is meant to find slips, not to decide what RFC 5322 allows: quoted local parts, comments and addresses
/// without a dot in the domain are refused, letters of any script are fine.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct EmailAddress {
    text: String,
}

stored_as_text!(EmailAddress, EmailAddress::parse);
hidden!(EmailAddress);

impl EmailAddress {
    /// Reads an address, with or without white space around it.
    ///
    /// # Errors
    /// [`Error::EmailShape`].
    pub fn parse(text: &str) -> Result<Self, Error> {
        let (local, domain) = text.trim().split_once('@').ok_or(Error::EmailShape)?;
        let address = format!("{local}@{}", domain.to_lowercase());
        if address.len() <= 254 && is_local_part(local) && is_domain(domain) {
            Ok(Self { text: address })
        } else {
            Err(Error::EmailShape)
        }
    }

    /// The part after the `@`.
    #[must_use]
    pub fn domain(&self) -> &str {
        self.text.split_once('@').map_or("", |(_, domain)| domain)
    }
}

fn is_local_part(local: &str) -> bool {
    let allowed = |c: char| !c.is_whitespace() && !c.is_control() && !r#"<>()[],;:"\@"#.contains(c);
    (1..=64).contains(&local.len())
        && local.chars().all(allowed)
        && local.split('.').all(|part| !part.is_empty())
}

fn is_domain(domain: &str) -> bool {
    let is_label = |label: &str| {
        (1..=63).contains(&label.len())
            && label.chars().all(|c| c.is_alphanumeric() || c == '-')
            && !label.starts_with('-')
            && !label.ends_with('-')
    };
    let top = domain.rsplit('.').next().unwrap_or_default();
    domain.contains('.') && domain.split('.').all(is_label) && !top.bytes().all(|b| b.is_ascii_digit())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn accepted() {
        for (written, stored) in [
            (" Anna.Sjö@Example.ORG ", "Anna.Sjö@example.org"),
            ("o'hara+crm@mail.example.com", "o'hara+crm@mail.example.com"),
            ("info@ærø.example", "info@ærø.example"),
        ] {
            let address = EmailAddress::parse(written).unwrap();
            assert_eq!(address.as_str(), stored);
        }
        assert_eq!(EmailAddress::parse("a@b.example").unwrap().domain(), "b.example");
    }

    #[test]
    fn refused() {
        let long = format!("a@{}example", "a234567.".repeat(32));
        for written in [
            "",
            "@",
            "a",
            "a@",
            "@example.org",
            "a@example",
            "a@@example.org",
            "a@b@example.org",
            "a b@example.org",
            ".a@example.org",
            "a.@example.org",
            "a..b@example.org",
            "a@example..org",
            "a@-example.org",
            "a@example-.org",
            "a@10.0.0.1",
            "a;b@example.org",
            "<a@example.org>",
            "a@exa mple.org",
            long.as_str(),
        ] {
            assert_eq!(EmailAddress::parse(written), Err(Error::EmailShape), "{written}");
        }
        let longest = format!("a@{}examples.org", "a234567.".repeat(30));
        assert_eq!(longest.len(), 254);
        assert!(EmailAddress::parse(&longest).is_ok());
    }
}
