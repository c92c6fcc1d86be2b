//! Who may see a screen without opening its console: asked of the same cloud, in its servers' every state.

use std::num::NonZeroU32;

use super::*;
use crate::policy::Rule;
use crate::screens::{NotSeen, SeenScreen};

const PLENTY: NonZeroU32 = NonZeroU32::new(1000).unwrap();

impl Cloud {
    async fn sees(&self, control: &Control, call: Call, server: &str) -> Result<SeenScreen, NotSeen> {
        control
            .may_see_screen(&call.parts, Body::from(call.body), server)
            .await
    }

    /// What the member is told of a server.
    async fn member_sees(&self, server: &str) -> Result<SeenScreen, NotSeen> {
        let control = self.control.clone().showing_screens(PLENTY);
        self.sees(&control, look(server).token(&self.member.token), server)
            .await
    }
}

fn look(server: &str) -> Call {
    Call::new(Method::GET, &format!("/oriel/v1/servers/{server}/screenshot"), "")
}

#[tokio::test]
async fn a_member_sees_by_token_and_by_signature() {
    let cloud = Cloud::new().await;
    let seen = cloud.member_sees(WEB).await.unwrap();
    assert_eq!(
        (seen.server.id.to_string(), seen.principal.user.id),
        (WEB.to_owned(), cloud.member.user.clone())
    );
    let control = cloud.control.clone().showing_screens(PLENTY);
    let signed = look(WEB).signed(&cloud.member.key);
    assert!(cloud.sees(&control, signed, WEB).await.is_ok());
}

#[tokio::test]
async fn a_reader_and_who_is_nobody_see_nothing() {
    let cloud = Cloud::new().await;
    let control = cloud.control.clone().showing_screens(PLENTY);
    match cloud
        .sees(&control, look(WEB).token(&cloud.reader.token), WEB)
        .await
    {
        Err(NotSeen::Forbidden(refused)) => assert_eq!(refused.0, Rule::Screenshot),
        other => panic!("{other:?}"),
    }
    let stranger = AuthToken::random().unwrap();
    let mut forged = look(WEB).signed(&cloud.member.key);
    forged.parts.uri = "/oriel/v1/servers/x/screenshot".parse().unwrap();
    for call in [look(WEB), look(WEB).token(&stranger), forged] {
        let seen = cloud.sees(&control, call, WEB).await;
        assert!(matches!(seen, Err(NotSeen::Unauthenticated(_))), "{seen:?}");
    }
}

#[tokio::test]
async fn another_projects_server_is_as_absent_as_one_that_never_was() {
    let cloud = Cloud::new().await;
    for server in [OTHERS, NEVER, "x", "", "47E9BE4E-A7B9-471F-92D9-FFC83814E07A"] {
        let seen = cloud.member_sees(server).await;
        assert!(matches!(seen, Err(NotSeen::NoSuchServer)), "{server}: {seen:?}");
    }
}

#[tokio::test]
async fn a_server_that_shows_nothing_is_told_by_what_it_lacks() {
    let cloud = Cloud::new().await;
    for server in [STOPPED, MOVING, HOSTLESS] {
        let seen = cloud.member_sees(server).await;
        assert!(matches!(seen, Err(NotSeen::NotUp(_))), "{server}: {seen:?}");
    }
    let seen = cloud.member_sees(HEADLESS).await;
    assert!(matches!(seen, Err(NotSeen::NoScreen(_))), "{seen:?}");
}

#[tokio::test]
async fn it_is_off_until_it_is_switched_on_and_says_so_to_who_is_known() {
    let cloud = Cloud::new().await;
    let seen = cloud
        .sees(&cloud.control, look(WEB).token(&cloud.member.token), WEB)
        .await;
    assert!(matches!(seen, Err(NotSeen::Off)), "{seen:?}");
    let seen = cloud.sees(&cloud.control, look(WEB), WEB).await;
    assert!(matches!(seen, Err(NotSeen::Unauthenticated(_))), "{seen:?}");
}

#[tokio::test]
async fn who_asks_too_often_waits_alone() {
    let cloud = Cloud::new().await;
    let control = cloud.control.clone().showing_screens(NonZeroU32::MIN);
    let ask = async |person: &Person| cloud.sees(&control, look(WEB).token(&person.token), WEB).await;
    assert!(ask(&cloud.member).await.is_ok());
    match ask(&cloud.member).await {
        Err(NotSeen::TooMany(wait)) => assert!((1..=60).contains(&wait.as_secs()), "{wait:?}"),
        other => panic!("{other:?}"),
    }
    assert!(matches!(ask(&cloud.reader).await, Err(NotSeen::Forbidden(_))));
}
