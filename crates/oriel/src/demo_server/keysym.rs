//! Names of keys.

/// The keysyms that are no characters, with their X11 names.
const NAMED: &[(u32, &str)] = &[
    (0x20, "space"),
    (0xa0, "nobreakspace"),
    (0xff08, "BackSpace"),
    (0xff09, "Tab"),
    (0xff0d, "Return"),
    (0xff13, "Pause"),
    (0xff14, "Scroll_Lock"),
    (0xff15, "Sys_Req"),
    (0xff1b, "Escape"),
    (0xff20, "Multi_key"),
    (0xff50, "Home"),
    (0xff51, "Left"),
    (0xff52, "Up"),
    (0xff53, "Right"),
    (0xff54, "Down"),
    (0xff55, "Page_Up"),
    (0xff56, "Page_Down"),
    (0xff57, "End"),
    (0xff61, "Print"),
    (0xff63, "Insert"),
    (0xff67, "Menu"),
    (0xff7e, "Mode_switch"),
    (0xff7f, "Num_Lock"),
    (0xff8d, "KP_Enter"),
    (0xffe1, "Shift_L"),
    (0xffe2, "Shift_R"),
    (0xffe3, "Control_L"),
    (0xffe4, "Control_R"),
    (0xffe5, "Caps_Lock"),
    (0xffe7, "Meta_L"),
    (0xffe8, "Meta_R"),
    (0xffe9, "Alt_L"),
    (0xffea, "Alt_R"),
    (0xffeb, "Super_L"),
    (0xffec, "Super_R"),
    (0xffff, "Delete"),
    (0xfe03, "ISO_Level3_Shift"),
    (0xfe20, "ISO_Left_Tab"),
];

/// The keysyms of characters beyond Latin-1 are their code points, this much higher.
const UNICODE: u32 = 0x0100_0000;

/// The character that a key types, if it types one.
pub fn character(keysym: u32) -> Option<char> {
    match keysym {
        0x20..=0x7e | 0xa0..=0xff => char::from_u32(keysym),
        0xffaa..=0xffb9 => char::from_u32(keysym - 0xff80),
        UNICODE..=0x0110_ffff => char::from_u32(keysym - UNICODE).filter(|c| !c.is_control()),
        _ => None,
    }
}

/// What a person calls the key.
pub fn name(keysym: u32) -> String {
    if let Some((_, name)) = NAMED.iter().find(|(named, _)| *named == keysym) {
        return (*name).to_owned();
    }
    match keysym {
        0xffbe..=0xffd5 => format!("F{}", keysym - 0xffbd),
        0xffaa..=0xffb9 => format!("KP {}", character(keysym).unwrap_or('?')),
        _ => character(keysym).map_or_else(|| "unnamed key".to_owned(), String::from),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_have_the_names_that_people_know() {
        for (keysym, expected) in [
            (0x61, "a"),
            (0xe4, "ä"),
            (0x0100_20ac, "€"),
            (0x20, "space"),
            (0xff0d, "Return"),
            (0xffc9, "F12"),
            (0xffb1, "KP 1"),
            (0, "unnamed key"),
            (0x0100_0007, "unnamed key"),
            (u32::MAX, "unnamed key"),
        ] {
            assert_eq!(name(keysym), expected, "{keysym:#x}");
        }
    }
}
