import { parseArgs } from 'node:util';
import { unreachable } from '../base/assert.ts';
import { audit_answer, VERIFY_AUDIT_PATH } from '../discovery/operations/audit-wire.ts';
import type { AuditAnswer } from '../discovery/operations/audit-wire.ts';
import { limits } from '../limits.ts';
import { auditVerdictOf, describeAudit } from './audit/describe-audit.ts';
import { askAtOneIndex, WAIT_MS } from './check/ask-at-one-index.ts';
import { EXIT_DONE, EXIT_NOT_KNOWN, EXIT_REFUSED } from './operator/run-operator-command.ts';
import { runOperatorCommand } from './operator/run-operator-command.ts';
import type { CliEnvironment } from './operator/settings.ts';

/** Verifies the audit of every replica; the exit code: 0 sound, 1 something is wrong, 2 it cannot be told. */
export async function runAuditCommand(
  words: readonly string[],
  env: CliEnvironment,
): Promise<number> {
  let at: string | undefined;
  try {
    const parsed = parseArgs({
      args: [...words],
      options: { at: { type: 'string' } },
      allowPositionals: true,
    });
    if (parsed.positionals.join(' ') !== 'verify') throw new Error('it should be `audit verify`');
    at = parsed.values.at;
  } catch (error) {
    console.error(`agenda audit: ${error instanceof Error ? error.message : String(error)}`);
    return EXIT_NOT_KNOWN;
  }
  return runOperatorCommand('audit', env, at, async (client, settings) => {
    const asked = await askAtOneIndex<AuditAnswer>(client, settings.at, {
      of_the_moment: true,
      busy_with: 'verifying its audit',
      ask: (address, member, question) =>
        client.call(
          address,
          member,
          VERIFY_AUDIT_PATH,
          question,
          audit_answer,
          WAIT_MS + limits.operator_call_timeout_ms,
        ),
    });
    const verdict = auditVerdictOf(asked);
    console.log(describeAudit(asked, verdict));
    switch (verdict) {
      case 'sound':
        return EXIT_DONE;
      case 'wrong':
        return EXIT_REFUSED;
      case 'unknown':
        return EXIT_NOT_KNOWN;
      default:
        return unreachable(verdict);
    }
  });
}
