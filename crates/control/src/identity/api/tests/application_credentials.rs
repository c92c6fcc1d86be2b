use time::Duration;

use super::*;

const PATH: &str = "/application_credentials";

impl Api {
    /// What the client sends for `openstack application credential create NAME`, and more.
    async fn create(&self, token: &str, name: &str, extra: &Value) -> Answer {
        let mut credential = json!({
            "name": name, "expires_at": null, "unrestricted": false, "roles": [], "secret": null, "description": null,
            "access_rules": [],
        });
        for (field, value) in extra.as_object().unwrap() {
            credential[field] = value.clone();
        }
        let path = format!("/v3/users/{}{PATH}", self.ann);
        let body = json!({"application_credential": credential}).to_string();
        self.send(Method::POST, &path, &[("X-Auth-Token", token)], body)
            .await
    }

    /// Makes one that must be made, and gives its id and secret.
    async fn made(&self, token: &str, name: &str, extra: &Value) -> (String, String) {
        let answer = self.create(token, name, extra).await;
        assert_eq!(answer.status, 201, "{}", answer.body);
        let credential = &answer.body["application_credential"];
        let text = |field: &str| credential[field].as_str().unwrap().to_owned();
        (text("id"), text("secret"))
    }

    async fn delete(&self, token: &str, id: &str) -> Answer {
        let path = format!("/v3/users/{}{PATH}/{id}", self.ann);
        self.send(Method::DELETE, &path, &[("X-Auth-Token", token)], Body::empty())
            .await
    }
}

fn by_id(id: &str, secret: &str) -> Value {
    let credential = json!({"id": id, "secret": secret});
    json!({"auth": {"identity": {"methods": ["application_credential"], "application_credential": credential}}})
}

fn by_name(name: &str, secret: &str) -> Value {
    let user = json!({"name": "ann", "domain": {"id": "default"}});
    let credential = json!({"name": name, "user": user, "secret": secret});
    json!({"auth": {"identity": {"methods": ["application_credential"], "application_credential": credential}}})
}

fn names(list: &Value) -> Vec<&str> {
    list.as_array()
        .unwrap()
        .iter()
        .map(|one| one["name"].as_str().unwrap())
        .collect()
}

#[tokio::test]
async fn one_is_made_shown_listed_and_deleted_in_keystones_shapes() {
    let api = Api::new().await;
    let ann = api.token("ann", Some("demo")).await;
    let end =
        json!({"expires_at": "2099-01-31T12:00:00", "description": "for CI", "roles": [{"name": "reader"}]});
    let answer = api.create(&ann, "ci", &end).await;
    assert_eq!(answer.status, 201, "{}", answer.body);
    let mut made = answer.body["application_credential"].clone();
    let secret = made.as_object_mut().unwrap().remove("secret").unwrap();
    assert!(secret.as_str().unwrap().len() >= 43);
    let id = made["id"].as_str().unwrap().to_owned();
    assert_eq!(
        made,
        json!({
            "id": id, "name": "ci", "description": "for CI", "user_id": api.ann, "project_id": api.demo,
            "system": null, "expires_at": "2099-01-31T12:00:00.000000", "unrestricted": false,
            "roles": [{
                "id": made["roles"][0]["id"], "name": "reader", "domain_id": null, "description": null,
                "options": {"immutable": true},
            }],
            "links": {"self": format!("{URL}/identity/v3/application_credentials/{id}")},
        })
    );

    let all = format!("/v3/users/{}{PATH}", api.ann);
    let shown = api.get(&format!("{all}/{id}?user_id={}", api.ann), &ann).await;
    assert_eq!(
        shown.body["application_credential"], made,
        "the secret is shown once"
    );
    let listed = api.get(&all, &ann).await;
    assert_eq!(listed.body["application_credentials"], json!([made]));
    let other = api.get(&format!("{all}?name=other"), &ann).await;
    assert_eq!(other.body["application_credentials"], json!([]));
    // Clients ask with the name first.
    api.get(&format!("{all}/ci"), &ann).await.fault(404);

    assert_eq!(api.delete(&ann, &id).await.status, 204);
    api.delete(&ann, &id).await.fault(404);
    api.log_in(&by_id(&id, secret.as_str().unwrap())).await.fault(401);
}

