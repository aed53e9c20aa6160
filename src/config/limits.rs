//! The bounds of a configuration. Generous for people, small enough that no file can exhaust the process.

/// Of `config.toml`, of one playbook and of one key file.
pub const MAX_FILE_BYTES: usize = 1024 * 1024;
/// Complaints told about one file; the rest is counted.
pub const MAX_COMPLAINTS: usize = 200;

pub const MAX_ID_CHARS: usize = 40;
pub const MAX_NAME_CHARS: usize = 80;
pub const MAX_URL_CHARS: usize = 2_000;
/// Of a value quoted in a complaint.
pub const MAX_QUOTED_CHARS: usize = 60;
/// Names listed after "write one of": more than any table has keys.
pub const MAX_LISTED: usize = 24;

pub const MAX_USERS: usize = 5_000;
pub const MAX_TEAMS: usize = 500;
pub const MAX_SERVICES: usize = 5_000;
pub const MAX_POLICIES: usize = 1_000;
pub const MAX_SCHEDULES: usize = 1_000;
pub const MAX_CHANNELS: usize = 5_000;
pub const MAX_COMMANDS: usize = 10;
pub const MAX_PLAYBOOKS: usize = 2_000;
/// Of one playbook: what a person can read at night.
pub const MAX_PLAYBOOK_STEPS: usize = 60;
pub const MAX_PLAYBOOK_SECTIONS: usize = 20;
/// Of a step's own words, and of a paragraph, in characters.
pub const MAX_PLAYBOOK_WORDS: usize = 800;
/// Of a command to copy.
pub const MAX_PLAYBOOK_COMMAND: usize = 1_000;
/// How long a step may take.
pub const STEP_SECS: std::ops::RangeInclusive<i64> = 60..=24 * 60 * 60;
pub const MAX_HOOKS: usize = 50;
/// The program and its arguments.
pub const MAX_COMMAND_WORDS: usize = 20;

pub const MAX_MEMBERS: usize = 200;
pub const MAX_LAYERS: usize = 10;
/// Lengths of turns in a sequence, and hours of one layer.
pub const MAX_LENGTHS: usize = 20;
pub const MAX_LAYER_HOURS: usize = 20;
/// Fixed shifts of one schedule.
pub const MAX_SHIFTS: usize = 200;
pub const MAX_STEPS: usize = 20;
/// Of one step, and of `catch_all`.
pub const MAX_TARGETS: usize = 20;
pub const MAX_RULES: usize = 20;
pub const MAX_KEYS_PER_SERVICE: usize = 20;
/// Keys of one integration that are good at the same time, and secrets that sign for it: the old one and the new one.
pub const MAX_LIVE_KEYS: usize = 2;
pub const MAX_REPEAT: i64 = 9;
pub const MAX_MATCHES: usize = 50;
pub const MAX_LABELS: usize = 20;
pub const MAX_ROUTES: usize = 200;
/// Values of one condition.
pub const MAX_VALUES: usize = 50;
pub const MAX_GROUP_LABELS: usize = 8;

pub const MAX_HEARTBEATS_PER_SERVICE: usize = 200;
/// Of the whole file: each is a row of the state.
pub const MAX_HEARTBEATS: usize = 2_000;
/// Each beat is a line of the journal, and a restart takes seconds; beyond a quarter of a year nobody remembers what it was.
pub const EVERY_SECS: std::ops::RangeInclusive<i64> = 30..=92 * 24 * 60 * 60;
pub const GRACE_SECS: std::ops::RangeInclusive<i64> = 0..=31 * 24 * 60 * 60;

/// A key shorter than this can be guessed.
pub const MIN_KEY_CHARS: usize = 16;
pub const MAX_KEY_CHARS: usize = 256;

/// Seconds. Below a second a step could not even be sent; beyond a day nobody remembers what was being waited for.
pub const STEP_DELAY_SECS: std::ops::RangeInclusive<i64> = 1..=24 * 60 * 60;
pub const RULE_DELAY_SECS: std::ops::RangeInclusive<i64> = 0..=24 * 60 * 60;
/// Longer, and a page would be late.
pub const BUNDLE_SECS: std::ops::RangeInclusive<i64> = 0..=120;
pub const SETTING_SECS: std::ops::RangeInclusive<i64> = 1..=7 * 24 * 60 * 60;
/// Names take the rest of the 250 that Slack takes.
pub const TOPIC_CHARS: usize = 150;
/// How long an alert may have to last before it pages.
pub const HOLD_SECS: std::ops::RangeInclusive<i64> = 0..=60 * 60;
/// Once is no coming and going; more than is remembered cannot be counted.
pub const FLAPPING_TIMES: std::ops::RangeInclusive<i64> = 2..=20;
/// Of `flood`: more open incidents of one service in ten minutes than this, nobody tells apart.
pub const FLOOD: std::ops::RangeInclusive<i64> = 0..=1_000;
/// Of an alert whose source never says that it is over.
pub const RESOLVE_AFTER_SECS: std::ops::RangeInclusive<i64> = 60..=7 * 24 * 60 * 60;
/// Of `group` and of `threshold`.
pub const WINDOW_SECS: std::ops::RangeInclusive<i64> = 60..=24 * 60 * 60;
pub const THRESHOLD_EVENTS: std::ops::RangeInclusive<i64> = 2..=100;
/// Pages to the catch-all before the last pause repeats.
pub const MAX_BACKOFFS: usize = 10;

/// A schedule is looked at for this long ahead for times when nobody is on call.
pub const OUTLOOK_DAYS: i64 = 14;

/// Hours with a name, and lists of holidays.
pub const MAX_HOURS: usize = 500;
/// Spans of the same hours, and lists of holidays that they name.
pub const MAX_SPANS: usize = 50;
/// Days of one list of holidays.
pub const MAX_HOLIDAYS: usize = 1_000;
/// Words for severities of one service, of each urgency.
pub const MAX_SEVERITIES: usize = 50;
/// A tier's time.
pub const START_WITHIN_SECS: std::ops::RangeInclusive<i64> = 1..=7 * 24 * 60 * 60;

/// One turn lasts from an hour to a year.
pub const TURN_HOURS: std::ops::RangeInclusive<u32> = 1..=52 * 7 * 24;

/// First turns of rotations, and all days of schedules.
pub const START_YEARS: std::ops::RangeInclusive<i32> = 2000..=2100;
