//! One way to make a TLS client: *ring*, the machine's own certificate store, and no store at all for plain `http`.

use hyper_rustls::ConfigBuilderExt;
use std::sync::Arc;
use url::Url;

/// A TLS client configuration for `url`. For `http` and `ws` no certificate store is read, so that a local Slack works
/// on a machine that has none.
///
/// Errors when `url` needs TLS and the machine has no certificates.
pub fn client_config(url: &Url) -> std::io::Result<rustls::ClientConfig> {
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let builder = rustls::ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(std::io::Error::other)?;
    let with_roots = match url.scheme() {
        "http" | "ws" => builder.with_root_certificates(rustls::RootCertStore::empty()),
        _ => builder.with_native_roots()?,
    };
    Ok(with_roots.with_no_client_auth())
}
