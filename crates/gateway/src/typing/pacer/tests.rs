//! The pace against a guest that loses keys as QEMU's do.

use std::collections::VecDeque;

use proptest::prelude::*;

use super::*;

/// Room of the queue in front of the keyboard, in events, and of the keyboard, in bytes.
const QUEUE: usize = 340;
const KEYBOARD: usize = 16;
/// How often a screen is looked at, in milliseconds.
const REFRESH: u64 = 30;

/// A guest behind QEMU, millisecond by millisecond.
struct Guest {
    /// Milliseconds between two events (`key-delay-ms`).
    delay: u64,
    /// Whether it shows what is typed.
    echoes: bool,
    /// When its processor stands still: from, to.
    halts: Vec<(u64, u64)>,
    queue: VecDeque<()>,
    next: u64,
    keyboard: usize,
    lost: usize,
    got: usize,
    drawn: bool,
}

impl Guest {
    fn new(delay: u64) -> Self {
        Self {
            delay,
            echoes: true,
            halts: Vec::new(),
            queue: VecDeque::new(),
            next: 0,
            keyboard: 0,
            lost: 0,
            got: 0,
            drawn: false,
        }
    }

    fn press(&mut self, events: usize) {
        for _ in 0..events {
            if self.queue.len() < QUEUE {
                self.queue.push_back(());
            } else {
                self.lost += 1;
            }
        }
    }

    /// A millisecond passes. Whether an update comes with it.
    fn tick(&mut self, now: u64) -> bool {
        if now >= self.next && self.queue.pop_front().is_some() {
            self.next = now + self.delay;
            if self.keyboard < KEYBOARD {
                self.keyboard += 1;
            } else {
                self.lost += 1;
            }
        }
        let halted = self.halts.iter().any(|(from, to)| (*from..*to).contains(&now));
        if !halted && self.keyboard > 0 {
            self.got += std::mem::take(&mut self.keyboard);
            self.drawn = self.echoes;
        }
        now.is_multiple_of(REFRESH) && std::mem::take(&mut self.drawn)
    }

    /// Types so many plain characters in lines of that many. Returns after how many milliseconds the last was sent.
    fn is_typed(&mut self, characters: usize, line: usize, cap: u32) -> u64 {
        let began = Instant::now();
        let mut pacer = Pacer::new(cap, Duration::from_secs(1), began);
        let mut left = characters;
        let mut last = 0;
        for now in 0.. {
            let at = began + Duration::from_millis(now);
            while left > 0 && pacer.wait(at, 2).is_none() {
                self.press(2);
                pacer.sent(at, 2, 2);
                left -= 1;
                last = now;
                if left.is_multiple_of(line) {
                    pacer.new_line(false);
                }
            }
            if self.tick(now) {
                pacer.echo(at);
            }
            if left == 0 && self.got + self.lost == 2 * characters {
                break;
            }
            assert!(now < 3_600_000, "{left} characters are never typed");
        }
        last
    }
}

#[test]
fn the_pace_grows_to_what_the_server_takes_and_no_further() {
    let mut guest = Guest::new(10);
    let took = guest.is_typed(2000, 2000, 90);
    assert_eq!(guest.lost, 0);
    // 2000 characters at 90 events a second are 44.4 s.
    assert!((44_000..50_000).contains(&took), "{took} ms");
}

#[test]
fn a_pace_that_looks_at_nothing_loses_keys() {
    let mut guest = Guest::new(10);
    guest.halts = vec![(1000, 1400)];
    for now in 0..5000 {
        if now % 20 == 0 {
            guest.press(2);
        }
        guest.tick(now);
    }
    assert!(guest.lost > 0, "or else the guest here is kinder than real ones");
}

#[test]
fn where_nothing_is_shown_it_goes_on_slowly() {
    let mut guest = Guest::new(10);
    guest.echoes = false;
    let took = guest.is_typed(400, 400, 90);
    assert_eq!(guest.lost, 0);
    // 40 events a second, and once the wait for an echo.
    assert!((20_000..22_500).contains(&took), "{took} ms");
}

#[test]
fn a_late_echo_halves_the_pace() {
    let now = Instant::now();
    let mut pacer = Pacer::new(90, Duration::from_secs(1), now);
    let mut at = now;
    for _ in 0..WINDOW / 2 {
        while pacer.wait(at, 2).is_some() {
            at += Duration::from_millis(1);
        }
        pacer.sent(at, 2, 2);
    }
    let (before, late) = (pacer.rate, now + Duration::from_millis(400));
    let until = pacer.wait(late, 2).unwrap();
    assert!((pacer.rate - before / 2.0).abs() < 0.01, "{}", pacer.rate);
    assert_eq!(until, now + Duration::from_secs(1));
    pacer.wait(late, 2).unwrap();
    assert!((pacer.rate - before / 2.0).abs() < 0.01, "once a silence");
}

#[test]
fn an_update_says_nothing_of_keys_that_it_cannot_know() {
    let now = Instant::now();
    let mut pacer = Pacer::new(90, Duration::from_secs(1), now);
    pacer.sent(now, 2, 2);
    pacer.echo(now + Duration::from_millis(39));
    assert!(!pacer.is_through());
    pacer.echo(now + Duration::from_millis(40));
    assert!(pacer.is_through());
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    /// Whenever and for however long a guest stands still that has shown what it got, nothing is lost.
    #[test]
    fn a_guest_that_halts_now_and_then_gets_every_key(
        delay in 1_u64..=10,
        line in 5_usize..=300,
        cap in 10_u32..=300,
        halts in prop::collection::vec((200_u64..2000, 10_u64..4500), 0..12),
    ) {
        let mut guest = Guest::new(delay);
        let mut at = 600;
        for (pause, length) in halts {
            at += pause;
            guest.halts.push((at, at + length));
            at += length;
        }
        guest.is_typed(300, line, cap.min(u32::try_from(900 / delay).unwrap()));
        prop_assert_eq!(guest.lost, 0);
    }
}
