//! The alarm of our own silence as a reason of the assessment, where other parts find it.

use crate::domain::incident::{Incident, Update};
use crate::domain::silence::{self, REASON_CODE, SilenceAlarm};
use crate::domain::time::{HOUR_MS, Millis};
use crate::domain::verdict::{Assessment, Reason, Value};

/// The alarm at the moment of an assessment.
pub fn of(incident: &Incident, updates: &[Update], assessment: &Assessment, limit_ms: i64) -> Option<SilenceAlarm> {
    silence::alarm(incident, updates, (assessment.verdict, assessment.at), limit_ms)
}

/// As a reason: it does not block closing.
pub fn reason(alarm: &SilenceAlarm) -> Reason {
    let hours = alarm.quiet_ms / HOUR_MS;
    let what = if alarm.last_update.is_some() { "the last update was at" } else { "not a word since the start at" };
    let when = |at: Millis| at.to_datetime().format("%H:%M UTC on %-d %b").to_string();
    let text = format!("We have said nothing for {hours} h: {what} {}", when(alarm.since));
    let reason = Reason::new(REASON_CODE, text, false).case("case", if alarm.last_update.is_some() { "said" } else { "never" });
    reason.with("quiet", Value::Lasting(hours * HOUR_MS)).with("since", Value::At(alarm.since))
}
