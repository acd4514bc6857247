//! The machine, and what a process costs it, as `/proc` tells.

use std::collections::BTreeMap;
use std::fs;
use std::io::Write as _;
use std::path::Path;
use std::time::{Duration, Instant};

/// One line about where the figures come from.
pub(crate) fn describe() -> String {
    let cpu = read("/proc/cpuinfo");
    let model = cpu
        .lines()
        .find(|line| line.starts_with("model name"))
        .and_then(|line| line.split_once(": "))
        .map_or("unknown", |(_, model)| model);
    let cores = cpu
        .lines()
        .filter(|line| line.starts_with("processor"))
        .count();
    let kernel = read("/proc/sys/kernel/osrelease");
    format!(
        "{model}, {cores} cores, Linux {}, load average before {}",
        kernel.trim(),
        load()
    )
}

/// The load averages of 1, 5 and 15 minutes.
pub(crate) fn load() -> String {
    read("/proc/loadavg")
        .split(' ')
        .take(3)
        .collect::<Vec<_>>()
        .join(" ")
}

/// CPU time of a process and its threads so far.
#[derive(Clone, Debug, Default)]
pub(crate) struct Cpu {
    /// Of all threads, also of those that have ended.
    pub(crate) user: f64,
    /// In the kernel.
    pub(crate) system: f64,
    /// Seconds by the name of the thread; threads of one name together.
    pub(crate) threads: BTreeMap<String, f64>,
}

impl Cpu {
    pub(crate) fn of(pid: u32) -> Self {
        let (_, user, system) = times(&format!("/proc/{pid}/stat")).expect("the process is there");
        let mut threads = BTreeMap::new();
        for task in fs::read_dir(format!("/proc/{pid}/task")).unwrap() {
            let file = task.unwrap().path().join("stat");
            // A thread may end between the two looks.
            if let Some((name, user, system)) = times(&file.to_string_lossy()) {
                *threads.entry(name).or_default() += user + system;
            }
        }
        Self {
            user,
            system,
            threads,
        }
    }

    pub(crate) fn total(&self) -> f64 {
        self.user + self.system
    }

    pub(crate) fn since(&self, before: &Self) -> Self {
        let threads = self.threads.iter().map(|(name, now)| {
            (
                name.clone(),
                now - before.threads.get(name).copied().unwrap_or_default(),
            )
        });
        Self {
            user: self.user - before.user,
            system: self.system - before.system,
            threads: threads.collect(),
        }
    }

    /// The threads that cost most, as milliseconds per so many things.
    pub(crate) fn by_thread(&self, things: f64) -> String {
        let mut threads: Vec<_> = self.threads.iter().collect();
        threads.sort_by(|a, b| b.1.total_cmp(a.1));
        let lines = threads
            .iter()
            .filter(|(_, seconds)| **seconds >= 0.01)
            .map(|(name, seconds)| format!("{name} {:.3}", *seconds / things * 1_000.0));
        lines.collect::<Vec<_>>().join(", ")
    }
}

/// Name, user and system seconds out of a `stat` file. The name stands in parentheses and may hold blanks.
fn times(file: &str) -> Option<(String, f64, f64)> {
    let text = fs::read_to_string(file).ok()?;
    let (before, after) = text.rsplit_once(')')?;
    let name = before.split_once('(')?.1.to_owned();
    let mut fields = after.split_whitespace().skip(11);
    let mut seconds = || Some(fields.next()?.parse::<f64>().ok()? / TICKS);
    Some((name, seconds()?, seconds()?))
}

/// The process that has this among its arguments.
pub(crate) fn process_with(argument: &str) -> u32 {
    let processes = fs::read_dir("/proc").unwrap().filter_map(Result::ok);
    processes
        .filter_map(|entry| entry.file_name().to_str()?.parse::<u32>().ok())
        .find(|pid| {
            let arguments = read(&format!("/proc/{pid}/cmdline"));
            arguments.split('\0').any(|found| found == argument)
        })
        .expect("the process runs")
}

/// Resident memory in MiB: now, and the most so far.
pub(crate) fn memory(pid: u32) -> (f64, f64) {
    let text = read(&format!("/proc/{pid}/status"));
    let field = |name: &str| {
        text.lines()
            .find_map(|line| line.strip_prefix(name))
            .and_then(|rest| rest.split_whitespace().next())
            .and_then(|kib| kib.parse::<f64>().ok())
            .map_or(0.0, |kib| kib / 1_024.0)
    };
    (field("VmRSS:"), field("VmHWM:"))
}

/// Datagrams that this machine's sockets had no room for, since its start.
pub(crate) fn datagrams_lost() -> u64 {
    let text = read("/proc/net/snmp");
    let mut udp = text.lines().filter(|line| line.starts_with("Udp:"));
    let (Some(names), Some(values)) = (udp.next(), udp.next()) else {
        return 0;
    };
    names
        .split(' ')
        .zip(values.split(' '))
        .find(|(name, _)| *name == "RcvbufErrors")
        .and_then(|(_, value)| value.parse().ok())
        .unwrap_or(0)
}

/// How long `fdatasync` takes after 4 KiB were appended to a file in this folder.
pub(crate) fn syncs(folder: &Path, count: usize, pause: Duration) -> Vec<Duration> {
    let path = folder.join("bench-sync");
    let mut file = fs::File::create(&path).unwrap();
    let mut took = Vec::with_capacity(count);
    for _ in 0..count {
        file.write_all(&[0x5a; 4_096]).unwrap();
        let started = Instant::now();
        file.sync_data().unwrap();
        took.push(started.elapsed());
        std::thread::sleep(pause);
    }
    fs::remove_file(path).unwrap();
    took
}

/// The value below which a share of the durations lies, in milliseconds.
pub(crate) fn percentile(durations: &[Duration], percent: usize) -> f64 {
    let mut sorted = durations.to_vec();
    sorted.sort();
    let last = sorted.len().saturating_sub(1);
    sorted
        .get((sorted.len() * percent / 100).min(last))
        .map_or(f64::NAN, |duration| duration.as_secs_f64() * 1_000.0)
}

fn read(file: &str) -> String {
    fs::read_to_string(file).unwrap_or_default()
}

/// `getconf CLK_TCK`: 100 on every Linux that Rust knows.
const TICKS: f64 = 100.0;
