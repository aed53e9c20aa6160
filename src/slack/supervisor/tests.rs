//! Scenarios in virtual time against a model of Slack, then thousands of random ones.

mod sim;

use super::*;
use rand::rngs::StdRng;
use rand::seq::IndexedRandom;
use rand::{RngExt, SeedableRng};
use sim::{HOUR, MIN, SEC, Sim, Weather};

/// Two live sockets, an hour old.
fn settled(seed: u64) -> Sim {
    let mut sim = Sim::new(seed);
    sim.run_until(HOUR);
    assert_eq!(sim.machine.status().connected, 2);
    sim
}

#[test]
fn two_sockets_are_opened_at_once_and_no_more() {
    let mut sim = Sim::new(1);
    sim.run_until(HOUR);
    assert_eq!(sim.opens, [0, 0]);
    assert_eq!(sim.live, [(0, 0), (300, 1), (300, 2)]);
    assert_eq!(sim.alarms, []);
    assert!(sim.machine.status().is_ready());
    sim.well();
}

#[test]
fn in_three_days_there_are_always_two_and_they_are_of_different_age() {
    let mut sim = Sim::new(2);
    sim.run_until(72 * HOUR);
    assert_eq!(sim.fewest(SEC), 2, "the new one is live before the old one goes");
    assert_eq!(sim.longest_without(SEC), 0);
    // Two at first; one is replaced after 5, 10, … 70 h, the other after 2.5, 7.5, … 67.5 h.
    assert_eq!(sim.opens.len(), 2 + 14 + 14);
    let ages: Vec<i64> = sim.sockets.values().map(|s| s.opened_at).collect();
    assert!((ages[0] - ages[1]).abs() > HOUR, "staggered: {ages:?}");
    assert_eq!(sim.alarms, []);
    sim.well();
}

#[test]
fn a_refresh_of_both_at_once_leaves_no_gap() {
    let reasons =
        [DisconnectReason::Warning, DisconnectReason::RefreshRequested, DisconnectReason::Other(String::new())];
    for reason in reasons {
        let mut sim = settled(3);
        for conn in sim.live_conns() {
            sim.disconnect(conn, reason.clone(), 0);
            sim.at(10 * SEC, Event::Closed { conn, why: "as told".into() });
        }
        sim.run_for(MIN);
        assert_eq!(sim.longest_without(HOUR), 0, "{reason:?}");
        assert_eq!(sim.opens_between(HOUR, HOUR + MIN), 2);
        assert_eq!(sim.machine.status().connected, 2);
        sim.well();
    }
}

#[test]
fn both_closed_without_warning_are_back_within_five_seconds() {
    let mut sim = settled(4);
    sim.latency = SEC;
    for conn in sim.live_conns() {
        sim.at(0, Event::Closed { conn, why: "reset by peer".into() });
    }
    sim.run_for(MIN);
    assert_eq!(sim.longest_without(HOUR), 3 * SEC, "three round trips of a second each");
    sim.well();
}

#[test]
fn a_refresh_of_both_while_they_are_young_is_back_within_five_seconds() {
    for seed in 0..50 {
        let mut sim = Sim::new(seed);
        sim.run_until(5 * SEC);
        for conn in sim.live_conns() {
            sim.disconnect(conn, DisconnectReason::RefreshRequested, 0);
            sim.at(0, Event::Closed { conn, why: "as told".into() });
        }
        sim.run_for(MIN);
        assert!(sim.longest_without(SEC) <= 5 * SEC, "seed {seed}: {} ms", sim.longest_without(SEC));
        sim.well();
    }
}

#[test]
fn a_half_open_socket_is_replaced_within_75_seconds_and_the_other_serves() {
    let mut sim = settled(5);
    let conns = sim.live_conns();
    sim.go_dark(conns[0]);
    sim.run_for(75 * SEC);
    assert_eq!(sim.opens_between(HOUR, sim.now), 1);
    assert!(sim.opens[2] - HOUR <= 41 * SEC, "{}", sim.opens[2] - HOUR);
    assert_eq!(sim.machine.status().connected, 2);
    assert_eq!(sim.longest_without(HOUR), 0);
    assert!(!sim.sockets.contains_key(&conns[0]), "dropped");
    sim.well();
}

