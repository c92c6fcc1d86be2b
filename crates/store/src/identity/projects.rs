//! Projects: what servers belong to, and what tokens are scoped to.

use oriel_domain::{DomainId, DomainRef, ProjectId, ProjectRef, UserId};
use sqlx::Row as _;
use sqlx::sqlite::SqliteRow;

use super::{DomainKey, Key, MAX_NAME, ProjectKey, check_name, read_domain, taken};
use crate::grants;
use crate::{Store, StoreError, parse};

/// A project to make. It is enabled.
#[derive(Debug, Clone)]
pub struct NewProject {
    /// Where it belongs; the domain must exist.
    pub domain: DomainId,
    /// Its name, 1 to 64 characters, unique in its domain.
    pub name: String,
    /// A line for people; may be empty.
    pub description: String,
}

/// A project as it is kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ProjectRecord {
    /// Its id.
    pub id: ProjectId,
    /// Where it belongs.
    pub domain: DomainRef,
    /// Its name, unique in its domain.
    pub name: String,
    /// A line for people; may be empty.
    pub description: String,
    /// Whether tokens can be scoped to it. Those of a disabled project do not work.
    pub enabled: bool,
}

impl ProjectRecord {
    /// The project as answers show it.
    pub fn to_ref(&self) -> ProjectRef {
        ProjectRef {
            id: self.id.clone(),
            name: self.name.clone(),
            domain: self.domain.clone(),
        }
    }
}

macro_rules! select_projects {
    ($tail:literal) => {
        concat!(
            "SELECT p.id, p.name, p.description, p.enabled, d.id AS domain_id, d.name AS domain_name
             FROM projects p JOIN domains d ON d.id = p.domain_id ",
            $tail
        )
    };
}

impl Store {
    /// Makes a project. Its id is 32 random hex digits, the only form that Nova's paths take.
    ///
    /// [`StoreError::Exists`] where the name is taken in that domain; [`StoreError::BadName`].
    pub async fn create_project(&self, new: &NewProject) -> Result<ProjectId, StoreError> {
        check_name("project", &new.name, MAX_NAME)?;
        let id = ProjectId::random();
        sqlx::query(
            "INSERT INTO projects (id, domain_id, name, description, enabled) VALUES (?, ?, ?, ?, 1)",
        )
        .bind(id.as_str())
        .bind(new.domain.as_str())
        .bind(&new.name)
        .bind(&new.description)
        .execute(&mut *self.write.turn().await?)
        .await
        .map_err(taken("project", &new.name))?;
        Ok(id)
    }

    /// Every project, by domain and name.
    pub async fn projects(&self) -> Result<Vec<ProjectRecord>, StoreError> {
        let rows = sqlx::query(select_projects!("ORDER BY d.name, p.name"))
            .fetch_all(&self.read)
            .await?;
        rows.iter().map(read_project).collect()
    }

    /// The projects that a user has a role in, by domain and name, disabled ones too.
    pub async fn projects_of(&self, user: &UserId) -> Result<Vec<ProjectRecord>, StoreError> {
        let rows = sqlx::query(select_projects!(
            "WHERE p.id IN (SELECT project_id FROM role_assignments WHERE user_id = ?) ORDER BY d.name, p.name"
        ))
        .bind(user.as_str())
        .fetch_all(&self.read)
        .await?;
        rows.iter().map(read_project).collect()
    }

    /// Finds a project.
    pub async fn project(&self, key: &ProjectKey) -> Result<Option<ProjectRecord>, StoreError> {
        let query = match key {
            Key::Id(id) => sqlx::query(select_projects!("WHERE p.id = ?")).bind(id.as_str()),
            Key::Name {
                name,
                domain: DomainKey::Id(domain),
            } => sqlx::query(select_projects!("WHERE p.name = ? AND d.id = ?"))
                .bind(name)
                .bind(domain.as_str()),
            Key::Name {
                name,
                domain: DomainKey::Name(domain),
            } => sqlx::query(select_projects!("WHERE p.name = ? AND lower(d.name) = lower(?)"))
                .bind(name)
                .bind(domain),
        };
        query
            .fetch_optional(&self.read)
            .await?
            .as_ref()
            .map(read_project)
            .transpose()
    }