#[tokio::test]
async fn its_secret_is_traded_for_a_token_in_its_project_with_its_roles() {
    let api = Api::new().await;
    let ann = api.token("ann", Some("demo")).await;
    let (id, secret) = api
        .made(&ann, "ci", &json!({"roles": [{"name": "reader"}]}))
        .await;
    for login in [by_id(&id, &secret), by_name("ci", &secret)] {
        let answer = api.log_in(&login).await;
        assert_eq!(answer.status, 201, "{}", answer.body);
        let token = &answer.body["token"];
        assert_eq!(token["methods"], json!(["application_credential"]));
        assert_eq!(names(&token["roles"]), ["reader"]);
        assert_eq!(token["project"]["id"], json!(api.demo));
        let credential = json!({"id": id, "name": "ci", "restricted": true});
        assert_eq!(token["application_credential"], credential);
        let shown = api.about(Method::GET, &answer.token(), &answer.token()).await;
        assert_eq!(shown.body["token"]["application_credential"], credential);
    }
    let (id, secret) = api.made(&ann, "all", &json!({})).await;
    let answer = api.log_in(&by_id(&id, &secret)).await;
    assert_eq!(names(&answer.body["token"]["roles"]), ["reader", "member"]);
}

#[tokio::test]
async fn a_chosen_secret_works_and_a_wrong_one_does_not() {
    let api = Api::new().await;
    let ann = api.token("ann", Some("demo")).await;
    let before = api.embedded.password_checks();
    let (id, secret) = api.made(&ann, "mine", &json!({"secret": "s3cret"})).await;
    assert_eq!(secret, "s3cret");
    assert_eq!(api.log_in(&by_id(&id, "s3cret")).await.status, 201);
    api.log_in(&by_id(&id, "S3cret")).await.fault(401);
    assert_eq!(api.embedded.password_checks() - before, 2, "with the slow hash");

    let (id, secret) = api.made(&ann, "random", &json!({})).await;
    api.log_in(&by_id(&id, &format!("{secret}x"))).await.fault(401);
    api.log_in(&by_id("nobody", &secret)).await.fault(401);
    api.log_in(&by_name("nothing", &secret)).await.fault(401);
    assert_eq!(api.embedded.password_checks() - before, 2, "without it");
}

#[tokio::test]
async fn nobody_gets_more_out_of_it_than_was_put_in() {
    let api = Api::new().await;
    let ann = api.token("ann", Some("demo")).await;
    let admin = json!({"roles": [{"name": "admin"}]});
    api.create(&ann, "more", &admin).await.fault(400);
    api.create(&ann, "x", &json!({"roles": [{"name": "ghost"}]}))
        .await
        .fault(404);
    let rules = json!({"access_rules": [{"path": "/v2.1/servers", "method": "GET", "service": "compute"}]});
    let refused = api.create(&ann, "rules", &rules).await;
    assert!(refused.fault(400).contains("access rules are not supported"));
    api.create(&api.token("ann", None).await, "unscoped", &json!({}))
        .await
        .fault(400);

    let (id, secret) = api
        .made(&ann, "ci", &json!({"roles": [{"name": "reader"}]}))
        .await;
    let mut scoped = by_id(&id, &secret);
    scoped["auth"]["scope"] = json!({"project": {"id": api.lab}});
    assert!(
        api.log_in(&scoped)
            .await
            .fault(401)
            .contains("cannot request a scope")
    );

    let token = api.log_in(&by_id(&id, &secret)).await.token();
    api.create(&token, "another", &json!({})).await.fault(403);
    api.delete(&token, &id).await.fault(403);
    api.log_in(&token_login(&token)).await.fault(403);
    let mut elsewhere = token_login(&token);
    elsewhere["auth"]["scope"] = json!({"project": {"id": api.lab}});
    api.log_in(&elsewhere).await.fault(403);

    let (id, secret) = api.made(&ann, "boss", &json!({"unrestricted": true})).await;
    let token = api.log_in(&by_id(&id, &secret)).await.token();
    api.made(&token, "another", &json!({})).await;
}

