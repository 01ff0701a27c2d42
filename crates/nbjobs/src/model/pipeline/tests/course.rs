//! The course of executions as a property: whatever the graph, and whatever order its jobs end in and how, no step is
//! lost, none is doubled, and none waits for ever.

use super::super::*;
use super::{definition, variables, with_steps};
use jiff::{SignedDuration, Timestamp};
use proptest::prelude::*;
use proptest::sample::Index;
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet};

/// Steps of one generated definition at most.
const STEPS: usize = 12;
/// Attempts that the generated policies allow.
const ATTEMPTS_MAX: u32 = 3;

#[derive(Debug, Clone)]
struct Node {
    /// 0 to 6: a job; 7 and 8: a condition; 9: a Fail step.
    kind: u8,
    /// What a condition finds.
    outcome: bool,
    /// Picks among the steps before.
    depends_on: Vec<Index>,
    /// Picks the condition in whose branch it stands, among those before.
    branch: Option<(Index, bool)>,
}

fn node() -> impl Strategy<Value = Node> {
    let branch = prop::option::of((any::<Index>(), any::<bool>()));
    let depends_on = prop::collection::vec(any::<Index>(), 0..3);
    (0..10_u8, any::<bool>(), depends_on, branch).prop_map(|(kind, outcome, depends_on, branch)| {
        Node {
            kind,
            outcome,
            depends_on,
            branch,
        }
    })
}

fn name(i: usize) -> String {
    format!("s{i}")
}

/// The definition: each step depends only on steps before it that are not Fail steps.
fn built(nodes: &[Node]) -> Definition {
    let mut steps: Vec<Value> = Vec::new();
    let mut places: BTreeMap<usize, (usize, bool)> = BTreeMap::new();
    for (i, node) in nodes.iter().enumerate() {
        let before: Vec<usize> = (0..i).filter(|j| nodes[*j].kind != 9).collect();
        let conditions: Vec<usize> = (0..i).filter(|j| matches!(nodes[*j].kind, 7 | 8)).collect();
        let depends_on: BTreeSet<String> = node
            .depends_on
            .iter()
            .filter(|_| !before.is_empty())
            .map(|pick| name(*pick.get(&before)))
            .collect();
        let (kind, arguments) = match node.kind {
            0..7 => ("Training", json!({})),
            7 | 8 => (
                "Condition",
                json!({"Conditions": [{"Type": "Equals", "LeftValue": node.outcome, "RightValue": true}],
                    "IfSteps": [], "ElseSteps": []}),
            ),
            _ => ("Fail", json!({"ErrorMessage": "over"})),
        };
        steps.push(
            json!({"Name": name(i), "Type": kind, "Arguments": arguments, "DependsOn": depends_on}),
        );
        if let Some((pick, taken_if)) = node.branch.filter(|_| !conditions.is_empty()) {
            places.insert(i, (*pick.get(&conditions), taken_if));
        }
    }
    for (i, (condition, taken_if)) in places.iter().rev() {
        let step = steps[*i].take();
        let branch = if *taken_if { "IfSteps" } else { "ElseSteps" };
        steps[*condition]["Arguments"][branch]
            .as_array_mut()
            .unwrap()
            .push(step);
    }
    steps.retain(|step| !step.is_null());
    definition(&with_steps(json!(steps)))
}

/// An execution as the application keeps it.
struct Course<'a> {
    definition: &'a Definition,
    parallel: Option<usize>,
    selection: Option<&'a Selection>,
    states: Vec<StepState>,
    begins: BTreeMap<String, u32>,
    stopping: bool,
    now: Timestamp,
}

impl<'a> Course<'a> {
    fn new(definition: &'a Definition, parallel: Option<usize>) -> Self {
        Self {
            definition,
            parallel,
            selection: None,
            states: Vec::new(),
            begins: BTreeMap::new(),
            stopping: false,
            now: variables().started_at,
        }
    }

    fn state(&self, name: &str) -> Option<&StepState> {
        self.states.iter().find(|state| state.name == name)
    }

