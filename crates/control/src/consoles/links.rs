//! Links to consoles: how they look is the operator's choice, and of each dialect's kind.

use oriel_domain::ConsoleToken;
use serde::{Deserialize, Serialize};
use url::Url;

/// How a link carries its token. `token` and `path` in a configuration.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum LinkForm {
    /// `?token=UUID&lang=EN`, Huawei's form.
    Token,
    /// `?path=%3Ftoken%3DUUID`, Nova's form for noVNC, which opens its WebSocket at that path.
    Path,
}

/// How one kind of console is linked to.
#[derive(Debug, Clone)]
pub struct ConsoleLink {
    /// The page that the link opens.
    pub base_url: Url,
    /// How the token is added to it.
    pub form: LinkForm,
    /// The page's language, added as `lang` in the [`LinkForm::Token`] form.
    pub lang: Option<String>,
    /// Whether it opens the server's other consoles too, as tabs of the page: that page must know of them.
    pub tabs: bool,
}

impl ConsoleLink {
    /// The link to the gateway's bare WebSocket, where Oriel is reached like this.
    pub fn to_socket(public_url: &Url) -> Self {
        let mut base_url = public_url.clone();
        let scheme = if public_url.scheme() == "http" {
            "ws"
        } else {
            "wss"
        };
        // Between schemes of the web this never fails.
        base_url.set_scheme(scheme).ok();
        base_url.set_path("/websockify");
        Self {
            base_url,
            form: LinkForm::Token,
            lang: None,
            tabs: false,
        }
    }

    /// The link that carries this token, in a language that was asked for.
    pub(super) fn with(&self, token: &ConsoleToken, lang: Option<&str>) -> String {
        let mut url = self.base_url.clone();
        match self.form {
            LinkForm::Token => {
                let mut query = url.query_pairs_mut();
                query.append_pair("token", token.expose());
                if let Some(lang) = lang.or(self.lang.as_deref()) {
                    query.append_pair("lang", lang);
                }
            }
            LinkForm::Path => {
                // As Nova builds it: the token joins what `path` the base URL has, and parameters
                // without a value are dropped.
                let mut path = String::new();
                let mut others = Vec::new();
                for (name, value) in self.base_url.query_pairs() {
                    if name == "path" {
                        path = value.into_owned();
                    } else if !value.is_empty() {
                        others.push((name, value));
                    }
                }
                let path = format!("{path}?token={}", token.expose());
                url.query_pairs_mut()
                    .clear()
                    .extend_pairs(others)
                    .append_pair("path", &path);
            }
        }
        url.into()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn link(base: &str, form: LinkForm) -> String {
        let token = "80fa7c8d-37fe-451e-8b08-bfbd9fb6a4df".parse().unwrap();
        ConsoleLink {
            base_url: base.parse().unwrap(),
            form,
            lang: Some("EN".into()),
            tabs: false,
        }
        .with(&token, None)
    }

    #[test]
    fn the_seeds_link_is_made_to_the_letter() {
        assert_eq!(
            link(
                "https://nova-novncproxy.az21.dc1.domainname.com:8002/vnc.auto.html",
                LinkForm::Token
            ),
            "https://nova-novncproxy.az21.dc1.domainname.com:8002/vnc.auto.html\
             ?token=80fa7c8d-37fe-451e-8b08-bfbd9fb6a4df&lang=EN"
        );
    }

    #[test]
    fn novas_link_joins_the_path_that_is_there() {
        assert_eq!(
            link("http://127.0.0.1:6080/vnc_auto.html", LinkForm::Path),
            "http://127.0.0.1:6080/vnc_auto.html?path=%3Ftoken%3D80fa7c8d-37fe-451e-8b08-bfbd9fb6a4df"
        );
        assert_eq!(
            link(
                "http://h:6080/vnc_lite.html?autoconnect=true&empty=&path=websockify",
                LinkForm::Path
            ),
            "http://h:6080/vnc_lite.html?autoconnect=true\
             &path=websockify%3Ftoken%3D80fa7c8d-37fe-451e-8b08-bfbd9fb6a4df"
        );
    }
}
