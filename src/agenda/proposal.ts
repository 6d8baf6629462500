import type { Appointment, Proposal, ProposalStatus } from './model.ts';

/**
 * How a proposal stands to the appointment as it is now: it is superseded by any significant change, and
 * by another idea of what a day is.
 */
export function standingOf(proposal: Proposal, appointment: Appointment): ProposalStatus {
  if (proposal.status !== 'open') return proposal.status;
  const { sequence, all_day, time_zone } = appointment;
  const is_of_now =
    proposal.sequence === sequence &&
    proposal.all_day === all_day &&
    proposal.time_zone === time_zone;
  return is_of_now ? 'open' : 'superseded';
}
