//! One channel of a SPICE console: its link, which ends at the gateway on both sides.
//!
//! What a channel is for is known from the page's first message alone, and a hypervisor's answer depends on it. So the
//! back end is only reached before the browser is answered; the two links come after that. The gateway lets itself in
//! with the password that it knows. What the page offers in its place is not looked at.

use std::time::Duration;

use oriel_domain::{BackEnd, EndReason};
use oriel_spice::ticket::{MECHANISM, TICKET, ticket};
use oriel_spice::{
    Capabilities, Channel, LinkError, PUBLIC_KEY, Reply, Request, Status, common, message_length,
};
use oriel_ws::{ControlFrame, Deframer};
use secrecy::SecretSlice;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};

use crate::back_end::{password, reach, tls_if_demanded};
use crate::farewell::Ended;
use crate::net::{BackEndStream, ClientStream};
use crate::screen::{in_time, send, write};
use crate::session::Failure;

/// Most bytes read from a browser at once in a link. Its messages are far smaller.
const BUFFER: usize = 4096;

/// A back end that waits to be told what its connection is for.
#[derive(Debug)]
pub(crate) struct Waiting {
    stream: BackEndStream,
    /// What lets the gateway in, where something is set.
    password: Option<SecretSlice<u8>>,
}

/// Reaches a back end.
pub(crate) async fn open(
    back_end: &BackEnd,
    connect: Duration,
    handshake: Duration,
) -> Result<Waiting, Failure> {
    let password = match &back_end.security.password {
        Some(source) => Some(password(source).await?),
        None => None,
    };
    let secure = |stream| tls_if_demanded(stream, back_end);
    let stream = reach(back_end, connect, handshake, "not ready", secure).await?;
    Ok(Waiting { stream, password })
}

/// A channel whose both links are done.
#[derive(Debug)]
pub(crate) struct Linked {
    pub stream: BackEndStream,
    pub channel: Channel,
    /// Where the browser's frames stand.
    pub deframer: Deframer,
    /// What it has sent for the channel already.
    pub early: Vec<u8>,
}

/// Brings a channel to its own messages. `received` is what was read from the browser with its request.
pub(crate) async fn link(
    browser: &mut ClientStream,
    deframer: Deframer,
    received: Vec<u8>,
    waiting: Waiting,
    limit: Duration,
) -> Result<Linked, Ended> {
    let mut page = PageSide {
        browser,
        deframer,
        received,
        data: Vec::new(),
    };
    let request = in_time(limit, "no SPICE link", page.request()).await?;
    let channel = request.channel;
    let back_end = tokio::time::timeout(limit, link_back_end(waiting, &request));
    let (stream, reply) = match back_end.await {
        Ok(Ok(linked)) => linked,
        Ok(Err(Refused { told, failure })) => {
            send(page.browser, &Reply::refusal(told).to_bytes()).await?;
            return Err(failure.into());
        }
        Err(_) => {
            let detail = format!("no SPICE link for the channel {channel} within {limit:?}");
            send(page.browser, &Reply::refusal(Status::ERROR).to_bytes()).await?;
            return Err(Failure::new(EndReason::BackEndTimeout, detail).into());
        }
    };
    send(page.browser, &reply.to_bytes()).await?;
    let proof = proof_length(&request);
    in_time(limit, "no SPICE link", page.proof(proof)).await?;
    send(page.browser, &Status::OK.0.to_le_bytes()).await?;
    tracing::debug!(%channel, number = request.number, "linked");
    Ok(Linked {
        stream,
        channel,
        deframer: page.deframer,
        early: page.data,
    })
}

/// What a page sends to prove who it is. The gateway knows that already: it came with a token.
fn proof_length(request: &Request) -> usize {
    let says_how = request.common.has(common::AUTH_SELECTION);
    if says_how {
        MECHANISM.len() + TICKET
    } else {
        TICKET
    }
}

/// Why a channel is not to be had, and what the page is told of it in SPICE's own words. A wrong password is the
/// operator's to mend: a page that read of one would ask its user, in vain.
#[derive(Debug)]
struct Refused {
    told: Status,
    failure: Failure,
}

impl From<Failure> for Refused {
    fn from(failure: Failure) -> Self {
        Self {
            told: Status::ERROR,
            failure,
        }
    }
}

impl Refused {
    fn by(status: Status, has_password: bool) -> Self {
        let (reason, hint) = match status {
            Status::PERMISSION_DENIED if has_password => (
                EndReason::BackEndSecurity,
                ": it does not take the password that is set",
            ),
            Status::PERMISSION_DENIED => (
                EndReason::BackEndSecurity,
                ": it wants a password and none is set (password_file or password_env)",
            ),
            Status::NEED_SECURED => (
                EndReason::BackEndSecurity,
                ": give its TLS port as back_end, and ca_file",
            ),
            Status::BAD_CONNECTION | Status::NO_CHANNEL => {
                let failure = Failure::new(EndReason::ClientProtocol, status.to_string());
                return Self {
                    told: status,
                    failure,
                };
            }
            _ => (EndReason::BackEndProtocol, ""),
        };
        Failure::new(reason, format!("the back end answers {status}{hint}")).into()
    }
}

