//! `ebb score`: texts in, scored JSON lines out, in the same order.

use std::io::{self, BufRead, BufReader, BufWriter, Write};
use std::process::ExitCode;

use serde::Deserialize;
use serde::de::{Deserializer, MapAccess, Visitor};
use serde_json::value::RawValue;

use super::engine::EngineError;
use super::lines::{Batches, Pause};
use super::models::{Models, ScoreInput};
use crate::domain::sentiment::{Label, Sentiment};

/// Keys that this command writes; what stood there before is replaced.
const OUR_KEYS: [&str; 7] = ["label", "negative", "neutral", "positive", "severity", "lang", "model"];

/// Scores texts from standard input.
#[derive(Debug, Clone, Default, clap::Args)]
#[command(
    after_help = "Each line is a JSON object with a `text`; its other fields are kept, and `label`, `negative`, `neutral`, `positive`, \
    `severity`, `lang` and `model` are added. A `lang` in the input counts as the platform's claim.\n\n\
    Example:\n  echo '{\"id\": 7, \"text\": \"the app is down again\"}' | ebb score\n  ebb score --plain < comments.txt > scored.jsonl"
)]
pub struct ScoreArgs {
    /// Lines are plain texts, not JSON
    #[arg(long)]
    pub plain: bool,
    /// End with exit code 0 though lines were broken (they are still reported and left out)
    #[arg(long)]
    pub skip_bad: bool,
}

/// How many lines went which way.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct StreamSummary {
    /// Scored and written.
    pub scored: u64,
    /// Broken, reported and left out.
    pub broken: u64,
}

