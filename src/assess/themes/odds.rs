//! How surely a phrase separates one group of people from another.
//!
//! Monroe, Colaresi and Quinn, "Fightin' Words", Political Analysis 16 (2008), equations 15, 16, 19 and 22: the
//! difference of log-odds with an informative Dirichlet prior, over its standard deviation. Theirs counts words; here
//! an author has one vote for each phrase, so that the few who write much decide nothing.

/// What the prior weighs at least, in authors: below it rare phrases are not believed.
const PRIOR_AUTHORS: f64 = 40.0;
/// And as a share of all authors: a light prior would doubt most what the baseline never says.
const PRIOR_SHARE: f64 = 0.2;

/// How many authors of a group there are, and how many of them use a phrase.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Votes {
    /// Who use it.
    pub with: f64,
    /// All.
    pub all: f64,
}

/// The z-score by which `here` uses the phrase more than `there`; negative when less. 0 when a group is empty.
///
/// The prior says that both use it as often as the two together do.
pub fn z_score(here: Votes, there: Votes) -> f64 {
    let all = here.all + there.all;
    if here.all <= 0.0 || there.all <= 0.0 || here.with + there.with <= 0.0 {
        return 0.0;
    }
    let prior_all = (PRIOR_SHARE * all).max(PRIOR_AUTHORS).min(all);
    let prior = prior_all * (here.with + there.with) / all;
    let log_odds = |v: Votes| {
        let with = v.with.clamp(0.0, v.all) + prior;
        // Who uses it in all texts leaves no odds: half a person stays without.
        let without = (v.all + prior_all - with).max(0.5);
        (with / without).ln()
    };
    let variance = 1.0 / (here.with + prior) + 1.0 / (there.with + prior);
    (log_odds(here) - log_odds(there)) / variance.sqrt()
}

/// How many times as often `here` uses the phrase as `there`, each with one more person who does.
pub fn ratio(here: Votes, there: Votes) -> f64 {
    let share = |v: Votes| (v.with + 1.0) / (v.all + 1.0);
    share(here) / share(there)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const fn votes(with: f64, all: f64) -> Votes {
        Votes { with, all }
    }

    #[test]
    fn a_phrase_of_the_incident_stands_out_and_one_of_every_day_does_not() {
        let (here, there) = (300.0, 2_000.0);
        assert!(z_score(votes(90.0, here), votes(10.0, there)) > 7.0);
        assert!(z_score(votes(120.0, here), votes(800.0, there)).abs() < 0.5, "the same share of both");
        assert!(z_score(votes(2.0, here), votes(0.0, there)) < 3.0, "two people are no theme");
        assert!(z_score(votes(1.0, here), votes(400.0, there)) < -5.0);
    }

    #[test]
    fn by_hand() {
        // Prior: 60 * 30 / 300 = 6 of 60. ((20 + 6) / (160 - 26)) against ((10 + 6) / (260 - 16)).
        let z = z_score(votes(20.0, 100.0), votes(10.0, 200.0));
        let by_hand = ((26.0_f64 / 134.0).ln() - (16.0_f64 / 244.0).ln()) / (1.0_f64 / 26.0 + 1.0 / 16.0).sqrt();
        assert!((z - by_hand).abs() < 1e-12);
    }

    proptest! {
        #[test]
        fn it_is_finite_and_the_other_way_round_it_is_its_opposite(all in 1_u32..5_000, other in 1_u32..5_000, with in 0_u32..5_000, there in 0_u32..5_000) {
            let group = |n: u32, of: u32| votes(f64::from(n.min(of)), f64::from(of));
            let z = z_score(group(with, all), group(there, other));
            prop_assert!(z.is_finite());
            prop_assert!((z + z_score(group(there, other), group(with, all))).abs() < 1e-9);
        }
    }
}
