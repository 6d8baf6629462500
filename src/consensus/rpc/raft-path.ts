import type { Request } from '../raft/message.ts';

/** Where each kind of message goes. */
export const RAFT_PATHS: Readonly<Record<Request['kind'], string>> = {
  vote: '/raft/request-vote',
  append: '/raft/append-entries',
  heartbeat: '/raft/append-entries',
  read_index: '/raft/read-index',
  install_snapshot: '/raft/install-snapshot',
  timeout_now: '/raft/transfer',
};
