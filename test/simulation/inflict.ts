import { must, unreachable } from '../../src/base/assert.ts';
import { seededPrng } from '../../src/base/prng.ts';
import type { Prng } from '../../src/base/prng.ts';
import { FAIR_WEATHER } from '../support/weather.ts';
import type { Weather } from '../support/weather.ts';
import type { Fault } from './fault.ts';
import type { Network } from './network.ts';
import type { Operator } from './operator.ts';
import { ELECTION_TIMEOUT_MS } from './replica.ts';
import type { SimulatedReplica } from './replica.ts';

/** What a fault can reach. */
export interface FaultWorld {
  readonly replicas: readonly SimulatedReplica[];
  readonly network: Network;
  readonly operator: Operator;
  /** Ends early when the time of faults is over. */
  readonly after: (delay_ms: number, callback: () => void) => void;
}

/** What one fault needs: the world, its own choices, and how long it lasts. */
interface Scene extends FaultWorld {
  readonly prng: Prng;
  readonly lasts_ms: number;
  readonly victim: SimulatedReplica;
  /** The one that leads, or thinks so; any when nobody does. */
  readonly leader: SimulatedReplica;
}

/** Lets one fault happen, and arranges that it mends itself. False: there was nothing to do it to. */
export function inflict(world: FaultWorld, fault: Fault): boolean {
  const prng = seededPrng(fault.seed);
  const { replicas } = world;
  const victim = must(replicas[prng.below(replicas.length)], 'a victim');
  const leader = leaderOf(replicas) ?? victim;
  return begin({ ...world, prng, lasts_ms: fault.lasts_ms, victim, leader }, fault);
}

function begin(scene: Scene, { kind }: Fault): boolean {
  const { prng, victim, leader, replicas } = scene;
  switch (kind) {
    case 'kill':
      return down(scene, [victim], (one) => one.kill());
    case 'kill_leader':
      return down(scene, [leader], (one) => one.kill());
    case 'kill_all':
      return down(scene, replicas, (one) => one.kill());
    case 'cut_power':
      return down(scene, [prng.below(2) === 0 ? leader : victim], (one) => one.cutPower());
    case 'cut_power_of_all':
      return down(scene, replicas, (one) => one.cutPower());
    case 'lose_state':
      return scene.operator.mayLose(victim) ? down(scene, [victim], loseState) : false;
    case 'damage_log':
      return damageLog(scene);
    case 'wipe':
      return scene.operator.mayLose(victim) ? down(scene, [victim], wipe) : false;
    case 'transfer':
      return scene.operator.transfer(prng.below(2) === 0 ? null : victim);
    case 'remove_and_replace':
      return removeAndReplace(scene);
    case 'demote':
      return demote(scene);
    case 'stop':
      return stop(scene, victim);
    case 'stop_leader':
      return stop(scene, leader);
    case 'cut_link':
      return cut(scene, prng.below(2) === 0 ? [[leader, victim]] : [[victim, leader]]);
    case 'cut_off_leader':
      // For longer than an election takes: who still hears it must not wait for it in vain.
      return cutOff({ ...scene, lasts_ms: 4 * ELECTION_TIMEOUT_MS + scene.lasts_ms }, leader);
    case 'partition':
      return cut(scene, partition(scene));
    case 'storm':
      return storm(scene);
    case 'slow_disk':
      return slowDisk(scene);
    case 'stall_disk':
      return stall(scene, [victim]);
    case 'stall_leaders_disk':
      return stall(scene, [leader]);
    case 'break_disk':
      return breakDisk(scene);
    case 'low_disk':
      return lowDisk(scene);
    case 'jump_clock':
      victim.wall_clock_offset_ms += prng.below(7_200_000) - 3_600_000;
      return true;
    case 'leaders_fall_in_turn':
      return leadersFallInTurn(scene, 8);
    case 'old_leader_reads':
      return oldLeaderReads(scene);
    case 'minority_on_stalled_disks':
      return minorityOnStalledDisks(scene);
    default:
      return unreachable(kind);
  }
}

type Links = readonly (readonly [SimulatedReplica, SimulatedReplica])[];

function leaderOf(replicas: readonly SimulatedReplica[]): SimulatedReplica | null {
  const leaders = replicas.filter((one) => one.life?.group.state.role === 'leader');
  return (
    leaders.toSorted(
      (one, other) => (other.life?.group.state.term ?? 0) - (one.life?.group.state.term ?? 0),
    )[0] ?? null
  );
}

/** They come back one after the other. */
function down(
  { after, lasts_ms, prng }: Scene,
  victims: readonly SimulatedReplica[],
  fell: (victim: SimulatedReplica) => void,
): boolean {
  const happened = victims.some((victim) => victim.is_up);
  for (const victim of victims) {
    fell(victim);
    after(lasts_ms + prng.below(300), () => victim.start());
  }
  return happened;
}

function loseState(victim: SimulatedReplica): void {
  victim.kill();
  victim.loseState();
}

/** For a moment only, and where the others keep enough: an entry that all have cut cannot be fetched. */
function damageLog(scene: Scene): boolean {
  const { operator, victim, prng } = scene;
  if (!operator.mayLose(victim) || victim.kept_entries < 80) return false;
  return down({ ...scene, lasts_ms: 200 }, [victim], () => {
    victim.kill();
    victim.damageLog(prng);
  });
}

function wipe(victim: SimulatedReplica): void {
  victim.kill();
  victim.wipe();
}

/** It is taken out; when that is so, it comes back with empty disks as somebody else. */
function removeAndReplace({ operator, victim, after, lasts_ms }: Scene): boolean {
  const is_asked = operator.remove(victim);
  after(lasts_ms, () => {
    if (!operator.isRemoved(victim)) return;
    wipe(victim);
    victim.start();
  });
  return is_asked;
}

