use super::*;
use crate::identity::Identity;
use crate::request_id::RequestId;

#[tokio::test]
async fn the_versions_are_listed_without_a_token() {
    let api = Api::new().await;
    for path in ["/identity", "/identity/"] {
        let answer = api.send(Method::GET, path, &[], Body::empty()).await;
        assert_eq!(answer.status, 300);
        assert_eq!(answer.headers["location"], format!("{URL}/identity/v3/"));
        let values = answer.body["versions"]["values"].as_array().unwrap();
        assert_eq!(values.len(), 1);
        assert!(values[0]["id"].as_str().unwrap().starts_with("v3."));
        assert_eq!(values[0]["links"][0]["href"], format!("{URL}/identity/v3/"));
    }
}

#[tokio::test]
async fn the_version_document_lies_at_both_names_with_and_without_a_slash() {
    let api = Api::new().await;
    for path in ["/identity/v3", "/identity/v3/", "/v3", "/v3/"] {
        let answer = api.send(Method::GET, path, &[], Body::empty()).await;
        assert_eq!(answer.status, 200);
        assert_eq!(answer.body["version"]["status"], "stable");
        assert_eq!(answer.headers["content-type"], "application/json");
    }
}

#[tokio::test]
async fn every_answer_has_a_request_id_of_ours() {
    let api = Api::new().await;
    let theirs = "req-00000000-0000-4000-8000-000000000000";
    let mut seen = Vec::new();
    for path in ["/identity", "/v3", "/v3/projects", "/v3/nonsense"] {
        let answer = api
            .send(
                Method::GET,
                path,
                &[("x-openstack-request-id", theirs)],
                Body::empty(),
            )
            .await;
        let id = answer.headers["x-openstack-request-id"]
            .to_str()
            .unwrap()
            .to_owned();
        assert!(id.starts_with("req-") && id.len() == theirs.len(), "{id}");
        assert_ne!(id, theirs);
        assert!(!seen.contains(&id));
        seen.push(id);
        assert_eq!(answer.headers["vary"], "X-Auth-Token");
    }
}

#[tokio::test]
async fn what_an_outer_layer_named_keeps_its_name() {
    let api = Api::new().await;
    let id = RequestId::random();
    let request = Request::get("/v3").extension(id).body(Body::empty()).unwrap();
    let (_, headers, _) = testing::ask(&api.router, request).await;
    assert_eq!(headers["x-openstack-request-id"], id.to_string());
}

#[tokio::test]
async fn what_does_not_exist_is_refused_in_keystones_shape() {
    let api = Api::new().await;
    for path in [
        "/v3/nonsense",
        "/identity/v3/users",
        "/identity/v2.0",
        "/v3/users/x",
    ] {
        let answer = api.send(Method::GET, path, &[], Body::empty()).await;
        assert_eq!(answer.fault(404), "The resource could not be found.");
    }
    let answer = api
        .send(Method::PATCH, "/v3/auth/tokens", &[], Body::empty())
        .await;
    answer.fault(405);
    let allowed = answer.headers["allow"].to_str().unwrap();
    assert!(
        ["GET", "POST", "DELETE", "HEAD"]
            .iter()
            .all(|method| allowed.contains(method)),
        "{allowed}"
    );
}

#[tokio::test]
async fn the_401_of_other_services_is_the_same() {
    let api = Api::new().await;
    let ours = api.get("/v3/projects", "nonsense").await;
    let theirs = Identity::Embedded(Arc::clone(&api.embedded)).unauthorized();
    assert_eq!(
        ours.headers["www-authenticate"],
        theirs.headers()["www-authenticate"]
    );
    let body = axum::body::to_bytes(theirs.into_body(), usize::MAX)
        .await
        .unwrap();
    assert_eq!(ours.body, serde_json::from_slice::<Value>(&body).unwrap());
}
