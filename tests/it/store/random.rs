use super::contract::Database;
use ebb::domain::ids::BrandId;
pub async fn check_counts(_db: &Database, _brand: BrandId) {}
