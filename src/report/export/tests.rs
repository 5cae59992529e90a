//! Exports of everything in every format, read back.

use std::collections::BTreeSet;

use parquet::file::reader::{FileReader, SerializedFileReader};
use parquet::record::RowAccessor;

use super::table::Kind;
use super::{Export, ExportError, Format, What, Wish};
use crate::domain::sentiment::Label;
use crate::domain::source::SourceKind;
use crate::report::testing::{Desk, NOW};
use crate::store::{Copies, MentionFilter};

fn wish(desk: &Desk, what: What, format: Format) -> Wish {
    let filter = MentionFilter { brand: desk.brand.id, copies: Copies::Show, ..MentionFilter::default() };
    Wish { what, format, filter, brand: desk.brand.clone(), after: None }
}

async fn export(desk: &Desk, wish: Wish) -> Vec<u8> {
    let mut export = Export::open(desk.store.clone(), wish).await.expect("an export");
    let mut whole = Vec::new();
    while let Some(piece) = export.next().await.expect("a piece") {
        whole.extend(piece);
    }
    whole
}

async fn csv_rows(desk: &Desk, wish: Wish) -> Vec<Vec<String>> {
    let bytes = export(desk, wish).await;
    let mut reader = csv::ReaderBuilder::new().has_headers(false).from_reader(bytes.as_slice());
    reader.records().map(|r| r.expect("a row").iter().map(str::to_owned).collect()).collect()
}

async fn full() -> Desk {
    let desk = Desk::quiet().await;
    desk.update("=works() again").await;
    desk.say(&[("Ann", "- =1+1 down"), ("Bob", "+ \"fine\",\nnow"), ("=Cem", "-bad, 😡"), ("Dia", "0 so so")]).await;
    let dia = desk.store.mentions(&MentionFilter { brand: desk.brand.id, ..MentionFilter::default() }, None, 1).await.expect("mentions");
    desk.store.correct_label(dia[0].id, Some(Label::Negative), NOW).await.expect("corrected");
    desk.delete(1).await;
    desk
}

#[test]
fn columns_are_stable_and_documented() {
    let documented = include_str!("../../../docs/exports.md");
    let mut listing = String::new();
    for what in What::ALL {
        let columns: Vec<String> = what.columns().iter().map(|c| format!("{} {:?}", c.name, c.kind)).collect();
        assert_eq!(columns.iter().collect::<BTreeSet<_>>().len(), columns.len(), "names differ");
        for column in what.columns() {
            assert!(documented.contains(&format!("`{}`", column.name)), "{} {}", what.as_str(), column.name);
        }
        listing.extend([what.as_str(), ": ", &columns.join(", "), "\n"]);
    }
    insta::assert_snapshot!(listing);
}

#[tokio::test]
async fn every_export_has_as_many_cells_as_columns_in_every_format() {
    let desk = full().await;
    for what in What::ALL {
        let rows = csv_rows(&desk, wish(&desk, what, Format::Csv)).await;
        assert!(rows.len() > 1, "{}", what.as_str());
        assert_eq!(rows[0], what.columns().iter().map(|c| c.name).collect::<Vec<_>>());
        let lines = export(&desk, wish(&desk, what, Format::Jsonl)).await;
        let objects: Vec<serde_json::Value> =
            lines.split(|b| *b == b'\n').filter(|l| !l.is_empty()).map(|l| serde_json::from_slice(l).expect("JSON")).collect();
        assert_eq!(objects.len(), rows.len() - 1);
        assert!(objects.iter().all(|o| o.as_object().is_some_and(|o| o.len() == what.columns().len())));
        let parquet = export(&desk, wish(&desk, what, Format::Parquet)).await;
        let reader = SerializedFileReader::new(bytes::Bytes::from(parquet)).expect("a Parquet file");
        let counted = reader.metadata().file_metadata().num_rows();
        assert_eq!(usize::try_from(counted).expect("a count"), rows.len() - 1);
        assert!(export(&desk, wish(&desk, what, Format::Xlsx)).await.starts_with(b"PK"));
    }
}

#[tokio::test]
async fn a_mention_of_a_sample_says_for_how_many_it_stands() {
    let desk = full().await;
    let weights = async |desk: &Desk| {
        let rows = csv_rows(desk, wish(desk, What::Mentions, Format::Csv)).await;
        let at = rows[0].iter().position(|c| c == "weight").expect("a column");
        rows[1..].iter().map(|row| row[at].clone()).collect::<Vec<_>>()
    };
    desk.store.note_sampling(desk.lease.id, 5, NOW).await.expect("declared");
    assert_eq!(weights(&desk).await, ["1"; 4], "a source that is only asked more rarely loses nothing");
    let mut spec = desk.lease.spec.clone();
    spec.kind = SourceKind::X;
    desk.store.sync_sources(&[spec], NOW).await.expect("another kind");
    assert_eq!(weights(&desk).await, ["5"; 4]);
}