#[tokio::test]
async fn others_neither_make_nor_see_it_and_an_admin_may_delete_it() {
    let api = Api::new().await;
    let ann = api.token("ann", Some("demo")).await;
    let (id, _) = api.made(&ann, "ci", &json!({})).await;
    let root = api.token("root", Some("ops")).await;
    api.create(&root, "for-ann", &json!({})).await.fault(403);
    let bob = api.token("bob", None).await;
    let all = format!("/v3/users/{}{PATH}", api.ann);
    for path in [all.clone(), format!("{all}/{id}")] {
        api.get(&path, &bob).await.fault(403);
        assert_eq!(api.get(&path, &root).await.status, 200);
    }
    api.delete(&bob, &id).await.fault(403);
    // Under one's own name, another's is not there.
    api.get(&format!("/v3/users/{}{PATH}/{id}", api.bob), &bob)
        .await
        .fault(404);
    assert_eq!(api.delete(&root, &id).await.status, 204);
}

#[tokio::test]
async fn it_ends_at_its_time_and_its_tokens_with_it() {
    let api = Api::new().await;
    let ann = api.token("ann", Some("demo")).await;
    let soon = OffsetDateTime::now_utc() + Duration::minutes(5);
    let soon = soon
        .format(&time::format_description::well_known::Rfc3339)
        .unwrap();
    let (id, secret) = api.made(&ann, "short", &json!({"expires_at": soon})).await;
    let answer = api.log_in(&by_id(&id, &secret)).await;
    let end = answer.body["token"]["expires_at"].as_str().unwrap();
    assert_eq!(end[..16], soon[..16], "the token ends with it");
    for (bad, told) in [("2020-01-01T00:00:00", "before now"), ("soon", "such as")] {
        let refused = api.create(&ann, "x", &json!({"expires_at": bad})).await;
        assert!(refused.fault(400).contains(told), "{}", refused.body);
    }
    let role = Role::Member;
    api.store.remove_role(&api.ann, &api.demo, role).await.unwrap();
    api.store.assign_role(&api.ann, &api.demo, role).await.unwrap();
    api.log_in(&by_id(&id, &secret)).await.fault(401);
    api.get("/v3/auth/projects", &answer.token()).await.fault(401);
}

#[tokio::test]
async fn what_cannot_be_one_is_refused() {
    let api = Api::new().await;
    let ann = api.token("ann", Some("demo")).await;
    api.made(&ann, "taken", &json!({})).await;
    assert!(
        api.create(&ann, "taken", &json!({}))
            .await
            .fault(409)
            .contains("Duplicate entry")
    );
    for (name, extra) in [
        ("", json!({})),
        ("a\nb", json!({})),
        ("x", json!({"name": 5})),
        ("x", json!({"roles": "reader"})),
        ("x", json!({"roles": [{}]})),
        ("x", json!({"unrestricted": "yes"})),
        ("x", json!({"secret": 7})),
        ("x", json!({"secret": "x".repeat(256)})),
        ("x", json!({"description": "x".repeat(1025)})),
        ("x", json!({"access_rules": {}})),
    ] {
        api.create(&ann, name, &extra).await.fault(400);
    }
    for login in [
        json!({"id": "x"}),
        json!({"secret": "x"}),
        json!({"name": "x", "secret": "x"}),
        json!([]),
    ] {
        let identity = json!({"methods": ["application_credential"], "application_credential": login});
        api.log_in(&json!({"auth": {"identity": identity}}))
            .await
            .fault(400);
    }
}
