//! What this process has used so far, as the operating system counts it.

use std::ops::Div;
use std::time::{Duration, Instant};

/// The operating system does not say what the process has used.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum UsageError {
    /// No clock of the CPU time.
    #[error("this system does not tell the CPU time of a process")]
    CpuTime,
    /// No peak of the memory.
    #[error("this system does not tell the peak memory of a process")]
    PeakMemory,
}

/// Time that work took, in seconds.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct Spent {
    /// On the CPU: all threads together, user and system.
    pub cpu: f64,
    /// On the clock on the wall.
    pub wall: f64,
}

impl Div<f64> for Spent {
    type Output = Self;

    fn div(self, count: f64) -> Self {
        Self {
            cpu: self.cpu / count,
            wall: self.wall / count,
        }
    }
}

/// Measures what the process spends from a moment on.
#[derive(Debug, Clone, Copy)]
pub struct Stopwatch {
    cpu: Duration,
    wall: Instant,
}

impl Stopwatch {
    /// Begins to measure.
    pub fn start() -> Result<Self, UsageError> {
        Ok(Self {
            cpu: cpu_time()?,
            wall: Instant::now(),
        })
    }

    /// Gives what was spent since the beginning.
    pub fn spent(&self) -> Result<Spent, UsageError> {
        Ok(Spent {
            cpu: cpu_time()?.saturating_sub(self.cpu).as_secs_f64(),
            wall: self.wall.elapsed().as_secs_f64(),
        })
    }
}

/// Gives the CPU time of all threads together, user and system.
///
/// Unlike wall time it is hardly disturbed by whatever else the machine does.
pub fn cpu_time() -> Result<Duration, UsageError> {
    clock::read(clock::PROCESS)
}

/// Gives the CPU time of each thread of the caller's pool.
pub fn cpu_time_of_threads() -> Result<Vec<Duration>, UsageError> {
    let times = rayon::broadcast(|_| clock::read(clock::THREAD));
    times.into_iter().collect()
}

/// The clocks of CPU time.
#[cfg(unix)]
mod clock {
    use std::time::Duration;

    use rustix::time::{ClockId, clock_gettime};

    use super::UsageError;

    pub(super) const PROCESS: ClockId = ClockId::ProcessCPUTime;
    pub(super) const THREAD: ClockId = ClockId::ThreadCPUTime;

    pub(super) fn read(clock: ClockId) -> Result<Duration, UsageError> {
        Duration::try_from(clock_gettime(clock)).map_err(|_| UsageError::CpuTime)
    }
}

/// Elsewhere there is none.
#[cfg(not(unix))]
mod clock {
    use std::time::Duration;

    use super::UsageError;

    pub(super) const PROCESS: () = ();
    pub(super) const THREAD: () = ();

    pub(super) fn read((): ()) -> Result<Duration, UsageError> {
        Err(UsageError::CpuTime)
    }
}

/// Gives the most memory that was ever resident, in bytes; known on Linux only.
pub fn peak_memory() -> Result<u64, UsageError> {
    const KIBIBYTE: u64 = 1024;
    let status =
        std::fs::read_to_string("/proc/self/status").map_err(|_| UsageError::PeakMemory)?;
    peak_of(&status)
        .map(|kibibytes| kibibytes * KIBIBYTE)
        .ok_or(UsageError::PeakMemory)
}

/// Finds the line `VmHWM: 1234 kB`.
fn peak_of(status: &str) -> Option<u64> {
    let line = status
        .lines()
        .find_map(|line| line.strip_prefix("VmHWM:"))?;
    line.trim().strip_suffix("kB")?.trim_end().parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn peak_is_read_from_its_line_and_nothing_else() {
        let status = "Name:\tdrape\nVmPeak:\t  9 kB\nVmHWM:\t  51234 kB\nVmRSS:\t 7 kB\n";
        assert_eq!(peak_of(status), Some(51_234));
        for broken in ["", "VmHWM:\t kB", "VmHWM:\t 12 MB", "VmPeak:\t 9 kB"] {
            assert_eq!(peak_of(broken), None, "{broken:?}");
        }
    }

    #[test]
    #[cfg(unix)]
    fn work_costs_cpu_time() {
        let before = cpu_time().unwrap();
        let mut work = 1_u64;
        while cpu_time().unwrap() < before + Duration::from_millis(2) {
            work = std::hint::black_box(work.wrapping_mul(3));
        }
        assert!(work != 0);
    }

    #[test]
    #[cfg(target_os = "linux")]
    fn peak_holds_what_was_touched() {
        let touched = std::hint::black_box(vec![1_u8; 64 << 20]);
        assert!(peak_memory().unwrap() > touched.len() as u64);
    }
}
