//! Whose turn it is.

use std::time::Duration;

use super::*;

/// Lets one after the other of those who wait have the only permit; gives them in the order in which they had it.
fn order(table: &mut Table, first: u64, mut waiting: Vec<u64>) -> Vec<u64> {
    let (mut has, mut order) = (first, Vec::new());
    while !waiting.is_empty() {
        table.release(has, at(0));
        let next = waiting.iter().position(|waiter| {
            came(table, *waiter).is_some_and(|grant| {
                has = grant;
                true
            })
        });
        order.push(waiting.remove(next.expect("the free permit went to somebody")));
    }
    order
}

#[test]
fn without_keys_and_priorities_it_goes_by_arrival() {
    let mut table = table(&[("api", 1)]);
    let api = place(&mut table, "api");
    let first = granted(table.ask(ask(1, &[(api, 1)]), at(0)));
    let waiting: Vec<u64> = (0..20).map(|n| waits(table.ask(ask(n % 3, &[(api, 1)]), at(0)))).collect();
    assert_eq!(order(&mut table, first, waiting.clone()), waiting);
}

#[test]
fn a_higher_priority_goes_first_and_starves_nobody() {
    let mut table = table(&[("api", 1)]);
    let api = place(&mut table, "api");
    let with = |priority| Ask { priority, ..ask(10 + priority as usize, &[(api, 1)]) };
    let first = granted(table.ask(with(0), at(0)));
    let low = waits(table.ask(with(0), at(0)));
    let high = waits(table.ask(with(2), at(0)));
    let middle = waits(table.ask(with(1), at(0)));
    let mut has = first;
    for waiter in [high, middle] {
        table.release(has, at(0));
        has = came(&mut table, waiter).expect("its turn");
    }
    // One of a higher priority comes for each that goes, for as long as anybody likes.
    let mut urgent = waits(table.ask(with(1), at(0)));
    let goes_after = (0..5_000).position(|_| {
        table.release(has, at(0));
        if came(&mut table, low).is_some() {
            return true;
        }
        has = came(&mut table, urgent).expect("one of the two");
        urgent = waits(table.ask(with(1), at(0)));
        false
    });
    assert!(goes_after.is_some_and(|after| after > 100), "{goes_after:?}");
}

#[test]
fn fifty_keys_share_a_pool_evenly_whatever_each_of_them_asks() {
    const KEYS: u64 = 50;
    let mut table = table(&[("api", 5)]);
    let api = place(&mut table, "api");
    let by_key = |n: u64| Ask { key: key(n), ..ask(1, &[(api, 1)]) };
    let mut random = fastrand::Rng::with_seed(3);
    let mut waiting: Vec<(u64, u64)> = Vec::new();
    let mut running: Vec<u64> = (0..5).map(|_| granted(table.ask(by_key(0), at(0)))).collect();
    // Key 0 asks a hundred times as often as the last one, and long before; all have always something to do. Half of the
    // keys ask for one call after the other, and come back only when the last one has ended.
    for n in 0..KEYS {
        let calls = if n % 2 == 1 { 1 } else { 2_000 / (1 + n) + 20 };
        waiting.extend((0..calls).map(|_| (n, waits(table.ask(by_key(n), at(0))))));
    }
    let mut served = [0_u32; KEYS as usize];
    for _ in 0..20_000 {
        table.release(running.swap_remove(random.usize(0..running.len())), at(0));
        let next = waiting
            .iter()
            .enumerate()
            .find_map(|(at, (n, waiter))| Some((at, *n, came(&mut table, *waiter)?)));
        let (place, n, grant) = next.expect("somebody goes");
        waiting.swap_remove(place);
        running.push(grant);
        served[n as usize] += 1;
        waiting.push((n, waits(table.ask(by_key(n), at(0)))));
    }
    let (least, most) = (served.iter().min().unwrap(), served.iter().max().unwrap());
    assert!(*most as f64 <= 1.1 * f64::from(*least), "{least} to {most}: {served:?}");
}

#[test]
fn the_limit_per_key_stops_a_key_and_nobody_else() {
    let mut settings = Settings::default();
    settings.size("api".into(), 4);
    settings.per_key("api".into(), 1);
    let mut table = Table::new(settings);
    let api = place(&mut table, "api");
    let by_key = |n| Ask { key: key(n), ..ask(1, &[(api, 1)]) };
    let first = granted(table.ask(by_key(1), at(0)));
    let second = waits(table.ask(by_key(1), at(0)));
    assert_eq!(table.reason(second), "all `api` permits of its key are taken");
    granted(table.ask(by_key(2), at(0)));
    table.resize("api", None, Some(2), at(0));
    came(&mut table, second).expect("there is room for two of a key now");
    let third = waits(table.ask(by_key(1), at(0)));
    table.release(first, at(0));
    came(&mut table, third).expect("the other one has gone");
}