#[test]
fn both_half_open_are_both_replaced_within_75_seconds() {
    let mut sim = settled(6);
    for conn in sim.live_conns() {
        sim.go_dark(conn);
    }
    sim.run_for(75 * SEC);
    assert_eq!(sim.machine.status().connected, 2);
    assert!(sim.machine.status().last_error.is_some_and(|e| e.contains("silent")));
    sim.well();
}

#[test]
fn a_machine_that_slept_ten_minutes_asks_before_it_gives_up() {
    let mut sim = settled(7);
    sim.now += 10 * MIN;
    sim.run_for(MIN);
    assert_eq!(sim.opens.len(), 2, "both answered the ping: nothing was replaced");
    assert_eq!(sim.fewest(HOUR), 2);
    sim.well();
}

/// One hour of a fault: opens in the first minute, and in the busiest minute after the second.
fn opens_in(weather: &Weather, seed: u64) -> (usize, usize, Sim) {
    let mut sim = Sim::new(seed);
    sim.weather = weather.clone();
    sim.run_until(HOUR);
    (sim.opens_between(0, MIN), sim.busiest_minute(2 * MIN), sim)
}

#[test]
fn no_fault_makes_a_hot_loop() {
    let rows: &[(Weather, usize, Option<AlarmKind>)] = &[
        (Weather::Refreshes(DisconnectReason::Warning, 10 * SEC), 7, None),
        (Weather::Refreshes(DisconnectReason::RefreshRequested, 0), 7, None),
        (Weather::Refreshes(DisconnectReason::Other(String::new()), 0), 7, None),
        (Weather::Refreshes(DisconnectReason::TooManyWebsockets, 0), 5, Some(AlarmKind::TooManySockets)),
        (Weather::Refreshes(DisconnectReason::LinkDisabled, 0), 5, Some(AlarmKind::LinkDisabled)),
        (Weather::Drops, 7, None),
        (Weather::NoHello, 6, Some(AlarmKind::NoHello)),
        (Weather::ConnectFails, 7, Some(AlarmKind::NoSocket)),
        (Weather::ConnectHangs, 6, Some(AlarmKind::NoSocket)),
        (Weather::OpenHangs, 6, Some(AlarmKind::NoSocket)),
        (Weather::OpenFails("internal_error", None), 7, Some(AlarmKind::NoSocket)),
        (Weather::OpenFails("ratelimited", Some(30 * SEC)), 3, Some(AlarmKind::NoSocket)),
        (Weather::OpenFails("invalid_auth", None), 5, Some(AlarmKind::TokenRefused)),
    ];
    for (weather, first_minute, alarm) in rows {
        let (mut worst_first, mut worst_later) = (0, 0);
        for seed in 0..100 {
            let (first, busiest, sim) = opens_in(weather, seed);
            (worst_first, worst_later) = (worst_first.max(first), worst_later.max(busiest));
            if let Some(alarm) = alarm {
                assert!(sim.raised(*alarm) >= 1, "{weather:?}: no {alarm:?}");
            }
            let longest = sim.opens.windows(2).map(|w| w[1] - w[0]).max().unwrap_or(0);
            assert!(longest <= 90 * SEC, "{weather:?}: gave up for {longest} ms");
            sim.well();
        }
        // The worst of a hundred seeds, exactly; Slack allows about 50.
        assert_eq!((worst_first, worst_later), (*first_minute, 2), "{weather:?}");
    }
}

#[test]
fn the_wait_grows_to_a_minute_and_no_further() {
    let (_, _, sim) = opens_in(&Weather::ConnectFails, 8);
    let waits: Vec<i64> = sim.opens.windows(2).map(|w| w[1] - w[0]).collect();
    assert!(waits[1] < 3 * SEC, "soon at first: {waits:?}");
    let late = &waits[12..];
    assert!(late.iter().all(|w| (30 * SEC..=61 * SEC).contains(w)), "between half and all of a minute: {late:?}");
    assert!(late.windows(2).any(|w| w[0] != w[1]), "jittered");
}

#[test]
fn one_good_socket_does_not_make_the_other_try_hotly() {
    // The first socket stays healthy throughout; every further one is dropped after its hello.
    let mut sim = Sim::with(SupervisorConfig { connections: 1, ..SupervisorConfig::default() }, 9);
    sim.run_until(HOUR);
    sim.machine.config.connections = 2;
    sim.weather = Weather::Drops;
    sim.run_for(HOUR);
    assert!(sim.busiest_minute(HOUR) <= 8);
    assert!(sim.busiest_minute(HOUR + 2 * MIN) <= 3);
    assert_eq!(sim.fewest(HOUR), 1);
    sim.well();
}

