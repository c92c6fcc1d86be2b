use std::collections::HashSet;

use proptest::prelude::*;

use super::*;

/// What a guest with this layout makes of strokes.
fn interpret(layout: Layout, strokes: impl IntoIterator<Item = Stroke>) -> String {
    let mut text = String::new();
    let mut pending = None;
    for stroke in strokes {
        let same = |other: &Stroke| {
            (other.key, other.shift, other.alt_gr) == (stroke.key, stroke.shift, stroke.alt_gr)
        };
        let (yields, _) = layout.strokes().find(|(_, other)| same(other)).unwrap();
        match (yields, pending.take()) {
            (Yield::Char(character), None) => text.push(character),
            (Yield::Char(letter), Some(accent)) => {
                let made = compositions().find(|(dead, base, _)| (*dead, *base) == (accent, letter));
                text.push(made.unwrap().2);
            }
            (Yield::Dead(dead), None) => pending = Some(dead),
            other => panic!("{other:?} does not type anything"),
        }
    }
    assert_eq!(pending, None, "an accent is left over");
    text
}

fn typed(layout: Layout, text: &str) -> String {
    let letters = layout.plan(text).unwrap();
    interpret(layout, letters.iter().flat_map(Letter::strokes))
}

fn lacking(layout: Layout, text: &str) -> Vec<Lacking> {
    layout.plan(text).unwrap_err().lacking
}

#[test]
fn every_layout_but_the_russian_types_all_of_ascii() {
    let ascii: String = (' '..='~').chain(['\n', '\t']).collect();
    for layout in Layout::ALL.iter().filter(|layout| **layout != Layout::Ru) {
        match layout.plan(&ascii) {
            Ok(letters) => {
                let strokes = letters.iter().flat_map(Letter::strokes);
                assert_eq!(interpret(*layout, strokes), ascii, "{layout}");
            }
            Err(error) => panic!("{layout}: {error}"),
        }
    }
}

#[test]
fn each_types_its_own_language() {
    for (layout, text) in [
        (
            Layout::De,
            "Zwölf Boxkämpfer jagen Viktor quer über den großen Sylter Deich: 5 € @ {x|y}~",
        ),
        (
            Layout::DeNodeadkeys,
            "Falsches Üben von Xylophonmusik quält jeden größeren Zwerg ^ ` ´",
        ),
        (
            Layout::DeCh,
            "Wörter mit ä, ö und ü; été, à la carte, ç, [x] {y} @ # | \\ ~ ^ ` $ £ €",
        ),
        (
            Layout::FrCh,
            "Où l'été est-il? À la fenêtre, garçon: èéàäöü [x] {y} @ # | \\ ~ ^ `",
        ),
        (
            Layout::Fr,
            "Dès Noël, où un zéphyr haï me vêt de glaçons würmiens, je dîne: ê â î ô û ë ï ü ÿ €",
        ),
        (
            Layout::Es,
            "El pingüino Wenceslao hizo kilómetros bajo exhaustiva lluvia y frío, ¿añoraba? ¡Ñu! €",
        ),
        (
            Layout::It,
            "Perché no? Così è più: quà, là, virtù, ò, ì [x] {y} @ # ~ ` €",
        ),
        (
            Layout::PtBr,
            "Luís argüia à Júlia que «brações, fé, chá, óxido, pôr, zângão» eram palavras do português",
        ),
        (
            Layout::Ja,
            "sudo rm -f '/tmp/x_y' | grep \"[a-z]\\+\" && echo ~ ^ ` @ { } : * = \\ _",
        ),
        (
            Layout::Ru,
            "Съешь ещё этих мягких французских булок, да выпей чаю №5 (100%)!",
        ),
        (
            Layout::Tr,
            "Pijamalı hasta yağız şoföre çabucak güvendi. İIıi @ # $ { } [ ] \\ | ~ ` ₺",
        ),
        (
            Layout::EnGb,
            "The quick brown fox: £5, €7, \"quoted\", 'single', #hash ~tilde \\ | ¬",
        ),
        (
            Layout::EnUs,
            "The quick brown fox: $5, \"quoted\", 'single', #hash ~tilde \\ | ` ^",
        ),
    ] {
        assert_eq!(typed(layout, text), text, "{layout}");
    }
}

#[test]
fn what_a_layout_lacks_is_named_with_its_place() {
    let text = "ok\r\nпривет ok\rи\u{7}\n";
    let lacking = lacking(Layout::EnUs, text);
    assert_eq!(lacking.len(), 7);
    let first = lacking[0];
    assert_eq!(
        (first.character, first.offset, first.line, first.column),
        ('п', 4, 2, 1)
    );
    let twice = lacking.iter().find(|lacking| lacking.character == 'и').unwrap();
    assert_eq!(
        (twice.offset, twice.line, twice.column, twice.count),
        (6, 2, 3, 2)
    );
    let bell = lacking[6];
    assert_eq!((bell.line, bell.column), (3, 2));
    assert_eq!(bell.to_string(), "U+0007 (bell) at line 3, column 2");
    assert_eq!(first.to_string(), "п (U+043F) at line 2, column 1");
    let untypable = Layout::Ru.plan("abcdefghijklm").unwrap_err();
    let told = untypable.to_string();
    assert!(
        told.starts_with("a (U+0061) at line 1, column 1, b ") && told.ends_with(", and 3 more"),
        "{told}"
    );
}

