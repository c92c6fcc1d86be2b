//! Domains: the name spaces of users and projects.

use oriel_domain::{DomainId, DomainRef};

use super::{DomainKey, MAX_NAME, check_name, read_domain, taken};
use crate::{Store, StoreError};

impl Store {
    /// Makes a domain. Its id is random.
    ///
    /// [`StoreError::Exists`] where the name is taken, in any case; [`StoreError::BadName`].
    pub async fn create_domain(&self, name: &str) -> Result<DomainRef, StoreError> {
        check_name("domain", name, MAX_NAME)?;
        let domain = DomainRef {
            id: DomainId::random(),
            name: name.to_owned(),
        };
        sqlx::query("INSERT INTO domains (id, name) VALUES (?, ?)")
            .bind(domain.id.as_str())
            .bind(&domain.name)
            .execute(&mut *self.write.turn().await?)
            .await
            .map_err(taken("domain", name))?;
        Ok(domain)
    }

    /// Every domain, by name.
    pub async fn domains(&self) -> Result<Vec<DomainRef>, StoreError> {
        sqlx::query("SELECT id AS domain_id, name AS domain_name FROM domains ORDER BY name")
            .fetch_all(&self.read)
            .await?
            .iter()
            .map(read_domain)
            .collect()
    }

    /// Finds a domain.
    pub async fn domain(&self, key: &DomainKey) -> Result<Option<DomainRef>, StoreError> {
        let query = match key {
            DomainKey::Id(id) => {
                sqlx::query("SELECT id AS domain_id, name AS domain_name FROM domains WHERE id = ?")
                    .bind(id.as_str())
            }
            DomainKey::Name(name) => sqlx::query(
                "SELECT id AS domain_id, name AS domain_name FROM domains WHERE lower(name) = lower(?)",
            )
            .bind(name),
        };
        query
            .fetch_optional(&self.read)
            .await?
            .as_ref()
            .map(read_domain)
            .transpose()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::identity::DEFAULT_DOMAIN;

    #[tokio::test]
    async fn the_default_domain_is_there_and_found_in_any_case() {
        let (_folder, store) = crate::identity::testing::store().await;
        let by_id = store
            .domain(&DomainKey::Id(DEFAULT_DOMAIN.parse().unwrap()))
            .await
            .unwrap()
            .unwrap();
        assert_eq!(by_id.name, "Default");
        for name in ["Default", "default", "DEFAULT"] {
            assert_eq!(
                store
                    .domain(&DomainKey::Name(name.into()))
                    .await
                    .unwrap()
                    .as_ref(),
                Some(&by_id)
            );
        }
        assert_eq!(
            store.domain(&DomainKey::Name("other".into())).await.unwrap(),
            None
        );
    }

    #[tokio::test]
    async fn a_second_domain_of_a_name_is_refused_in_any_case() {
        let (_folder, store) = crate::identity::testing::store().await;
        store.create_domain("lab").await.unwrap();
        assert!(matches!(
            store.create_domain("LAB").await,
            Err(StoreError::Exists { what: "domain", .. })
        ));
        let names: Vec<_> = store
            .domains()
            .await
            .unwrap()
            .into_iter()
            .map(|domain| domain.name)
            .collect();
        assert_eq!(names, ["Default", "lab"]);
    }
}