#[test]
fn failures_are_forgotten_only_after_a_healthy_while() {
    let mut sim = Sim::new(10);
    sim.weather = Weather::Drops;
    sim.run_until(10 * MIN);
    sim.weather = Weather::Works;
    let opened = sim.opens.len();
    while sim.machine.status().connected == 0 {
        sim.run_for(SEC);
    }
    let first = sim.now;
    assert!(first <= 11 * MIN + 2 * SEC);
    while sim.machine.status().connected < 2 {
        sim.run_for(SEC);
    }
    assert!(sim.now - first <= 32 * SEC, "the second comes when the first has proved healthy, or before");
    assert_eq!(sim.opens.len(), opened + 2);
    sim.well();
}

#[test]
fn sockets_that_are_not_ours_are_an_alarm_until_they_are_gone() {
    let mut sim = Sim::new(11);
    sim.ghosts = 1;
    sim.run_until(MIN);
    // The first hello counts the ghost, the second does again: same words or not, people are told of the right number.
    assert!((1..=2).contains(&sim.raised(AlarmKind::GhostSockets)));
    let text = sim.machine.status().alarms.iter().find(|a| a.kind == AlarmKind::GhostSockets).map(|a| a.text.clone());
    assert!(
        text.is_some_and(|t| t.contains("counts 3 sockets") && t.contains("has 2") && t.contains("Stop any other"))
    );
    assert!(sim.machine.status().is_ready(), "some clicks do arrive");
    sim.ghosts = 0;
    sim.run_until(6 * HOUR);
    assert_eq!(sim.cleared.iter().filter(|(_, k)| *k == AlarmKind::GhostSockets).count(), 1);
    sim.well();
}

#[test]
fn our_own_replacements_are_no_ghosts() {
    let mut sim = Sim::new(12);
    sim.run_until(48 * HOUR);
    assert_eq!(sim.raised(AlarmKind::GhostSockets), 0);
}

#[test]
fn a_socket_that_slack_counts_a_moment_after_it_closed_is_no_ghost() {
    let mut sim = settled(24);
    let old = sim.live_conns()[0];
    sim.ghosts = 1;
    sim.at(0, Event::Closed { conn: old, why: "lost".into() });
    sim.run_for(MIN);
    assert_eq!(sim.machine.status().connected, 2);
    assert_eq!(sim.raised(AlarmKind::GhostSockets), 0);
}

#[test]
fn a_refused_token_turns_readiness_red_and_recovers_without_restart() {
    let codes = ["invalid_auth", "account_inactive", "token_revoked", "missing_scope", "not_allowed_token_type"];
    for code in codes {
        let mut sim = settled(13);
        sim.weather = Weather::OpenFails(code, None);
        for conn in sim.live_conns() {
            sim.at(0, Event::Closed { conn, why: "token revoked".into() });
        }
        sim.run_for(10 * MIN);
        let status = sim.machine.status();
        assert!(!status.is_ready());
        assert!(status.last_error.is_some_and(|e| e.contains(code)));
        assert_eq!(sim.raised(AlarmKind::TokenRefused), 1, "told once, not at every try");
        assert!(status.alarms[0].text.contains("api.slack.com/apps"), "says what to do");
        sim.weather = Weather::Works;
        sim.run_for(62 * SEC);
        assert!(sim.machine.status().is_ready(), "{code}");
        assert!(sim.cleared.iter().any(|(_, k)| *k == AlarmKind::TokenRefused));
        sim.well();
    }
}

#[test]
fn a_refused_token_is_red_even_while_old_sockets_live() {
    let mut sim = settled(14);
    sim.weather = Weather::OpenFails("missing_scope", None);
    let conns = sim.live_conns();
    sim.at(0, Event::Closed { conn: conns[0], why: "lost".into() });
    sim.run_for(MIN);
    assert_eq!(sim.machine.status().connected, 1);
    assert!(!sim.machine.status().is_ready());
}

