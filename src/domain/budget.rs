//! What a source may cost a day, and how it is read when that comes to its end: less of it, as a declared sample.

use serde::{Deserialize, Serialize};

use super::source::SourceKind;
use super::time::{DAY_MS, HOUR_MS, Millis};

/// One unit of money in millionths.
pub const MICROS: i64 = 1_000_000;
/// A sample is never thinner than this.
const THINNEST: i64 = 100;
/// In the first hours of a day, what was spent so far says little: it is taken for the spending of at least this long.
const LEAST_ELAPSED_MS: i64 = HOUR_MS;

/// What was spent.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Spent {
    /// Requests.
    pub requests: i64,
    /// Money, in millionths of the platform's currency.
    pub micros: i64,
}

/// `budget = { requests = 1000, money = "5 USD" }`: what a source may cost in one UTC day.
#[derive(Debug, Clone, PartialEq, Eq, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Budget {
    /// Requests a day.
    #[serde(default)]
    pub requests: Option<u32>,
    /// Money a day.
    #[serde(default)]
    pub money: Option<Money>,
}

/// An amount of money with its currency.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(try_from = "String")]
pub struct Money {
    /// Millionths.
    pub micros: i64,
    /// Three letters.
    pub currency: String,
}

impl TryFrom<String> for Money {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        let wrong = || format!("`{text}` is no amount of money; write it like \"5 USD\" or \"0.50 USD\"");
        let (amount, currency) = text.trim().split_once(' ').ok_or_else(wrong)?;
        let amount: f64 = amount.parse().map_err(|_| wrong())?;
        let currency = currency.trim().to_ascii_uppercase();
        let believable = (0.0..=1_000_000.0).contains(&amount) && currency.len() == 3 && currency.bytes().all(|b| b.is_ascii_uppercase());
        #[expect(clippy::cast_possible_truncation, reason = "a million at most")]
        let micros = (amount * MICROS as f64).round() as i64;
        believable.then_some(Self { micros, currency }).ok_or_else(wrong)
    }
}

impl Budget {
    /// The budget among the settings of a source; `None` when there is none. The error says what is wrong with it.
    pub fn of(settings: &serde_json::Value) -> Result<Option<Self>, String> {
        let Some(given) = settings.get("budget") else { return Ok(None) };
        let budget = Self::deserialize(given).map_err(|e| format!("`budget`: {e}"))?;
        if budget.money.as_ref().is_some_and(|m| m.currency != "USD") {
            return Err("`budget.money`: prices are known in USD only".to_owned());
        }
        if budget == Self::default() {
            return Err("`budget` needs `requests`, `money` or both".to_owned());
        }
        Ok(Some(budget))
    }

    /// What kinds that cost may spend when nothing else is said: a mistake in a query should not empty a purse.
    pub fn usual(kind: SourceKind) -> Option<Self> {
        match kind {
            SourceKind::X => Some(Self { requests: None, money: Some(Money { micros: 10 * MICROS, currency: "USD".to_owned() }) }),
            // The platform's own limit, less what a look by hand takes.
            SourceKind::Youtube => Some(Self { requests: Some(9_500), money: None }),
            _ => None,
        }
    }

    /// How to read now. `spent` is what this UTC day has cost; `demand` is what it would have cost without sampling.
    ///
    /// A day's demand is expected to go on as it was. When that is more than what is left, 1 in n is read: n is what the
    /// rest of the day would cost, over what is left. Chosen anew at each poll, so what is left shrinks and does not end.
    pub fn thrift(&self, spent: Spent, demand: Spent, now: Millis) -> Thrift {
        let elapsed = now.get().rem_euclid(DAY_MS);
        let rest = |all: i64, spent: i64, demand: i64| {
            let left = (all - spent).max(0);
            let expected = demand.saturating_mul(DAY_MS - elapsed) / elapsed.max(LEAST_ELAPSED_MS);
            (left, one_in(left, expected))
        };
        let requests = self.requests.map(|all| rest(i64::from(all), spent.requests, demand.requests));
        let money = self.money.as_ref().map(|all| rest(all.micros, spent.micros, demand.micros));
        Thrift {
            one_in: requests.map_or(1, |r| r.1).max(money.map_or(1, |m| m.1)),
            requests_left: requests.map(|r| r.0),
            micros_left: money.map(|m| m.0),
        }
    }
}

fn one_in(left: i64, expected: i64) -> i64 {
    if expected <= left { 1 } else { (expected + left - 1).checked_div(left).unwrap_or(THINNEST).clamp(2, THINNEST) }
}

/// How sparingly a source is read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Thrift {
    /// 1: everything; n: one in n.
    pub one_in: i64,
    /// Requests left today; `None`: no limit.
    pub requests_left: Option<i64>,
    /// Money left today, in millionths; `None`: no limit.
    pub micros_left: Option<i64>,
}

impl Default for Thrift {
    fn default() -> Self {
        Self { one_in: 1, requests_left: None, micros_left: None }
    }
}

impl Thrift {
    /// Nothing more may be asked today.
    pub const fn is_spent(self) -> bool {
        matches!(self.requests_left, Some(..=0)) || matches!(self.micros_left, Some(..=0))
    }
}