#[test]
fn ends_of_lines_and_accents_apart_are_made_one() {
    assert_eq!(typed(Layout::EnUs, "a\r\nb\rc\nd\n\r\n"), "a\nb\nc\nd\n\n");
    assert_eq!(typed(Layout::De, "u\u{308}ber ein Cafe\u{301}"), "über ein Café");
    assert_eq!(typed(Layout::Ru, "и\u{306} е\u{308}"), "й ё");
    // An accent with nothing to stand on has no key, and the place is that in the text as it was given.
    let alone = lacking(Layout::De, "xe\u{301}q\u{301}");
    assert_eq!(
        (alone[0].character, alone[0].offset, alone[0].column),
        ('\u{301}', 3, 4)
    );
}

#[test]
fn control_characters_are_refused_by_name() {
    for character in (0..=0x9f).filter_map(char::from_u32).filter(|c| c.is_control()) {
        let text = character.to_string();
        let plain = matches!(character, '\n' | '\t' | '\r');
        assert_eq!(letters(&text).is_ok(), plain, "{character:?}");
        for layout in Layout::ALL {
            assert_eq!(layout.plan(&text).is_ok(), plain, "{layout} {character:?}");
        }
        assert!(name(character).is_some());
    }
    assert_eq!(
        letters("日本語 x\r\ny").unwrap().into_iter().collect::<String>(),
        "日本語 x\ny"
    );
}

#[test]
fn the_way_that_all_systems_have_is_taken() {
    let key = |layout: Layout, text: &str| {
        let letter = layout.plan(text).unwrap()[0];
        assert_eq!(letter.accent, None);
        letter.stroke
    };
    assert_eq!(key(Layout::Ru, "/").key, Key::Bksl);
    assert_eq!(key(Layout::EnUs, "<").key, Key::Ab08);
    assert_eq!(key(Layout::Tr, "<").key, Key::Lsgt);
    assert_eq!(key(Layout::Ja, "~").key, Key::Ae12);
    let tilde = key(Layout::Fr, "~");
    assert!(tilde.key == Key::Ae02 && tilde.alt_gr);
    // A key for it beats a dead key, and the letter's own key beats its accent.
    assert_eq!(key(Layout::De, "ü").key, Key::Ad11);
    assert_eq!(key(Layout::PtBr, "ç").key, Key::Ac10);
}

#[test]
fn keysyms_are_those_of_x() {
    for (character, wanted) in [
        ('a', 0x61),
        ('ÿ', 0xff),
        ('€', 0x0100_20ac),
        ('日', 0x0100_65e5),
        ('\n', 0xff0d),
        ('\t', 0xff09),
    ] {
        assert_eq!(keysym(character), wanted);
    }
    let circumflex = Layout::De.plan("ê").unwrap()[0].accent.unwrap();
    assert_eq!((circumflex.key, circumflex.keysym), (Key::Tlde, 0xfe52));
}

#[test]
fn names_and_keys_are_unique() {
    let names: HashSet<_> = Layout::ALL.iter().map(|layout| layout.name()).collect();
    assert_eq!(names.len(), Layout::ALL.len());
    for layout in Layout::ALL {
        assert_eq!(layout.name().parse(), Ok(*layout));
        let keys: HashSet<_> = layout.rows().iter().map(|(key, _)| key).collect();
        assert_eq!(keys.len(), layout.rows().len(), "{layout}");
        assert!(layout.rows().len() >= 47, "{layout}");
    }
    assert_eq!("ch".parse(), Ok(Layout::DeCh));
    let error = "klingon".parse::<Layout>().unwrap_err().to_string();
    assert!(error.contains("en-us, es, fr"), "{error}");
}

fn any_layout() -> impl Strategy<Value = Layout> {
    prop::sample::select(Layout::ALL)
}

proptest! {
    #[test]
    fn what_is_planned_types_the_text(layout in any_layout(), picks in prop::collection::vec(any::<prop::sample::Index>(), 0..200)) {
        let mut can: Vec<_> = layout.ways().into_keys().collect();
        can.sort_unstable();
        let text: String = picks.iter().map(|pick| *pick.get(&can)).collect();
        prop_assert_eq!(typed(layout, &text), text);
    }

    #[test]
    fn any_text_is_typed_or_told(layout in any_layout(), text in "\\PC*|.*") {
        match layout.plan(&text) {
            Ok(letters) => {
                let typed = interpret(layout, letters.iter().flat_map(Letter::strokes));
                let wanted: String = super::letters(&text).unwrap().into_iter().collect();
                prop_assert_eq!(typed, wanted);
            }
            Err(Untypable { lacking }) => {
                prop_assert!(!lacking.is_empty());
                for Lacking { character, offset, .. } in lacking {
                    prop_assert!(!layout.ways().contains_key(&character));
                    prop_assert!(offset < text.chars().count());
                }
            }
        }
    }
}