    fn set(&mut self, name: &str, status: StepStatus, outcome: Option<bool>) {
        self.states.retain(|state| state.name != name);
        self.states.push(StepState {
            name: name.into(),
            status,
            properties: Some(json!({})),
            outcome,
            retry_at: (status == StepStatus::Starting).then_some(self.now),
        });
    }

    fn advance(&self) -> Advance {
        let (variables, values, objects) = (variables(), Values::new(), JsonObjects::new());
        let run = Run {
            definition: self.definition,
            variables: &variables,
            parameters: &values,
            parallel_max: self.parallel,
            selection: self.selection,
            objects: &objects,
        };
        run.advance(&self.states, self.stopping, self.now)
    }

    fn eligible(&self, step: &Step) -> bool {
        let chosen = step.branch.as_ref().is_none_or(|branch| {
            self.state(&branch.condition).and_then(|s| s.outcome) == Some(branch.taken_if)
        });
        let succeeded = |name: &String| {
            self.state(name)
                .is_some_and(|s| s.status == StepStatus::Succeeded)
        };
        chosen
            && step.depends_on.iter().all(succeeded)
            && self.selection.is_none_or(|s| s.steps.contains(&step.name))
    }

    /// Does all that can be done without a job's end, and checks that nothing begins that must not.
    fn settle(&mut self) -> Result<ExecutionStatus, TestCaseError> {
        loop {
            let next = self.advance();
            prop_assert_eq!(&next, &self.advance(), "asked twice, it says the same");
            if next.halt {
                for state in &mut self.states {
                    match state.status {
                        StepStatus::Starting => state.status = StepStatus::Stopped,
                        StepStatus::Executing => state.status = StepStatus::Stopping,
                        _ => {}
                    }
                }
                continue;
            }
            if next.ready.is_empty() && next.ended.is_empty() {
                return Ok(next.status);
            }
            prop_assert!(!self.stopping, "it begins steps while it stops");
            let begun = next.ready.iter().map(|step| step.name.clone());
            let ended = next.ended.iter().map(|step| step.name.clone());
            for name in begun.chain(ended) {
                let own = self.state(&name).map(|state| state.status);
                prop_assert!(
                    matches!(own, None | Some(StepStatus::Starting)),
                    "{} is begun again",
                    name
                );
                let step = self.definition.step(&name).unwrap();
                prop_assert!(self.eligible(step), "{} begins too early", name);
                *self.begins.entry(name).or_default() += 1;
            }
            for step in &next.ready {
                self.set(&step.name, StepStatus::Executing, None);
            }
            for step in &next.ended {
                match step.ending {
                    Ending::Outcome(outcome) => {
                        self.set(&step.name, StepStatus::Succeeded, Some(outcome));
                    }
                    _ => self.set(&step.name, StepStatus::Failed, None),
                }
            }
            let running = self.running().len();
            prop_assert!(running <= self.parallel.unwrap_or(usize::MAX));
        }
    }

    fn running(&self) -> Vec<String> {
        let runs =
            |s: &&StepState| matches!(s.status, StepStatus::Executing | StepStatus::Stopping);
        self.states
            .iter()
            .filter(runs)
            .map(|s| s.name.clone())
            .collect()
    }

    /// Ends jobs, in the order and in the ways that `choices` say, until the execution has ended. `stop_at` is the
    /// number of ends after which it is stopped.
    fn run(
        &mut self,
        choices: &[(Index, u8)],
        stop_at: usize,
    ) -> Result<ExecutionStatus, TestCaseError> {
        for turn in 0..200 {
            let status = self.settle()?;
            let running = self.running();
            if status.is_final() {
                prop_assert!(running.is_empty());
                return Ok(status);
            }
            self.now += SignedDuration::from_secs(60);
            if turn == stop_at {
                self.stopping = true;
                for state in &mut self.states {
                    match state.status {
                        StepStatus::Starting => state.status = StepStatus::Stopped,
                        StepStatus::Executing => state.status = StepStatus::Stopping,
                        _ => {}
                    }
                }
            } else if running.is_empty() {
                // Only what waits for its next attempt is left; its time has come now.
                let waits = self.states.iter().any(|s| s.status == StepStatus::Starting);
                prop_assert!(waits, "it waits for nothing");
            } else {
                let (pick, ending) = &choices[turn % choices.len()];
                let name = pick.get(&running).clone();
                self.end(&name, *ending);
            }
        }
        Err(TestCaseError::fail("it never ends"))
    }

