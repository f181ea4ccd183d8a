//! `GET /generations/{id}/events`.

use std::{convert::Infallible, time::Duration};

use axum::{
    extract::State,
    response::{
        IntoResponse, Sse,
        sse::{Event, KeepAlive},
    },
};
use drape_core::{
    Code, Result,
    engine::Steps,
    generation::{Generation, Status},
    ids::GenerationId,
    ports::ChangeWatch,
};
use futures::stream;
use serde::Serialize;
use tokio::time::Instant;
use utoipa::ToSchema;

use super::get_generation::{GenerationResponse, ProgressResponse, find_own, position};
use crate::{
    api::{
        auth::Caller,
        error::ApiError,
        path::PathId,
        pictures::Links,
        waiting::{LOOK_AGAIN, Place, take_place, wait_for_change},
    },
    state::AppState,
};

/// Codes of this operation.
pub(crate) const ERRORS: &[Code] = &[Code::GenerationNotFound, Code::Forbidden, Code::ServerBusy];

/// Pause before a client that lost its stream asks again.
const RETRY: Duration = Duration::from_secs(2);
/// Silence after which a comment keeps proxies from closing the connection.
const KEEP_ALIVE: Duration = Duration::from_secs(15);
/// Longest life of one stream: the client asks anew, and places do not stay taken for ever.
const MAX_LIFE: Duration = Duration::from_mins(10);
/// Places at the front of the queue, which change quickly.
const FRONT: u32 = 100;
/// Pause between two looks at a place in the front of the queue.
const FRONT_PAUSE: Duration = Duration::from_secs(1);
/// Pause between two looks at a place further back.
const BACK_PAUSE: Duration = Duration::from_secs(5);

/// Data of the event `queued`.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct QueuedEvent {
    generation_id: String,
    /// 1 is next, 10000 is that or more; null when a worker is about to take it.
    position: Option<u32>,
}

/// Data of the event `processing`.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct ProcessingEvent {
    generation_id: String,
}

/// Data of the event `progress`.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct ProgressEvent {
    generation_id: String,
    /// Engine that is at it.
    engine: String,
    #[serde(flatten)]
    progress: ProgressResponse,
}

/// One event of the stream, as its lines stand in it.
#[derive(ToSchema)]
#[expect(dead_code, reason = "describes the stream in the API document only")]
pub(crate) struct GenerationEvent {
    /// `queued`, `processing`, `progress`, `completed` or `failed`.
    #[schema(example = "completed")]
    event: String,
    /// JSON: `generationId` and `position`; `generationId` alone; `generationId`, `engine`, `step` and `steps`; or the
    /// generation at its end.
    data: String,
    /// Milliseconds after which a client that lost the stream asks again.
    #[schema(example = 2000)]
    retry: Option<u32>,
}

/// Watches a generation, as server-sent events: `queued` with its `position`, `processing`, `progress` with the `step` of an
/// engine that works in steps, and at the end `completed` or `failed` with what `GET /generations/{id}` answers. The stream ends after that, at the latest after ten minutes;
/// whoever asks again begins with the present state.
#[utoipa::path(
    get,
    path = "/tryon/v1/generations/{id}/events",
    operation_id = "watch_generation",
    tag = "try-on",
    params(("id" = String, Path, description = "The `generationId`")),
    responses((status = 200, content_type = "text/event-stream", body = GenerationEvent, description = "The events"))
)]
pub(crate) async fn watch_generation(
    State(state): State<AppState>,
    caller: Caller,
    links: Links,
    id: PathId,
) -> Result<impl IntoResponse, ApiError> {
    let generation = find_own(&state, &caller, &id).await?.id;
    let events = Events {
        _place: take_place(&state)?,
        // Armed before the first look of the stream.
        watch: state.ports.generations.watch(generation),
        ends_at: Instant::now() + MAX_LIFE,
        said: Said::Nothing,
        generation,
        links,
        state,
    };
    let events = stream::unfold(events, |mut events| async move {
        let event = events.next().await?;
        Some((Ok::<_, Infallible>(event), events))
    });
    Ok(Sse::new(events).keep_alive(KeepAlive::new().interval(KEEP_ALIVE)))
}

