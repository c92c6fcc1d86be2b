//! The gateway from outside: a browser at one end, a hypervisor at the other, both played by hand.

#[cfg(test)]
mod http2;
#[cfg(test)]
mod kit;

#[cfg(test)]
mod back_ends;
#[cfg(test)]
mod ends;
#[cfg(test)]
mod opening;
#[cfg(test)]
mod page_call;
#[cfg(test)]
mod relaying;
#[cfg(test)]
mod rules;
#[cfg(test)]
mod screenshots;
#[cfg(test)]
mod serial;
#[cfg(test)]
mod side_channel;
#[cfg(test)]
mod spice;
#[cfg(test)]
mod tabs;
#[cfg(test)]
mod tokens;
#[cfg(test)]
mod typing;
#[cfg(test)]
mod websocket;
