// Shows what this replica says of itself, and goes on asking: the page stays true when the leader dies.

const REFRESH_MS = 2000;

/** @param {string} id */
function element(id) {
  const found = document.getElementById(id);
  if (found === null) throw new Error(`the page has no #${id}`);
  return found;
}

function summaryOf({ role, leader_id }) {
  if (role === 'leader') return 'It leads the cluster and takes the writes.';
  if (leader_id === null || leader_id === undefined) {
    return 'Nobody leads at the moment: reads of this replica go on, writes wait.';
  }
  return 'It follows the leader and answers reads.';
}

async function refresh() {
  try {
    const response = await fetch('/health', { signal: AbortSignal.timeout(REFRESH_MS) });
    const health = await response.json();
    element('summary').textContent = summaryOf(health);
    element('node').textContent = health.node_id;
    element('role').textContent = health.role;
    element('leader').textContent = health.leader_id ?? 'nobody';
    element('term').textContent = String(health.term);
    element('facts').hidden = false;
  } catch {
    element('summary').textContent =
      'This replica does not answer. Another one may: try its address.';
    element('facts').hidden = true;
  }
  setTimeout(refresh, REFRESH_MS);
}

refresh();
