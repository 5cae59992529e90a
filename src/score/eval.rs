//! `ebb eval`: how good the models are on labelled texts.

mod severity;

use std::collections::BTreeMap;
use std::fmt;
use std::fs::File;
use std::io::{self, BufRead, BufReader, Write};
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Instant;

use serde::Serialize;

use super::engine::EngineError;
use super::lines::Lines;
use super::models::{Models, ScoreInput};
use crate::domain::sentiment::{Label, Sentiment};
pub use severity::{SeverityEvaluation, Threshold};

/// Bins of the calibration error.
const BINS: usize = 15;

/// Measures the models on labelled texts.
#[derive(Debug, Clone, clap::Args)]
#[command(after_help = "The file has a header with `label` and `text`, and perhaps `lang` and `points`; fields are parted by tabs, \
    quotes are plain characters. Labels are 0, 1, 2 or negative, neutral, positive. Points go from -2 (severe) to 2; with them, severity is \
    measured too.\n\nExample:\n  ebb eval posts.tsv\n  ebb eval posts.tsv --json")]
pub struct EvalArgs {
    /// Tab-separated file with `label`, `text` and perhaps `lang` and `points`
    pub file: PathBuf,
    /// Measure the model of this folder instead of the one in use (see `ebb model`)
    #[arg(long, value_name = "FOLDER")]
    pub model: Option<PathBuf>,
    /// Print one JSON object instead of a table
    #[arg(long)]
    pub json: bool,
}

/// What was measured. Classes are in the order negative, neutral, positive.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Evaluation {
    /// Texts.
    pub n: usize,
    /// Share of right labels.
    pub accuracy: f64,
    /// Mean recall of the classes that the file has.
    pub macro_recall: f64,
    /// Mean F1 of the classes that the file or the models name.
    pub macro_f1: f64,
    /// F1 of negative; 0 when there is none.
    pub f1_negative: f64,
    /// Expected calibration error, 15 bins of equal width: how far the probability of the given label is from how
    /// often that label is right (Guo et al. 2017).
    pub ece: f64,
    /// The same for each language: as the file says, else as found.
    pub per_language: BTreeMap<String, LanguageEvaluation>,
    /// Counts: a row for each true class, in it a column for each given one.
    pub confusion: [[usize; 3]; 3],
    /// Severity against points, where the file has any.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub severity: Option<SeverityEvaluation>,
    /// Speed, without loading the models.
    pub posts_per_second: f64,
    /// The models that scored, joined by ` + `.
    pub model: String,
}

/// Part of an [`Evaluation`].
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct LanguageEvaluation {
    /// Texts.
    pub n: usize,
    /// Share of right labels.
    pub accuracy: f64,
    /// Mean recall of the classes.
    pub macro_recall: f64,
    /// Mean F1 of the classes.
    pub macro_f1: f64,
}

