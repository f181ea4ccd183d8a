//! How much memory is left for a network.

use std::fs;

/// Bytes that this process may still take: what the system has free, or what its control group leaves it, whichever is less; none
/// where the system does not tell.
pub(super) fn available_bytes() -> Option<u64> {
    let system = read("/proc/meminfo").and_then(|text| field(&text, "MemAvailable:"));
    let system = system.map(|kib| kib * 1024);
    match (system, group_bytes()) {
        (Some(system), Some(group)) => Some(system.min(group)),
        (system, group) => system.or(group),
    }
}

/// What the control group (version 2) of a container leaves; none without a limit.
fn group_bytes() -> Option<u64> {
    let number = |path: &str| read(path)?.trim().parse::<u64>().ok();
    let limit = number("/sys/fs/cgroup/memory.max")?;
    let used = number("/sys/fs/cgroup/memory.current")?;
    // Files that were read lie in the group's memory, and give way.
    let cached = read("/sys/fs/cgroup/memory.stat")
        .and_then(|text| field(&text, "inactive_file"))
        .unwrap_or(0);
    Some(limit.saturating_sub(used.saturating_sub(cached)))
}

fn read(path: &str) -> Option<String> {
    fs::read_to_string(path).ok()
}

/// The number behind a name at the beginning of a line.
fn field(text: &str, name: &str) -> Option<u64> {
    let mut lines = text.lines();
    let words = lines.find_map(|line| line.strip_prefix(name))?;
    words.split_whitespace().next()?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_read_from_the_systems_files() {
        let text = "MemTotal:       24576 kB\nMemAvailable:    2048 kB\n";
        assert_eq!(field(text, "MemAvailable:"), Some(2_048));
        assert_eq!(field(text, "Swap:"), None);
        assert_eq!(
            field("anon 5\ninactive_file 77\n", "inactive_file"),
            Some(77)
        );
        assert_eq!(field("MemAvailable: much", "MemAvailable:"), None);
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn this_machine_tells() {
        assert!(available_bytes().unwrap() > 1_000_000);
    }
}