/// The gateway as the hypervisor's client. Returns what the page is to be answered.
async fn link_back_end(waiting: Waiting, request: &Request) -> Result<(BackEndStream, Reply), Refused> {
    let Waiting { mut stream, password } = waiting;
    let has_password = password.is_some();
    let password = password.unwrap_or_else(|| Vec::new().into());
    let asked = Request {
        common: by_ticket(request.common.clone()),
        ..request.clone()
    };
    put(&mut stream, &asked.to_bytes()).await?;
    let reply = reply(&mut stream).await?;
    if reply.status != Status::OK {
        return Err(Refused::by(reply.status, has_password));
    }
    let says_how = reply.common.has(common::AUTH_SELECTION);
    if says_how && reply.common.has(common::AUTH_SASL) && !reply.common.has(common::AUTH_SPICE) {
        let detail = "it wants SASL, which is not spoken towards SPICE back ends";
        return Err(Failure::new(EndReason::BackEndSecurity, detail).into());
    }
    let ticket = sealed(&reply.key, &password)?;
    let how: &[u8] = if says_how { &MECHANISM } else { &[] };
    put(&mut stream, &[how, &ticket].concat()).await?;
    let result = stream.read_u32_le().await.map_err(|error| lost(&error))?;
    if Status(result) != Status::OK {
        return Err(Refused::by(Status(result), has_password));
    }
    let common = by_ticket(reply.common);
    Ok((stream, Reply { common, ..reply }))
}

/// What either side is told is what the gateway will do: say or read how one proves oneself, and a ticket.
fn by_ticket(capabilities: Capabilities) -> Capabilities {
    capabilities
        .with(common::AUTH_SELECTION)
        .with(common::AUTH_SPICE)
        .without(common::AUTH_SASL)
}

fn sealed(key: &[u8; PUBLIC_KEY], password: &SecretSlice<u8>) -> Result<[u8; TICKET], Failure> {
    ticket(key, password).map_err(|error| Failure::new(EndReason::BackEndSecurity, error.to_string()))
}

/// Reads the back end's reply and not a byte more.
async fn reply(stream: &mut BackEndStream) -> Result<Reply, Failure> {
    let strange = |error: LinkError| Failure::new(EndReason::BackEndProtocol, error.to_string());
    let mut message = Vec::new();
    let length = loop {
        if let Some(length) = message_length(&message).map_err(strange)? {
            break length;
        }
        // Few enough to be read one by one; another protocol shows with the first.
        message.push(stream.read_u8().await.map_err(|error| lost(&error))?);
    };
    let begun = message.len();
    message.resize(length, 0);
    let rest = message.get_mut(begun..).unwrap_or_default();
    stream.read_exact(rest).await.map_err(|error| lost(&error))?;
    Reply::parse(&message).map_err(strange)
}

async fn put(stream: &mut BackEndStream, bytes: &[u8]) -> Result<(), Failure> {
    let written = async {
        stream.write_all(bytes).await?;
        stream.flush().await
    };
    written.await.map_err(|error| Failure::of_back_end(&error))
}

fn lost(error: &std::io::Error) -> Failure {
    Failure::of_back_end_in("its SPICE link", error)
}

/// The gateway as the page's server.
struct PageSide<'a> {
    browser: &'a mut ClientStream,
    deframer: Deframer,
    /// What was read and not looked at yet.
    received: Vec<u8>,
    /// What its frames held.
    data: Vec<u8>,
}

impl PageSide<'_> {
    /// What it wants.
    async fn request(&mut self) -> Result<Request, Ended> {
        let strange = |error: LinkError| Failure::new(EndReason::ClientProtocol, error.to_string());
        loop {
            match message_length(&self.data).map_err(strange)? {
                Some(length) if length <= self.data.len() => {
                    let request = Request::parse(&self.data).map_err(strange)?;
                    self.data.drain(..length);
                    return Ok(request);
                }
                _ => self.more().await?,
            }
        }
    }

    /// Takes what it proves itself with.
    async fn proof(&mut self, length: usize) -> Result<(), Ended> {
        while self.data.len() < length {
            self.more().await?;
        }
        let proof: Vec<u8> = self.data.drain(..length).collect();
        if length > TICKET && !proof.starts_with(&MECHANISM) {
            let detail = "the page proves itself in another way than was offered";
            return Err(Failure::new(EndReason::ClientProtocol, detail).into());
        }
        Ok(())
    }

    /// Reads frames.
    async fn more(&mut self) -> Result<(), Ended> {
        if self.received.is_empty() {
            self.received.resize(BUFFER, 0);
            let read = self.browser.read(&mut self.received).await;
            let read = read.map_err(|error| Ended::client_lost(&error))?;
            if read == 0 {
                return Err(Failure::new(EndReason::ClientLost, "closed in the SPICE link").into());
            }
            self.received.truncate(read);
        }
        let decoded = self.deframer.push(&mut self.received);
        self.data.extend_from_slice(decoded.data);
        let (ping, end) = (decoded.ping, decoded.end);
        self.received.clear();
        if let Some(ping) = &ping {
            write(self.browser, ControlFrame::pong(ping).as_bytes()).await?;
        }
        match end {
            Some(end) => Err(Ended::by_client(&end)),
            None => Ok(()),
        }
    }
}