#[test]
fn retry_after_of_an_open_is_honoured() {
    let mut sim = Sim::new(15);
    sim.weather = Weather::OpenFails("ratelimited", Some(120 * SEC));
    sim.run_until(100 * SEC);
    sim.weather = Weather::Works;
    sim.run_until(119 * SEC);
    assert_eq!(sim.opens.len(), 2);
    sim.run_until(125 * SEC);
    assert!((120 * SEC..122 * SEC).contains(&sim.opens[2]));
    assert_eq!(sim.machine.status().connected, 2);
    sim.well();
}

#[test]
fn an_old_socket_stays_until_its_replacement_is_live_and_its_envelopes_are_settled() {
    let mut sim = settled(16);
    let old = sim.live_conns()[0];
    sim.envelope(old, 0, 2_500);
    sim.disconnect(old, DisconnectReason::RefreshRequested, 10);
    sim.run_for(2_000);
    assert_eq!(sim.machine.status().connected, 3, "the new one is live, the old one has an envelope in flight");
    sim.run_for(1_000);
    assert_eq!(sim.machine.status().connected, 2);
    assert!(!sim.sockets.contains_key(&old));
    sim.well();
}

#[test]
fn a_handler_that_hangs_keeps_an_old_socket_three_seconds() {
    let mut sim = settled(17);
    let old = sim.live_conns()[0];
    sim.envelope(old, 0, HOUR);
    sim.disconnect(old, DisconnectReason::RefreshRequested, 10);
    sim.run_for(2_900);
    assert!(sim.sockets.contains_key(&old));
    sim.run_for(500);
    assert!(!sim.sockets.contains_key(&old));
    sim.well();
}

#[test]
fn a_retiring_socket_without_a_replacement_is_kept() {
    let mut sim = settled(18);
    sim.weather = Weather::OpenHangs;
    for conn in sim.live_conns() {
        sim.disconnect(conn, DisconnectReason::Warning, 0);
    }
    sim.run_for(10 * MIN);
    assert_eq!(sim.fewest(HOUR), 2, "Slack has not closed them, so neither do we");
    sim.well();
}

#[test]
fn draining_closes_what_is_idle_at_once_and_waits_for_what_is_not() {
    let mut sim = settled(19);
    let conns = sim.live_conns();
    sim.envelope(conns[1], 0, 2_000);
    sim.run_for(1);
    sim.at(0, Event::DrainRequested);
    sim.run_for(1_000);
    assert_eq!(sim.live_conns(), [conns[1]], "the idle one is gone");
    assert!(!sim.machine.status().is_ready());
    sim.run_for(1_500);
    assert!(sim.machine.is_finished());
    assert_eq!(sim.machine.next_wake(), None);
    assert_eq!(sim.opens.len(), 2, "nothing new is opened");
    sim.well();
}

#[test]
fn draining_ends_within_eight_seconds_whatever_hangs() {
    let mut sim = settled(20);
    let conns = sim.live_conns();
    sim.envelope(conns[0], 0, HOUR);
    sim.run_for(1);
    sim.go_dark(conns[0]);
    sim.go_dark(conns[1]);
    sim.at(0, Event::DrainRequested);
    sim.run_for(8 * SEC);
    assert!(sim.machine.is_finished());
}

#[test]
fn draining_gives_up_what_is_being_opened() {
    for weather in [Weather::OpenHangs, Weather::ConnectHangs, Weather::NoHello] {
        let mut sim = Sim::new(21);
        sim.weather = weather;
        sim.run_until(SEC);
        sim.at(0, Event::DrainRequested);
        sim.run_for(SEC);
        assert!(sim.machine.is_finished());
        sim.well();
    }
}

#[test]
fn having_no_socket_is_told_after_half_a_minute_and_cleared() {
    let mut sim = Sim::new(22);
    sim.weather = Weather::ConnectFails;
    sim.run_until(29 * SEC);
    assert_eq!(sim.raised(AlarmKind::NoSocket), 0);
    sim.run_until(31 * SEC);
    assert_eq!(sim.alarms.iter().find(|(_, k)| *k == AlarmKind::NoSocket), Some(&(30 * SEC, AlarmKind::NoSocket)));
    assert!(sim.machine.status().since_none_ms.is_some_and(|ms| ms >= 30 * SEC));
    sim.weather = Weather::Works;
    sim.run_for(62 * SEC);
    assert_eq!(sim.machine.status().since_none_ms, None);
    assert!(sim.cleared.iter().any(|(_, k)| *k == AlarmKind::NoSocket));
    sim.well();
}

