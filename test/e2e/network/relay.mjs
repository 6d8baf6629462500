// Runs inside a network namespace: every listening socket that the parent sends (made outside, so that
// it is reached from there) leads to the host and port sent with it. Ends with the parent.
import { connect } from 'node:net';

process.on('message', ({ host, port }, server) => {
  server.on('connection', (outside) => {
    const inside = connect({ host, port });
    outside.pipe(inside);
    inside.pipe(outside);
    // What ends one side ends the other, as without a relay.
    outside.on('error', () => inside.destroy()).on('close', () => inside.destroy());
    inside.on('error', () => outside.destroy()).on('close', () => outside.destroy());
  });
  process.send({ port });
});
process.on('disconnect', () => process.exit(0));
