//! Who may ask: the browser that was given the address with the key, and no page of another site.

use axum::http::{HeaderMap, Method, header};

/// The key and the names under which this server may be asked.
#[derive(Debug)]
pub(crate) struct Access {
    key: String,
    cookie: String,
    hosts: [String; 2],
}

/// What a request may do.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Verdict {
    /// It holds the key as a cookie.
    Known,
    /// It asks for the page with the key in its address, and gets the cookie.
    Newcomer,
    /// It is refused.
    Refused,
}

impl Access {
    pub(crate) fn new(key: &[u8], port: u16) -> Self {
        Self {
            key: key.iter().map(|byte| format!("{byte:02x}")).collect(),
            // Cookies do not know of ports: two viewers at once each have their own.
            cookie: format!("triher-{port}"),
            hosts: [format!("127.0.0.1:{port}"), format!("localhost:{port}")],
        }
    }

    pub(crate) fn url(&self) -> String {
        format!("http://{}/?key={}", self.hosts[0], self.key)
    }

    /// The cookie that the page is sent with.
    pub(crate) fn set_cookie(&self) -> String {
        format!(
            "{}={}; HttpOnly; SameSite=Strict; Path=/",
            self.cookie, self.key
        )
    }

    /// Judges a request: its host must be this one (a name that another site lets point here is refused), what changes something must come from this
    /// page, and it must hold the key.
    pub(crate) fn judge(
        &self,
        method: &Method,
        path: &str,
        query: &str,
        headers: &HeaderMap,
    ) -> Verdict {
        let text = |name| headers.get(name).and_then(|v| v.to_str().ok());
        let host = text(header::HOST).unwrap_or_default();
        if !self.hosts.iter().any(|h| h == host) {
            return Verdict::Refused;
        }
        let own = |origin: &str| origin.strip_prefix("http://") == Some(host);
        if text(header::ORIGIN).is_some_and(|origin| !own(origin)) {
            return Verdict::Refused;
        }
        if *method != Method::GET && text(header::ORIGIN).is_none() {
            return Verdict::Refused;
        }
        let mut cookies = headers
            .get_all(header::COOKIE)
            .iter()
            .filter_map(|v| v.to_str().ok())
            .flat_map(|v| v.split(';'))
            .filter_map(|pair| pair.trim().split_once('='));
        if cookies.any(|(name, value)| name == self.cookie && self.is_key(value)) {
            return Verdict::Known;
        }
        let key = query.split('&').find_map(|pair| pair.strip_prefix("key="));
        match path == "/" && key.is_some_and(|key| self.is_key(key)) {
            true => Verdict::Newcomer,
            false => Verdict::Refused,
        }
    }

    /// Compares every byte, so that the time tells nothing of where the first difference lies.
    fn is_key(&self, other: &str) -> bool {
        let differences = self.key.bytes().zip(other.bytes());
        let differences = differences.fold(0, |all, (a, b)| all | (a ^ b));
        self.key.len() == other.len() && differences == 0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn judge(
        method: Method,
        path: &str,
        query: &str,
        headers: &[(header::HeaderName, &str)],
    ) -> Verdict {
        let access = Access::new(&[1, 2, 255], 5000);
        let mut map = HeaderMap::new();
        for (name, value) in headers {
            map.insert(name, value.parse().unwrap());
        }
        access.judge(&method, path, query, &map)
    }

    #[test]
    fn only_the_page_of_this_machine_with_the_key_is_answered() {
        let host = (header::HOST, "127.0.0.1:5000");
        let cookie = (header::COOKIE, "other=1; triher-5000=0102ff");
        let own = (header::ORIGIN, "http://127.0.0.1:5000");
        let get = |path, query, headers: &[_]| judge(Method::GET, path, query, headers);
        let alone = std::slice::from_ref(&host);
        assert_eq!(get("/", "key=0102ff", alone), Verdict::Newcomer);
        assert_eq!(
            get("/api/facts", "", &[host.clone(), cookie.clone()]),
            Verdict::Known
        );
        // The key in the address opens the page only.
        assert_eq!(get("/api/facts", "key=0102ff", alone), Verdict::Refused);
        assert_eq!(get("/", "key=0102fe", alone), Verdict::Refused);
        assert_eq!(get("/", "key=0102", alone), Verdict::Refused);
        assert_eq!(get("/", "", alone), Verdict::Refused);
        // A name that another site lets point to this machine, another site's page, and no origin for what changes something.
        let rebound = (header::HOST, "evil.example:5000");
        assert_eq!(
            get("/", "key=0102ff", &[rebound, cookie.clone()]),
            Verdict::Refused
        );
        let post = |headers: &[_]| judge(Method::POST, "/api/predict", "", headers);
        assert_eq!(post(&[host.clone(), cookie.clone(), own]), Verdict::Known);
        let other = (header::ORIGIN, "http://evil.example");
        assert_eq!(
            post(&[host.clone(), cookie.clone(), other]),
            Verdict::Refused
        );
        assert_eq!(post(&[host, cookie]), Verdict::Refused);
    }
}
