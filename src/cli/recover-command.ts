import { createInterface } from 'node:readline/promises';
import { parseArgs } from 'node:util';
import { must } from '../base/assert.ts';
import { planRecovery } from '../consensus/recovery/plan-recovery.ts';
import { EXIT_DONE, EXIT_NOT_KNOWN, EXIT_REFUSED } from './operator/run-operator-command.ts';
import { CommandError } from './operator/settings.ts';
import { describePlan, describeSurvivors, explainRefusal } from './recover/describe-recovery.ts';
import { openSurvivor } from './recover/survivor-directory.ts';
import type { SurvivorDirectory } from './recover/survivor-directory.ts';

interface RecoverOptions {
  readonly data: readonly string[];
  /** Survivors whose disks are elsewhere. */
  readonly others: readonly string[];
  readonly yes: boolean;
  readonly show: boolean;
}

/** Makes the survivors of a lost majority a cluster again; the exit code: 1 when nothing was changed. */
export async function runRecoverCommand(words: readonly string[]): Promise<number> {
  const directories: SurvivorDirectory[] = [];
  try {
    const options = parseOptions(words);
    for (const path of options.data) directories.push(openSurvivor(path));
    return await recover(options, directories);
  } catch (error) {
    if (!(error instanceof CommandError)) throw error;
    console.error(`agenda recover: ${error.message}`);
    return EXIT_NOT_KNOWN;
  } finally {
    for (const directory of directories) directory.close();
  }
}

function parseOptions(words: readonly string[]): RecoverOptions {
  try {
    const { values } = parseArgs({
      args: [...words],
      options: {
        data: { type: 'string', multiple: true, default: [] },
        survivor: { type: 'string', multiple: true, default: [] },
        yes: { type: 'boolean', default: false },
        show: { type: 'boolean', default: false },
      },
    });
    if (values.data.length === 0) throw new Error('--data should be the DATA_DIR of a survivor');
    return { ...values, others: values.survivor };
  } catch (error) {
    throw new CommandError(error instanceof Error ? error.message : String(error));
  }
}

async function recover(
  options: RecoverOptions,
  directories: readonly SurvivorDirectory[],
): Promise<number> {
  console.log(describeSurvivors(directories));
  console.log('');
  const planned = planRecovery(
    directories.map(({ survivor }) => survivor),
    options.others,
  );
  if (!planned.ok) {
    console.error(`agenda recover: ${explainRefusal(planned.error)}.`);
    return EXIT_REFUSED;
  }
  const plan = planned.value;
  console.log(describePlan(plan));
  if (options.show) return EXIT_DONE;
  if (!options.yes && !(await isConfirmed(plan.configuration.cluster_id))) {
    console.log('\n  Nothing was changed.');
    return EXIT_REFUSED;
  }
  const chosen = directories.find(({ survivor }) => survivor === plan.chosen);
  must(chosen, 'the chosen one is among those given').recover(plan);
  console.log(
    `\n  Written to ${plan.chosen.member.node_id}. Now start ` +
      `${plan.configuration.voters.map(({ node_id }) => node_id).join(', ')} as before. ` +
      'See them with `agenda status`, compare them with `agenda check --deep`.',
  );
  return EXIT_DONE;
}

async function isConfirmed(cluster_id: string): Promise<boolean> {
  const terminal = createInterface({ input: process.stdin, output: process.stdout });
  const ended = new Promise<string>((resolve) => terminal.once('close', () => resolve('')));
  const asked = terminal.question('\n  This cannot be undone. Type yes, or the cluster id: ');
  const answer = (await Promise.race([asked, ended])).trim();
  terminal.close();
  return answer === 'yes' || answer === cluster_id;
}
