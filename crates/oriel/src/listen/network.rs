//! Networks of machines whose word is taken, such as the proxies in front.

use std::net::IpAddr;
use std::sync::Arc;

use ipnet::IpNet;
use serde::{Deserialize, Serialize};

/// A network, written as `10.1.0.0/24` or `fd00::/8`, or one address.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Network(IpNet);

impl TryFrom<String> for Network {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        let network = match text.parse::<IpAddr>() {
            Ok(address) => IpNet::from(address.to_canonical()),
            Err(_) => text.parse().map_err(|_| {
                format!("{text:?} is no network such as 10.1.0.0/24 or fd00::/8, and no address")
            })?,
        };
        if network.prefix_len() == 0 {
            return Err(format!(
                "{text:?} is the whole world: anybody could then claim any address"
            ));
        }
        Ok(Self(network.trunc()))
    }
}

impl From<Network> for String {
    fn from(network: Network) -> Self {
        network.0.to_string()
    }
}

/// Some networks. Clones share them.
#[derive(Debug, Clone, Default)]
pub struct Networks(Arc<[Network]>);

impl Networks {
    /// Whether the address lies in one of them.
    pub fn contain(&self, address: IpAddr) -> bool {
        let address = address.to_canonical();
        self.0.iter().any(|network| network.0.contains(&address))
    }
}

impl From<&[Network]> for Networks {
    fn from(networks: &[Network]) -> Self {
        Self(networks.into())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn network(text: &str) -> Result<Network, String> {
        text.to_owned().try_into()
    }

    #[test]
    fn an_address_lies_in_its_network_however_it_is_written() {
        let networks = ["10.1.0.9/24", "192.0.2.7", "fd00::/8"].map(|text| network(text).unwrap());
        let networks = Networks::from(networks.as_slice());
        for inside in [
            "10.1.0.0",
            "10.1.0.255",
            "::ffff:10.1.0.1",
            "192.0.2.7",
            "fd12::1",
        ] {
            assert!(networks.contain(inside.parse().unwrap()), "{inside}");
        }
        for outside in ["10.1.1.0", "192.0.2.8", "fe80::1", "::", "::10.1.0.1", "0.0.0.0"] {
            assert!(!networks.contain(outside.parse().unwrap()), "{outside}");
        }
        assert!(!Networks::default().contain("127.0.0.1".parse().unwrap()));
    }

    #[test]
    fn what_is_no_network_is_refused() {
        for text in [
            "",
            "proxy.example",
            "10.1.0.0/33",
            "10.1.0/24",
            "*",
            "10.1.0.0-9",
            "0.0.0.0/0",
            "::/0",
        ] {
            network(text).expect_err(text);
        }
        assert_eq!(String::from(network("10.1.0.9/24").unwrap()), "10.1.0.0/24");
    }
}