#[test]
fn events_of_sockets_that_are_gone_change_nothing() {
    let mut machine = Supervisor::new(SupervisorConfig::default(), 23);
    machine.step(At(0), Event::Tick);
    let url = SocketUrl("ws://x".into());
    for event in [
        Event::UrlOpened { conn: 99, url },
        Event::UrlFailed { conn: 99, error: "invalid_auth".into(), retry_after_ms: None },
        Event::Connected { conn: 99 },
        Event::ConnectFailed { conn: 99, error: String::new() },
        Event::Inbound { conn: 99, what: Inbound::Envelope },
        Event::Settled { conn: 99 },
        Event::Closed { conn: 99, why: String::new() },
        Event::Connected { conn: 1 },
        Event::Settled { conn: 1 },
    ] {
        assert_eq!(machine.step(At(1), event.clone()), [], "{event:?}");
    }
    assert_eq!(machine.status().alarms, []);
}

#[test]
fn the_socket_address_is_not_printed() {
    let url = SocketUrl("wss://wss-primary.slack.com/link/?ticket=secret".into());
    assert!(!format!("{:?}", Command::Connect { conn: 1, url }).contains("secret"));
}

/// One random hour: the weather changes every few seconds or minutes, sockets are told to go, go dark and are lost,
/// envelopes arrive; then it clears up.
fn random_hour(seed: u64) -> Sim {
    let mut rng = StdRng::seed_from_u64(seed);
    let weathers = [
        Weather::Works,
        Weather::Works,
        Weather::Works,
        Weather::OpenFails("internal_error", None),
        Weather::OpenFails("ratelimited", Some(20 * SEC)),
        Weather::OpenFails("invalid_auth", None),
        Weather::OpenHangs,
        Weather::ConnectFails,
        Weather::ConnectHangs,
        Weather::NoHello,
        Weather::Refreshes(DisconnectReason::Warning, 10 * SEC),
        Weather::Refreshes(DisconnectReason::RefreshRequested, 0),
        Weather::Refreshes(DisconnectReason::TooManyWebsockets, 0),
        Weather::Refreshes(DisconnectReason::LinkDisabled, 0),
        Weather::Drops,
        Weather::Dark,
    ];
    let mut sim = Sim::new(seed);
    sim.lifetime = rng.random_range(30..=18_060) * SEC;
    while sim.now < HOUR {
        sim.latency = rng.random_range(1..2_000);
        if let Some(weather) = weathers.choose(&mut rng) {
            sim.weather = weather.clone();
        }
        for conn in sim.live_conns() {
            match rng.random_range(0..12) {
                0 => sim.go_dark(conn),
                1 => sim.disconnect(conn, DisconnectReason::RefreshRequested, 0),
                2 => sim.at(0, Event::Closed { conn, why: "lost".into() }),
                3..6 => {
                    let handling = rng.random_range(1..6_000);
                    sim.envelope(conn, 1, handling);
                }
                _ => {}
            }
        }
        if rng.random_bool(0.02) {
            sim.now += rng.random_range(0..20 * MIN);
        }
        sim.run_for(rng.random_range(100..90_000));
    }
    sim.weather = Weather::Works;
    sim.latency = 100;
    sim.lifetime = 18_060 * SEC;
    sim.run_for(75 * SEC);
    sim
}

#[test]
fn five_thousand_hours_of_random_weather() {
    for seed in 0..5_000 {
        let mut sim = random_hour(seed);
        if let Some(breach) = &sim.breach {
            let lines: Vec<&str> = sim.transcript.lines().collect();
            panic!("seed {seed}: {breach}\n{}", lines[lines.len().saturating_sub(2000)..].join("\n"));
        }
        assert!(sim.machine.status().connected >= 1, "seed {seed}: nothing live 75 s after it cleared up");
        sim.run_for(2 * MIN);
        assert!(sim.machine.status().connected >= 2, "seed {seed}: {} live", sim.machine.status().connected);
        assert!(sim.machine.status().is_ready(), "seed {seed}: {:?}", sim.machine.status().alarms);
        sim.at(0, Event::DrainRequested);
        sim.run_for(8 * SEC);
        assert!(sim.machine.is_finished(), "seed {seed}: not drained");
        sim.well();
    }
}

#[test]
fn the_same_seed_gives_the_same_transcript() {
    for seed in 0..50 {
        assert_eq!(random_hour(seed).transcript, random_hour(seed).transcript, "seed {seed}");
    }
}
