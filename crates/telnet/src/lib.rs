//! Telnet (RFC 854), client side, as far as a serial line needs it, without I/O.
//!
//! Hypervisors and console servers offer serial lines over Telnet (QEMU's `telnet=on`, ser2net). What matters of it is
//! that bytes pass unharmed: binary transmission (RFC 856), the server's echo (RFC 857) and no go-aheads (RFC 858) are
//! agreed to in either direction where they make sense, and every other option is refused.

#![cfg_attr(not(test), warn(clippy::indexing_slicing))]

#[cfg(test)]
mod tests;

const IAC: u8 = 255;
const DONT: u8 = 254;
const DO: u8 = 253;
const WONT: u8 = 252;
const WILL: u8 = 251;
const SB: u8 = 250;
const BREAK: u8 = 243;
const SE: u8 = 240;

const BINARY: u8 = 0;
const ECHO: u8 = 1;
const SUPPRESS_GO_AHEAD: u8 = 3;

const CR: u8 = b'\r';
const NUL: u8 = 0;

/// One end of a Telnet connection: takes the server's bytes apart, and makes what is to be sent to it.
///
/// It keeps a few bytes of state and no data, whatever the server sends.
#[derive(Debug, Default)]
pub struct Telnet {
    state: State,
    /// What the server does.
    theirs: Options,
    /// What this side does.
    ours: Options,
}

/// Options that are on.
#[derive(Debug, Default)]
struct Options {
    binary: bool,
    echo: bool,
    suppress_go_ahead: bool,
}

impl Options {
    /// The switch of an option that is known.
    fn get(&mut self, option: u8) -> Option<&mut bool> {
        match option {
            BINARY => Some(&mut self.binary),
            ECHO => Some(&mut self.echo),
            SUPPRESS_GO_AHEAD => Some(&mut self.suppress_go_ahead),
            _ => None,
        }
    }
}

#[derive(Debug, Default, Clone, Copy)]
enum State {
    #[default]
    Data,
    /// After a carriage return, which in the text form may be followed by a NUL that means nothing.
    Return,
    /// After IAC.
    Command,
    /// After IAC and one of WILL, WONT, DO and DONT.
    Option(u8),
    /// In a subnegotiation, which is skipped.
    Parameters,
    /// In a subnegotiation, after IAC.
    ParametersCommand,
}

impl Telnet {
    /// A connection on which nothing is agreed yet. The server speaks first, or nobody does.
    pub fn new() -> Self {
        Self::default()
    }

    /// Takes what the server sent, cut anywhere. The line's bytes go to the end of `data`; what must be sent to the
    /// server goes to the end of `reply`, as it is: at most as many bytes as were taken.
    pub fn decode(&mut self, bytes: &[u8], data: &mut Vec<u8>, reply: &mut Vec<u8>) {
        let mut rest = bytes;
        loop {
            // Most of a line's bytes mean themselves.
            if matches!(self.state, State::Data) {
                let plain = rest.iter().position(|&byte| byte == IAC || byte == CR);
                let plain = rest.split_off(..plain.unwrap_or(rest.len()));
                data.extend_from_slice(plain.unwrap_or_default());
            }
            let Some(&byte) = rest.split_off_first() else {
                return;
            };
            self.state = self.step(byte, data, reply);
        }
    }

    #[expect(clippy::match_same_arms, reason = "each arm is a state of its own")]
    fn step(&mut self, byte: u8, data: &mut Vec<u8>, reply: &mut Vec<u8>) -> State {
        match (self.state, byte) {
            (State::Data | State::Return, IAC) => State::Command,
            (State::Return, NUL) if !self.theirs.binary => State::Data,
            (State::Data | State::Return, _) => {
                data.push(byte);
                if byte == CR { State::Return } else { State::Data }
            }
            (State::Command, WILL | WONT | DO | DONT) => State::Option(byte),
            (State::Command, SB) => State::Parameters,
            (State::Command, IAC) => {
                data.push(IAC);
                State::Data
            }
            // No-operation, go-ahead, break and the like mean nothing to who looks at a line.
            (State::Command, SE..) => State::Data,
            (State::Command, _) => {
                // No command at all. QEMU sends a byte 255 of its guest as it is.
                data.extend_from_slice(&[IAC, byte]);
                State::Data
            }
            (State::Option(verb), option) => {
                self.negotiate(verb, option, reply);
                State::Data
            }
            (State::Parameters, IAC) => State::ParametersCommand,
            (State::ParametersCommand, SE) => State::Data,
            (State::Parameters | State::ParametersCommand, _) => State::Parameters,
        }
    }

    /// Answers what changes something, and refuses what is not known. What is so already is not answered: two ends
    /// that answer all would never stop (RFC 1143).
    fn negotiate(&mut self, verb: u8, option: u8, reply: &mut Vec<u8>) {
        let (options, wanted, accept, refuse) = match verb {
            WILL => (&mut self.theirs, true, DO, DONT),
            WONT => (&mut self.theirs, false, DONT, DONT),
            DO => (&mut self.ours, true, WILL, WONT),
            _ => (&mut self.ours, false, WONT, WONT),
        };
        // A line is echoed by its far end alone.
        let known = options.get(option).filter(|_| verb != DO || option != ECHO);
        match known {
            Some(on) if *on != wanted => {
                *on = wanted;
                reply.extend_from_slice(&[IAC, accept, option]);
            }
            None if wanted => reply.extend_from_slice(&[IAC, refuse, option]),
            Some(_) | None => {}
        }
    }

    /// Adds what asks the server for a break (RFC 854) to `out`: the line is held at zero for longer than any character.
    /// Linux takes it for the start of a magic `SysRq` command.
    pub fn encode_break(out: &mut Vec<u8>) {
        out.extend_from_slice(&[IAC, BREAK]);
    }

    /// Adds the line's bytes to `out` in the form in which they are sent: at most twice as long.
    pub fn encode(&self, bytes: &[u8], out: &mut Vec<u8>) {
        for (at, &byte) in bytes.iter().enumerate() {
            out.push(byte);
            match byte {
                IAC => out.push(IAC),
                // In the text form a return is CR LF or CR NUL, and nothing else (RFC 1123 section 3.3.1).
                CR if !self.ours.binary && bytes.get(at + 1) != Some(&b'\n') => out.push(NUL),
                _ => {}
            }
        }
    }
}