#[tokio::test]
async fn concern_has_rows_of_everything_of_each_source_and_of_each_language() {
    let desk = full().await;
    let rows = csv_rows(&desk, wish(&desk, What::Concern, Format::Csv)).await;
    let at = |name: &str| rows[0].iter().position(|c| c == name).expect("a column");
    let (source, language, mentions) = (at("source"), at("language"), at("mentions"));
    assert_eq!(language, rows[0].len() - 1, "appended: older columns keep their places");
    let sum = |of: fn(&str, &str) -> bool| -> i64 {
        let chosen = rows[1..].iter().filter(|r| of(&r[source], &r[language]));
        chosen.map(|r| r[mentions].parse::<i64>().expect("a number")).sum()
    };
    let whole = sum(|source, language| source.is_empty() && language.is_empty());
    assert!(whole > 0);
    assert_eq!(sum(|source, language| !source.is_empty() && language.is_empty()), whole, "each mention has one source");
    assert_eq!(sum(|source, language| source.is_empty() && !language.is_empty()), whole, "each mention has one language, or `und`");
    assert_eq!(sum(|source, language| !source.is_empty() && !language.is_empty()), 0, "no row speaks of both");
}

#[tokio::test]
async fn parquet_holds_typed_values() {
    let desk = full().await;
    let parquet = export(&desk, wish(&desk, What::Mentions, Format::Parquet)).await;
    let reader = SerializedFileReader::new(bytes::Bytes::from(parquet)).expect("a Parquet file");
    let rows: Vec<_> = reader.get_row_iter(None).expect("rows").map(|r| r.expect("a row")).collect();
    let at = |name: &str| What::Mentions.columns().iter().position(|c| c.name == name).expect("a column");
    assert_eq!(What::Mentions.columns()[at("created_at")].kind, Kind::Time);
    assert_eq!(rows[0].get_string(at("text")).expect("a text"), "- =1+1 down");
    assert!((rows[0].get_double(at("severity")).expect("a number") - 0.9).abs() < 1e-6);
    assert_eq!(rows[0].get_timestamp_millis(at("created_at")).expect("a time"), NOW.get() - 2 * 3_600_000);
}

#[tokio::test]
async fn cells_that_begin_a_formula_are_defused_in_csv_and_deleted_mentions_carry_no_text() {
    let desk = full().await;
    let rows = csv_rows(&desk, wish(&desk, What::Mentions, Format::Csv)).await;
    let at = |name: &str| rows[0].iter().position(|c| c == name).expect("a column");
    let texts: Vec<&str> = rows[1..].iter().map(|r| r[at("text")].as_str()).collect();
    assert_eq!(texts, ["'- =1+1 down", "", "'-bad, 😡", "0 so so"]);
    assert_eq!(rows[3][at("author_name")], "'=Cem");
    assert!(!rows[2][at("deleted_at")].is_empty());
    for cell in ["author", "author_name", "url", "why", "label"] {
        assert_eq!(rows[2][at(cell)], "", "{cell}");
    }
    assert_eq!(rows[4][at("corrected")], "negative");
}

#[tokio::test]
async fn an_export_goes_on_after_the_last_row_that_was_written() {
    let desk = full().await;
    for what in [What::Mentions, What::Authors, What::Cases] {
        let id = what.columns().iter().position(|c| ["mention", "author_id", "case"].contains(&c.name)).expect("an id");
        let all = csv_rows(&desk, wish(&desk, what, Format::Csv)).await;
        assert!(all.len() > 2);
        let after = all[1][id].parse().ok();
        let rest = csv_rows(&desk, Wish { after, ..wish(&desk, what, Format::Csv) }).await;
        assert_eq!(rest[1..], all[2..], "{}", what.as_str());
    }
    let refused = Export::open(desk.store.clone(), Wish { after: Some(5), ..wish(&desk, What::Mentions, Format::Csv) }).await;
    assert!(matches!(refused, Err(ExportError::NoSuchRow(5))));
    let refused = Export::open(desk.store.clone(), Wish { after: Some(5), ..wish(&desk, What::Audit, Format::Csv) }).await;
    assert!(matches!(refused, Err(ExportError::NoIds)));
}

#[tokio::test]
async fn the_trail_tells_incidents_updates_and_corrections() {
    let desk = full().await;
    let rows = csv_rows(&desk, wish(&desk, What::Audit, Format::Csv)).await;
    let events: Vec<&str> = rows[1..].iter().map(|r| r[2].as_str()).collect();
    assert_eq!(events, ["incident_started", "incident_fixed", "update", "correction"]);
    assert_eq!(rows[3][7], "'=works() again");
}
