#!/usr/bin/env python3
"""Writes the tables of crates/keyboard from the layouts of xkeyboard-config, or checks that they agree.

    dev/keyboard/layouts.py            writes crates/keyboard/src/layouts/*.rs
    dev/keyboard/layouts.py --check    fails where a table says something else than the data on this machine

It needs libxkbcommon and xkb-data (Debian: libxkbcommon0, xkb-data). What a key yields is
asked of libxkbcommon with the modifiers held, so the tables say what a guest with that layout would do.
"""

import ctypes
import re
import subprocess
import sys
import unicodedata
from pathlib import Path

FOLDER = Path(__file__).resolve().parents[2] / "crates/keyboard/src/layouts"

# File, its title, and the names that xkeyboard-config gives the layout: model, layout, variant.
LAYOUTS = [
    ("en_us", "English (US)", "pc105", "us", ""),
    ("en_gb", "English (UK)", "pc105", "gb", ""),
    ("de", "German", "pc105", "de", ""),
    ("de_nodeadkeys", "German without dead keys", "pc105", "de", "nodeadkeys"),
    ("de_ch", "German (Switzerland)", "pc105", "ch", ""),
    ("fr_ch", "French (Switzerland)", "pc105", "ch", "fr"),
    ("fr", "French", "pc105", "fr", ""),
    ("es", "Spanish", "pc105", "es", ""),
    ("it", "Italian", "pc105", "it", ""),
    ("pt_br", "Portuguese (Brazil)", "abnt2", "br", ""),
    ("ja", "Japanese", "jp106", "jp", ""),
    ("ru", "Russian", "pc105", "ru", ""),
    ("tr", "Turkish", "pc105", "tr", ""),
]

# The keys that yield characters: their name in XKB, and their code in evdev.
KEYS = (
    [("TLDE", 41)]
    + [(f"AE{n:02}", 1 + n) for n in range(1, 13)]
    + [("AE13", 124)]
    + [(f"AD{n:02}", 15 + n) for n in range(1, 13)]
    + [(f"AC{n:02}", 29 + n) for n in range(1, 12)]
    + [("BKSL", 43), ("LSGT", 86)]
    + [(f"AB{n:02}", 43 + n) for n in range(1, 11)]
    + [("AB11", 89), ("SPCE", 57)]
)

# The dead keys that the text console of Linux has too, with the same compositions: crates/keyboard/src/dead.rs.
DEAD = {
    "dead_grave": "Grave",
    "dead_acute": "Acute",
    "dead_circumflex": "Circumflex",
    "dead_tilde": "Tilde",
    "dead_diaeresis": "Diaeresis",
    "dead_cedilla": "Cedilla",
}


# What xkeyboard-config has and the keyboards of that country, Windows and the console's own keymaps have elsewhere:
# the other place of the same character is the one to type.
ELSEWHERE = {("fr", "TLDE", 1), ("ja", "AE10", 1)}


class RuleNames(ctypes.Structure):
    _fields_ = [(name, ctypes.c_char_p) for name in ("rules", "model", "layout", "variant", "options")]


def library():
    xkb = ctypes.CDLL("libxkbcommon.so.0")
    for name in ("xkb_context_new", "xkb_keymap_new_from_names", "xkb_state_new"):
        getattr(xkb, name).restype = ctypes.c_void_p
    return xkb


class Keyboard:
    def __init__(self, xkb, context, names):
        self.xkb = xkb
        rules = RuleNames(b"evdev", *[name.encode() for name in names], b"")
        self.keymap = ctypes.c_void_p(xkb.xkb_keymap_new_from_names(context, ctypes.byref(rules), 0))
        if not self.keymap:
            sys.exit(f"xkb-data does not know the layout {names}")
        self.shift = self.modifier("Shift")
        self.level3 = self.modifier("Mod5")

    def modifier(self, name):
        return 1 << self.xkb.xkb_keymap_mod_get_index(self.keymap, name.encode())

    def symbol(self, evdev, modifiers):
        state = ctypes.c_void_p(self.xkb.xkb_state_new(self.keymap))
        self.xkb.xkb_state_update_mask(state, modifiers, 0, 0, 0, 0, 0)
        keysym = self.xkb.xkb_state_key_get_one_sym(state, evdev + 8)
        self.xkb.xkb_state_unref(state)
        name = ctypes.create_string_buffer(64)
        self.xkb.xkb_keysym_get_name(keysym, name, 64)
        return name.value.decode(), chr(self.xkb.xkb_keysym_to_utf32(keysym))

    def cell(self, evdev, modifiers):
        name, character = self.symbol(evdev, modifiers)
        if name in DEAD:
            return f"Dead({DEAD[name]})"
        if name.startswith("dead_") or ord(character) < 32 or ord(character) == 127:
            return "Nothing"
        if character.isspace() or unicodedata.combining(character) or unicodedata.category(character) == "Cf":
            return f"Char('\\u{{{ord(character):x}}}')" if character != " " else "Char(' ')"
        return "Char('\\%s')" % character if character in "'\\" else f"Char('{character}')"

    def rows(self, stem):
        for name, evdev in KEYS:
            masks = (0, self.shift, self.level3, self.shift | self.level3)
            cells = [self.cell(evdev, mask) for mask in masks]
            cells = ["Nothing" if (stem, name, level) in ELSEWHERE else cell for level, cell in enumerate(cells)]
            # Where a level is not there, libxkbcommon falls back to the one below it.
            if cells[2:] == cells[:2] or name == "SPCE":
                cells[2:] = ["Nothing", "Nothing"]
            while cells and cells[-1] == "Nothing":
                cells.pop()
            if cells:
                yield name.capitalize(), cells


def table(title, names, rows):
    model, layout, variant = names
    source = f"symbols/{layout}, {'variant ' + variant if variant else 'its default variant'}, model {model}"
    lines = [
        f"//! {title}.",
        "//!",
        f"//! From xkeyboard-config ({source}).",
        "",
        "use super::prelude::*;",
        "",
        "#[rustfmt::skip]",
        "pub(super) static ROWS: &[Row] = &[",
    ]
    for name, cells in rows:
        lines.append(f"    ({name}, &[{', '.join(cells)}]),")
    return "\n".join(lines) + "\n];\n"


def rows_of(text):
    return {name: cells.split(", ") for name, cells in re.findall(r"^    \((\w+), &\[(.*)\]\),$", text, re.M)}


def main():
    check = sys.argv[1:] == ["--check"]
    xkb = library()
    context = ctypes.c_void_p(xkb.xkb_context_new(0))
    wrong = 0
    for stem, title, *names in LAYOUTS:
        wanted = table(title, names, Keyboard(xkb, context, names).rows(stem))
        file = FOLDER / f"{stem}.rs"
        if not check:
            file.write_text(wanted)
            continue
        here, there = rows_of(file.read_text()), rows_of(wanted)
        for key in sorted(here.keys() | there.keys()):
            if here.get(key) != there.get(key):
                print(f"{stem} {key}: the table says {here.get(key)}, xkeyboard-config says {there.get(key)}")
                wrong += 1
    if check:
        print(f"{len(LAYOUTS)} layouts, {wrong} keys that differ")
    sys.exit(1 if wrong else 0)


if __name__ == "__main__":
    main()