#[test]
fn who_needs_two_pools_is_not_overtaken_for_ever() {
    let mut table = table(&[("a", 1), ("b", 1)]);
    let (a, b) = (place(&mut table, "a"), place(&mut table, "b"));
    let mut has =
        [granted(table.ask(ask(1, &[(a, 1)]), at(0))), granted(table.ask(ask(2, &[(b, 1)]), at(0)))];
    let both = waits(table.ask(ask(3, &[(a, 1), (b, 1)]), at(0)));
    let mut next = [waits(table.ask(ask(1, &[(a, 1)]), at(0))), waits(table.ask(ask(2, &[(b, 1)]), at(0)))];
    let turns = (0..1_000).position(|turn| {
        let side = turn % 2;
        table.release(has[side], at(0));
        if came(&mut table, both).is_some() {
            return true;
        }
        if let Some(grant) = came(&mut table, next[side]) {
            let of = [(1, a), (2, b)][side];
            (has[side], next[side]) = (grant, waits(table.ask(ask(of.0, &[(of.1, 1)]), at(0))));
        }
        false
    });
    assert!(turns.is_some_and(|turns| turns > 10), "{turns:?}");
}

#[test]
fn what_needs_much_is_not_starved_by_what_needs_little() {
    let mut table = table(&[("memory", 10)]);
    let memory = place(&mut table, "memory");
    let small: Vec<u64> = (0..10).map(|_| granted(table.ask(ask(1, &[(memory, 1)]), at(0)))).collect();
    let large = waits(table.ask(ask(2, &[(memory, 8)]), at(0)));
    let late = waits(table.ask(ask(1, &[(memory, 1)]), at(0)));
    small.iter().take(7).for_each(|grant| table.release(*grant, at(0)));
    assert_eq!(came(&mut table, late), None, "what comes back is kept for who came first");
    table.release(small[7], at(0));
    let large = came(&mut table, large).expect("there is enough for it");
    assert_eq!(came(&mut table, late), None);
    table.release(large, at(0));
    came(&mut table, late).expect("its turn");
}

#[test]
fn a_rate_holds_back_a_key_until_its_time_comes() {
    let mut table = table(&[("api", 9)]);
    let api = place(&mut table, "api");
    let rate = Some(Rate::new(2, Duration::from_secs(60)));
    let by_key = |n| Ask { rate, key: key(n), ..ask(1, &[(api, 1)]) };
    granted(table.ask(by_key(1), at(0)));
    granted(table.ask(by_key(1), at(10)));
    let third = waits(table.ask(by_key(1), at(20)));
    granted(table.ask(by_key(2), at(20)));
    assert!(matches!(table.look(third, Waker::noop()), Look::Waits(Some(wait)) if wait == 60_000_000 - 20));
    assert_eq!(table.reason(third), "its rate is used up: 2 in 60s");
    let rate = table.status().pop().expect("what holds somebody back is listed");
    assert_eq!((rate.name.as_str(), rate.size, rate.in_use), ("rate of test::work", Some(2), 3));
    assert_eq!(rate.waiting.len(), 1);
    table.time_passed(at(60_000_000 - 1));
    assert_eq!(came(&mut table, third), None);
    table.time_passed(at(60_000_000));
    came(&mut table, third).expect("the first start lies a minute back");
}

#[test]
fn a_pool_that_becomes_too_small_refuses_who_waits_for_more() {
    let mut table = table(&[("api", 4)]);
    let api = place(&mut table, "api");
    let all = granted(table.ask(ask(1, &[(api, 4)]), at(0)));
    let three = waits(table.ask(ask(1, &[(api, 3)]), at(0)));
    let two = waits(table.ask(ask(1, &[(api, 2)]), at(0)));
    table.resize("api", Some(2), None, at(0));
    assert!(matches!(
        table.look(three, Waker::noop()),
        Look::Refused(Refusal::TooMuch { need: 3, most: 2, .. })
    ));
    assert_eq!(came(&mut table, two), None, "four are in use still");
    table.release(all, at(0));
    came(&mut table, two).expect("two are free");
}
