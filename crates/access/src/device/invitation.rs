//! The mail that asks a user whether a device is theirs.

use lethe_kernel::UserId;
use lethe_mail::Outgoing;

use super::ApprovalSecret;

const KIND: &str = "DEVICE_APPROVAL";

/// The mail to an address of a user, with a link to a page. The secret stands behind `#`, so that it is in no log and in no
/// address that a browser tells others.
pub(super) fn invitation(
    user: UserId,
    to: String,
    page: &str,
    (label, secret): (Option<&str>, &ApprovalSecret),
) -> Outgoing {
    let device = label.map(|label| format!("\n\n    {label}\n")).unwrap_or_default();
    let text = format!(
        "Somebody signed in as you from a device that you have not used before.{device}\n\n\
         If it was you, approve the device within 24 hours:\n\n{page}#{}\n\n\
         If it was not you, do not open the link, and tell your administrator: somebody may know how you sign in.\n",
        secret.token()
    );
    Outgoing { about: user.into(), to, title: "Approve a new device".to_owned(), text, kind: KIND }
}

#[cfg(test)]
mod tests {
    use lethe_kernel::DeviceId;
    use uuid::Uuid;

    use super::*;

    #[test]
    fn the_link_carries_the_secret_behind_the_hash() {
        let user = UserId(Uuid::from_u128(1));
        let secret = ApprovalSecret::random(user, DeviceId(Uuid::from_u128(2))).unwrap();
        let page = "https://crm.example.org/device/approve";
        let mail = invitation(user, "freja@example.org".into(), page, (Some("Firefox"), &secret));
        let link = mail.text.lines().find(|line| line.starts_with(page)).unwrap();
        let token = link.strip_prefix(page).unwrap().strip_prefix('#').unwrap();
        assert_eq!(ApprovalSecret::read(token), Some(secret.clone()));
        assert!(mail.text.contains("    Firefox\n") && !mail.title.contains("Firefox"));
        let plain = invitation(user, "freja@example.org".into(), page, (None, &secret));
        assert!(!plain.text.contains("    "), "{}", plain.text);
    }
}
