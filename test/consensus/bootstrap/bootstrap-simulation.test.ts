import { describe, expect, test } from '@jest/globals';
import { seededPrng } from '../../../src/base/prng.ts';
import { calm, disturb } from './disturb.ts';
import { BootstrapSimulation } from './simulation.ts';

const seven = nodeIds(7);
const STABLE_TICKS = 6_000;

function nodeIds(count: number): readonly string[] {
  return Array.from({ length: count }, (_, index) => `agenda-${index + 1}`);
}

function shuffled(node_ids: readonly string[], seed: number): readonly string[] {
  const prng = seededPrng(seed);
  return node_ids
    .map((node_id) => ({ node_id, key: prng.below(1_000_000) }))
    .sort((one, other) => one.key - other.key)
    .map(({ node_id }) => node_id);
}

describe('bootstrap under a seeded scheduler', () => {
  test('scenario 12: seven empty nodes in any order, started twice, form one cluster', () => {
    for (let seed = 1; seed <= 40; seed += 1) {
      const simulation = new BootstrapSimulation({ seed, node_ids: seven });
      for (const node_id of shuffled(seven, seed)) {
        simulation.start(node_id);
        simulation.run(seed * 3);
      }
      for (const node_id of shuffled(seven, seed + 1)) {
        simulation.crash(node_id);
        simulation.run(seed);
        simulation.start(node_id);
      }
      expect(simulation.runUntil(() => simulation.allFormed(), STABLE_TICKS)).toBe(true);
      expect(simulation.clusterIds()).toHaveLength(1);
      expect(simulation.writtenClusterIds()).toEqual(simulation.clusterIds());
    }
  });

  test('scenario 12: two halves form nothing until they meet', () => {
    for (let seed = 1; seed <= 20; seed += 1) {
      const simulation = new BootstrapSimulation({ seed, node_ids: seven });
      const half = new Set(seven.slice(0, 3 + (seed % 2)));
      simulation.linked = (from, to) => half.has(from) === half.has(to);
      for (const node_id of seven) simulation.start(node_id);
      simulation.run(1_000);
      expect(simulation.writtenClusterIds()).toEqual([]);
      calm(simulation, seven);
      expect(simulation.runUntil(() => simulation.allFormed(), STABLE_TICKS)).toBe(true);
    }
  });

  test('scenario 12: a missing member is waited for', () => {
    const simulation = new BootstrapSimulation({ seed: 5, node_ids: seven });
    for (const node_id of seven.slice(0, 6)) simulation.start(node_id);
    simulation.run(3_000);
    expect(simulation.writtenClusterIds()).toEqual([]);
    expect(simulation.lastStep('agenda-1')).toMatchObject({ kind: 'wait', nodes: ['agenda-7'] });
  });

  test('scenario 12: crashes, lost and doubled messages, partitions: one cluster, always', () => {
    for (let seed = 1; seed <= 60; seed += 1) {
      const node_ids = nodeIds([1, 2, 3, 5, 7][seed % 5] ?? 3);
      const simulation = new BootstrapSimulation({ seed, node_ids });
      disturb(simulation, { seed, node_ids, rounds: 25, wipes: 0 });
      calm(simulation, node_ids);
      const formed = simulation.runUntil(() => simulation.allFormed(), STABLE_TICKS);
      expect({ seed, formed }).toEqual({ seed, formed: true });
      expect(simulation.clusterIds()).toHaveLength(1);
    }
  });

  test('scenario 13: one disk lost at any moment: one cluster, always', () => {
    let wiped_runs = 0;
    for (let seed = 1; seed <= 120; seed += 1) {
      const members = nodeIds([3, 3, 5, 7][seed % 4] ?? 3);
      const newcomer = `agenda-${members.length + 1}`;
      const node_ids = [...members, newcomer];
      const simulation = new BootstrapSimulation({
        seed,
        node_ids,
        wanted_by: (node_id) => (node_id === newcomer ? node_ids : members),
      });
      const { wiped } = disturb(simulation, { seed, node_ids, rounds: 12, wipes: 1 });
      wiped_runs += wiped;
      calm(simulation, node_ids);
      const formed = simulation.runUntil(() => simulation.allFormed(), STABLE_TICKS);
      expect({ seed, formed }).toEqual({ seed, formed: true });
      expect(simulation.clusterIds()).toHaveLength(1);
    }
    expect(wiped_runs).toBeGreaterThan(80);
  });

  test('scenario 13: while one disk is left, lost disks never make a second cluster', () => {
    for (let seed = 1; seed <= 120; seed += 1) {
      const node_ids = nodeIds([2, 3, 3, 5][seed % 4] ?? 3);
      const simulation = new BootstrapSimulation({ seed, node_ids });
      const spared = node_ids.at(-1 - (seed % 2)) ?? '';
      disturb(simulation, { seed, node_ids, rounds: 20, wipes: 6, spared });
      calm(simulation, node_ids);
      simulation.runUntil(() => simulation.allFormed(), 1_000);
      expect(simulation.clusterIds().length).toBeLessThanOrEqual(1);
    }
  });

  test('scenario 12: an old node among new ones: they join it and form nothing', () => {
    for (let seed = 1; seed <= 30; seed += 1) {
      const simulation = new BootstrapSimulation({ seed, node_ids: seven });
      simulation.age(`agenda-${1 + (seed % 7)}`, 'c-old');
      for (const node_id of shuffled(seven, seed)) simulation.start(node_id);
      expect(simulation.runUntil(() => simulation.allFormed(), STABLE_TICKS)).toBe(true);
      expect(simulation.clusterIds()).toEqual(['c-old']);
    }
  });

  test('scenario 12: an old node that shows up after the proposal: it is withdrawn', () => {
    for (let seed = 1; seed <= 30; seed += 1) {
      const simulation = new BootstrapSimulation({
        seed,
        node_ids: [...seven, 'agenda-8'],
        wanted_by: (node_id) => (node_id === 'agenda-8' ? ['agenda-8'] : seven),
      });
      simulation.age('agenda-8', 'c-old');
      for (const node_id of seven) simulation.start(node_id);
      simulation.runUntil(() => simulation.disk('agenda-3').promise !== null, STABLE_TICKS);
      simulation.crash('agenda-7');
      simulation.start('agenda-8');
      simulation.run(600);
      simulation.start('agenda-7');
      expect(simulation.runUntil(() => simulation.allFormed(), STABLE_TICKS)).toBe(true);
      expect(simulation.clusterIds()).toEqual(['c-old']);
    }
  });

  test('scenario 12: CLUSTER_MEMBERS that disagree never make two clusters', () => {
    for (let seed = 1; seed <= 40; seed += 1) {
      const node_ids = nodeIds(5);
      const simulation = new BootstrapSimulation({
        seed,
        node_ids,
        wanted_by: (node_id) => {
          const is_first = Number(node_id.slice('agenda-'.length)) <= 2;
          if (seed % 2 === 0) return is_first || node_id === 'agenda-3' ? nodeIds(3) : node_ids;
          return is_first ? node_ids : node_ids.slice(2);
        },
      });
      disturb(simulation, { seed, node_ids, rounds: 20, wipes: 0 });
      calm(simulation, node_ids);
      const formed = simulation.runUntil(() => simulation.allFormed(), STABLE_TICKS);
      expect({ seed, formed }).toEqual({ seed, formed: true });
      expect(simulation.clusterIds()).toHaveLength(1);
    }
  });
});
