//! Leaves addresses out of a text: those of e-mail, and those of machines on a network.

use std::net::{IpAddr, SocketAddrV4};

/// The replacement of an e-mail address.
const MAIL: &str = "<e-mail>";
/// The replacement of a machine's address.
const MACHINE: &str = "<address>";

/// The text without e-mail and IP addresses. Those that mean this very machine stay: they say nothing.
pub(super) fn without_addresses(text: &str) -> String {
    let mut kept = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(start) = rest.find(may_be_in_address) {
        let (before, from) = rest.split_at(start);
        let (word, after) = from.split_at(from.find(is_outside).unwrap_or(from.len()));
        // A sentence may end behind it.
        let address = word.trim_matches(['.', ':', '-', '%', '+']);
        kept.push_str(before);
        match instead_of(address) {
            Some(instead) => kept.push_str(&word.replace(address, instead)),
            None => kept.push_str(word),
        }
        rest = after;
    }
    kept.push_str(rest);
    kept
}

fn may_be_in_address(c: char) -> bool {
    c.is_alphanumeric() || matches!(c, '.' | '_' | '%' | '+' | '-' | ':' | '@')
}

fn is_outside(c: char) -> bool {
    !may_be_in_address(c)
}

/// The replacement of a word, if that is an address.
fn instead_of(word: &str) -> Option<&'static str> {
    if let Some((name, domain)) = word.split_once('@') {
        return is_mail(name, domain).then_some(MAIL);
    }
    let address = address_in(word)?;
    (!address.is_loopback() && !address.is_unspecified()).then_some(MACHINE)
}

fn is_mail(name: &str, domain: &str) -> bool {
    let is_label =
        |label: &str| !label.is_empty() && label.chars().all(|c| c.is_alphanumeric() || c == '-');
    let Some((labels, last)) = domain.rsplit_once('.') else { return false };
    let ends_well = last.chars().count() >= 2 && last.chars().all(char::is_alphabetic);
    !name.is_empty() && ends_well && labels.split('.').all(is_label)
}

/// The address that a word is, with a port or a zone behind it or without.
fn address_in(word: &str) -> Option<IpAddr> {
    if let Ok(with_port) = word.parse::<SocketAddrV4>() {
        return Some(IpAddr::V4(*with_port.ip()));
    }
    let without_zone = word.split_once('%').map_or(word, |(address, _)| address);
    let address: IpAddr = without_zone.parse().ok()?;
    // A path such as `a::b` could be one of the newer kind.
    let has_digit = without_zone.chars().any(|c| c.is_ascii_digit());
    (address.is_ipv4() || has_digit).then_some(address)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn e_mail_and_network_addresses_are_masked_whole() {
        for (text, expected) in [
            ("ask tim.o'neil+saves@example.co.uk.", "ask tim.o'<e-mail>."),
            ("<ann_1@example.com>: no", "<<e-mail>>: no"),
            ("jörg@müller.de", "<e-mail>"),
            ("connect to 192.168.0.17:4000 failed", "connect to <address> failed"),
            ("8.8.8.8, and 10.0.0.1.", "<address>, and <address>."),
            ("[2001:db8::1]:80 or fe80::1%eth0", "[<address>]:80 or <address>"),
        ] {
            assert_eq!(without_addresses(text), expected, "{text}");
        }
    }

    #[test]
    fn texts_that_only_resemble_addresses_are_kept() {
        for text in [
            "game 1.2.3 at 12:30:05, core::fmt::Write",
            "memcpy@plt, __libc_start@GLIBC_2.34, user@host",
            "listening on 127.0.0.1:80 and ::1 and 0.0.0.0",
            "a::b, 300.1.1.1, 1.2.3.4.5, ...:::--@@",
            "é@",
        ] {
            assert_eq!(without_addresses(text), text);
        }
    }
}
