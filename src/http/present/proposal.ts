import { formatId } from '../../agenda/id.ts';
import type { Proposal, ProposalStatus } from '../../agenda/model.ts';
import { formatInstant } from '../instant.ts';
import type { ProposalOut } from './proposal-schema.ts';
import { presentTimes } from './times.ts';

/** `status`: how it stands to the appointment, which may be another by now. */
export function presentProposal(proposal: Proposal, status: ProposalStatus): ProposalOut {
  return {
    id: formatId('prp', proposal.key),
    appointment_id: formatId('apt', proposal.appointment_key),
    user_id: formatId('usr', proposal.user_key),
    ...presentTimes(proposal),
    ...(proposal.note === null ? {} : { note: proposal.note }),
    status,
    created_at: formatInstant(proposal.created_at),
  };
}
