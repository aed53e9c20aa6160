use super::*;
use proptest::prelude::*;

const STORE: StoreId = StoreId(0xfeed_0000_0000_0001);

fn fact(json: &str) -> Box<RawValue> {
    RawValue::from_string(json.to_owned()).unwrap()
}

fn sample() -> Frame {
    let text = SealedText::seal("00ff", "disk full on db-1 \"again\"\n");
    Frame {
        seq: 7,
        at: At(1_700_000_000_000),
        wall: At(-3),
        config: 2,
        inputs: vec!["env-1".into(), "view \"x\"".into()],
        facts: vec![fact(&format!(r#"{{"Opened":{{"title":"{}","hash":"nested"}}}}"#, text.id)), fact("{}")],
        texts: vec![text],
    }
}

fn line_of(frame: &Frame) -> Vec<u8> {
    let mut out = Vec::new();
    encode(frame, STORE, FrameHash::NONE, &mut out).unwrap();
    assert_eq!(out.pop(), Some(b'\n'));
    out
}

fn assert_same(a: &Frame, b: &Frame) {
    assert_eq!((a.seq, a.at, a.wall, a.config), (b.seq, b.at, b.wall, b.config));
    assert_eq!((&a.inputs, &a.texts), (&b.inputs, &b.texts));
    let json = |f: &Frame| f.facts.iter().map(|v| v.get().to_owned()).collect::<Vec<_>>();
    assert_eq!(json(a), json(b));
}

#[test]
fn a_line_is_json_with_its_keys_in_order_and_a_hash_anybody_can_check() {
    let line = String::from_utf8(line_of(&sample())).unwrap();
    let keys = ["v", "store", "seq", "at", "wall", "config", "inputs", "facts", "prev", "hash", "texts"];
    let value: serde_json::Value = serde_json::from_str(&line).unwrap();
    assert_eq!(value.as_object().unwrap().len(), keys.len());
    let at: Vec<usize> = keys.iter().map(|k| line.rfind(&format!("\"{k}\":")).unwrap()).collect();
    assert!(at.is_sorted(), "{line}");
    let before = &line[..line.rfind(",\"hash\"").unwrap()];
    assert_eq!(value["hash"], hex(&Sha256::digest(before)));
}

#[test]
fn what_was_written_is_read() {
    let frame = sample();
    let line = line_of(&frame);
    let read = decode(&line).unwrap();
    assert_eq!(read.store, STORE);
    assert_same(&frame, &read.frame().unwrap());
}

#[test]
fn every_flipped_bit_is_noticed() {
    let mut dropped = sample();
    dropped.texts[0] = SealedText { id: dropped.texts[0].id.clone(), salt: String::new(), text: None };
    for frame in [sample(), dropped] {
        let line = line_of(&frame);
        for at in 0..line.len() {
            for bit in 0..8 {
                let mut bad = line.clone();
                bad[at] ^= 1 << bit;
                assert!(decode(&bad).is_err(), "bit {bit} of byte {at}: {}", String::from_utf8_lossy(&bad));
            }
        }
    }
}

#[test]
fn a_cut_or_lengthened_line_is_no_frame() {
    let line = line_of(&sample());
    for n in 0..line.len() {
        assert!(decode(&line[..n]).is_err());
    }
    let mut longer = line;
    longer.push(b' ');
    assert!(decode(&longer).is_err());
}

#[test]
fn what_could_not_be_read_back_is_not_written() {
    let mut out = b"kept".to_vec();
    let mut wrong_id = sample();
    wrong_id.texts[0].id = "0".repeat(32);
    let mut stray = sample();
    stray.texts[0] = SealedText { id: "0".repeat(32), salt: String::new(), text: None };
    let mut number = sample();
    number.facts[0] = fact("7");
    let mut salt = sample();
    salt.texts[0] = SealedText::seal("XY", "a");
    let mut long = sample();
    long.texts[0] = SealedText::seal(&"0".repeat(MAX_SALT_DIGITS + 1), "a");
    let mut twice = sample();
    twice.texts.push(twice.texts[0].clone());
    for frame in [wrong_id, stray, number, salt, long, twice] {
        encode(&frame, STORE, FrameHash::NONE, &mut out).unwrap_err();
        assert_eq!(out, b"kept");
    }
}

#[test]
fn a_text_that_stands_twice_is_damage() {
    let line = String::from_utf8(line_of(&sample())).unwrap();
    let at = line.rfind("\"texts\":{").unwrap() + "\"texts\":{".len();
    let text = &line[at..line.len() - 2];
    let doubled = format!("{}{text},{}", &line[..at], &line[at..]);
    assert_eq!(decode(doubled.as_bytes()).unwrap_err(), BadFrame::Twice(sample().texts[0].id.clone()));
}

#[test]
fn a_fact_with_line_breaks_stays_one_line() {
    let mut frame = sample();
    frame.facts = vec![fact("{\n\t\"a\": \"b\\n\"\r\n}")];
    frame.texts.clear();
    let line = line_of(&frame);
    assert!(!line.contains(&b'\n'));
    let read = decode(&line).unwrap().frame().unwrap();
    let value: serde_json::Value = serde_json::from_str(read.facts[0].get()).unwrap();
    assert_eq!(value, serde_json::json!({"a": "b\n"}));
}

#[test]
fn a_good_frame_is_found_in_rubbish_and_a_quoted_one_is_not() {
    let line = line_of(&sample());
    let mut bytes = b"rubbish\n{\"v\":1,\"store\":\"nope".to_vec();
    let at = bytes.len();
    bytes.extend_from_slice(&line);
    assert_eq!(find_good(&bytes), None, "without its newline it is not whole");
    bytes.push(b'\n');
    assert_eq!(find_good(&bytes), Some((at, 7)));
    let mut outer = sample();
    outer.facts = vec![fact(std::str::from_utf8(&line).unwrap())];
    outer.texts.clear();
    let mut nested = line_of(&outer);
    nested[0] = b'x';
    nested.push(b'\n');
    assert_eq!(find_good(&nested), None);
}

/// Short salts may be alike; real ones are random.
fn unique(mut texts: Vec<SealedText>) -> Vec<SealedText> {
    let mut seen = std::collections::BTreeSet::new();
    texts.retain(|t| seen.insert(t.id.clone()));
    texts
}

fn any_frame() -> impl Strategy<Value = Frame> {
    let facts = prop::collection::vec((".*", any::<f64>(), ".*"), 0..4);
    let texts = prop::collection::vec(("[0-9a-f]{0,64}", ".*"), 0..4);
    (any::<u64>(), any::<i64>(), any::<i64>(), any::<u64>(), prop::collection::vec(".*", 0..4), facts, texts).prop_map(
        |(seq, at, wall, config, inputs, facts, texts)| Frame {
            seq,
            at: At(at),
            wall: At(wall),
            config,
            inputs,
            facts: facts
                .iter()
                .map(|(k, n, s)| fact(&serde_json::json!({ k: n, "s": s, "hash": [s], "x": {"prev": k} }).to_string()))
                .collect(),
            texts: unique(texts.iter().map(|(salt, text)| SealedText::seal(salt, text)).collect()),
        },
    )
}

proptest! {
    #[test]
    fn any_frame_reads_back(frame in any_frame()) {
        let line = line_of(&frame);
        assert_same(&frame, &decode(&line).unwrap().frame().unwrap());
    }

    #[test]
    fn any_bytes_are_read_without_a_panic(bytes in prop::collection::vec(any::<u8>(), 0..400)) {
        prop_assert!(decode(&bytes).is_err());
        find_good(&bytes);
    }

    #[test]
    fn any_damage_to_a_frame_is_noticed(frame in any_frame(), at in any::<prop::sample::Index>(), with in prop::collection::vec(any::<u8>(), 1..6)) {
        let line = line_of(&frame);
        let at = at.index(line.len());
        let mut bad = line.clone();
        bad.splice(at..(at + with.len()).min(line.len()), with);
        if bad != line {
            prop_assert!(decode(&bad).is_err());
        }
    }
}
