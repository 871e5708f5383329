//! The name of an issuer, which is an address.

use std::net::IpAddr;
use std::str::FromStr;

use reqwest::Url;

/// The URL of an issuer: `https`, or `http` on this machine. Its text is compared letter by letter.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct IssuerUrl {
    text: String,
    url: Url,
}

impl IssuerUrl {
    /// The URL as it was written.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// Where its discovery document is (OpenID Connect Discovery 1.0, section 4).
    pub(super) fn discovery(&self) -> String {
        format!("{}/.well-known/openid-configuration", self.text.trim_end_matches('/'))
    }

    /// Whether it is on this machine.
    pub(super) fn is_here(&self) -> bool {
        is_here(&self.url)
    }
}

/// Whether keys may come from there: nobody on the way can put their own in their place.
pub(super) fn is_protected(url: &Url) -> bool {
    url.scheme() == "https" || (url.scheme() == "http" && is_here(url))
}

fn is_here(url: &Url) -> bool {
    let host = url.host_str().unwrap_or_default();
    let address = host.trim_start_matches('[').trim_end_matches(']');
    host == "localhost" || address.parse::<IpAddr>().is_ok_and(|address| address.is_loopback())
}

impl FromStr for IssuerUrl {
    type Err = &'static str;

    /// The error is a sentence that says what to write instead.
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let usable = |url: &Url| {
            is_protected(url)
                && url.query().is_none()
                && url.fragment().is_none()
                && url.username().is_empty()
                && url.password().is_none()
        };
        match Url::parse(text) {
            Ok(url) if usable(&url) => Ok(Self { text: text.to_owned(), url }),
            _ => Err("Write the issuer's URL as its discovery document spells it, for example \
                 https://login.example.org/realms/crm: https (http only on this machine), and neither user, query nor \
                 fragment."),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_issuer_is_https_or_on_this_machine() {
        for text in [
            "https://login.example.org",
            "https://a.example/b/",
            "http://127.0.0.1:9/x",
            "http://[::1]:9",
            "http://localhost",
        ] {
            assert_eq!(text.parse::<IssuerUrl>().unwrap().as_str(), text);
        }
        for text in [
            "",
            "login.example.org",
            "lethe-local",
            "http://login.example.org",
            "http://127.0.0.1.example.org",
            "ftp://127.0.0.1",
            "https://u:p@login.example.org",
            "https://login.example.org?tenant=1",
            "https://login.example.org#a",
        ] {
            assert!(text.parse::<IssuerUrl>().is_err(), "{text}");
        }
    }

    #[test]
    fn the_discovery_document_is_behind_the_whole_path() {
        for text in ["https://a.example/realms/b", "https://a.example/realms/b/"] {
            let url: IssuerUrl = text.parse().unwrap();
            assert_eq!(url.discovery(), "https://a.example/realms/b/.well-known/openid-configuration");
        }
    }
}
