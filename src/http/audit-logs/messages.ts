import type { CommandKind, Consequence } from '../../agenda/command.ts';
import type { NodeAction } from '../../agenda/node-event.ts';

/** What leaves a row of its own. */
type Action =
  Exclude<CommandKind, Consequence['kind'] | 'audit.append'> | 'command.failed' | NodeAction;

/** What each action means, in a sentence. An action that is missing is refused by the compiler. */
const messages: Readonly<Record<Action, string>> = {
  'user.register': 'Somebody registered.',
  'user.update_profile': 'A person changed their profile.',
  'user.change_password': 'A person changed their password; all their sessions ended.',
  'user.log_out': 'A person logged out; all their sessions ended.',
  'user.log_in': 'A person logged in.',
  'user.log_in_failed': 'A log-in was refused: the name or the password was wrong.',
  'appointment.create': 'An appointment was made.',
  'appointment.update': 'An appointment was changed.',
  'appointment.cancel': 'An appointment was cancelled.',
  'appointment.restore': 'A cancelled appointment was restored.',
  'appointment.answer': 'An invitation was answered.',
  'appointment.object': 'Somebody objected to an appointment.',
  'appointment.propose': 'Another time was proposed.',
  'appointment.accept_proposal': 'A proposed time was accepted.',
  'appointment.reject_proposal': 'A proposed time was rejected.',
  'appointment.release': 'Somebody was released from an appointment.',
  'group.create': 'A group was made.',
  'group.update': 'A group was changed.',
  'group.delete': 'A group was deleted.',
  'group.add_member': 'Somebody was added to a group.',
  'group.change_rank': 'The rank of a member was changed.',
  'group.remove_member': 'Somebody left a group, or was removed from it.',
  'group.hand_over': 'A group was handed over.',
  'notification.read': 'A notification was read.',
  'notification.read_all': 'All notifications were read.',
  'post.create': 'Something was posted.',
  'post.delete': 'A post was deleted.',
  'work.continue': 'Work that was too much for one command went on.',
  'command.failed': 'A command was refused by a defect of the program; nothing was changed.',
  'request.refused': 'A request was refused.',
  'raft.election_started': 'The replica asked for votes.',
  'raft.election_won': 'The replica was elected and leads.',
  'raft.election_lost': 'The replica was not elected.',
  'raft.stepped_down': 'The replica no longer leads.',
  'raft.leader_changed': 'The replica follows another leader.',
  'raft.transfer_ended': 'A transfer of leadership ended.',
  'raft.configuration_changed': 'Other members vote or learn.',
  'raft.snapshot_sent': 'A replica was brought up by a snapshot.',
  'raft.snapshot_installed': 'The state was replaced by a snapshot.',
  'raft.snapshot_failed': 'A snapshot failed; it is tried again.',
  'replica.started': 'The replica was started.',
  'replica.joined': 'The replica belongs to the cluster and is up to date for the first time.',
  'replica.rejoined': 'The replica is up to date again after a start.',
  'replica.stopping': 'The replica was told to stop.',
  'replica.state_differs': 'Replicas have another state, and no majority agrees on one.',
  'replica.state_diverged': 'A majority has another state; the replica stopped.',
  'replica.state_rebuilt': 'The state was set aside and is built again from the log.',
  'replica.recovered': 'An operator made the survivors a cluster of their own.',
  'cluster.message_refused': 'A message from another replica was refused.',
  'audit.gap': 'There was no room for so many events; the payload says how many of each.',
};

/** A newer program may know more. */
export function messageOf(action: string): string {
  const known = messages as Readonly<Record<string, string | undefined>>;
  return known[action] ?? action;
}
