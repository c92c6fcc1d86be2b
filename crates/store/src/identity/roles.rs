//! Role assignments: what a user may do in a project.

use oriel_domain::{DomainRef, ProjectId, ProjectRef, Role, UserId, UserRef};
use sqlx::Row as _;
use sqlx::sqlite::SqliteRow;

use crate::grants;
use crate::{Store, StoreError, parse};

/// A role that a user has in a project, without those that it implies.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RoleAssignment {
    /// Who.
    pub user: UserRef,
    /// Where.
    pub project: ProjectRef,
    /// What.
    pub role: Role,
}

impl Store {
    /// Gives a user a role in a project; both must exist. False: it had it already.
    pub async fn assign_role(
        &self,
        user: &UserId,
        project: &ProjectId,
        role: Role,
    ) -> Result<bool, StoreError> {
        let new = sqlx::query(
            "INSERT INTO role_assignments (user_id, project_id, role) VALUES (?, ?, ?) ON CONFLICT DO NOTHING",
        )
        .bind(user.as_str())
        .bind(project.as_str())
        .bind(role.name());
        self.change_one(new).await
    }

    /// Takes a role from a user in a project. Tokens follow at once: their roles are read anew each
    /// time. The links that the user was granted open nothing any more: with fewer roles, fewer might
    /// have been granted. The user's application credentials in that project go, as Keystone's do.
    /// False: the user did not have it.
    pub async fn remove_role(
        &self,
        user: &UserId,
        project: &ProjectId,
        role: Role,
    ) -> Result<bool, StoreError> {
        let mut step = self.write.begin().await?;
        let gone =
            sqlx::query("DELETE FROM role_assignments WHERE user_id = ? AND project_id = ? AND role = ?")
                .bind(user.as_str())
                .bind(project.as_str())
                .bind(role.name())
                .execute(&mut *step)
                .await?
                .rows_affected()
                == 1;
        if gone {
            sqlx::query("DELETE FROM application_credentials WHERE user_id = ? AND project_id = ?")
                .bind(user.as_str())
                .bind(project.as_str())
                .execute(&mut *step)
                .await?;
        }
        grants::forget_of_user(&mut step, user).await?;
        step.commit().await?;
        Ok(gone)
    }

    /// The roles that a user was given in a project, least first, without those that they imply.
    pub async fn roles_of(&self, user: &UserId, project: &ProjectId) -> Result<Vec<Role>, StoreError> {
        let rows = sqlx::query("SELECT role FROM role_assignments WHERE user_id = ? AND project_id = ?")
            .bind(user.as_str())
            .bind(project.as_str())
            .fetch_all(&self.read)
            .await?;
        let mut roles = rows
            .iter()
            .map(|row| parse("role_assignments.role", row.try_get::<&str, _>("role")?))
            .collect::<Result<Vec<Role>, StoreError>>()?;
        roles.sort_unstable();
        Ok(roles)
    }

    /// Every role assignment, or those of one user, of one project, or of both; by names.
    pub async fn role_assignments(
        &self,
        user: Option<&UserId>,
        project: Option<&ProjectId>,
    ) -> Result<Vec<RoleAssignment>, StoreError> {
        let rows = sqlx::query(
            "SELECT r.role, u.id AS user_id, u.name AS user_name, ud.id AS user_domain_id, ud.name AS user_domain_name,
                    p.id AS project_id, p.name AS project_name,
                    pd.id AS project_domain_id, pd.name AS project_domain_name
             FROM role_assignments r
             JOIN users u ON u.id = r.user_id JOIN domains ud ON ud.id = u.domain_id
             JOIN projects p ON p.id = r.project_id JOIN domains pd ON pd.id = p.domain_id
             WHERE u.id = COALESCE(?, u.id) AND p.id = COALESCE(?, p.id)
             ORDER BY u.name, p.name, r.role",
        )
        .bind(user.map(UserId::as_str))
        .bind(project.map(ProjectId::as_str))
        .fetch_all(&self.read)
        .await?;
        rows.iter().map(read_assignment).collect()
    }
}

fn read_assignment(row: &SqliteRow) -> Result<RoleAssignment, StoreError> {
    Ok(RoleAssignment {
        user: read_user_ref(row)?,
        project: read_project_ref(row)?,
        role: parse("role_assignments.role", row.try_get::<&str, _>("role")?)?,
    })
}

