use oriel_domain::Uses;

use super::*;

fn load(text: &str, environment: &[(&str, &str)]) -> Result<Config, String> {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("oriel.toml");
    std::fs::write(&file, text).unwrap();
    let environment = environment
        .iter()
        .map(|(name, value)| (OsString::from(name), OsString::from(value)));
    Config::load(Some(&file), environment).map_err(|error| error.to_string())
}

#[test]
fn the_environment_beats_the_file_and_the_file_the_defaults() {
    let text = "public_url = \"https://a.example\"\n[grants]\nttl = \"5m\"\nuses = \"many\"\n";
    let config = load(
        text,
        &[
            ("ORIEL_GRANTS__TTL", "1s"),
            ("ORIEL_GATEWAY__MAX_SESSIONS", "7"),
            ("HOME", "/x"),
        ],
    )
    .unwrap();
    assert_eq!(config.public_base(), "https://a.example");
    assert_eq!(config.grants.ttl, Span::seconds(1));
    assert_eq!(config.grants.uses, Uses::Many);
    assert_eq!(config.gateway.max_sessions, 7);
    assert_eq!(config.grants.resume, Grants::default().resume);
}

#[test]
fn unknown_keys_are_errors_that_name_the_place() {
    let error = load("[grants]\nttl = \"5m\"\ntttl = \"5m\"\n", &[]).unwrap_err();
    assert!(
        error.contains("line 3") && error.contains("unknown field `tttl`"),
        "{error}"
    );
    let error = load("", &[("ORIEL_GRANTS__TTTL", "1s")]).unwrap_err();
    assert!(
        error.contains("ORIEL_GRANTS__TTTL") && error.contains("no such key"),
        "{error}"
    );
}

#[test]
fn values_that_cannot_work_are_refused_with_what_to_write() {
    for (text, told) in [
        ("public_url = \"ftp://x\"", "https://HOST:PORT"),
        ("public_url = \"https://x/console\"", "leave the path out"),
        ("[compute]\nmax_microversion = \"2.999\"", "2.1 to 2.104"),
        ("[tls]\nmode = \"files\"", "tls.certificate"),
        ("[grants]\nttl = \"soon\"", "10s, 8h or 1h 30m"),
        ("[identity]\nmode = \"keystone\"", "identity.keystone.url"),
        ("[gateway]\nping_interval = \"0s\"", "longer than nothing"),
        ("[gateway]\nmax_sessions = 0", "1 or more"),
        ("[screenshots]\nmax_at_once = 0", "1 or more"),
        ("[screenshots]\nmax_age = \"0s\"", "longer than nothing"),
        ("[screenshots]\nmax_age = \"2h\"", "1h or less"),
        ("[screenshots]\nmax_pixels = 0", "nonzero"),
        ("[gateway]\nserial_replay = 1048577", "1 MiB"),
        (
            "[gateway]\nallowed_origins = [\"portal.example:443\"]",
            "without a port",
        ),
        (
            "[gateway]\norigin_check = \"exact\"\nallowed_origins = [\"portal.example\"]",
            "whole origin",
        ),
        ("[page]\nframe_ancestors = [\"portal.example\"]", "whole origin"),
        (
            "[page]\nframe_ancestors = [\"https://a.example; script-src *\"]",
            "whole origin",
        ),
        (
            "[listen]\nproxy_protocol = \"required\"",
            "listen.trusted_proxies",
        ),
        ("[listen]\ntrusted_proxies = [\"0.0.0.0/0\"]", "whole world"),
        (
            "[tls]\nfurther = [{ certificate = \"a\", key = \"b\" }]",
            "tls.mode",
        ),
        ("[tls]\nmin_version = \"1.1\"", "1.2"),
        ("[grants]\nresume = \"0s\"", "1m or longer"),
        ("[listen]\naddress = \"0.0.0.0\"", "ADDRESS:PORT"),
        ("public_url = \"http://x\"", "dead"),
        ("[log]\nlevel = \"warning\"", "error, warn, info, debug or trace"),
        ("[log]\nlevel = \"a=b=c\"", "level filter"),
    ] {
        let error = load(text, &[]).expect_err(text);
        assert!(error.contains(told), "{error}");
    }
}

#[test]
fn relative_paths_start_at_the_files_folder() {
    let config = load("data_dir = \"d\"", &[]).unwrap();
    assert!(config.data_dir.is_absolute() && config.inventory.file.is_absolute());
}
