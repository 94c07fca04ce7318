//! The hosts of a URL. Each is asked on its own: the client would tell the last one's failure alone, and wait for ever for a
//! host that takes a connection and says nothing.

use std::net::IpAddr;

use tokio_postgres::Config;
use tokio_postgres::config::{Host, TargetSessionAttrs};

/// The configuration of each host, in the URL's order; `None` if there is no host, or another number of ports or addresses.
pub(crate) fn each_host(all: &Config) -> Option<Vec<Config>> {
    let (hosts, ports, addresses) = (all.get_hosts(), all.get_ports(), all.get_hostaddrs());
    let fits = |count| count <= 1 || count == hosts.len();
    if hosts.is_empty() || !fits(ports.len()) || ![0, hosts.len()].contains(&addresses.len()) {
        return None;
    }
    let each = hosts.iter().enumerate().map(|(place, host)| {
        let port = ports.get(place).or_else(|| ports.first());
        one_host(all, host, port.copied(), addresses.get(place).copied())
    });
    Some(each.collect())
}

fn one_host(all: &Config, host: &Host, port: Option<u16>, address: Option<IpAddr>) -> Config {
    let mut one = Config::new();
    match host {
        Host::Tcp(name) => one.host(name),
        #[cfg(unix)]
        Host::Unix(path) => one.host_path(path),
    };
    if let Some(port) = port {
        one.port(port);
    }
    if let Some(address) = address {
        one.hostaddr(address);
    }
    if let Some(it) = all.get_user() {
        one.user(it);
    }
    if let Some(it) = all.get_password() {
        one.password(it);
    }
    if let Some(it) = all.get_dbname() {
        one.dbname(it);
    }
    if let Some(it) = all.get_options() {
        one.options(it);
    }
    if let Some(it) = all.get_application_name() {
        one.application_name(it);
    }
    if let Some(it) = all.get_connect_timeout() {
        one.connect_timeout(*it);
    }
    if let Some(it) = all.get_tcp_user_timeout() {
        one.tcp_user_timeout(*it);
    }
    if let Some(it) = all.get_keepalives_interval() {
        one.keepalives_interval(it);
    }
    if let Some(it) = all.get_keepalives_retries() {
        one.keepalives_retries(it);
    }
    one.keepalives(all.get_keepalives())
        .keepalives_idle(all.get_keepalives_idle())
        .ssl_mode(all.get_ssl_mode())
        .ssl_negotiation(all.get_ssl_negotiation())
        .channel_binding(all.get_channel_binding())
        // The connection looks by itself whether the server writes.
        .target_session_attrs(TargetSessionAttrs::Any);
    one
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hosts(url: &str) -> Option<Vec<Config>> {
        each_host(&url.parse().unwrap())
    }

    #[test]
    fn each_host_keeps_everything_that_the_url_says() {
        let url = "postgres://arena:s3cret@a:1,b:2/worlds?hostaddr=127.0.0.1,127.0.0.2&sslmode=require\
            &options=-c%20lock_timeout%3D1s&application_name=x&connect_timeout=3&tcp_user_timeout=4\
            &keepalives=0&keepalives_idle=5&keepalives_interval=6&keepalives_retries=7\
            &channel_binding=require&sslnegotiation=direct";
        let all = hosts(url).unwrap();
        let one = url.replace("a:1,b:2", "b:2").replace("127.0.0.1,127.0.0.2", "127.0.0.2");
        assert_eq!(all.len(), 2);
        assert_eq!(all[1], one.parse().unwrap());
        assert_eq!(all[0].get_hosts(), [Host::Tcp("a".to_owned())]);
    }

    #[test]
    fn one_port_applies_to_all_hosts_and_other_counts_are_refused() {
        let all = hosts("host=a,b,c port=7 user=x").unwrap();
        assert!(all.iter().all(|one| one.get_ports() == [7]));
        assert_eq!(hosts("host=a,b,c port=7,8 user=x"), None);
        assert_eq!(hosts("host=a,b hostaddr=127.0.0.1 user=x"), None);
        assert_eq!(hosts("user=x"), None);
    }
}
