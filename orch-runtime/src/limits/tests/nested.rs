//! Random programs of bodies that hold something and call what needs more.

use super::*;

/// A body: what it needs, and what it calls, one group after the other; the calls of a group go at once.
#[derive(Debug)]
struct Plan {
    parts: Vec<Part>,
    of: usize,
    groups: Vec<Vec<Plan>>,
}

fn plan(random: &mut fastrand::Rng, pools: usize, from: usize, ordered: bool, depth: u32) -> Plan {
    let mut parts: Vec<Part> = Vec::new();
    for pool in from..pools {
        if random.u8(0..3) == 0 {
            parts.push((pool, random.u64(1..=2)));
        }
    }
    let below = if ordered { parts.iter().map(|(pool, _)| pool + 1).max().unwrap_or(from) } else { 0 };
    let groups = if depth == 0 { 0 } else { random.usize(0..3) };
    let mut group = |_| -> Vec<Plan> {
        let calls = random.usize(1..=3);
        (0..calls).map(|_| plan(random, pools, below, ordered, depth - 1)).collect()
    };
    let groups = (0..groups).map(&mut group).collect();
    Plan { parts, of: random.usize(0..4), groups }
}

struct Body<'a> {
    plan: &'a Plan,
    parent: Option<usize>,
    grant: Option<u64>,
    waiter: Option<u64>,
    /// The next group, and how many calls of the last one have not ended.
    next: usize,
    open: usize,
    done: bool,
}

struct Machine<'a> {
    table: Table,
    bodies: Vec<Body<'a>>,
    circles: usize,
}

impl<'a> Machine<'a> {
    fn above(&self, parent: Option<usize>) -> impl Iterator<Item = &Body<'a>> {
        std::iter::successors(parent, |at| self.bodies[*at].parent).map(|at| &self.bodies[at])
    }

    fn call(&mut self, plan: &'a Plan, parent: Option<usize>) {
        let shares = |part: &&Part| {
            self.above(parent).any(|body| body.plan.parts.iter().any(|(pool, _)| *pool == part.0))
        };
        let parts: Vec<Part> = plan.parts.iter().filter(|part| !shares(part)).copied().collect();
        let above = self.above(parent).filter_map(|body| body.grant).collect();
        let mut body = Body { plan, parent, grant: None, waiter: None, next: 0, open: 0, done: false };
        if !parts.is_empty() {
            match self.table.ask(Ask { above, ..ask(plan.of, &parts) }, at(0)) {
                Ok(Answer::Granted(grant)) => body.grant = Some(grant),
                Ok(Answer::Waits(waiter)) => body.waiter = Some(waiter),
                Err(Refusal::Circle(_)) => (self.circles, body.done) = (self.circles + 1, true),
                Err(refusal) => panic!("{refusal}"),
            }
        }
        if !body.done
            && let Some(parent) = parent
        {
            self.bodies[parent].open += 1;
        }
        self.bodies.push(body);
    }

    fn runnable(&mut self) -> Vec<usize> {
        for body in &mut self.bodies {
            if let Some(waiter) = body.waiter
                && let Some(grant) = came(&mut self.table, waiter)
            {
                (body.waiter, body.grant) = (None, Some(grant));
            }
        }
        let may = |body: &Body<'_>| !body.done && body.waiter.is_none() && body.open == 0;
        (0..self.bodies.len()).filter(|at| may(&self.bodies[*at])).collect()
    }

    fn go_on(&mut self, at_body: usize, random: &mut fastrand::Rng) {
        let Body { plan, next, parent, .. } = self.bodies[at_body];
        // Some bodies end before they have come to their end: they fail, or are cancelled.
        if next < plan.groups.len() && random.u8(0..20) > 0 {
            self.bodies[at_body].next += 1;
            plan.groups[next].iter().for_each(|plan| self.call(plan, Some(at_body)));
            return;
        }
        let body = &mut self.bodies[at_body];
        body.done = true;
        if let Some(grant) = body.grant.take() {
            self.table.release(grant, at(0));
        }
        if let Some(parent) = parent {
            self.bodies[parent].open -= 1;
        }
    }
}

/// Runs one program; says how many calls were refused because of a circle.
fn run(seed: u64, ordered: bool) -> usize {
    let mut random = fastrand::Rng::with_seed(seed);
    let pools = [("a", 2), ("b", 2), ("c", 3), ("d", 4)];
    let mut table = table(&pools);
    // `cpu` is a pool like the others here.
    table.resize("cpu", Some(2), None, at(0));
    let roots = random.usize(1..=4);
    let plans: Vec<Plan> = (0..roots).map(|_| plan(&mut random, pools.len() + 1, 0, ordered, 3)).collect();
    let mut machine = Machine { table, bodies: Vec::new(), circles: 0 };
    plans.iter().for_each(|plan| machine.call(plan, None));
    loop {
        let runnable = machine.runnable();
        if runnable.is_empty() {
            break;
        }
        machine.go_on(runnable[random.usize(0..runnable.len())], &mut random);
    }
    let stuck = machine.bodies.iter().filter(|body| !body.done).count();
    assert_eq!(stuck, 0, "seed {seed}: bodies wait for ever in {plans:#?}");
    assert!(machine.table.waiters.is_empty() && machine.table.grants.is_empty(), "seed {seed}");
    machine.circles
}

#[test]
fn no_program_hangs() {
    let refused: usize = (0..seeds(500)).map(|seed| usize::from(run(seed, false) > 0)).sum();
    assert!(refused > 0, "some of them would have");
}

/// Who takes pools in one order cannot get into a circle, so nobody may be told so.
#[test]
fn nobody_is_refused_who_takes_pools_in_one_order() {
    for seed in 0..seeds(500) {
        assert_eq!(run(seed, true), 0, "seed {seed}");
    }
}

#[test]
fn a_circle_names_who_is_in_it() {
    let mut table = table(&[("a", 1), ("b", 1)]);
    let (a, b) = (place(&mut table, "a"), place(&mut table, "b"));
    let named = |name, parts: &[Part], above: &[u64]| {
        let asked = ask(1, parts);
        Ask { above: above.to_vec(), who: Who { name, ..asked.who.clone() }, ..asked }
    };
    let left = granted(table.ask(named("left", &[(a, 1)], &[]), at(0)));
    let right = granted(table.ask(named("right", &[(b, 1)], &[]), at(0)));
    waits(table.ask(named("left_inner", &[(b, 1)], &[left]), at(0)));
    let Err(refusal) = table.ask(named("right_inner", &[(a, 1)], &[right]), at(0)) else {
        panic!("nobody in a circle may wait");
    };
    assert_eq!(
        refusal.to_string(),
        "`right_inner` waits for 1 of `a`, which `left` holds; `left` waits for `left_inner`; `left_inner` waits for 1 of \
         `b`, which `right` holds; `right` waits for `right_inner`, so all of them would wait for ever; take what belongs \
         together at once (`limits(a = 1, b = 1)` on the outer task), or raise one of the pools"
    );
}
