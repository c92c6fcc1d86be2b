use super::*;

#[tokio::test]
async fn an_admin_lists_every_project_and_a_user_their_own() {
    let api = Api::new().await;
    let root = api.token("root", Some("ops")).await;
    assert_eq!(
        api.get("/v3/projects", &root).await.names(),
        ["demo", "lab", "ops"]
    );
    let ann = api.token("ann", Some("demo")).await;
    assert_eq!(
        api.get("/identity/v3/projects", &ann).await.names(),
        ["demo", "lab"]
    );
    let bob = api.token("bob", None).await;
    assert!(api.get("/v3/projects", &bob).await.names().is_empty());
}

#[tokio::test]
async fn projects_are_filtered_by_name_and_domain() {
    let api = Api::new().await;
    let root = api.token("root", Some("ops")).await;
    let list = async |query: &str| {
        let answer = api.get(&format!("/v3/projects?{query}"), &root).await;
        answer.names().into_iter().map(str::to_owned).collect::<Vec<_>>()
    };
    assert_eq!(list("name=demo").await, ["demo"]);
    assert_eq!(list("name=demo&domain_id=default").await, ["demo"]);
    assert_eq!(list("name=d%65mo").await, ["demo"]);
    assert_eq!(list("domain_id=elsewhere").await, [""; 0]);
    assert_eq!(list("name=Demo").await, [""; 0]);
    assert_eq!(list("name=%ff%00").await, [""; 0]);
    assert_eq!(list("per_page=10&page=1").await.len(), 3);
}

#[tokio::test]
async fn a_project_has_the_fields_that_clients_read() {
    let api = Api::new().await;
    let ann = api.token("ann", Some("demo")).await;
    let answer = api.get(&format!("/v3/projects/{}", api.demo), &ann).await;
    assert_eq!(answer.status, 200);
    let expected = json!({
        "id": api.demo, "name": "demo", "domain_id": "default", "description": "", "enabled": true,
        "parent_id": "default", "is_domain": false, "tags": [], "options": {},
        "links": {"self": format!("{URL}/identity/v3/projects/{}", api.demo)},
    });
    assert_eq!(answer.body["project"], expected);
    let list = api.get("/v3/projects?name=demo", &ann).await;
    assert_eq!(list.body["projects"][0], expected);
    assert_eq!(
        list.body["links"],
        json!({"next": null, "self": format!("{URL}/identity/v3/projects"), "previous": null})
    );
}

#[tokio::test]
async fn a_project_by_name_and_one_of_others_are_not_found() {
    let api = Api::new().await;
    let bob = api.token("bob", None).await;
    let mut messages = Vec::new();
    for id in ["demo", api.demo.as_str(), "my%20project", "%ff"] {
        messages.push(
            api.get(&format!("/v3/projects/{id}"), &bob)
                .await
                .fault(404)
                .to_owned(),
        );
    }
    assert!(messages.windows(2).all(|pair| pair[0] == pair[1]));
    let root = api.token("root", Some("ops")).await;
    assert_eq!(
        api.get(&format!("/v3/projects/{}", api.demo), &root).await.status,
        200
    );
}

#[tokio::test]
async fn a_users_projects_are_listed_to_them_and_to_an_admin() {
    let api = Api::new().await;
    let path = format!("/v3/users/{}/projects", api.ann);
    let ann = api.token("ann", None).await;
    assert_eq!(api.get(&path, &ann).await.names(), ["demo", "lab"]);
    let root = api.token("root", Some("ops")).await;
    assert_eq!(api.get(&path, &root).await.names(), ["demo", "lab"]);
    let bob = api.token("bob", None).await;
    api.get(&path, &bob).await.fault(403);
    api.get("/v3/users/0123/projects", &root).await.fault(404);
}

#[tokio::test]
async fn where_a_caller_can_go_leaves_out_what_is_disabled() {
    let api = Api::new().await;
    let ann = api.token("ann", None).await;
    assert_eq!(api.get("/v3/auth/projects", &ann).await.names(), ["demo", "lab"]);
    api.store.set_project_enabled(&api.lab, false).await.unwrap();
    assert_eq!(api.get("/v3/auth/projects", &ann).await.names(), ["demo"]);
}
