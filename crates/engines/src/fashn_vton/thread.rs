//! The thread that owns the networks, and the queue before it.

use std::{
    panic::{AssertUnwindSafe, catch_unwind},
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering},
        mpsc::{Receiver, SyncSender, TrySendError, sync_channel},
    },
    thread,
    time::{Duration, Instant},
};

use drape_core::engine::{EngineError, EngineInput, EngineOutput};
use tokio::sync::oneshot;

use super::{
    options::FashnVtonOptions,
    refusal,
    studio::{Networks, Studio, Supervisor},
};
use crate::pictures::words_of;

/// Opens the networks; called on the thread, again after a failure.
pub type Open = Box<dyn FnMut() -> Result<Networks, EngineError> + Send>;

/// The way to the thread. It ends with the last of these.
pub(super) struct Painter {
    orders: SyncSender<Order>,
    state: Arc<State>,
    max_waiting: usize,
}

/// What the thread lets others know.
#[derive(Default)]
struct State {
    /// Expected microseconds of one pass through the network; 0 while that is not known.
    pass_us: AtomicU64,
    /// Whether the networks are open.
    is_open: AtomicBool,
    /// Whether an order to open them is on its way; one is enough, and leaves the other places to pictures.
    is_warming_up: AtomicBool,
    /// Pictures that wait or are being made.
    in_hand: AtomicUsize,
}

enum Order {
    Open,
    Make(Box<Job>),
}

struct Job {
    input: EngineInput,
    ticket: Ticket,
    answer: oneshot::Sender<Result<EngineOutput, EngineError>>,
}

/// What an order knows of the one who waits for it.
#[derive(Clone)]
struct Ticket {
    is_abandoned: Arc<AtomicBool>,
    deadline: Option<Instant>,
}

impl Supervisor for Ticket {
    fn is_wanted(&self) -> bool {
        let is_over = self
            .deadline
            .is_some_and(|deadline| Instant::now() >= deadline);
        !is_over && !self.is_abandoned.load(Ordering::Relaxed)
    }

    fn deadline(&self) -> Option<Instant> {
        self.deadline
    }
}

/// Counts a picture while somebody waits for it; abandons it when dropped.
struct InHand {
    state: Arc<State>,
    is_abandoned: Arc<AtomicBool>,
}

impl Drop for InHand {
    fn drop(&mut self) {
        self.is_abandoned.store(true, Ordering::Relaxed);
        self.state.in_hand.fetch_sub(1, Ordering::Relaxed);
    }
}

impl Painter {
    /// Starts the thread; nothing is opened before the first order. Fails where the system gives no thread.
    pub(super) fn start(options: FashnVtonOptions, open: Open) -> std::io::Result<Self> {
        // One place more than may wait: that of an order to open the networks.
        let max_waiting = options.max_waiting;
        let (orders, inbox) = sync_channel(max_waiting + 1);
        let state = Arc::new(State::default());
        let told = Arc::clone(&state);
        thread::Builder::new()
            .name("fashn-vton".to_owned())
            .spawn(move || run(&options, open, &inbox, &told))?;
        Ok(Self {
            orders,
            state,
            max_waiting,
        })
    }

    /// Expected wall time of one pass through the network; none while that is not known.
    pub(super) fn pass(&self) -> Option<Duration> {
        let pass_us = self.state.pass_us.load(Ordering::Relaxed);
        (pass_us > 0).then(|| Duration::from_micros(pass_us))
    }

    /// Says whether the networks are open, and their memory taken.
    pub(super) fn is_open(&self) -> bool {
        self.state.is_open.load(Ordering::Relaxed)
    }

    /// Pictures that wait or are being made.
    pub(super) fn in_hand(&self) -> usize {
        self.state.in_hand.load(Ordering::Relaxed)
    }

    /// Has the networks opened in the background.
    pub(super) fn warm_up(&self) {
        if self.state.is_warming_up.swap(true, Ordering::Relaxed) {
            return;
        }
        // There is a place for it beside those of the pictures, unless the thread has gone.
        let _ = self.orders.try_send(Order::Open);
    }