/// Why nothing was measured.
#[derive(Debug, thiserror::Error)]
pub enum EvalError {
    /// There is no such file, or it may not be read.
    #[error("cannot open {}: {source}", path.display())]
    Open {
        /// The file.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// Reading failed.
    #[error("cannot read the labelled texts: {0}")]
    Read(#[source] io::Error),
    /// Printing failed.
    #[error("cannot write the output: {0}")]
    Write(#[source] io::Error),
    /// A line is not what the header promises.
    #[error("line {line}: {reason}")]
    Line {
        /// From 1.
        line: u64,
        /// What is wrong.
        reason: String,
    },
    /// A header and nothing else, or not even that.
    #[error("the file holds no labelled text")]
    Empty,
    /// No model.
    #[error(transparent)]
    Engine(#[from] EngineError),
}

/// A labelled text.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Row {
    label: Label,
    /// From -2 (severe) to 2 (delighted), where the file says so.
    points: Option<i8>,
    input: ScoreInput,
}

/// Runs `ebb eval` and prints to standard output.
pub fn run(args: &EvalArgs, models: &Models) -> Result<ExitCode, EvalError> {
    let file = File::open(&args.file).map_err(|source| EvalError::Open { path: args.file.clone(), source })?;
    let found = evaluate(models, BufReader::new(file))?;
    print(&found, args.json).map_err(EvalError::Write)?;
    Ok(ExitCode::SUCCESS)
}

fn print(found: &Evaluation, json: bool) -> io::Result<()> {
    let mut output = io::stdout().lock();
    if !json {
        return write!(output, "{found}");
    }
    serde_json::to_writer(&mut output, found)?;
    writeln!(output)
}

/// Scores every text of a file and compares.
pub fn evaluate(models: &Models, file: impl BufRead) -> Result<Evaluation, EvalError> {
    let rows = read_rows(file)?;
    if rows.is_empty() {
        return Err(EvalError::Empty);
    }
    let inputs: Vec<ScoreInput> = rows.iter().map(|row| row.input.clone()).collect();
    // Loading is not speed; the text is none of the file's, so that the cache does not know it.
    models.score(&[ScoreInput { text: "warming up".to_owned(), lang: None }])?;
    let start = Instant::now();
    let sentiments = models.score(&inputs)?;
    let seconds = start.elapsed().as_secs_f64();
    let mut found = measure(&rows, &sentiments);
    found.posts_per_second = rows.len() as f64 / seconds.max(1e-9);
    Ok(found)
}

fn read_rows(file: impl BufRead) -> Result<Vec<Row>, EvalError> {
    let mut columns: Option<Columns> = None;
    let mut rows = Vec::new();
    let mut lines = Lines::of(file);
    while let Some(line) = lines.next().map_err(EvalError::Read)? {
        let broken = |reason: String| EvalError::Line { line: line.number, reason };
        let text = line.text().map_err(broken)?;
        match &columns {
            None => columns = Some(Columns::parse(text).map_err(broken)?),
            Some(_) if text.is_empty() => {}
            Some(columns) => rows.push(columns.row(text).map_err(broken)?),
        }
    }
    Ok(rows)
}

/// Where the header says that the columns are.
struct Columns {
    label: usize,
    text: usize,
    lang: Option<usize>,
    points: Option<usize>,
}

impl Columns {
    fn parse(header: &str) -> Result<Self, String> {
        let at = |name: &str| header.split('\t').position(|column| column.trim() == name);
        let wanted = |name: &str| {
            at(name)
                .ok_or_else(|| format!("the header has no column `{name}`; it has: {}", header.split('\t').collect::<Vec<_>>().join(", ")))
        };
        Ok(Self { label: wanted("label")?, text: wanted("text")?, lang: at("lang"), points: at("points") })
    }

    fn row(&self, line: &str) -> Result<Row, String> {
        let cells: Vec<&str> = line.split('\t').collect();
        let cell = |at: usize| cells.get(at).copied().ok_or_else(|| format!("{} columns, {} are wanted", cells.len(), at + 1));
        let word = cell(self.label)?.trim();
        let number = word.parse().ok().and_then(Label::from_index);
        let label = number.map_or_else(|| word.to_ascii_lowercase().parse::<Label>(), Ok).map_err(|e| e.to_string())?;
        let filled = |at: Option<usize>| at.and_then(|at| cells.get(at)).map(|cell| cell.trim()).filter(|cell| !cell.is_empty());
        let points = |word: &str| match word.parse() {
            Ok(points @ -2..=2) => Ok(points),
            _ => Err(format!("`{word}` are no points: whole numbers from -2 to 2 are")),
        };
        let (lang, points) = (filled(self.lang), filled(self.points).map(points).transpose()?);
        Ok(Row { label, points, input: ScoreInput { text: cell(self.text)?.to_owned(), lang: lang.map(str::to_owned) } })
    }
}

fn measure(rows: &[Row], sentiments: &[Sentiment]) -> Evaluation {
    let mut all = Confusion::default();
    let mut languages: BTreeMap<String, Confusion> = BTreeMap::new();
    let mut names: Vec<&str> = sentiments.iter().map(|s| s.model.as_str()).collect();
    names.sort_unstable();
    names.dedup();
    for (row, sentiment) in rows.iter().zip(sentiments) {
        all.add(row.label, sentiment.label);
        languages.entry(language(row, sentiment)).or_default().add(row.label, sentiment.label);
    }
    let pointed = rows.iter().zip(sentiments).filter_map(|(row, s)| Some((row.points?, s.severity.get()))).collect();
    Evaluation {
        n: all.n(),
        accuracy: all.accuracy(),
        macro_recall: all.macro_recall(),
        macro_f1: all.macro_f1(),
        f1_negative: all.f1(Label::Negative).unwrap_or(0.0),
        ece: calibration_error(rows.iter().zip(sentiments).map(|(row, s)| (f64::from(s.confidence()), row.label == s.label))),
        per_language: languages.into_iter().map(|(lang, part)| (lang, part.summary())).collect(),
        confusion: all.0,
        severity: SeverityEvaluation::of(pointed),
        posts_per_second: 0.0,
        model: names.join(" + "),
    }
}

/// As the file says, without the country (`de-DE`), else as found.
fn language(row: &Row, sentiment: &Sentiment) -> String {
    let claimed = row.input.lang.as_deref().unwrap_or(&sentiment.lang);
    claimed.split(['-', '_']).next().unwrap_or(claimed).to_ascii_lowercase()
}

/// Counts by true and given class.
#[derive(Debug, Clone, Copy, Default)]
struct Confusion([[usize; 3]; 3]);

impl Confusion {
    fn add(&mut self, truth: Label, given: Label) {
        self.0[truth.index()][given.index()] += 1;
    }

    fn n(&self) -> usize {
        self.0.iter().flatten().sum()
    }

    fn right(&self, label: Label) -> usize {
        self.0[label.index()][label.index()]
    }

    fn truly(&self, label: Label) -> usize {
        self.0[label.index()].iter().sum()
    }

    fn given(&self, label: Label) -> usize {
        self.0.iter().map(|row| row[label.index()]).sum()
    }

    fn accuracy(&self) -> f64 {
        share(Label::ALL.into_iter().map(|l| self.right(l)).sum(), self.n()).unwrap_or(0.0)
    }

    /// `None` when the class is neither true nor given anywhere.
    fn f1(&self, label: Label) -> Option<f64> {
        share(2 * self.right(label), self.truly(label) + self.given(label))
    }

    fn macro_recall(&self) -> f64 {
        mean(Label::ALL.into_iter().filter_map(|l| share(self.right(l), self.truly(l))))
    }

    fn macro_f1(&self) -> f64 {
        mean(Label::ALL.into_iter().filter_map(|l| self.f1(l)))
    }

    fn summary(&self) -> LanguageEvaluation {
        LanguageEvaluation { n: self.n(), accuracy: self.accuracy(), macro_recall: self.macro_recall(), macro_f1: self.macro_f1() }
    }
}

fn share(part: usize, whole: usize) -> Option<f64> {
    (whole > 0).then(|| part as f64 / whole as f64)
}

fn mean(values: impl Iterator<Item = f64>) -> f64 {
    let (sum, n) = values.fold((0.0, 0_u32), |(sum, n), v| (sum + v, n + 1));
    if n == 0 { 0.0 } else { sum / f64::from(n) }
}

fn calibration_error(guesses: impl Iterator<Item = (f64, bool)>) -> f64 {
    let mut bins = [(0.0_f64, 0_usize, 0_usize); BINS];
    for (confidence, right) in guesses {
        // Bins are open below and closed above, as in the paper: 1/15 is in the first.
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a confidence is within 0..=1")]
        let at = ((confidence * BINS as f64).ceil() as usize).clamp(1, BINS) - 1;
        bins[at].0 += confidence;
        bins[at].1 += usize::from(right);
        bins[at].2 += 1;
    }
    let n: usize = bins.iter().map(|bin| bin.2).sum();
    let gaps: f64 = bins.iter().map(|(confidence, right, _)| (confidence - *right as f64).abs()).sum();
    gaps / (n as f64).max(1.0)
}

impl fmt::Display for Evaluation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{} texts, {}, {:.0} posts/s\n", self.n, self.model, self.posts_per_second)?;
        for (name, value) in [
            ("accuracy", self.accuracy),
            ("macro recall", self.macro_recall),
            ("macro F1", self.macro_f1),
            ("F1 of negative", self.f1_negative),
            ("calibration error", self.ece),
        ] {
            writeln!(f, "{name:<18} {value:>7.4}")?;
        }
        writeln!(f, "\n{:<18} {:>9} {:>9} {:>9}", "true \\ given", "negative", "neutral", "positive")?;
        for (label, row) in Label::ALL.iter().zip(self.confusion) {
            writeln!(f, "{:<18} {:>9} {:>9} {:>9}", label.as_str(), row[0], row[1], row[2])?;
        }
        writeln!(f, "\n{:<18} {:>9} {:>9} {:>9} {:>9}", "language", "texts", "accuracy", "recall", "F1")?;
        for (lang, part) in &self.per_language {
            writeln!(f, "{lang:<18} {:>9} {:>9.4} {:>9.4} {:>9.4}", part.n, part.accuracy, part.macro_recall, part.macro_f1)?;
        }
        if let Some(severity) = &self.severity {
            write!(f, "\n{severity}")?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use std::io::Read as _;

    use super::super::testing::fake_models;
    use super::*;

    fn close(value: f64, wanted: f64) {
        assert!((value - wanted).abs() < 1e-9, "{value} is not {wanted}");
    }

    /// The fake model says: 3 negative (2 right), 2 positive (1 right), 3 neutral (2 right).
    const TABLE: &str = "id\tlabel\ttext\tlang\n1\t0\tbad one\ten\n2\tnegative\tbad two\ten\n3\t1\tbad three\ten\n4\t2\tgood one\tfr\n\
        5\t1\tgood two\tfr\n6\t1\tso so\tfr\n7\tneutral\tmeh\tfr\n8\tPositive\twell\ten\r\n";

    #[test]
    fn the_numbers_are_those_computed_by_hand() {
        let found = evaluate(&fake_models(), TABLE.as_bytes()).expect("measured");
        assert_eq!(found.n, 8);
        assert_eq!(found.confusion, [[2, 0, 0], [1, 2, 1], [0, 1, 1]]);
        close(found.accuracy, 5.0 / 8.0);
        close(found.macro_recall, (1.0 + 0.5 + 0.5) / 3.0);
        // F1: negative 2*2/(2+3), neutral 2*2/(4+3), positive 2*1/(2+2).
        close(found.f1_negative, 0.8);
        close(found.macro_f1, (0.8 + 4.0 / 7.0 + 0.5) / 3.0);
        // Five labels at 0.75, three of them right; three at 0.5, two right: |3.75 - 3| and |1.5 - 2| over 8.
        close(found.ece, (0.75 + 0.5) / 8.0);
        close(found.per_language["fr"].accuracy, 0.75);
        close(found.per_language["en"].macro_recall, (1.0 + 0.0 + 0.0) / 3.0);
        assert_eq!(found.model, "fake@1");
        assert!(found.posts_per_second > 0.0);
    }

    #[test]
    fn a_language_is_one_however_it_is_written() {
        let file = "\u{feff}label\ttext\tlang\r\n0\tbad\tde\r\n2\tgood\tDE_at\r\n2\tgood one\tde-DE\r\n";
        let found = evaluate(&fake_models(), file.as_bytes()).expect("measured");
        assert_eq!(found.per_language.keys().collect::<Vec<_>>(), ["de"]);
    }

    #[test]
    fn the_json_has_exactly_the_promised_keys() {
        let found = evaluate(&fake_models(), TABLE.as_bytes()).expect("measured");
        let serde_json::Value::Object(json) = serde_json::to_value(&found).expect("JSON") else { panic!("an object") };
        let mut keys: Vec<_> = json.keys().map(String::as_str).collect();
        keys.sort_unstable();
        let wanted =
            ["accuracy", "confusion", "ece", "f1_negative", "macro_f1", "macro_recall", "model", "n", "per_language", "posts_per_second"];
        assert_eq!(keys, wanted);
    }

    #[test]
    fn the_table_shows_every_number() {
        let shown = evaluate(&fake_models(), TABLE.as_bytes()).expect("measured").to_string();
        for part in ["8 texts", "macro recall        0.6667", "negative                   2         0         0", "fr "] {
            assert!(shown.contains(part), "{part:?} in\n{shown}");
        }
    }

    #[test]
    fn severity_is_measured_on_the_rows_that_have_points() {
        let file = "label\ttext\tpoints\n0\tbad\t-2\n1\tmeh\t\n2\tgood\t1\n";
        let found = evaluate(&fake_models(), file.as_bytes()).expect("measured");
        let severity = found.severity.as_ref().expect("points");
        assert_eq!((severity.n, severity.severe), (2, 1));
        assert!(found.to_string().contains("2 with points, 1 severe"), "{found}");
    }

    #[test]
    fn a_class_that_never_occurs_does_not_pull_the_means() {
        let found = evaluate(&fake_models(), "label\ttext\n0\tbad\n2\tgood\n".as_bytes()).expect("measured");
        close(found.macro_recall, 1.0);
        close(found.macro_f1, 1.0);
    }

    #[test]
    fn files_that_cannot_be_measured_are_refused_with_the_line() {
        for (file, reason) in [
            ("", "no labelled text"),
            ("label\ttext\n", "no labelled text"),
            ("class\ttext\n0\thi\n", "line 1: the header has no column `label`; it has: class, text"),
            ("label\ttext\n0\thi\n7\tho\n", "line 3: `7` is no label"),
            ("label\ttext\tpoints\n0\thi\t-2\n0\tho\t-3\n", "line 3: `-3` are no points"),
            ("text\tlabel\nhi\n", "line 2: 1 columns, 2 are wanted"),
        ] {
            let error = evaluate(&fake_models(), file.as_bytes()).expect_err("refused").to_string();
            assert!(error.contains(reason), "{error}");
        }
        let error = evaluate(&fake_models(), &b"label\ttext\n0\t\xff\n"[..]).expect_err("refused").to_string();
        assert_eq!(error, "line 2: not UTF-8 after byte 2");
        let endless = std::io::repeat(b'x').take(100 * 1024 * 1024);
        let error = evaluate(&fake_models(), BufReader::new(endless)).expect_err("refused").to_string();
        assert!(error.starts_with("line 1: longer than "), "{error}");
    }
}
