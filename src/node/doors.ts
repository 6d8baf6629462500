import type { Config } from '../config.ts';
import type { Receiver } from '../consensus/rpc/receiver.ts';
import type { Live } from '../http/live/live.ts';
import type { Api } from '../http/server.ts';
import { openFrontDoor } from './front-door.ts';
import type { FrontDoor } from './front-door.ts';
import { StartRefused } from './start-refused.ts';

/**
 * One port, or a second one for what replicas say to each other.
 *
 * @throws {StartRefused} they cannot be had
 */
export async function openDoors(
  config: Config,
  receiver: Receiver,
  { listener, upgrade }: Pick<Api, 'listener'> & Partial<Pick<Live, 'upgrade'>>,
): Promise<readonly FrontDoor[]> {
  const { http_addr, rpc_addr, tls } = config;
  const serveApi: Parameters<typeof openFrontDoor>[0]['handlers'][number] = (request, response) => {
    listener(request, response);
    return true;
  };
  const receive: typeof serveApi = (request, response) => receiver.handle(request, response);
  try {
    if (rpc_addr === null) {
      return [await openFrontDoor({ ...http_addr, tls, handlers: [receive, serveApi], upgrade })];
    }
    return [
      await openFrontDoor({ ...rpc_addr, tls, handlers: [receive] }),
      await openFrontDoor({ ...http_addr, tls, handlers: [serveApi], upgrade }),
    ];
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw new StartRefused(`cannot listen as HTTP_ADDR and RPC_ADDR say: ${reason}`);
  }
}
