//! Laws of recovering data that was deleted or spoiled by mistake.

use std::collections::BTreeMap;

use audit_core::model::{Role, Suffix};
use audit_core::recovery::{
    CopyForm, Fault, Obstacle, Procedure, RestorePoint, Situation, Whereabouts, plan,
};
use audit_core::time::Timestamp;
use quickcheck::{Arbitrary, Gen};
use tests::generate::Plan;

const FORMS: [CopyForm; 3] = [CopyForm::Snapshot, CopyForm::Full, CopyForm::Data];

/// A copy of a server with all its roles, that nothing speaks against.
fn copy(situation: &Situation, number: usize, g: &mut Gen) -> RestorePoint {
    let hosts: Vec<_> = situation.members.keys().cloned().collect();
    let host = g.choose(&hosts).expect("a member").clone();
    let roles = situation.members.get(&host).map(|replica| {
        let holds = |role| replica.roles.get(&role).is_some_and(|status| status.holds_data());
        Role::ALL.into_iter().map(|role| (role, holds(role))).collect()
    });
    RestorePoint {
        id: format!("copy-{number}"),
        form: *g.choose(&FORMS).expect("a form"),
        host: Some(host),
        taken_at: Timestamp::from_unix_seconds(1_790_000_000 + i64::from(u16::arbitrary(g))),
        roles: roles.unwrap_or_default(),
        whereabouts: Whereabouts::Unknown,
        key: None,
        key_locations: None,
        reach: BTreeMap::new(),
        path: None,
        variant: None,
        obstacles: Vec::new(),
        doubts: Vec::new(),
    }
}

/// Whatever is done, at its end nobody serves damaged data, every server runs, and all replicate.
#[test]
fn a_runbook_leaves_no_server_with_damaged_data() {
    let mut g = Gen::from_size_and_seed(40, 12);
    let mut performed: BTreeMap<Procedure, u32> = BTreeMap::new();
    let mut hopeless = 0;
    for _ in 0..1600 {
        let files = Plan::arbitrary(&mut g).as_everything();
        let Ok(mut state) = Situation::of(&tests::import(&files).deployment) else { continue };
        let Some(on) = g.choose(&state.members.keys().cloned().collect::<Vec<_>>()).cloned() else {
            continue;
        };
        state.copies.points =
            (0..usize::arbitrary(&mut g) % 3).map(|number| copy(&state, number, &mut g)).collect();
        state.copies.is_complete = true;
        let is_known = bool::arbitrary(&mut g);
        let fault = if is_known { Fault::DeleteKnown(on) } else { Fault::DeleteUnknown(on) };
        assert!(state.inject(&fault));
        let found = state.damage.as_ref().map_or(0, |damage| damage.on.len());
        assert!(found > 0, "{fault}");
        let count = state.members.len();
        let runbook = match plan(&state) {
            Ok(runbook) => runbook,
            Err(Obstacle::Impossible { reasons, .. }) => {
                // Every server and every copy has its reason.
                let count = state.members.len() + state.copies.points.len();
                assert_eq!(reasons.len(), count, "{fault}: {reasons:?}");
                hopeless += 1;
                continue;
            }
            Err(other) => panic!("{fault}: {other:?}"),
        };
        *performed.entry(runbook.procedure).or_default() += 1;
        for step in &runbook.steps {
            let done = state.step(&step.action);
            assert_eq!(done, Ok(()), "{fault}: {:?} of {runbook:#?}", step.action);
        }
        let running = state.running();
        if let Some(damage) = &state.damage {
            let left: Vec<_> = running.iter().filter(|name| damage.on.contains(**name)).collect();
            assert!(left.is_empty(), "{fault}: {left:?} of {runbook:#?}");
        }
        assert_eq!(running.len(), count, "{fault}: {runbook:#?}");
        // Adding entries changes no topology; everything else ends in one piece.
        let pieces = state.islands(Suffix::Domain).len();
        assert!(
            pieces <= 1 || runbook.procedure == Procedure::AddLostEntries,
            "{fault}: {pieces} of {runbook:#?}"
        );
    }
    for procedure in [
        Procedure::AbandonDamagedServers,
        Procedure::AddLostEntries,
        Procedure::RestoreDataEverywhere,
        Procedure::ParallelEnvironment,
    ] {
        let count = performed.get(&procedure).copied().unwrap_or(0);
        assert!(count >= 50, "{} performed {count} times: {performed:?}", procedure.name());
    }
    assert!(hopeless >= 50, "{hopeless}: {performed:?}");
}
