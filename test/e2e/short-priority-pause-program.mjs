// A replica that may give leadership away for `LEADER_PRIORITY` every two seconds, instead of every minute.
import { limits } from '../../dist/limits.js';

limits.leader_priority_pause_ms = 2_000;
const { runReplica } = await import('../../dist/run-replica.js');
await runReplica(process.env);