/// Reads the columns `user_id`, `user_name`, `user_domain_id` and `user_domain_name`.
pub(super) fn read_user_ref(row: &SqliteRow) -> Result<UserRef, StoreError> {
    Ok(UserRef {
        id: parse("users.id", row.try_get::<&str, _>("user_id")?)?,
        name: row.try_get("user_name")?,
        domain: DomainRef {
            id: parse("users.domain_id", row.try_get::<&str, _>("user_domain_id")?)?,
            name: row.try_get("user_domain_name")?,
        },
    })
}

/// Reads the columns `project_id`, `project_name`, `project_domain_id` and `project_domain_name`.
pub(super) fn read_project_ref(row: &SqliteRow) -> Result<ProjectRef, StoreError> {
    Ok(ProjectRef {
        id: parse("projects.id", row.try_get::<&str, _>("project_id")?)?,
        name: row.try_get("project_name")?,
        domain: DomainRef {
            id: parse("projects.domain_id", row.try_get::<&str, _>("project_domain_id")?)?,
            name: row.try_get("project_domain_name")?,
        },
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::identity::testing::{project_named, store, user_named};

    #[tokio::test]
    async fn roles_are_assigned_once_and_removed_once() {
        let (_folder, store) = store().await;
        let (ann, demo) = (
            user_named(&store, "ann").await,
            project_named(&store, "demo").await,
        );
        assert!(store.assign_role(&ann, &demo, Role::Member).await.unwrap());
        assert!(!store.assign_role(&ann, &demo, Role::Member).await.unwrap());
        store.assign_role(&ann, &demo, Role::Admin).await.unwrap();
        assert_eq!(
            store.roles_of(&ann, &demo).await.unwrap(),
            [Role::Member, Role::Admin]
        );
        assert!(store.remove_role(&ann, &demo, Role::Admin).await.unwrap());
        assert!(!store.remove_role(&ann, &demo, Role::Admin).await.unwrap());
        assert_eq!(store.roles_of(&ann, &demo).await.unwrap(), [Role::Member]);
    }

    #[tokio::test]
    async fn assignments_are_listed_by_user_and_by_project() {
        let (_folder, store) = store().await;
        let (ann, bob) = (user_named(&store, "ann").await, user_named(&store, "bob").await);
        let (demo, lab) = (
            project_named(&store, "demo").await,
            project_named(&store, "lab").await,
        );
        for (user, project) in [(&ann, &demo), (&ann, &lab), (&bob, &lab)] {
            store.assign_role(user, project, Role::Reader).await.unwrap();
        }
        let names = |list: Vec<RoleAssignment>| -> Vec<_> {
            list.into_iter()
                .map(|one| format!("{}@{}", one.user.name, one.project.name))
                .collect()
        };
        assert_eq!(
            names(store.role_assignments(None, None).await.unwrap()),
            ["ann@demo", "ann@lab", "bob@lab"]
        );
        assert_eq!(
            names(store.role_assignments(Some(&ann), None).await.unwrap()),
            ["ann@demo", "ann@lab"]
        );
        assert_eq!(
            names(store.role_assignments(None, Some(&lab)).await.unwrap()),
            ["ann@lab", "bob@lab"]
        );
        let own: Vec<_> = store
            .projects_of(&bob)
            .await
            .unwrap()
            .into_iter()
            .map(|project| project.name)
            .collect();
        assert_eq!(own, ["lab"]);
    }

    #[tokio::test]
    async fn roles_go_with_the_user_and_with_the_project() {
        let (_folder, store) = store().await;
        let (ann, bob) = (user_named(&store, "ann").await, user_named(&store, "bob").await);
        let demo = project_named(&store, "demo").await;
        store.assign_role(&ann, &demo, Role::Member).await.unwrap();
        store.assign_role(&bob, &demo, Role::Member).await.unwrap();
        store.delete_user(&ann).await.unwrap();
        assert_eq!(store.role_assignments(None, None).await.unwrap().len(), 1);
        store.delete_project(&demo).await.unwrap();
        assert!(store.role_assignments(None, None).await.unwrap().is_empty());
        assert!(store.assign_role(&bob, &demo, Role::Member).await.is_err());
    }
}