/** A voter becomes a learner, the leader too; later as many voters are wanted as before. */
function demote({ operator, victim, after, lasts_ms }: Scene): boolean {
  const is_asked = operator.demote(victim);
  after(lasts_ms, () => operator.wantAllVoters());
  return is_asked;
}

function stop({ after, lasts_ms }: Scene, victim: SimulatedReplica): boolean {
  const happened = victim.is_up && !victim.is_stopped;
  victim.stop();
  after(lasts_ms, () => victim.goOn());
  return happened;
}

function cut({ network, after, lasts_ms }: Scene, links: Links): boolean {
  const real = links.filter(([from, to]) => from !== to);
  const mends = real.map(([from, to]) => network.cut(from.member.node_id, to.member.node_id));
  after(lasts_ms, () => {
    for (const mend of mends) mend();
  });
  return real.length > 0;
}

function cutOff(scene: Scene, victim: SimulatedReplica): boolean {
  const others = scene.replicas.filter((one) => one !== victim);
  const outward = others.map((other) => [victim, other] as const);
  const inward = others.map((other) => [other, victim] as const);
  const ways = [outward, inward, [...outward, ...inward]];
  return cut(scene, must(ways[scene.prng.below(ways.length)], 'a way to cut'));
}

function partition({ replicas, prng }: Scene): Links {
  const side = new Set(replicas.filter(() => prng.below(2) === 0));
  return replicas.flatMap((one) =>
    replicas
      .filter((other) => side.has(one) !== side.has(other))
      .map((other) => [one, other] as const),
  );
}

function storm({ network, after, lasts_ms, prng }: Scene): boolean {
  const weather: Weather = {
    delay_ms_max: 1 + prng.below(prng.below(4) === 0 ? 300 : 40),
    drop_percent: prng.below(prng.below(3) === 0 ? 40 : 8),
    straggler_percent: prng.below(prng.below(3) === 0 ? 30 : 3),
    duplicate_percent: prng.below(40),
    disk_ms_max: 0,
  };
  network.weather = weather;
  after(lasts_ms, () => {
    if (network.weather === weather) network.weather = FAIR_WEATHER;
  });
  return true;
}

function slowDisk({ victim, prng, after, lasts_ms }: Scene): boolean {
  const usual_ms = victim.disk_ms_max;
  victim.disk_ms_max = 20 + prng.below(400);
  after(lasts_ms, () => {
    victim.disk_ms_max = usual_ms;
  });
  return true;
}

function stall({ after, lasts_ms }: Scene, victims: readonly SimulatedReplica[]): boolean {
  for (const victim of victims) {
    const { log } = victim;
    log.stall();
    after(lasts_ms, () => log.resume());
  }
  return true;
}

/** The process ends when it hears of it; it comes back with another disk controller, so to speak. */
function breakDisk({ victim, after, lasts_ms }: Scene): boolean {
  victim.log.fail();
  after(lasts_ms, () => {
    if (victim.is_up) victim.kill();
    victim.start();
  });
  return victim.is_up;
}

/** Short of space, it lets others lead, and takes no commands. */
function lowDisk({ leader, victim, prng, after, lasts_ms }: Scene): boolean {
  const { life } = prng.below(2) === 0 ? leader : victim;
  if (life === null) return false;
  life.process.run(() => life.group.setDiskLow(true));
  after(lasts_ms, () => life.process.run(() => life.group.setDiskLow(false)));
  return true;
}

/** Each leader is gone before its first entry is with a majority (scenario 5, Figure 8). */
function leadersFallInTurn(scene: Scene, times: number): boolean {
  const { replicas, after, prng } = scene;
  const leader = leaderOf(replicas);
  if (times === 0) return true;
  if (leader !== null && prng.below(3) > 0) {
    leader.kill();
    after(500 + prng.below(2 * ELECTION_TIMEOUT_MS), () => leader.start());
  }
  after(20 + prng.below(leader === null ? 200 : 40), () => {
    leadersFallInTurn(scene, times - 1);
  });
  return true;
}

/** A leader is stopped and cut off; it goes on, and is asked, while another commits (scenario 9). */
function oldLeaderReads(scene: Scene): boolean {
  const { leader, after } = scene;
  leader.stop();
  cut({ ...scene, lasts_ms: 4 * ELECTION_TIMEOUT_MS }, linksOf(scene, leader));
  after(3 * ELECTION_TIMEOUT_MS, () => leader.goOn());
  return leader.is_up;
}

/** A minority keeps entries that nobody else has, on disks that hang; then the cut is mended. */
function minorityOnStalledDisks(scene: Scene): boolean {
  const { leader, replicas, prng } = scene;
  const others = replicas.filter((one) => one !== leader);
  const side_max = Math.floor((replicas.length - 1) / 2);
  const side = new Set([leader]);
  while (side.size < side_max && prng.below(3) > 0) {
    side.add(must(others[prng.below(others.length)], 'another one'));
  }
  const links = [...side].flatMap((one) =>
    linksOf(scene, one).filter(([from, to]) => side.has(from) !== side.has(to)),
  );
  stall({ ...scene, lasts_ms: 2 * ELECTION_TIMEOUT_MS + scene.lasts_ms }, [...side]);
  return cut({ ...scene, lasts_ms: 2 * ELECTION_TIMEOUT_MS }, links);
}

function linksOf({ replicas }: Scene, victim: SimulatedReplica): Links {
  return replicas
    .filter((one) => one !== victim)
    .flatMap((other) => [[victim, other] as const, [other, victim] as const]);
}
