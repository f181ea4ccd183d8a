//! How the neural engine works.

use std::{fmt, path::PathBuf, str::FromStr, time::Duration};

use drape_vton::sampler::Settings;

/// How many steps a picture takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Preset {
    /// 20 steps with guidance in all but the last one, as the reference samples.
    #[default]
    Exact,
    /// 30 steps with guidance in all but the last one, the reference's own default.
    Quality,
    /// 12 steps with guidance in the first half: an approximation at under half the cost, whose small things come out softer.
    Fast,
}

impl Preset {
    /// Every preset.
    pub const ALL: [Self; 3] = [Self::Exact, Self::Quality, Self::Fast];

    /// Name in settings.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Exact => "exact",
            Self::Quality => "quality",
            Self::Fast => "fast",
        }
    }

    /// Steps and guidance.
    pub fn sampling(self) -> Settings {
        match self {
            Self::Exact => Settings::with_steps(20),
            Self::Quality => Settings::with_steps(30),
            // Guidance matters most where the outlines are found (Kynkäänniemi et al. 2024).
            Self::Fast => Settings {
                unguided_last_steps: 6,
                ..Settings::with_steps(12)
            },
        }
    }
}

impl fmt::Display for Preset {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.as_str())
    }
}

/// A name that no preset has.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("there is no preset \"{0}\"; there are exact, quality and fast")]
pub struct UnknownPreset(pub String);

impl FromStr for Preset {
    type Err = UnknownPreset;

    fn from_str(name: &str) -> Result<Self, UnknownPreset> {
        let mut presets = Self::ALL.into_iter();
        presets
            .find(|preset| preset.as_str() == name)
            .ok_or_else(|| UnknownPreset(name.to_owned()))
    }
}

/// Settings of the neural engine.
#[derive(Debug, Clone)]
pub struct FashnVtonOptions {
    /// Folder that holds the data of the server; the model files lie in `models/` there.
    pub data_dir: PathBuf,
    /// Steps of a picture.
    pub preset: Preset,
    /// Time for one picture.
    pub time_limit: Duration,
    /// Pictures that may wait for the one that is being made.
    pub max_waiting: usize,
    /// Whether the original is put back where nothing had to change.
    pub preserve: bool,
    /// The seed of every picture; none leaves it to the caller.
    pub seed: Option<u64>,
    /// Threads that compute; 0 is one per core.
    pub threads: usize,
}

impl Default for FashnVtonOptions {
    fn default() -> Self {
        Self {
            data_dir: PathBuf::from("./drape-data"),
            preset: Preset::default(),
            time_limit: Duration::from_mins(30),
            max_waiting: 1,
            preserve: true,
            seed: None,
            threads: 0,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn presets_are_found_by_name_and_cost_what_they_say() {
        for preset in Preset::ALL {
            assert_eq!(preset.as_str().parse(), Ok(preset));
        }
        let error = "turbo".parse::<Preset>().unwrap_err();
        assert!(error.to_string().contains("exact, quality and fast"));
        let forwards = Preset::ALL.map(|preset| preset.sampling().forwards());
        assert_eq!(forwards, [39, 59, 18]);
    }
}
