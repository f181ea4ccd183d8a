//! Which engine works on a try-on.

use std::{sync::Arc, time::Duration};

use super::{
    Category, Engine, EngineError, EngineErrorKind, EngineInput, EngineOutput, Listener, Steps,
};
use crate::generation::JobProgress;

/// Name that leaves the choice of the engine to the server.
pub const AUTO: &str = "auto";

/// Rules of the choice.
#[derive(Debug, Clone, Default)]
pub struct Routing {
    /// Engines that [`AUTO`] considers, best first; without any, nobody may ask for it.
    pub auto: Vec<String>,
    /// An engine is chosen by [`AUTO`] when it expects to be done within this time.
    pub auto_time_limit: Duration,
    /// Engine that takes over from one that cannot do the work; none lets the try-on fail.
    pub fallback: Option<String>,
}

/// A picture, and how it came about.
pub struct Made<'a> {
    /// Engine that made it.
    pub engine: &'a dyn Engine,
    /// The picture.
    pub output: EngineOutput,
    /// Engines that were tried before, and why each could not do it.
    pub passed_over: Vec<(&'static str, EngineError)>,
}

/// The engines that a server has.
#[derive(Clone)]
pub struct Engines {
    all: Vec<Arc<dyn Engine>>,
    default: String,
    routing: Routing,
}

impl Engines {
    /// Collects engines; `default` names the one for accounts and requests that name none, [`AUTO`] among them.
    pub fn new(engines: Vec<Arc<dyn Engine>>, default: impl Into<String>) -> Self {
        Self {
            all: engines,
            default: default.into(),
            routing: Routing::default(),
        }
    }

    /// Sets the rules by which engines are chosen.
    #[must_use]
    pub fn with_routing(mut self, routing: Routing) -> Self {
        self.routing = routing;
        self
    }

    /// Finds an engine by name.
    pub fn find(&self, name: &str) -> Option<&Arc<dyn Engine>> {
        self.all.iter().find(|engine| engine.name() == name)
    }

    /// Says whether requests and settings may name this.
    pub fn is_offered(&self, name: &str) -> bool {
        !self.behind(name).is_empty()
    }