    /// Lets tokens be scoped to a project or not. Disabling revokes those that are. False: there
    /// is no such project.
    pub async fn set_project_enabled(&self, project: &ProjectId, enabled: bool) -> Result<bool, StoreError> {
        let mut step = self.write.begin().await?;
        let found = sqlx::query("UPDATE projects SET enabled = ? WHERE id = ?")
            .bind(enabled)
            .bind(project.as_str())
            .execute(&mut *step)
            .await?;
        if !enabled {
            sqlx::query("DELETE FROM auth_tokens WHERE project_id = ?")
                .bind(project.as_str())
                .execute(&mut *step)
                .await?;
            grants::forget_of_project(&mut step, project).await?;
        }
        step.commit().await?;
        Ok(found.rows_affected() == 1)
    }

    /// Deletes a project with the roles and tokens in it. False: there is no such project.
    pub async fn delete_project(&self, project: &ProjectId) -> Result<bool, StoreError> {
        let mut step = self.write.begin().await?;
        let gone = sqlx::query("DELETE FROM projects WHERE id = ?")
            .bind(project.as_str())
            .execute(&mut *step)
            .await?;
        grants::forget_of_project(&mut step, project).await?;
        step.commit().await?;
        Ok(gone.rows_affected() == 1)
    }
}

fn read_project(row: &SqliteRow) -> Result<ProjectRecord, StoreError> {
    Ok(ProjectRecord {
        id: parse("projects.id", row.try_get::<&str, _>("id")?)?,
        domain: read_domain(row)?,
        name: row.try_get("name")?,
        description: row.try_get("description")?,
        enabled: row.try_get("enabled")?,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::identity::DEFAULT_DOMAIN;

    fn new_project(name: &str) -> NewProject {
        NewProject {
            domain: DEFAULT_DOMAIN.parse().unwrap(),
            name: name.into(),
            description: "a lab".into(),
        }
    }

    #[tokio::test]
    async fn a_project_is_found_by_id_and_name_until_it_is_deleted() {
        let (_folder, store) = crate::identity::testing::store().await;
        let id = store.create_project(&new_project("demo")).await.unwrap();
        assert!(id.as_str().len() == 32 && id.as_str().bytes().all(|b| b.is_ascii_hexdigit()));
        let found = store.project(&Key::Id(id.clone())).await.unwrap().unwrap();
        assert_eq!(
            (found.name.as_str(), found.description.as_str(), found.enabled),
            ("demo", "a lab", true)
        );
        let named = Key::Name {
            name: "demo".into(),
            domain: DomainKey::Name("default".into()),
        };
        assert_eq!(store.project(&named).await.unwrap(), Some(found));
        assert!(store.delete_project(&id).await.unwrap());
        assert_eq!(store.project(&named).await.unwrap(), None);
        assert!(!store.delete_project(&id).await.unwrap());
    }

    #[tokio::test]
    async fn a_second_project_of_a_name_is_refused() {
        let (_folder, store) = crate::identity::testing::store().await;
        store.create_project(&new_project("demo")).await.unwrap();
        let again = store.create_project(&new_project("demo")).await;
        assert!(matches!(again, Err(StoreError::Exists { what: "project", .. })));
        assert!(matches!(
            store.create_project(&new_project("")).await,
            Err(StoreError::BadName { .. })
        ));
    }

    #[tokio::test]
    async fn a_project_is_disabled_and_enabled() {
        let (_folder, store) = crate::identity::testing::store().await;
        let id = store.create_project(&new_project("demo")).await.unwrap();
        assert!(store.set_project_enabled(&id, false).await.unwrap());
        assert!(
            !store
                .project(&Key::Id(id.clone()))
                .await
                .unwrap()
                .unwrap()
                .enabled
        );
        assert!(store.set_project_enabled(&id, true).await.unwrap());
        assert!(store.project(&Key::Id(id)).await.unwrap().unwrap().enabled);
        assert!(
            !store
                .set_project_enabled(&ProjectId::random(), true)
                .await
                .unwrap()
        );
    }
}