/// What a source does to save.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Saving {
    /// It reads one part in n of the time, and claims only that.
    Samples,
    /// It reads all, asked one time in n.
    AsksLess,
}

impl Saving {
    /// What a kind of source does.
    pub const fn of(kind: SourceKind) -> Self {
        match kind {
            SourceKind::X => Self::Samples,
            _ => Self::AsksLess,
        }
    }
}

/// When the UTC day of `now` ends.
pub const fn next_day(now: Millis) -> Millis {
    Millis::new((now.get().div_euclid(DAY_MS) + 1) * DAY_MS)
}

/// How a source stands with its spending today, for pages.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct Spending {
    /// The source.
    pub source: super::ids::SourceId,
    /// So far today (UTC).
    pub spent: Spent,
    /// 1: read in full; n: one in n is read, and what is read stands for n.
    pub one_in: i64,
    /// Since when it is sampled like that.
    pub since: Option<Millis>,
}

impl Spending {
    /// How a source of this kind is read while it saves, in words; empty while it does not. `since` is the time as shown.
    pub fn declared(&self, kind: SourceKind, since: &str) -> String {
        let n = self.one_in;
        match Saving::of(kind) {
            _ if n <= 1 => String::new(),
            Saving::Samples => {
                format!("Sampling 1 in {n} since {since}, weight {n}: a budget nears its end, so one part in {n} of the time is read")
            }
            Saving::AsksLess => format!("Asked 1 time in {n} since {since}: a budget nears its end; what is asked for is read in full"),
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    const NOON: Millis = Millis::new(20_000 * DAY_MS + DAY_MS / 2);

    fn budget(value: &serde_json::Value) -> Result<Option<Budget>, String> {
        Budget::of(&json!({ "budget": value }))
    }

    #[test]
    fn a_budget_is_read_and_nonsense_is_refused_in_words() {
        let five = budget(&json!({"requests": 1000, "money": "5 USD"})).expect("good").expect("there");
        assert_eq!((five.requests, five.money.map(|m| m.micros)), (Some(1000), Some(5 * MICROS)));
        assert_eq!(Budget::of(&json!({})), Ok(None));
        for (wrong, says) in [
            (json!({}), "needs `requests`"),
            (json!({"money": "5"}), "no amount of money"),
            (json!({"money": "-1 USD"}), "no amount of money"),
            (json!({"money": "nan USD"}), "no amount of money"),
            (json!({"money": "5 EUR"}), "USD only"),
            (json!({"request": 5}), "unknown field"),
            (json!(7), "budget"),
        ] {
            let error = budget(&wrong).expect_err("wrong");
            assert!(error.contains(says), "{wrong}: {error}");
        }
    }

    #[test]
    fn within_its_budget_a_source_is_read_in_full_and_beyond_it_one_in_n() {
        let budget = Budget { requests: Some(1000), money: None };
        let at_noon = |spent, demand| {
            let thrift = budget.thrift(Spent { requests: spent, micros: 0 }, Spent { requests: demand, micros: 0 }, NOON);
            (thrift.one_in, thrift.requests_left)
        };
        assert_eq!(at_noon(0, 0), (1, Some(1000)));
        assert_eq!(at_noon(500, 500), (1, Some(500)), "half of the day, half of the budget");
        assert_eq!(at_noon(800, 800), (4, Some(200)));
        assert_eq!(at_noon(800, 2000), (10, Some(200)), "what was sampled before counts in full");
        assert_eq!(at_noon(1000, 1000), (100, Some(0)));
        assert!(budget.thrift(Spent { requests: 1000, micros: 0 }, Spent::default(), NOON).is_spent());
    }

    #[test]
    fn the_tighter_of_two_limits_holds() {
        let budget = Budget { requests: Some(1000), money: Some(Money { micros: MICROS, currency: "USD".to_owned() }) };
        let spent = Spent { requests: 10, micros: 900_000 };
        assert_eq!(budget.thrift(spent, spent, NOON), Thrift { one_in: 9, requests_left: Some(990), micros_left: Some(100_000) });
    }

    #[test]
    fn a_day_of_constant_demand_three_times_the_budget_ends_within_it() {
        let budget = Budget { requests: Some(300), money: None };
        let (mut spent, mut demand) = (Spent::default(), Spent::default());
        let start = Millis::new(20_000 * DAY_MS);
        // 900 polls a day; each is made with the chance of the sample, here: every n-th.
        let mut skip = 0;
        for poll in 0..900 {
            let thrift = budget.thrift(spent, demand, start.plus(poll * DAY_MS / 900));
            demand.requests += 1;
            skip += 1;
            if skip >= thrift.one_in && !thrift.is_spent() {
                spent.requests += 1;
                skip = 0;
            }
        }
        assert!((200..=300).contains(&spent.requests), "{spent:?}");
    }

    #[test]
    fn the_day_ends_at_midnight_utc() {
        assert_eq!(next_day(NOON), Millis::new(20_001 * DAY_MS));
        assert_eq!(next_day(Millis::new(20_001 * DAY_MS)), Millis::new(20_002 * DAY_MS));
    }
}