    /// Every name that requests and settings may give.
    pub fn names(&self) -> Vec<&'static str> {
        let auto = (!self.behind(AUTO).is_empty()).then_some(AUTO);
        let engines = self.all.iter().map(|engine| engine.name());
        engines.chain(auto).collect()
    }

    /// What is said of a name that is not offered.
    pub fn expected_names(&self) -> String {
        let names: Vec<_> = self
            .names()
            .into_iter()
            .map(|name| format!("'{name}'"))
            .collect();
        format!("Invalid enum value. Expected {}", names.join(" | "))
    }

    /// Name of the default engine.
    pub fn default_name(&self) -> &str {
        &self.default
    }

    /// All engines.
    pub fn iter(&self) -> impl Iterator<Item = &Arc<dyn Engine>> {
        self.all.iter()
    }

    /// The engines that a name may lead to, best first: several for [`AUTO`], none for an unknown name.
    pub fn behind(&self, name: &str) -> Vec<&Arc<dyn Engine>> {
        if name == AUTO {
            return self
                .routing
                .auto
                .iter()
                .filter_map(|name| self.find(name))
                .collect();
        }
        self.find(name).into_iter().collect()
    }

    /// Most products that an engine behind this name puts on at once; 1 for an unknown name.
    pub fn max_items(&self, name: &str) -> usize {
        let engines = self.behind(name).into_iter();
        engines
            .map(|engine| engine.capabilities().max_items)
            .max()
            .unwrap_or(1)
    }

    /// What words about a product say it is, by the first engine behind this name that can tell.
    pub fn category_of_words(
        &self,
        name: &str,
        title: Option<&str>,
        description: Option<&str>,
    ) -> Option<Category> {
        self.behind(name)
            .into_iter()
            .find_map(|engine| engine.category_of_words(title, description))
    }

    /// Says whether any engine that may get this work looks at the garment pictures.
    pub fn uses_garment(&self, name: &str) -> bool {
        let first = self.behind(name);
        let fallback = self.fallback_of(&first);
        first
            .into_iter()
            .chain(fallback)
            .any(|engine| engine.capabilities().uses_garment)
    }

    /// The engines to try for this work, first to last; none for an unknown name.
    ///
    /// [`AUTO`] leaves out engines that put on fewer products, and those that do not expect to be done in time. The last
    /// of its engines is always tried.
    async fn route(&self, name: &str, input: &EngineInput) -> Vec<&Arc<dyn Engine>> {
        let mut route = self.behind(name);
        if name == AUTO {
            route.retain(|engine| engine.capabilities().max_items >= input.items.len());
            let mut able = Vec::with_capacity(route.len());
            let hurried = EngineInput {
                time_limit: self.routing.auto_time_limit,
                ..input.clone()
            };
            let last = route.pop();
            for engine in route {
                match engine.can_take(&hurried).await {
                    Ok(()) => able.push(engine),
                    Err(reason) => tracing::debug!(
                        engine.name = engine.name(), kind = ?reason.kind, reason = reason.message,
                        "auto passes an engine over"
                    ),
                }
            }
            route = able;
            route.extend(last);
        }
        let fallback = self.fallback_of(&route);
        route.extend(fallback);
        route
    }

    /// Lets the engines behind a name try, until one has made the picture or failed in a way that no other can mend.
    ///
    /// `progress` hears which engine is at it, and how far. An engine that sets a time limit gets that one. When all fail,
    /// the first failure is the error: it is that of the engine which was asked for. An unknown name is an engine out of
    /// reach.
    pub async fn generate(
        &self,
        name: &str,
        input: EngineInput,
        progress: &Listener<JobProgress>,
    ) -> Result<Made<'_>, EngineError> {
        let mut passed_over: Vec<(&'static str, EngineError)> = Vec::new();
        for engine in self.route(name, &input).await {
            let own_limit = engine.capabilities().time_limit;
            let input = EngineInput {
                time_limit: own_limit.unwrap_or(input.time_limit),
                progress: tell_steps_of(engine.name(), progress),
                ..input.clone()
            };
            match engine.generate(input).await {
                Ok(output) => {
                    return Ok(Made {
                        engine: engine.as_ref(),
                        output,
                        passed_over,
                    });
                }
                Err(error) => {
                    let is_final = error.charged || !may_fall_back(error.kind);
                    passed_over.push((engine.name(), error));
                    if is_final {
                        break;
                    }
                }
            }
        }
        let first_failure = passed_over.into_iter().next().map(|(_, error)| error);
        Err(first_failure.unwrap_or_else(|| {
            let message = format!("The engine \"{name}\" is not available.");
            EngineError::new(EngineErrorKind::Unavailable, message)
        }))
    }

    /// The engine that takes over from these; none when it is one of them, or when there is nothing to take over.
    ///
    /// Nothing takes over from an engine that ignores the garments: it was asked for to save the work.
    fn fallback_of(&self, engines: &[&Arc<dyn Engine>]) -> Option<&Arc<dyn Engine>> {
        let fallback = self.find(self.routing.fallback.as_deref()?)?;
        let is_among_them = engines
            .iter()
            .any(|engine| engine.name() == fallback.name());
        let is_real_work = engines
            .iter()
            .any(|engine| engine.capabilities().uses_garment);
        (is_real_work && !is_among_them).then_some(fallback)
    }
}

/// Tells that an engine has begun; what it returns passes the engine's steps on.
fn tell_steps_of(engine: &'static str, progress: &Listener<JobProgress>) -> Listener<Steps> {
    let tell = {
        let progress = progress.clone();
        move |steps| {
            progress.tell(JobProgress {
                engine: engine.to_owned(),
                steps,
            });
        }
    };
    tell(None);
    Listener::new(move |steps| tell(Some(steps)))
}

/// Says whether another engine may do what one failed at this way.
///
/// What content rules refuse is refused for good, and a picture without a person has none for any engine.
fn may_fall_back(kind: EngineErrorKind) -> bool {
    match kind {
        EngineErrorKind::Unavailable
        | EngineErrorKind::Auth
        | EngineErrorKind::Credits
        | EngineErrorKind::RateLimited
        | EngineErrorKind::GarmentUnusable
        | EngineErrorKind::CategoryUnsupported
        | EngineErrorKind::ProviderError
        | EngineErrorKind::Timeout => true,
        EngineErrorKind::BadInput
        | EngineErrorKind::ImageFetch
        | EngineErrorKind::NoPerson
        | EngineErrorKind::Moderated => false,
    }
}