/// What the stream has said last.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Said {
    Nothing,
    Queued(Option<u32>),
    Processing,
    Progress(Steps),
    End,
}

/// One stream.
struct Events {
    state: AppState,
    links: Links,
    generation: GenerationId,
    watch: Box<dyn ChangeWatch>,
    said: Said,
    ends_at: Instant,
    _place: Place,
}

impl Events {
    /// The next event; none when the stream is over.
    async fn next(&mut self) -> Option<Event> {
        let is_first = self.said == Said::Nothing;
        let event = self.wait_for_news().await?;
        Some(if is_first { event.retry(RETRY) } else { event })
    }

    async fn wait_for_news(&mut self) -> Option<Event> {
        loop {
            if self.said == Said::End {
                return None;
            }
            match self.look().await {
                Ok(Some(event)) => return Some(event),
                Ok(None) => {}
                Err(error) => {
                    // The client asks again, and may be luckier then.
                    tracing::warn!(
                        generation.id = %self.generation, error = &error as &dyn std::error::Error,
                        "a stream of events ends early"
                    );
                    return None;
                }
            }
            let now = Instant::now();
            if now >= self.ends_at || self.state.stopping().is_cancelled() {
                return None;
            }
            let until = self.ends_at.min(now + self.pause());
            wait_for_change(&self.state, self.watch.as_mut(), until).await;
        }
    }

    /// Time until the next look when nothing is heard: only a place in the queue changes silently.
    fn pause(&self) -> Duration {
        match self.said {
            Said::Queued(Some(position)) if position > FRONT => BACK_PAUSE,
            Said::Queued(_) => FRONT_PAUSE,
            Said::Nothing | Said::Processing | Said::Progress(_) | Said::End => LOOK_AGAIN,
        }
    }

    /// Looks at the generation; an event when there is something new to say.
    async fn look(&mut self) -> Result<Option<Event>> {
        if let Said::Queued(_) = self.said {
            let position = self.state.ports.jobs.position(self.generation).await?;
            if position.is_some() {
                return Ok(self.say_queued(position));
            }
        }
        let found = self.state.ports.generations.find(self.generation).await?;
        let Some(generation) = found else {
            self.said = Said::End;
            return Ok(None);
        };
        match generation.status {
            Status::Pending => {
                let position = position(&self.state, &generation).await?;
                Ok(self.say_queued(position))
            }
            // The start is told before the first step, also to those who ask later.
            Status::Processing => match generation.steps {
                Some(steps) if matches!(self.said, Said::Processing | Said::Progress(_)) => {
                    Ok(self.say_progress(generation.engine, steps))
                }
                _ => Ok(self.say_processing()),
            },
            Status::Completed | Status::Failed => Ok(self.say_end(generation)),
        }
    }

    fn say_queued(&mut self, position: Option<u32>) -> Option<Event> {
        let data = QueuedEvent {
            generation_id: self.generation.to_string(),
            position,
        };
        self.say(Said::Queued(position), "queued", &data)
    }

    fn say_processing(&mut self) -> Option<Event> {
        let data = ProcessingEvent {
            generation_id: self.generation.to_string(),
        };
        self.say(Said::Processing, "processing", &data)
    }

    fn say_progress(&mut self, engine: String, steps: Steps) -> Option<Event> {
        let data = ProgressEvent {
            generation_id: self.generation.to_string(),
            engine,
            progress: ProgressResponse::of(steps),
        };
        self.say(Said::Progress(steps), "progress", &data)
    }

    fn say_end(&mut self, generation: Generation) -> Option<Event> {
        let name = match generation.status {
            Status::Completed => "completed",
            _ => "failed",
        };
        let now = self.state.ports.clock.now();
        let data = GenerationResponse::new(generation, None, &self.links, now);
        self.say(Said::End, name, &data)
    }

    /// Makes an event, unless it was the last thing said.
    fn say(&mut self, news: Said, name: &str, data: &impl Serialize) -> Option<Event> {
        if self.said == news {
            return None;
        }
        self.said = news;
        // Strings and numbers always serialise.
        Event::default().event(name).json_data(data).ok()
    }
}