    /// Has a picture made. Dropping the future abandons it: the thread stops after the step that it is at.
    pub(super) async fn make(&self, input: EngineInput) -> Result<EngineOutput, EngineError> {
        let time_limit = input.time_limit;
        let is_abandoned = Arc::new(AtomicBool::new(false));
        let before = self.state.in_hand.fetch_add(1, Ordering::Relaxed);
        let _in_hand = InHand {
            state: Arc::clone(&self.state),
            is_abandoned: Arc::clone(&is_abandoned),
        };
        if before > self.max_waiting {
            return Err(refusal::busy());
        }
        let (answer, answered) = oneshot::channel();
        let job = Job {
            input,
            ticket: Ticket {
                is_abandoned,
                deadline: Instant::now().checked_add(time_limit),
            },
            answer,
        };
        match self.orders.try_send(Order::Make(Box::new(job))) {
            Ok(()) => {}
            Err(TrySendError::Full(_)) => return Err(refusal::busy()),
            Err(TrySendError::Disconnected(_)) => return Err(refusal::own_fault("no thread")),
        }
        match tokio::time::timeout(time_limit, answered).await {
            Ok(Ok(result)) => result,
            Ok(Err(_)) => Err(refusal::own_fault("no answer")),
            Err(_) => Err(refusal::out_of_time(time_limit, None)),
        }
    }
}

/// Works on orders until nobody can give any more.
fn run(options: &FashnVtonOptions, mut open: Open, inbox: &Receiver<Order>, state: &State) {
    let pool = rayon::ThreadPoolBuilder::new()
        .num_threads(options.threads)
        .thread_name(|at| format!("fashn-vton-{at}"))
        .build();
    let mut studio: Option<Studio> = None;
    while let Ok(order) = inbox.recv() {
        let mut work = || carry_out(&order, options, &mut studio, &mut open, state);
        // Own threads: pictures of the other engines are not held up by the network's long sums.
        let caught = catch_unwind(AssertUnwindSafe(|| match &pool {
            Ok(pool) => pool.install(work),
            Err(_) => work(),
        }));
        let result = caught.unwrap_or_else(|panic| {
            // Nobody knows what state it left behind.
            studio = None;
            state.is_open.store(false, Ordering::Relaxed);
            state.pass_us.store(0, Ordering::Relaxed);
            Err(refusal::own_fault(words_of(panic.as_ref())))
        });
        match order {
            Order::Make(job) => {
                let result =
                    result.and_then(|made| made.ok_or_else(|| refusal::own_fault("no picture")));
                // Who has gone does not want it.
                let _ = job.answer.send(result);
            }
            Order::Open => {
                state.is_warming_up.store(false, Ordering::Relaxed);
                if let Err(error) = result {
                    tracing::warn!(
                        engine.name = super::NAME,
                        detail = error.detail,
                        "{}",
                        error.message
                    );
                }
            }
        }
    }
}

/// Opens the networks if they are not, and makes the picture if one is ordered.
fn carry_out(
    order: &Order,
    options: &FashnVtonOptions,
    studio: &mut Option<Studio>,
    open: &mut Open,
    state: &State,
) -> Result<Option<EngineOutput>, EngineError> {
    if let Order::Make(job) = order
        && !job.ticket.is_wanted()
    {
        return Err(refusal::out_of_time(job.input.time_limit, None));
    }
    let studio = match studio {
        Some(studio) => studio,
        None => studio.insert(Studio::new(open()?)),
    };
    state.is_open.store(true, Ordering::Relaxed);
    let tell_speed = |studio: &Studio| {
        if let Some(pass) = studio.pass() {
            let micros = u64::try_from(pass.as_micros()).unwrap_or(u64::MAX);
            state.pass_us.store(micros.max(1), Ordering::Relaxed);
        }
    };
    let Order::Make(job) = order else {
        // Who asks for the networks wants to know how fast they are; a picture tells by itself.
        studio.measure()?;
        tell_speed(studio);
        return Ok(None);
    };
    let made = studio.make(&job.input, options, &job.ticket);
    tell_speed(studio);
    made.map(Some)
}
