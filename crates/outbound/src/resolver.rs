//! Names to addresses, judged at the moment of connecting.

use std::{
    io,
    net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, ToSocketAddrs},
    sync::Arc,
};

use async_trait::async_trait;
use reqwest::dns::{Addrs, Name, Resolve, Resolving};
use tokio::sync::Semaphore;

use crate::{options::OutboundOptions, target::Reach};

/// Lookups that may run at once; the system's resolver blocks a thread each and cannot be interrupted.
const MAX_LOOKUPS: usize = 32;

/// Finds the addresses of a name; tests answer from a table.
#[async_trait]
pub trait Lookup: Send + Sync {
    /// Addresses of a name in the order of preference.
    async fn lookup(&self, name: &str) -> io::Result<Vec<IpAddr>>;
}

/// The system's resolver.
#[derive(Debug)]
pub struct SystemLookup {
    permits: Arc<Semaphore>,
}

impl Default for SystemLookup {
    fn default() -> Self {
        Self {
            permits: Arc::new(Semaphore::new(MAX_LOOKUPS)),
        }
    }
}

#[async_trait]
impl Lookup for SystemLookup {
    async fn lookup(&self, name: &str) -> io::Result<Vec<IpAddr>> {
        if is_localhost(name) {
            // RFC 6761, 6.3: these names are loopback whatever a name server says.
            return Ok(vec![Ipv4Addr::LOCALHOST.into(), Ipv6Addr::LOCALHOST.into()]);
        }
        let permit = Arc::clone(&self.permits)
            .acquire_owned()
            .await
            .map_err(io::Error::other)?;
        let name = name.to_owned();
        tokio::task::spawn_blocking(move || {
            // The permit is held by the thread, not by the request, which may give up waiting before.
            let _permit = permit;
            let addresses = (name.as_str(), 0).to_socket_addrs()?;
            Ok(addresses.map(|address| address.ip()).collect())
        })
        .await
        .map_err(io::Error::other)?
    }
}

fn is_localhost(name: &str) -> bool {
    let name = name.strip_suffix('.').unwrap_or(name);
    let last_label = name.rsplit('.').next().unwrap_or(name);
    last_label.eq_ignore_ascii_case("localhost")
}

/// A name that leads nowhere.
#[derive(Debug, thiserror::Error)]
#[error("the name could not be resolved")]
pub(crate) struct Unresolved(#[source] Option<io::Error>);

/// A name that leads only to addresses out of reach.
#[derive(Debug, thiserror::Error)]
#[error("the name leads only to addresses that are not allowed")]
pub(crate) struct OutOfReach;

/// Resolver that hands out only addresses within its reach.
///
/// The connection is made to exactly these addresses, so there is no second lookup that could answer differently.
pub(crate) struct GuardedResolver {
    lookup: Arc<dyn Lookup>,
    options: Arc<OutboundOptions>,
    reach: Reach,
}

impl GuardedResolver {
    /// Makes a resolver with a reach of its own.
    pub(crate) fn new(
        lookup: Arc<dyn Lookup>,
        options: Arc<OutboundOptions>,
        reach: Reach,
    ) -> Self {
        Self {
            lookup,
            options,
            reach,
        }
    }
}

impl Resolve for GuardedResolver {
    fn resolve(&self, name: Name) -> Resolving {
        let lookup = Arc::clone(&self.lookup);
        let options = Arc::clone(&self.options);
        let reach = self.reach;
        Box::pin(async move {
            let found = match lookup.lookup(name.as_str()).await {
                Ok(found) => found,
                Err(error) => return Err(Unresolved(Some(error)).into()),
            };
            if found.is_empty() {
                return Err(Unresolved(None).into());
            }
            let reachable: Vec<SocketAddr> = found
                .into_iter()
                .filter(|address| reach.includes(*address, &options))
                .map(|address| SocketAddr::new(address, 0))
                .collect();
            if reachable.is_empty() {
                return Err(OutOfReach.into());
            }
            Ok(Box::new(reachable.into_iter()) as Addrs)
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn localhost_names_are_loopback_without_a_name_server() {
        for name in [
            "localhost",
            "LOCALHOST",
            "localhost.",
            "shop.localhost",
            "a.b.localhost.",
        ] {
            let found = SystemLookup::default().lookup(name).await.unwrap();
            assert!(found.iter().all(IpAddr::is_loopback), "{name}: {found:?}");
            assert_eq!(found.len(), 2, "{name}");
        }
    }

    #[test]
    fn names_that_only_look_like_localhost_are_asked_for() {
        for name in ["localhost.example", "notlocalhost", "localhost-1", ""] {
            assert!(!is_localhost(name), "{name}");
        }
    }
}
