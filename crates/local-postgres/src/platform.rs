//! The command that installs PostgreSQL on this platform.

use std::fs;

/// The install command for the machine we run on.
pub(crate) fn install_command() -> String {
    if cfg!(target_os = "macos") {
        return "brew install postgresql@17".to_owned();
    }
    let release =
        ["/etc/os-release", "/usr/lib/os-release"].into_iter().find_map(|path| fs::read_to_string(path).ok());
    command_for(&release.unwrap_or_default()).to_owned()
}

/// The install command for the system that an `os-release` file describes, by its `ID` and then its `ID_LIKE`.
fn command_for(os_release: &str) -> &'static str {
    let field = |name: &str| {
        let line = os_release.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix('='));
        line.unwrap_or_default().trim_matches(['"', '\'']).to_owned()
    };
    let ids = format!("{} {}", field("ID"), field("ID_LIKE"));
    let known = ids.split_whitespace().find_map(|id| match id {
        "debian" | "ubuntu" => Some("sudo apt-get install postgresql"),
        "fedora" | "rhel" | "centos" => Some("sudo dnf install postgresql-server"),
        "suse" | "opensuse" => Some("sudo zypper install postgresql-server"),
        "arch" => Some("sudo pacman -S postgresql"),
        "alpine" => Some("sudo apk add postgresql"),
        _ => None,
    });
    known.unwrap_or("your system's package manager (the package is usually called postgresql)")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_install_command_fits_the_platform() {
        assert_eq!(command_for("NAME=\"Debian\"\nID=debian\n"), "sudo apt-get install postgresql");
        assert_eq!(
            command_for("ID=linuxmint\nID_LIKE=\"ubuntu debian\"\n"),
            "sudo apt-get install postgresql"
        );
        assert_eq!(command_for("ID=fedora\n"), "sudo dnf install postgresql-server");
        assert_eq!(
            command_for("ID=\"rocky\"\nID_LIKE=\"rhel centos fedora\"\n"),
            "sudo dnf install postgresql-server"
        );
        assert!(command_for("").contains("package manager"));
    }
}
