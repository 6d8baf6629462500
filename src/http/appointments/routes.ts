import type { Route } from '../route.ts';
import type { ApiServices } from '../services.ts';
import { answerRoutes } from './answer-routes.ts';
import { readRoutes } from './read-routes.ts';
import { writeRoutes } from './write-routes.ts';

export function appointmentRoutes(services: ApiServices): readonly Route[] {
  return [...writeRoutes(services), ...answerRoutes(services), ...readRoutes(services)];
}
