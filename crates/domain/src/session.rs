//! How a session ends.

use std::fmt;

/// Whose doing an end was. It decides the log level and, later, who is alerted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fault {
    /// The person, browser or program that connected.
    Client,
    /// The hypervisor or what lies between.
    BackEnd,
    /// Oriel itself, or its operator's doing.
    Gateway,
}

macro_rules! end_reasons {
    ($($(#[$doc:meta])* $variant:ident = $code:literal, $name:literal, $fault:ident, $status:literal, $text:literal;)*) => {
        /// The one reason why a session ended, or never began.
        ///
        /// Each has a WebSocket close code (RFC 6455 section 7.4.2: 4000-4999 are ours to use), a
        /// name for logs, metrics and the page, and an HTTP status for a refusal before the upgrade.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
        pub enum EndReason { $($(#[$doc])* $variant),* }

        impl EndReason {
            /// Every reason.
            pub const ALL: &'static [Self] = &[$(Self::$variant),*];

            /// The WebSocket close code.
            pub fn close_code(self) -> u16 {
                match self { $(Self::$variant => $code),* }
            }

            /// The name that logs, metrics and the page know it by.
            pub fn name(self) -> &'static str {
                match self { $(Self::$variant => $name),* }
            }

            /// Whose doing it was.
            pub fn fault(self) -> Fault {
                match self { $(Self::$variant => Fault::$fault),* }
            }

            /// The HTTP status of a refusal with this reason.
            pub fn http_status(self) -> u16 {
                match self { $(Self::$variant => $status),* }
            }

            /// What happened, in a sentence for a log or an API's caller.
            pub fn describe(self) -> &'static str {
                match self { $(Self::$variant => $text),* }
            }
        }
    };
}

end_reasons! {
    /// The page was closed or left.
    ClientClosed = 1000, "client-closed", Client, 400, "the browser closed the console";
    /// The browser's connection broke without a word.
    ClientLost = 4000, "client-lost", Client, 400, "the connection to the browser broke";
    /// No token came with the request.
    TokenMissing = 4001, "token-missing", Client, 401, "the link carries no token";
    /// No grant has this token.
    TokenUnknown = 4002, "token-unknown", Client, 401, "no console was granted by this token";
    /// The token's time is over.
    TokenExpired = 4003, "token-expired", Client, 401, "the token has expired";
    /// The token was good for one opening.
    TokenUsed = 4004, "token-used", Client, 403, "the token was already used in another browser";
    /// The page that asked is not one that may.
    OriginRefused = 4005, "origin-refused", Client, 403, "the page's origin is not allowed to open consoles here";
    /// The client broke a rule of WebSocket or RFB.
    ClientProtocol = 4006, "client-protocol", Client, 400, "the client sent what the protocol does not allow";
    /// The client did not finish its part of the opening in time.
    ClientTimeout = 4007, "client-timeout", Client, 408, "the client did not answer in time";
    /// The inventory no longer has the server.
    ServerGone = 4010, "server-gone", BackEnd, 404, "the server is no longer in the inventory";
    /// The server no longer has this console.
    ConsoleGone = 4011, "console-gone", BackEnd, 404, "the server no longer has this console";
    /// The token opens other consoles of the server, and not this one.
    ConsoleNotGranted = 4012, "console-not-granted", Client, 403, "the link does not open this console of the server";
    /// Nothing listens at the back end's address.
    BackEndUnreachable = 4020, "back-end-unreachable", BackEnd, 502, "the hypervisor's console port cannot be reached";
    /// The back end did not answer in time.
    BackEndTimeout = 4021, "back-end-timeout", BackEnd, 504, "the hypervisor's console port did not answer in time";
    /// The back end speaks something else.
    BackEndProtocol = 4022, "back-end-protocol", BackEnd, 502, "the hypervisor's console port speaks another protocol";
    /// No security could be agreed on with the back end, its certificate is not to be trusted, or it
    /// turned the gateway down.
    BackEndSecurity = 4023, "back-end-security", BackEnd, 502, "no secure connection to the hypervisor's console port could be agreed on";
    /// The back end closed the connection.
    BackEndClosed = 4024, "back-end-closed", BackEnd, 502, "the hypervisor closed the console";
    /// The connection to the back end broke.
    BackEndLost = 4025, "back-end-lost", BackEnd, 502, "the connection to the hypervisor broke";
    /// The gateway is stopping.
    Stopping = 4030, "stopping", Gateway, 503, "the gateway is stopping";
    /// As many sessions are live as may be.
    TooManySessions = 4031, "too-many-sessions", Gateway, 503, "the gateway carries as many sessions as it may";
    /// The user has as many sessions as one user may.
    TooManyOfUser = 4033, "too-many-of-user", Client, 429, "the user has as many sessions as one user may have";
    /// The project has as many sessions as one project may.
    TooManyOfProject = 4034, "too-many-of-project", Client, 429, "the project has as many sessions as one project may have";
    /// The server has as many viewers as one server may.
    TooManyOfServer = 4035, "too-many-of-server", Client, 429, "the server has as many viewers as one server may have";
    /// The gateway is being drained: it carries nothing new, and its sessions go elsewhere.
    Drained = 4036, "drained", Gateway, 503, "the gateway is being taken out of service";
    /// Nobody had a hand in the session for as long as is allowed.
    Idle = 4040, "idle", Client, 408, "nobody used the session for as long as is allowed";
    /// Another viewer took the console over, where a server has one at a time.
    TakenOver = 4041, "taken-over", Client, 409, "another viewer took the console over";
    /// Another viewer has the console, where a server has one at a time.
    ServerInUse = 4042, "server-in-use", Client, 409, "another viewer has the console";
    /// A page asked about a session that it does not have.
    NoSession = 4043, "no-session", Client, 404, "the page has no live session";
    /// A page asked to be told of its session once more than one may.
    TooManyStreams = 4044, "too-many-streams", Client, 429, "the session is told to as many pages as it may be";
    /// The operator or the viewer's role forbids what cannot be kept from a console of this kind.
    RulesUnkept = 4045, "rules-unkept", Gateway, 403, "what this viewer may not do cannot be kept from a console of this kind";
    /// The session was live for as long as one may be.
    SessionTooLong = 4032, "session-too-long", Gateway, 503, "the session reached its longest time";
    /// Something broke inside Oriel.
    Internal = 4099, "internal", Gateway, 500, "something broke inside the gateway";
}

impl fmt::Display for EndReason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl From<crate::RefusedToken> for EndReason {
    fn from(refused: crate::RefusedToken) -> Self {
        match refused {
            crate::RefusedToken::Unknown => Self::TokenUnknown,
            crate::RefusedToken::Expired => Self::TokenExpired,
            crate::RefusedToken::Used => Self::TokenUsed,
            crate::RefusedToken::OtherConsole => Self::ConsoleNotGranted,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::HashSet;

    #[test]
    fn each_reason_has_its_own_code_and_name() {
        let codes: HashSet<_> = EndReason::ALL.iter().map(|r| r.close_code()).collect();
        let names: HashSet<_> = EndReason::ALL.iter().map(|r| r.name()).collect();
        assert_eq!(codes.len(), EndReason::ALL.len());
        assert_eq!(names.len(), EndReason::ALL.len());
        for reason in EndReason::ALL {
            assert!(reason.close_code() == 1000 || (4000..5000).contains(&reason.close_code()));
            // A close frame holds 125 bytes, two of them the code (RFC 6455 section 5.5).
            assert!(reason.name().len() <= 123);
            assert!((400..600).contains(&reason.http_status()));
        }
    }
}
