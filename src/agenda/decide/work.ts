import type { ContinueWork } from '../command.ts';
import type { RulesView } from '../view.ts';
import { continueWork as continueFollowing } from './appointments/follow-group.ts';
import { refuse } from './decision.ts';
import type { DecideContext, Decision } from './decision.ts';

/**
 * The next slice of work. Proposed by who leads, and perhaps twice around a change of leader: what is done
 * already is done. Nobody who logs in may.
 */
export function continueWork(
  view: RulesView,
  body: ContinueWork,
  context: DecideContext,
): Decision {
  if (context.by !== null) {
    return refuse({ code: 'forbidden', detail: 'The replicas continue their work themselves.' });
  }
  const work = view.workByKey(body.work_key);
  if (work !== null) return continueFollowing(view, work, context);
  return {
    kind: 'done',
    changes: [],
    answer: { kind: 'work', key: body.work_key, version: 1 },
    consequences: [],
    events: [],
  };
}
