/** The one Raft group there is; its id is in every envelope, path and metric all the same. */
export const GROUP_ID = 'main';
