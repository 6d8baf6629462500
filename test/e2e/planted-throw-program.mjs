// A replica whose rule for creating appointments has a planted defect: a certain title makes it throw.
import { decide } from '../../dist/agenda/decide/decide.js';
import { runReplica } from '../../dist/run-replica.js';

await runReplica(process.env, {
  decide(view, body, context) {
    if (body.kind === 'appointment.create' && body.title === 'planted throw') {
      throw new Error('a planted defect');
    }
    return decide(view, body, context);
  },
});
