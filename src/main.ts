import { runReplica } from './run-replica.ts';

await runReplica(process.env);