    fn end(&mut self, name: &str, ending: u8) {
        let is_stopping = self
            .state(name)
            .is_some_and(|s| s.status == StepStatus::Stopping);
        let status = match ending {
            _ if is_stopping => StepStatus::Stopped,
            0 => StepStatus::Failed,
            1 => StepStatus::Stopped,
            2 if self.begins[name] < ATTEMPTS_MAX => StepStatus::Starting,
            _ => StepStatus::Succeeded,
        };
        self.set(name, status, None);
    }

    fn check_end(&self, status: ExecutionStatus) -> Result<(), TestCaseError> {
        let has = |status| self.states.iter().any(|state| state.status == status);
        let halted = self.states.iter().any(|state| {
            state.status == StepStatus::Failed
                && self.definition.step(&state.name).unwrap().action.is_fail()
        });
        for step in self
            .definition
            .steps
            .iter()
            .filter(|_| !self.stopping && !halted)
        {
            prop_assert!(
                self.state(&step.name).is_some() || !self.eligible(step),
                "{} is lost",
                step.name
            );
        }
        let expected = match status {
            _ if self.stopping => ExecutionStatus::Stopped,
            _ if has(StepStatus::Failed) => ExecutionStatus::Failed,
            _ if has(StepStatus::Stopped) => ExecutionStatus::Stopped,
            _ => ExecutionStatus::Succeeded,
        };
        prop_assert_eq!(status, expected);
        Ok(())
    }
}

proptest! {
    #[test]
    fn every_graph_runs_to_its_end(
        nodes in prop::collection::vec(node(), 1..STEPS),
        parallel in prop::option::of(1..4_usize),
        choices in prop::collection::vec((any::<Index>(), 0..10_u8), 1..30),
        stop_at in 0..40_usize,
        selected in prop::collection::vec(any::<bool>(), STEPS),
    ) {
        let definition = built(&nodes);
        let mut course = Course::new(&definition, parallel);
        let status = course.run(&choices, stop_at)?;
        course.check_end(status)?;
        let before = course.states.clone();

        // Repaired: only what failed, was stopped or never began runs.
        if status != ExecutionStatus::Succeeded {
            let done: BTreeSet<String> = before.iter()
                .filter(|state| state.status == StepStatus::Succeeded)
                .map(|state| state.name.clone())
                .collect();
            (course.stopping, course.begins) = (false, BTreeMap::new());
            let well: Vec<(Index, u8)> = choices.iter().map(|(pick, _)| (*pick, 9)).collect();
            let open: Vec<String> = before.iter().map(|s| s.name.clone()).filter(|name| !done.contains(name)).collect();
            for name in open {
                course.set(&name, StepStatus::Starting, None);
            }
            let repaired = course.run(&well, usize::MAX)?;
            course.check_end(repaired)?;
            prop_assert!(course.begins.keys().all(|name| !done.contains(name)), "what succeeded runs again");
            let halted = course.states.iter().any(|s| definition.step(&s.name).unwrap().action.is_fail());
            prop_assert!(halted || repaired == ExecutionStatus::Succeeded, "{:?}", course.states);
        }

        // Selective: only the selected steps run, with what they need of the first run.
        let steps: BTreeSet<String> = definition.steps.iter().zip(selected).filter(|(_, is)| *is)
            .map(|(step, _)| step.name.clone()).collect();
        let selection = Selection { steps, source: Some("first".into()) };
        let done: Vec<Done<'_>> = before.iter()
            .map(|s| Done { name: &s.name, status: s.status, outcome: s.outcome }).collect();
        if let Ok(taken) = selection.taken_over(&definition, &done) {
            let mut course = Course::new(&definition, parallel);
            course.selection = Some(&selection);
            course.states = before.iter().filter(|s| taken.contains(s.name.as_str())).cloned().collect();
            let status = course.run(&choices, stop_at)?;
            course.check_end(status)?;
            prop_assert!(course.begins.keys().all(|name| selection.steps.contains(name)));
        }
    }
}
