//! Whether the values of a configuration make sense, each and together.

use crate::domain::matching::Matcher;
use crate::domain::post::safe_link;

use super::{Config, ConfigError};

impl Config {
    pub(super) fn validate(&self) -> Result<(), ConfigError> {
        self.validate_numbers()?;
        self.validate_brands()?;
        self.validate_sources()?;
        self.validate_alerts()
    }

    fn validate_numbers(&self) -> Result<(), ConfigError> {
        for (key, value) in [("assess.min_coverage", self.assess.min_coverage), ("assess.flag_severity", self.assess.flag_severity)] {
            if !(0.0..=1.0).contains(&value) {
                return invalid(format!("{key} = {value}: must be between 0 and 1"));
            }
        }
        let rate = self.assess.false_alarms_per_week;
        if !(rate > 0.0 && rate <= 50.0) {
            return invalid(format!("assess.false_alarms_per_week = {rate}: must be above 0 and at most 50"));
        }
        let public = self.web.public_url.trim();
        if !public.is_empty() && safe_link(public).is_none() {
            return invalid(format!("web.public_url = \"{public}\": must begin with http:// or https://"));
        }
        if self.assess.hold.as_millis() < 3_600_000 {
            return invalid("assess.hold: must be at least 1h".to_owned());
        }
        if self.assess.silence_alarm.as_millis() < 600_000 {
            return invalid("assess.silence_alarm: must be at least 10m".to_owned());
        }
        Ok(())
    }

    fn validate_brands(&self) -> Result<(), ConfigError> {
        if let Some(name) = first_repeat(self.brands.iter().map(|b| b.name.as_str())) {
            return invalid(format!("brand \"{name}\" is there twice"));
        }
        for brand in &self.brands {
            if brand.name.trim().is_empty() {
                return invalid("a [[brand]] has an empty name".to_owned());
            }
            if let Err(error) = Matcher::new(&brand.terms()) {
                return invalid(format!("brand \"{}\": {error}", brand.name));
            }
        }
        if let Some(name) = &self.intake.brand
            && !self.brands.iter().any(|brand| &brand.name == name)
        {
            return invalid(format!("intake.brand: there is no brand \"{name}\"; add a [[brand]] with that name"));
        }
        Ok(())
    }

    fn validate_sources(&self) -> Result<(), ConfigError> {
        if let Some(name) = first_repeat(self.sources.iter().map(|s| s.name.as_str())) {
            return invalid(format!("source \"{name}\" is there twice; names must differ"));
        }
        for source in &self.sources {
            self.brand_of(source)?;
            if source.name.trim().is_empty() {
                return invalid("a [[source]] has an empty name".to_owned());
            }
            if !source.kind.is_polled() {
                let kind = source.kind.as_str();
                return invalid(format!(
                    "source \"{}\": kind = \"{kind}\" is made by `ebb import` or [intake], not configured",
                    source.name
                ));
            }
            if source.every.as_millis() < 1_000 {
                return invalid(format!("source \"{}\": every = {}: at least 1s, out of politeness", source.name, source.every));
            }
        }
        Ok(())
    }
}

pub(super) fn invalid(text: String) -> Result<(), ConfigError> {
    Err(ConfigError::Invalid(text))
}

pub(super) fn first_repeat<'a>(names: impl Iterator<Item = &'a str>) -> Option<&'a str> {
    let mut seen = std::collections::HashSet::new();
    names.into_iter().find(|name| !seen.insert(*name))
}
