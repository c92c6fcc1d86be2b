//! A row's columns, whichever of the two libraries has read it.

use sqlx::Row as _;
use sqlx::sqlite::SqliteRow;

use crate::StoreError;

/// Columns by their names. That one is not there, or of another type, is an error.
pub(crate) trait Columns {
    fn optional_text(&self, name: &'static str) -> Result<Option<&str>, StoreError>;
    fn optional_number(&self, name: &'static str) -> Result<Option<i64>, StoreError>;
    fn optional_blob(&self, name: &'static str) -> Result<Option<&[u8]>, StoreError>;

    fn text(&self, name: &'static str) -> Result<&str, StoreError> {
        self.optional_text(name)?.ok_or_else(|| empty(name))
    }

    fn number(&self, name: &'static str) -> Result<i64, StoreError> {
        self.optional_number(name)?.ok_or_else(|| empty(name))
    }
}

fn empty(name: &'static str) -> StoreError {
    StoreError::Unreadable {
        what: name,
        value: "NULL".to_owned(),
    }
}

/// One row that cannot be read is its reader's trouble, and not that of whoever shares the transaction.
fn odd(name: &'static str, error: &rusqlite::types::FromSqlError) -> StoreError {
    StoreError::Unreadable {
        what: name,
        value: error.to_string(),
    }
}

impl Columns for SqliteRow {
    fn optional_text(&self, name: &'static str) -> Result<Option<&str>, StoreError> {
        Ok(self.try_get(name)?)
    }

    fn optional_number(&self, name: &'static str) -> Result<Option<i64>, StoreError> {
        Ok(self.try_get(name)?)
    }

    fn optional_blob(&self, name: &'static str) -> Result<Option<&[u8]>, StoreError> {
        Ok(self.try_get(name)?)
    }
}

impl Columns for rusqlite::Row<'_> {
    fn optional_text(&self, name: &'static str) -> Result<Option<&str>, StoreError> {
        self.get_ref(name)?
            .as_str_or_null()
            .map_err(|error| odd(name, &error))
    }

    fn optional_number(&self, name: &'static str) -> Result<Option<i64>, StoreError> {
        self.get_ref(name)?
            .as_i64_or_null()
            .map_err(|error| odd(name, &error))
    }

    fn optional_blob(&self, name: &'static str) -> Result<Option<&[u8]>, StoreError> {
        self.get_ref(name)?
            .as_blob_or_null()
            .map_err(|error| odd(name, &error))
    }
}