/// Why scoring a stream ended before its end.
#[derive(Debug, thiserror::Error)]
pub enum StreamError {
    /// Reading failed.
    #[error("cannot read the input: {0}")]
    Read(#[source] io::Error),
    /// Writing failed; a closed pipe is `BrokenPipe`.
    #[error("cannot write the output: {0}")]
    Write(#[source] io::Error),
    /// No model.
    #[error(transparent)]
    Engine(#[from] EngineError),
}

/// Runs `ebb score` on standard input and output. Exit code 1 when lines were broken, unless that is allowed; a reader
/// that goes away (`| head`) is no failure. `progress` hears of every batch.
pub fn run(args: &ScoreArgs, models: &Models, progress: impl FnMut(StreamSummary)) -> Result<ExitCode, StreamError> {
    // Not locked for the whole run: the engine prints to both itself when it is asked to (`RTEN_TIMING`), from other threads.
    let outputs = (BufWriter::new(io::stdout()), io::stderr());
    match score_stream(args, models, BufReader::new(io::stdin()), outputs, progress) {
        Ok(summary) if summary.broken == 0 || args.skip_bad => Ok(ExitCode::SUCCESS),
        Ok(_) => Ok(ExitCode::FAILURE),
        Err(StreamError::Write(error)) if error.kind() == io::ErrorKind::BrokenPipe => Ok(ExitCode::SUCCESS),
        Err(error) => Err(error),
    }
}

/// Scores `input` line by line into `output`; broken lines are named on `errors`. `progress` hears of every batch.
///
/// Memory does not grow with the input. Output is flushed whenever the input pauses. Empty lines of JSON input are
/// passed over; an empty plain line is a text (neutral, nothing to read), so that line n of the output is line n of
/// the input.
pub fn score_stream(
    args: &ScoreArgs,
    models: &Models,
    input: impl BufRead + Send + 'static,
    (mut output, mut errors): (impl Write, impl Write),
    mut progress: impl FnMut(StreamSummary),
) -> Result<StreamSummary, StreamError> {
    let parse = if args.plain { parse_plain } else { parse_json };
    let batches = Batches::new(input).map_err(StreamError::Read)?;
    let mut summary = StreamSummary::default();
    while let Some(batch) = batches.next().map_err(StreamError::Read)? {
        let mut records = Vec::with_capacity(batch.lines.len());
        for line in batch.lines {
            let number = line.number;
            match line.text().and_then(parse) {
                Ok(record) => records.extend(record.map(|(kept, input)| Record { number, kept, input })),
                Err(reason) => {
                    summary.broken += 1;
                    writeln!(errors, "line {number}: {reason}").map_err(StreamError::Write)?;
                }
            }
        }
        let (records, inputs): (Vec<_>, Vec<_>) = records.into_iter().map(|r| ((r.number, r.kept), r.input)).unzip();
        for ((number, kept), scored) in records.iter().zip(score(models, &inputs)?) {
            let written = match scored {
                Ok(sentiment) => {
                    summary.scored += 1;
                    write_record(&mut output, kept, &sentiment)
                }
                Err(reason) => {
                    summary.broken += 1;
                    writeln!(errors, "line {number}: {reason}")
                }
            };
            written.map_err(StreamError::Write)?;
        }
        if batch.pause == Pause::Yes {
            output.flush().map_err(StreamError::Write)?;
        }
        progress(summary);
    }
    output.flush().map_err(StreamError::Write)?;
    Ok(summary)
}

/// A line as it is scored and as it is written again.
struct Record {
    number: u64,
    kept: Fields,
    input: ScoreInput,
}

/// What a line holds; nothing when it is passed over.
type Parsed = Result<Option<(Fields, ScoreInput)>, String>;

/// A score or a reason for each text. When they fail together each is tried alone, so that a text that the model cannot bear
/// costs its own line only.
fn score(models: &Models, inputs: &[ScoreInput]) -> Result<Vec<Result<Sentiment, EngineError>>, EngineError> {
    match models.score(inputs) {
        Ok(found) => Ok(found.into_iter().map(Ok).collect()),
        Err(error) if error.concerns_texts() => inputs.iter().map(|input| score_alone(models, input)).collect(),
        Err(error) => Err(error),
    }
}

fn score_alone(models: &Models, input: &ScoreInput) -> Result<Result<Sentiment, EngineError>, EngineError> {
    match models.score(std::slice::from_ref(input)) {
        Ok(found) => Ok(found.into_iter().next().ok_or_else(|| EngineError::run("all", "it gave no score"))),
        Err(error) if error.concerns_texts() => Ok(Err(error)),
        Err(error) => Err(error),
    }
}

fn parse_plain(line: &str) -> Parsed {
    let text = serde_json::value::to_raw_value(line).map_err(|e| e.to_string())?;
    Ok(Some((Fields(vec![("text".to_owned(), text)]), ScoreInput { text: line.to_owned(), lang: None })))
}

fn parse_json(line: &str) -> Parsed {
    if line.trim().is_empty() {
        return Ok(None);
    }
    let mut kept: Fields = serde_json::from_str(line).map_err(|e| within_line(&e))?;
    let mut texts = kept.0.iter().filter(|(key, _)| key == "text");
    let text = texts.next().ok_or("no `text`")?;
    if texts.next().is_some() {
        return Err("more than one `text`".to_owned());
    }
    let text = serde_json::from_str::<String>(text.1.get()).map_err(|e| format!("`text`: {}", without_place(&e)))?;
    let lang = kept.0.iter().find(|(key, _)| key == "lang").and_then(|(_, value)| serde_json::from_str(value.get()).ok());
    kept.0.retain(|(key, _)| !OUR_KEYS.contains(&key.as_str()));
    Ok(Some((kept, ScoreInput { text, lang })))
}

/// What is wrong and where in the line; the parser would call every line the first.
fn within_line(error: &serde_json::Error) -> String {
    let kind = if error.is_data() { "" } else { "not JSON: " };
    format!("{kind}{} (column {})", without_place(error), error.column())
}

fn without_place(error: &serde_json::Error) -> String {
    let whole = error.to_string();
    let place = format!(" at line {} column {}", error.line(), error.column());
    let what = whole.strip_suffix(&place).map(str::to_owned).unwrap_or(whole);
    // The commonest way to get there: a text that was cut in the middle of an emoji.
    if what.contains("hex escape") { format!("half of a surrogate pair, or another broken \\u escape ({what})") } else { what }
}

fn write_record(output: &mut impl Write, kept: &Fields, sentiment: &Sentiment) -> io::Result<()> {
    output.write_all(b"{")?;
    for (key, value) in &kept.0 {
        serde_json::to_writer(&mut *output, key)?;
        write!(output, ":{},", value.get())?;
    }
    write!(output, "\"label\":\"{}\"", sentiment.label)?;
    for label in Label::ALL {
        write!(output, ",\"{label}\":{}", rounded(sentiment.probabilities.of(label)))?;
    }
    write!(output, ",\"severity\":{},\"lang\":", rounded(sentiment.severity.get()))?;
    serde_json::to_writer(&mut *output, &sentiment.lang)?;
    output.write_all(b",\"model\":")?;
    serde_json::to_writer(&mut *output, &sentiment.model)?;
    output.write_all(b"}\n")
}

/// Five places: more would be noise of the model.
fn rounded(value: f32) -> f64 {
    (f64::from(value) * 1e5).round() / 1e5
}

/// The fields of an object in their order, with values as they were written: a number of any length stays what it is.
struct Fields(Vec<(String, Box<RawValue>)>);

impl<'de> Deserialize<'de> for Fields {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct InOrder;

        impl<'de> Visitor<'de> for InOrder {
            type Value = Fields;

            fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str("a JSON object with a `text`")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Fields, A::Error> {
                let mut fields = Vec::new();
                while let Some(field) = map.next_entry()? {
                    fields.push(field);
                }
                Ok(Fields(fields))
            }
        }

        deserializer.deserialize_map(InOrder)
    }
}

#[cfg(test)]
mod tests {
    use super::super::lines::MAX_LINE;
    use super::super::testing::fake_models;
    use super::*;

    fn run(args: &ScoreArgs, input: impl Into<Vec<u8>>) -> (Vec<String>, Vec<String>, StreamSummary) {
        let (mut output, mut errors) = (Vec::new(), Vec::new());
        let input = io::Cursor::new(input.into());
        let summary = score_stream(args, &fake_models(), input, (&mut output, &mut errors), |_| {}).expect("no model fails");
        let lines = |bytes| String::from_utf8(bytes).expect("UTF-8").lines().map(str::to_owned).collect();
        (lines(output), lines(errors), summary)
    }

    fn json() -> ScoreArgs {
        ScoreArgs::default()
    }

    #[test]
    fn fields_keep_their_order_and_their_exact_numbers() {
        let line =
            r#"{"id":123456789012345678901234567890,"price":1.10,"text":"this is bad","nested":{"b":[1, 2],"a":null},"model":"old"}"#;
        let (output, errors, _) = run(&json(), line);
        let wanted = concat!(
            r#"{"id":123456789012345678901234567890,"price":1.10,"text":"this is bad","nested":{"b":[1, 2],"a":null},"#,
            r#""label":"negative","negative":0.75,"neutral":0.125,"positive":0.125,"severity":0.5,"lang":"en","model":"fake@1"}"#
        );
        assert_eq!(output, [wanted]);
        assert!(errors.is_empty());
    }

    #[test]
    fn lines_come_out_in_the_order_they_went_in() {
        let input =
            (0..2_000).map(|i| format!("{{\"text\":\"good {i} {}\",\"n\":{i}}}\n", "x".repeat(i % 50))).collect::<Vec<_>>().concat();
        let (output, _, summary) = run(&json(), input);
        assert_eq!(summary, StreamSummary { scored: 2_000, broken: 0 });
        for (i, line) in output.iter().enumerate() {
            assert!(line.contains(&format!("\"n\":{i},")), "{line}");
        }
    }

    #[test]
    fn broken_lines_are_named_by_number_and_the_rest_is_scored() {
        let mut input = b"{\"text\":\"good\"}\n{\"text\":\n\n{\"text\":\"\\ud800 alone\"}\n".to_vec();
        input.extend(b"{\"text\":\"\xff\"}\n[1]\n{\"no\":1}\n{\"text\":7}\n{\"text\":\"a\",\"text\":\"b\"}\n");
        input.extend(format!("{{\"text\":\"{}\"}}\n", "x".repeat(MAX_LINE)).into_bytes());
        input.extend(b"{\"text\":\"bad\"}");
        let (output, errors, summary) = run(&json(), input);
        assert_eq!(summary, StreamSummary { scored: 2, broken: 8 });
        assert_eq!(output.len(), 2);
        let numbers: Vec<_> = errors.iter().map(|e| e.split(':').next().unwrap_or_default()).collect();
        assert_eq!(numbers, ["line 2", "line 4", "line 5", "line 6", "line 7", "line 8", "line 9", "line 10"]);
        assert!(errors[7].contains("longer than"), "{}", errors[7]);
        assert_eq!(errors[0], "line 2: not JSON: EOF while parsing a value (column 8)");
        assert!(errors[1].starts_with("line 4: `text`: half of a surrogate pair"), "{}", errors[1]);
        assert_eq!(errors[5], "line 8: `text`: invalid type: integer `7`, expected a string");
    }

    #[test]
    fn a_text_that_the_model_cannot_bear_costs_its_own_line() {
        let (output, errors, summary) = run(&json(), "{\"text\":\"good\"}\n{\"text\":\"fail\"}\n\n{\"text\":\"bad\"}\n");
        assert_eq!(summary, StreamSummary { scored: 2, broken: 1 });
        assert_eq!(output.len(), 2);
        assert_eq!(errors, ["line 2: the model `fake` failed: as the text says"]);
    }

    #[test]
    fn hostile_lines_are_scored_or_named() {
        let nested = format!("{{\"text\":\"good\",\"deep\":{}{}}}", "[".repeat(100_000), "]".repeat(100_000));
        let open = format!("{{\"text\":\"good\",\"deep\":{}", "{\"a\":".repeat(100_000));
        let megabyte = format!("{{\"text\":\"{}\"}}", "bad \\u0000\\u202e\u{feff}".repeat(40_000));
        let lines = [
            &nested,
            &open,
            &megabyte,
            r#"{"t\u0065xt":"good","a":1,"a":2}"#,
            r#"{"\ud800":1,"text":"good"}"#,
            "\u{feff}{\"text\":\"good\"}",
        ];
        let (output, errors, summary) = run(&json(), lines.join("\r\n"));
        assert_eq!(summary, StreamSummary { scored: 3, broken: 3 });
        assert!(
            output[1].contains(r#""label":"negative""#) && output[1].starts_with(r#"{"text":"bad \u0000\u202e"#),
            "{}",
            &output[1][..60]
        );
        assert!(output[2].starts_with(r#"{"text":"good","a":1,"a":2,"label""#), "{}", output[2]);
        let numbers: Vec<_> = errors.iter().map(|e| e.split(':').next().unwrap_or_default()).collect();
        assert_eq!(numbers, ["line 2", "line 5", "line 6"]);
    }

    #[test]
    fn a_lone_surrogate_in_another_field_is_kept_as_it_is() {
        let (output, _, _) = run(&json(), r#"{"name":"\ud83d","text":"good"}"#);
        assert!(output[0].starts_with(r#"{"name":"\ud83d","text":"good","label""#), "{}", output[0]);
    }

    #[test]
    fn plain_lines_become_objects_line_for_line() {
        let args = ScoreArgs { plain: true, ..json() };
        let (output, _, summary) = run(&args, "bad \"quoted\"\r\n\ngood");
        assert_eq!(summary.scored, 3);
        assert!(output[0].starts_with(r#"{"text":"bad \"quoted\"","label":"negative""#), "{}", output[0]);
        assert!(output[1].contains(r#""text":"","label":"neutral""#) && output[1].contains("nothing-to-read"), "{}", output[1]);
        assert!(output[2].contains(r#""label":"positive""#), "{}", output[2]);
    }

    #[test]
    fn the_language_of_the_input_is_a_claim() {
        let (output, _, _) = run(&json(), r#"{"text":"Super!","lang":"de-DE"}"#);
        assert!(output[0].contains(r#""lang":"de""#) && !output[0].contains("de-DE"), "{}", output[0]);
    }

    #[test]
    fn results_are_there_while_the_input_stays_open() {
        let (reader, mut feed) = io::pipe().expect("a pipe");
        let (mut results, writer) = io::pipe().expect("a pipe");
        let scoring = std::thread::spawn(move || {
            score_stream(
                &ScoreArgs::default(),
                &fake_models(),
                io::BufReader::new(reader),
                (io::BufWriter::new(writer), io::sink()),
                |_| {},
            )
        });
        for _ in 0..3 {
            feed.write_all(b"{\"text\":\"good\"}\n").expect("open");
            let mut line = String::new();
            io::BufReader::with_capacity(1, &mut results).read_line(&mut line).expect("open");
            assert!(line.contains("\"label\":\"positive\""), "{line}");
        }
        drop(feed);
        assert_eq!(scoring.join().expect("no panic").expect("scored").scored, 3);
    }

    #[test]
    fn a_closed_output_ends_the_run_with_an_error() {
        struct Closed;
        impl Write for Closed {
            fn write(&mut self, _: &[u8]) -> io::Result<usize> {
                Err(io::ErrorKind::BrokenPipe.into())
            }
            fn flush(&mut self) -> io::Result<()> {
                Ok(())
            }
        }
        let input = io::Cursor::new(b"{\"text\":\"good\"}\n".to_vec());
        let result = score_stream(&json(), &fake_models(), input, (Closed, io::sink()), |_| {});
        assert!(matches!(result, Err(StreamError::Write(e)) if e.kind() == io::ErrorKind::BrokenPipe));
    }
}
